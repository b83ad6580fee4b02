//! People go away for a while, leave, and come back.
//!
//! Source: governance §1.2, §3.10 (R-L-1, R-L-2, R-L-7), R-ROLE-1.

use domain::person::{Status, Step};
use ids::PersonId;
use serde_json::json;
use store::Tx;

use super::{PersonView, editable, keep_one, object};
use crate::Written;
use crate::change::{Changes, reason as checked_reason};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{offboarding, request};

impl Governance {
    /// Suspends a person, has them leave, or takes them back. What waits for the decision of whoever goes is handed on.
    /// They are signed out everywhere. Whoever leaves loses password and tokens too, all in the same transaction; their open
    /// requests are cancelled, delegations from and to them end, and jobs for their accounts are queued. Nothing of that
    /// comes back by itself; jobs that nobody has begun are called off.
    ///
    /// # Errors
    /// `InvalidArgument` without a reason; `FailedPrecondition` when the status does not allow it, or it is the last
    /// active Super Administrator (R-ROLE-1); `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn move_person(
        &self,
        caller: &Caller,
        id: PersonId,
        version: Option<i64>,
        step: Step,
        reason: &str,
    ) -> Result<Written<PersonView>> {
        let mut tx = self.store().begin().await?;
        let PersonView { mut person, roles } = editable(&mut tx, self, caller, id, version).await?;
        let reason = checked_reason(reason)?;
        let before: Status = person.status.parse().map_err(Error::internal)?;
        let after = before.after(step).map_err(|status| Error::refused(format!("the person is `{status}`")))?;
        let mut changes = Changes::default();
        if !changes.set("status", &mut person.status, after.name().to_owned())? {
            return Ok(Written::new(PersonView { person, roles }, None));
        }
        if before == Status::Active {
            keep_one(&mut tx, id, &roles).await?;
        }
        let now = tx.now();
        changes.set("leftAt", &mut person.left_at, (after == Status::Left).then_some(now))?;
        store::person::update(tx.conn(), &mut person, now).await?;
        let (before, after) = changes.into_values();
        let action = match step {
            Step::Suspend => "person.suspended",
            Step::Leave => "person.left",
            Step::Return => "person.returned",
        };
        tx.audit(caller.event(action, object(id)).with_change(before, after).with_reason(&reason));
        if step != Step::Return {
            auth::session::end_all(&mut tx, id, None, caller.by()).await?;
        }
        match step {
            Step::Suspend => drop(request::hand_on(&mut tx, caller, id, "away").await?),
            Step::Leave => leave(&mut tx, caller, id).await?,
            Step::Return => offboarding::call_off(&mut tx, caller, id).await?,
        }
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(PersonView { person, roles }, seq))
    }
}

/// R-L-2, in the transaction in which the person leaves.
async fn leave(tx: &mut Tx, caller: &Caller, id: PersonId) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let tokens = store::api_token::revoke_of(tx.conn(), tenant, id, now).await?;
    store::password::remove(tx.conn(), id).await?;
    let requests = request::cancel_of(tx, caller, id).await?;
    // The delegate is asked first, so the delegation ends after that.
    let tasks = request::hand_on(tx, caller, id, "left").await?;
    let delegations = store::delegation::clear_all(tx.conn(), id).await?;
    let accounts = offboarding::begin(tx, caller, id).await?;
    let ended = json!({
        "tokensRevoked": tokens, "requestsCancelled": requests, "tasksHandedOn": tasks,
        "delegationsEnded": delegations, "accounts": accounts,
    });
    tx.audit(caller.event("person.offboarding", object(id)).with_change(serde_json::Value::Null, ended));
    Ok(())
}
