//! Breakers: when too much would be taken away from an app at once, nothing more is until somebody has looked.
//!
//! Source: governance §3.9 (R-B-1, R-B-2).

use domain::access::{Action, Relation};
use domain::audit::Object;
use domain::provision::State;
use ids::AppId;
use serde_json::json;
use store::Tx;
use store::breaker::{self as table, Breaker};
use store::provision::BREAKER;

use crate::change::{check_version, reason as checked_reason};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access, provision, request};

/// How many jobs are looked at in one turn.
const TURN: u32 = 500;

impl Governance {
    /// The breakers that have tripped, the longest first.
    ///
    /// # Errors
    /// `PermissionDenied` for who may not see every app.
    pub async fn breakers(&self, caller: &Caller) -> Result<Vec<Breaker>> {
        access::require(caller, Action::SeeInventory, Relation::None)?;
        Ok(table::tripped(&mut *self.store().read().await?, self.store().tenant()).await?)
    }

    /// The breaker of an app.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the app.
    pub async fn breaker(&self, caller: &Caller, app: AppId) -> Result<Breaker> {
        let mut conn = self.store().read().await?;
        access::app(&mut conn, self.store().tenant(), caller, app, Action::SeeInventory).await?;
        Ok(table::of(&mut conn, app).await?)
    }

    /// Lets go on what was decided until now; what is decided from now on is counted anew.
    ///
    /// # Errors
    /// `FailedPrecondition` when it has not tripped; `InvalidArgument` without a reason; `Aborted`; `PermissionDenied`;
    /// `NotFound`.
    pub async fn resume_breaker(
        &self,
        caller: &Caller,
        app: AppId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<Breaker>> {
        let (mut tx, breaker) = self.settle_breaker(caller, app, version, reason, "breaker.resumed").await?;
        while provision::let_go(&mut tx, caller, app).await? > 0 {}
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(breaker, seq))
    }

    /// Calls off what the breaker kept; nobody loses anything by it.
    ///
    /// # Errors
    /// As [`Governance::resume_breaker`].
    pub async fn cancel_breaker(
        &self,
        caller: &Caller,
        app: AppId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<Breaker>> {
        let (mut tx, breaker) = self.settle_breaker(caller, app, version, reason, "breaker.cancelled").await?;
        loop {
            let kept = store::provision::blocked(tx.conn(), app, BREAKER, TURN).await?;
            if kept.is_empty() {
                break;
            }
            for mut job in kept {
                provision::cancel(&mut tx, caller, &mut job, reason).await?;
                if job.state == State::Cancelled {
                    request::job_failed(&mut tx, caller, &job).await?;
                }
            }
        }
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(breaker, seq))
    }

    async fn settle_breaker(
        &self,
        caller: &Caller,
        app: AppId,
        version: Option<i64>,
        reason: &str,
        action: &str,
    ) -> Result<(Tx, Breaker)> {
        let reason = checked_reason(reason)?;
        let mut tx = self.store().begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let mut breaker = table::of(tx.conn(), app).await?;
        check_version(version, breaker.version, "breaker", app)?;
        let Some(since) = breaker.tripped_at.take() else {
            return Err(Error::refused("the breaker of this app has not tripped"));
        };
        breaker.settled_at = Some(now);
        table::set(tx.conn(), tenant, &mut breaker).await?;
        let event = caller.event(action, Object::new("app", app)).with_app(app);
        tx.audit(event.with_change(json!({"trippedAt": since}), json!({"trippedAt": null})).with_reason(reason));
        Ok((tx, breaker))
    }
}
