//! Access that was agreed to and begins when its holder says so (R-D-9, T-Q16).

use domain::audit::Object;
use domain::request::{CLAIM_BY, Start, State, Step as RequestStep};
use ids::RequestId;
use jiff::Timestamp;
use serde_json::{Value, json};
use store::Tx;
use store::request::Request;
use store::request_setting;

use super::{RequestView, decide, flow, outcome, timer};
use crate::Written;
use crate::change::check_version;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

impl Governance {
    /// Starts what was agreed to: from now on it is given, and its clock starts once it is held.
    ///
    /// # Errors
    /// `FailedPrecondition` when nothing waits to be started, or it is too late; `PermissionDenied` for whoever is not to
    /// hold it; `Aborted`; `NotFound`.
    pub async fn start_request(
        &self,
        caller: &Caller,
        id: RequestId,
        version: Option<i64>,
    ) -> Result<Written<RequestView>> {
        let (mut tx, mut request) = self.seen_request(caller, id).await?;
        if caller.actor.person() != Some(request.for_person_id) {
            return Err(Error::denied("only whoever is to have the access starts it"));
        }
        if request.started_at.is_some() {
            return self.written_request(tx, request).await;
        }
        check_version(version, request.version, "request", id)?;
        let until = request.claim_until.filter(|_| request.state == State::Approved);
        let until = until.ok_or_else(|| Error::refused(format!("the request is {}", request.state)))?;
        let now = tx.now();
        if until <= now {
            return Err(Error::refused(format!("it was to be started by {until}")).with_hint("ask for it anew"));
        }
        request.started_at = Some(now);
        decide::touch(&mut tx, &mut request).await?;
        tx.audit(outcome::event(caller, &request, "request.started"));
        let grant = flow::held(&mut tx, &request).await?;
        flow::carry_out(&mut tx, caller, &request, &grant).await?;
        self.written_request(tx, request).await
    }

    /// Ends a request that nobody started in time (T-Q16). Returns when to look again, if that is later.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expire_claim(&self, id: RequestId) -> Result<Option<Timestamp>> {
        let mut tx = self.store().begin().await?;
        let Some(mut request) = store::request::find_for_update(&mut tx, id).await? else { return Ok(None) };
        let waits = request.state == State::Approved && request.started_at.is_none();
        let Some(until) = request.claim_until.filter(|_| waits) else { return Ok(None) };
        if until > tx.now() {
            return Ok(Some(until));
        }
        let why = "nobody started it in time";
        outcome::step(&mut tx, &timer::caller(), &mut request, RequestStep::Expired, Some(why)).await?;
        flow::call_off(&mut tx, &request).await?;
        tx.commit().await?;
        Ok(None)
    }
}

/// Whether its holder is to start what was just agreed to; then it waits for them, but not for ever.
pub(super) async fn waits(tx: &mut Tx, caller: &Caller, request: &mut Request) -> Result<bool> {
    let setting = request_setting::effective(tx.conn(), request.app_id, request.entitlement_id).await?;
    if setting.start != Some(Start::OnUse) {
        return Ok(false);
    }
    let until = tx.now().checked_add(setting.claim_by.unwrap_or(CLAIM_BY)).unwrap_or(Timestamp::MAX);
    request.claim_until = Some(until);
    decide::touch(tx, request).await?;
    timer::claim(tx, request.id, until).await?;
    let event = caller.event("request.waits_for_start", Object::new("request", request.id)).with_app(request.app_id);
    let event = event.with_correlation(request.id);
    tx.audit(event.with_change(Value::Null, json!({"claimBy": until})));
    Ok(true)
}
