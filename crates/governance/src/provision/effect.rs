//! What a job that was done, or could not be done, does to grants and requests.
//!
//! Source: governance §2.6 (T-G), §3.4 (R-D-1), §3.5 (R-X-2).

use domain::grant::{EndReason, Origin, State, Step};
use domain::provision::{self, Cause, Effect};
use ids::{AccountId, EntitlementId, GrantId};
use jiff::Timestamp;
use serde_json::{Value, json};
use store::Tx;
use store::grant::Grant;
use store::provision::Job;

use super::{ByHand, cancel, report};
use crate::context::Caller;
use crate::error::Result;
use crate::grant::{self, exclusive, timer};
use crate::request;

/// A connector took the job: what it gives is on its way (T-G2).
pub(super) async fn begun(tx: &mut Tx, job: &Job) -> Result<()> {
    let (Effect::Grant | Effect::Swap, Some(id)) = (job.effect, job.grant_id) else { return Ok(()) };
    let Some(mut grant) = store::grant::find_for_update(tx, id).await? else { return Ok(()) };
    if grant.state == State::Approved {
        grant.state = grant::after(&grant, Step::Offered)?;
        grant.account_id = grant.account_id.or(job.account_id);
        store::grant::update(tx.conn(), &mut grant).await?;
    }
    Ok(())
}

/// The job is said to be done (T-J6, T-J13).
pub(super) async fn done(tx: &mut Tx, caller: &Caller, job: &mut Job) -> Result<()> {
    match (job.effect, job.account_id, job.entitlement_id) {
        (Effect::Grant | Effect::Swap, Some(account), Some(entitlement)) => {
            given(tx, caller, job, account, entitlement).await?;
        }
        (Effect::Revoke, Some(_), Some(_)) => taken(tx, caller, job).await?,
        (Effect::DeleteAccount, Some(account), _) => gone(tx, caller, job, account).await?,
        _ => {}
    }
    // Whoever asked is served; what the sync shows later is the proof (T-Q8).
    request::job_done(tx, caller, job).await
}

/// T-G3, T-G13: the account holds the entitlement, and no other of its set.
async fn given(
    tx: &mut Tx,
    caller: &Caller,
    job: &mut Job,
    account: AccountId,
    entitlement: EntitlementId,
) -> Result<()> {
    let now = tx.now();
    let opened = match job.grant_id {
        Some(id) => store::grant::find_for_update(tx, id).await?.filter(|grant| !grant.state.is_final()),
        None => None,
    };
    // Done by hand after it failed: the failed period is over, and a new one begins (T-Q14).
    let is_new = opened.is_none();
    let mut grant = if let Some(grant) = opened {
        grant
    } else {
        let grant = grant::opened(tx, job, Origin::Request, State::Approved);
        match job.grant_id {
            Some(before) => grant::like(tx, before, grant).await?,
            None => grant,
        }
    };
    if grant.state.is_held() {
        return Ok(());
    }
    if let Some(other) = store::grant::held(tx.conn(), account, entitlement).await? {
        end(tx, other, Step::Replaced, EndReason::Replaced).await?;
    }
    for member in exclusive::others(tx.conn(), entitlement).await? {
        if let Some(other) = store::grant::held(tx.conn(), account, member).await? {
            let ended = end(tx, other, Step::Replaced, EndReason::Replaced).await?;
            let after = json!({"byGrantId": grant.id, "entitlementId": ended.entitlement_id});
            tx.audit(grant::event(caller, &ended, job, "grant.replaced").with_change(Value::Null, after));
        }
    }
    grant.account_id = Some(account);
    grant.state = grant::after(&grant, Step::Given)?;
    grant.starts_at = now;
    grant.expires_at = grant.lasts.and_then(|lasts| now.checked_add(lasts).ok());
    grant.settled_at = settled(now);
    if is_new {
        let tenant = tx.tenant();
        store::grant::insert(tx.conn(), tenant, &grant).await?;
        job.grant_id = Some(grant.id);
        store::provision::update(tx.conn(), job, now).await?;
    } else {
        store::grant::update(tx.conn(), &mut grant).await?;
    }
    timer::set(tx, &grant).await?;
    let after = json!({"startsAt": grant.starts_at, "expiresAt": grant.expires_at, "accountId": account});
    tx.audit(grant::event(caller, &grant, job, "grant.active").with_change(Value::Null, after));
    Ok(())
}

/// T-G10…T-G12, T-G21: the account holds the entitlement no longer, and has fallen to the floor of its set (R-X-2).
async fn taken(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<()> {
    let Some(id) = job.grant_id else { return Ok(()) };
    let Some(held) = store::grant::find_for_update(tx, id).await? else { return Ok(()) };
    if held.state.after(Step::Taken).is_err() {
        return Ok(());
    }
    let reason = end_reason(job.cause);
    let action = if reason == EndReason::Expired { "grant.expired" } else { "grant.revoked" };
    let ended = end(tx, held, Step::Taken, reason).await?;
    tx.audit(grant::event(caller, &ended, job, action).with_change(Value::Null, json!({"endReason": reason})));
    let Some(account) = ended.account_id else { return Ok(()) };
    let Some(floor) = exclusive::floor(tx.conn(), ended.entitlement_id).await? else { return Ok(()) };
    if store::grant::held(tx.conn(), account, floor).await?.is_some() {
        return Ok(());
    }
    let mut grant = grant::opened(tx, job, Origin::Swap, State::Active);
    (grant.entitlement_id, grant.account_id, grant.lasts) = (floor, Some(account), None);
    (grant.request_id, grant.settled_at) = (None, settled(tx.now()));
    let tenant = tx.tenant();
    store::grant::insert(tx.conn(), tenant, &grant).await?;
    let after = json!({"origin": grant.origin, "insteadOf": ended.id, "accountId": account});
    tx.audit(grant::event(caller, &grant, job, "grant.active").with_change(Value::Null, after));
    Ok(())
}

/// T-G17: with the account goes all that it held, and nothing more is to be taken from it (R-V-4).
async fn gone(tx: &mut Tx, caller: &Caller, job: &Job, account: AccountId) -> Result<()> {
    let reason = if job.cause == Cause::Leaver { EndReason::Leaver } else { EndReason::AccountGone };
    for held in store::grant::open_of(tx.conn(), account).await?.into_iter().filter(|grant| grant.state.is_held()) {
        let ended = end(tx, held, Step::AccountGone, reason).await?;
        tx.audit(
            grant::event(caller, &ended, job, "grant.ended").with_change(Value::Null, json!({"endReason": reason})),
        );
    }
    for mut waiting in store::provision::pending_of(tx.conn(), &job.subject).await? {
        if waiting.effect == Effect::Revoke && waiting.state != provision::State::Leased {
            cancel(tx, caller, &mut waiting, "the account was deleted").await?;
            request::job_done(tx, caller, &waiting).await?;
        }
    }
    Ok(())
}

/// Ends a period that was held until now.
async fn end(tx: &mut Tx, mut grant: Grant, step: Step, reason: EndReason) -> Result<Grant> {
    let now = tx.now();
    grant.state = grant::after(&grant, step)?;
    (grant.ended_at, grant.end_reason, grant.settled_at) = (Some(now), Some(reason), settled(now));
    store::grant::update(tx.conn(), &mut grant).await?;
    Ok(grant)
}

/// From when on a sync that starts says what is so (R-V-1).
fn settled(now: Timestamp) -> Option<Timestamp> {
    now.checked_add(provision::SETTLE).ok()
}

const fn end_reason(cause: Cause) -> EndReason {
    match cause {
        Cause::Expiry => EndReason::Expired,
        Cause::Return => EndReason::Returned,
        Cause::Review => EndReason::RevokedReview,
        Cause::Leaver => EndReason::Leaver,
        Cause::Request | Cause::Rule | Cause::Undo => EndReason::RevokedRequest,
    }
}

/// The job could not be done (T-J8, T-J9): `by_hand` tells whether a person gets it now.
pub(super) async fn not_done(tx: &mut Tx, caller: &Caller, job: &Job, by_hand: ByHand) -> Result<()> {
    if let Some(id) = job.grant_id {
        not_changed(tx, caller, job, id).await?;
    }
    if by_hand == ByHand::Yes {
        report::to_person(tx, caller, job).await?;
    }
    request::job_failed(tx, caller, job).await
}

/// T-G4, T-G16.
async fn not_changed(tx: &mut Tx, caller: &Caller, job: &Job, id: GrantId) -> Result<()> {
    let Some(mut grant) = store::grant::find_for_update(tx, id).await? else { return Ok(()) };
    let (step, action) = match job.effect {
        Effect::Grant | Effect::Swap => (Step::NotGiven, "grant.failed"),
        _ => (Step::NotTaken, "grant.removal_failed"),
    };
    let Ok(state) = grant.state.after(step) else { return Ok(()) };
    grant.state = state;
    if state.is_final() {
        (grant.ended_at, grant.end_reason) = (Some(tx.now()), Some(EndReason::Never));
    }
    store::grant::update(tx.conn(), &mut grant).await?;
    if state == State::Stuck {
        timer::try_again(tx, &grant).await?;
    }
    let event = grant::event(caller, &grant, job, action);
    tx.audit(match &job.error {
        Some(error) => event.with_reason(error.message.clone()),
        None => event,
    });
    Ok(())
}
