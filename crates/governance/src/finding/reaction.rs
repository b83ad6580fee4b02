//! What apps do about changes that Podium did not make.
//!
//! Source: governance R-O-3, R-O-5.

use domain::access::Action;
use domain::actor::{Actor, Part};
use domain::audit::{Object, Via};
use domain::finding::{Reaction, Severity, State, Step, Type};
use ids::{AppId, ConnectorId, FindingId};
use serde_json::json;
use store::finding::reaction::{AppReaction, is_tug_of_war, of, set};
use store::finding::{Filter, list};
use store::provision::Job;
use store::{Paging, Tx};

use super::{remedy, step};
use crate::change::{check_version, line};
use crate::context::{Caller, Governance};
use crate::error::Result;
use crate::{Written, access};

/// How many findings are reacted to in one turn.
const TURN: u32 = 200;

impl Governance {
    /// What an app does about changes that Podium did not make.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the app.
    pub async fn outside_changes(&self, caller: &Caller, app: AppId) -> Result<AppReaction> {
        let mut conn = self.store().read().await?;
        access::app(&mut conn, self.store().tenant(), caller, app, Action::SeeInventory).await?;
        Ok(of(&mut conn, app).await?)
    }

    /// Chooses what an app does about changes that Podium did not make, and says who else makes changes in it.
    ///
    /// # Errors
    /// `InvalidArgument` for a name that is none; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn set_outside_changes(
        &self,
        caller: &Caller,
        app: AppId,
        version: Option<i64>,
        outside: Reaction,
        other_writer: Option<&str>,
    ) -> Result<Written<AppReaction>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let other_writer = other_writer.map(|name| line("otherWriter", name, 200)).transpose()?;
        let before = of(tx.conn(), app).await?;
        let mut after = AppReaction { outside, other_writer, ..before.clone() };
        if before == after {
            return Ok(Written::new(before, None));
        }
        check_version(version, before.version, "reaction of the app", app)?;
        set(tx.conn(), tenant, &mut after).await?;
        let fields = |of: &AppReaction| json!({"outside": of.outside, "otherWriter": of.other_writer});
        let event = caller.event("app.outside_changes", Object::new("app", app)).with_app(app);
        tx.audit(event.with_change(fields(&before), fields(&after)));
        let seq = tx.commit().await?;
        Ok(Written::new(after, seq))
    }

    /// Takes away at once what was given outside and is of high risk, where the app wants that. The breaker counts it.
    pub(super) async fn react(&self, connector: ConnectorId) -> Result<()> {
        let mut conn = self.store().read().await?;
        let Some(app) = store::inventory::app_of(&mut conn, connector).await? else { return Ok(()) };
        if of(&mut conn, app).await?.outside != Reaction::RevokeAtOnce {
            return Ok(());
        }
        let filter = Filter {
            state: Some(State::Open),
            kind: Some(Type::GrantedOutside),
            severity: Some(Severity::High),
            app: Some(app),
            ..Filter::default()
        };
        let mut after: Option<String> = None;
        loop {
            let paging = Paging { after: after.as_deref(), limit: TURN };
            let page = list(&mut conn, self.store().tenant(), &filter, paging).await?;
            for finding in page.rows {
                self.revoke_at_once(finding.id).await?;
            }
            after = page.next;
            if after.is_none() {
                break;
            }
        }
        self.task_queued().notify_waiters();
        Ok(())
    }

    async fn revoke_at_once(&self, id: FindingId) -> Result<()> {
        let mut tx = self.store().begin().await?;
        let caller = Caller::new(Actor::System(Part::Ingest), Via::Ingest);
        let Some(mut finding) = store::finding::find_for_update(&mut tx, id).await? else { return Ok(()) };
        if finding.state != State::Open || !may_revoke(&mut tx, &finding).await? {
            return Ok(());
        }
        let why = "the app takes away at once what is given outside and is of high risk";
        step(&mut tx, &caller, &mut finding, Step::Remedy, Some(why.to_owned()))?;
        // What cannot be taken away stays open for its owners.
        if remedy::revert(&mut tx, &caller, &finding).await.is_err() {
            return Ok(());
        }
        store::finding::update(tx.conn(), &mut finding).await?;
        tx.commit().await?;
        Ok(())
    }
}

/// Whether another writer undoes what Podium does about the account and the entitlement of this job, again and again.
pub(crate) async fn is_undone(tx: &mut Tx, job: &Job) -> Result<bool> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let (Some(account), Some(entitlement)) = (job.account_id, job.entitlement_id) else { return Ok(false) };
    Ok(is_tug_of_war(tx.conn(), tenant, account, entitlement, now).await?)
}

/// Whether nobody decided about this very access before, and no other writer gives it again and again.
async fn may_revoke(tx: &mut Tx, finding: &store::finding::Finding) -> Result<bool> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let Ok(grant) = finding.subject.id.parse() else { return Ok(false) };
    let Some(grant) = store::grant::by_id(tx.conn(), grant).await? else { return Ok(false) };
    let Some(account) = grant.account_id.filter(|_| grant.state.is_held()) else { return Ok(false) };
    Ok(store::provision::of_grant(tx.conn(), grant.id).await?.is_empty()
        && !is_tug_of_war(tx.conn(), tenant, account, grant.entitlement_id, now).await?)
}
