//! Holds on suspicious syncs: looked at, confirmed, rejected.
//!
//! Source: governance §1.6, §2.3 (T-H).

use domain::access::Action;
use domain::audit::Object;
use domain::hold::{REMOVALS_TO_TYPE, State, Step};
use domain::sync::Trigger;
use ids::{ConnectorId, HoldId, SyncId};
use serde_json::{Value, json};
use store::connector::{Connector, Level};
use store::hold::{Filter, Hold};
use store::{Connection, Page, Paging, Tx};

use crate::change::{check_version, reason as checked_reason};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::{Written, access, sync, wish};

/// A hold with what it would change.
#[derive(Debug, Clone)]
pub struct HoldView {
    /// The hold.
    pub hold: Hold,
    /// What the held sync saw, would add, change and remove.
    pub counts: Value,
    /// How many things would go.
    pub removals: u64,
}

impl HoldView {
    /// Whether the number of removals must be typed to confirm it (T-H2).
    #[must_use]
    pub const fn must_type(&self) -> bool {
        self.removals > REMOVALS_TO_TYPE
    }
}

impl Governance {
    /// The holds that the caller may see, the newest first.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine without a role for it.
    pub async fn holds(
        &self,
        caller: &Caller,
        connector: Option<ConnectorId>,
        state: Option<State>,
        paging: Paging<'_>,
    ) -> Result<Page<HoldView>> {
        let owner = access::scope(caller, Action::SeeConnectors)?;
        let mut conn = self.store().read().await?;
        let filter = Filter { connector, state, owner };
        let page = store::hold::list(&mut conn, self.store().tenant(), filter, paging).await?;
        let mut rows = Vec::with_capacity(page.rows.len());
        for hold in page.rows {
            rows.push(view(&mut conn, self, hold).await?);
        }
        Ok(Page { rows, next: page.next })
    }

    /// The hold with this id.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see its connector.
    pub async fn hold(&self, caller: &Caller, id: HoldId) -> Result<HoldView> {
        let mut conn = self.store().read().await?;
        let (hold, _) = find(&mut conn, self, caller, id, Action::SeeConnectors).await?;
        view(&mut conn, self, hold).await
    }

    /// The changes are real: the held sync is applied (T-H2, T-S7).
    ///
    /// # Errors
    /// `InvalidArgument` without a reason, or when more than 100 things would go and `removals` is not their number;
    /// `FailedPrecondition` when it was decided otherwise; `Aborted` when it has another version; `PermissionDenied`;
    /// `NotFound`.
    pub async fn confirm_hold(
        &self,
        caller: &Caller,
        id: HoldId,
        version: Option<i64>,
        reason: &str,
        removals: Option<u64>,
    ) -> Result<Written<HoldView>> {
        let reason = checked_reason(reason)?;
        let mut tx = self.store().begin().await?;
        let (mut hold, connector) = find(tx.conn(), self, caller, id, Action::DecideHold).await?;
        if hold.state == State::Confirmed {
            return Ok(Written::new(view(tx.conn(), self, hold).await?, None));
        }
        check_version(version, hold.version, "hold", id)?;
        let shown = view(tx.conn(), self, hold.clone()).await?;
        if hold.state == State::Open && shown.must_type() && removals != Some(shown.removals) {
            return Err(Error::invalid("removals", format!("{} things would go", shown.removals))
                .with_hint("send that number as `removals` to confirm that you know"));
        }
        decide(&mut tx, caller, &mut hold, &connector, Step::Confirm, &reason).await?;
        sync::enqueue_reading(&mut tx, hold.sync_id).await?;
        let seq = tx.commit().await?;
        self.job_queued().notify_waiters();
        Ok(Written::new(HoldView { hold, ..shown }, seq))
    }

    /// The held sync was wrong: it is dropped, and another one wished for (T-H3, T-S8).
    ///
    /// # Errors
    /// `InvalidArgument` without a reason; `FailedPrecondition` when it was decided otherwise; `Aborted` when it has
    /// another version; `PermissionDenied`; `NotFound`.
    pub async fn reject_hold(
        &self,
        caller: &Caller,
        id: HoldId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<HoldView>> {
        let reason = checked_reason(reason)?;
        let mut tx = self.store().begin().await?;
        let (mut hold, connector) = find(tx.conn(), self, caller, id, Action::DecideHold).await?;
        let shown = view(tx.conn(), self, hold.clone()).await?;
        if hold.state == State::Rejected {
            return Ok(Written::new(shown, None));
        }
        check_version(version, hold.version, "hold", id)?;
        decide(&mut tx, caller, &mut hold, &connector, Step::Reject, &reason).await?;
        let tenant = tx.tenant();
        if let Some(mut held) = store::sync::find(tx.conn(), tenant, hold.sync_id).await? {
            sync::discard(&mut tx, caller, &mut held, &format!("rejected: {reason}")).await?;
        }
        if connector.paused_at.is_none() {
            wish::sync(&mut tx, caller, connector.id, Trigger::Manual).await?;
        }
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(HoldView { hold, ..shown }, seq))
    }
}

/// The hold and its connector, for a caller that may see that and do this to it.
async fn find(
    conn: &mut Connection,
    governance: &Governance,
    caller: &Caller,
    id: HoldId,
    action: Action,
) -> Result<(Hold, Connector)> {
    let tenant = governance.store().tenant();
    let hold = store::hold::find(conn, tenant, id).await?.ok_or_else(|| Error::not_found("hold", id))?;
    let seen = access::connector(conn, tenant, caller, hold.connector_id, action).await;
    seen.map(|connector| (hold, connector))
        .map_err(|error| if error.code() == Code::NotFound { Error::not_found("hold", id) } else { error })
}

async fn view(conn: &mut Connection, governance: &Governance, hold: Hold) -> Result<HoldView> {
    let counts = counts_of(conn, governance, hold.sync_id).await?;
    Ok(HoldView { removals: removals(&counts), counts, hold })
}

async fn counts_of(conn: &mut Connection, governance: &Governance, sync: SyncId) -> Result<Value> {
    let sync = store::sync::find(conn, governance.store().tenant(), sync).await?;
    Ok(sync.map_or(Value::Null, |sync| sync.counts))
}

/// The sum of everything that is `removed`.
fn removals(counts: &Value) -> u64 {
    let Value::Object(members) = counts else { return 0 };
    let of = |(name, value): (&String, &Value)| match name.as_str() {
        "removed" => value.as_u64().unwrap_or(0),
        _ => removals(value),
    };
    members.iter().map(of).sum()
}

/// Writes the decision with its audit row.
async fn decide(
    tx: &mut Tx,
    caller: &Caller,
    hold: &mut Hold,
    connector: &Connector,
    step: Step,
    reason: &str,
) -> Result<()> {
    let before = hold.state;
    hold.state = before.after(step).map_err(|refused| Error::new(Code::FailedPrecondition, refused.to_string()))?;
    hold.decided_at = Some(tx.now());
    hold.decided_by = Some(caller.actor.to_string());
    hold.decision_reason = Some(reason.to_owned());
    store::hold::update(tx.conn(), hold).await?;
    let action = format!("hold.{}", hold.state);
    let event = caller
        .event(&action, Object::new("hold", hold.id))
        .with_app(connector.app_id)
        .with_change(json!({"state": before.name()}), json!({"state": hold.state.name()}))
        .with_reason(reason)
        .with_correlation(hold.sync_id);
    tx.audit(event);
    let words = format!("the held changes were {}: {reason}", hold.state);
    store::connector::write_line(tx, connector.id, Some(hold.sync_id), Level::Info, &words).await?;
    Ok(())
}
