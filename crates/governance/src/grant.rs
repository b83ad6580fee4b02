//! Grants: how long they last, how they end early.
//!
//! What gives and takes access is a provision job; here is what people and timers decide about a period.
//!
//! Source: governance §1.9, §2.6 (T-G), §3.4 (R-D), §3.5 (R-X).

pub(crate) mod exclusive;
pub(crate) mod timer;

use domain::access::Action;
use domain::audit::{Event, Object};
use domain::grant::{Origin, State, Step};
use domain::provision::{Cause, Effect};
use ids::GrantId;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use store::Tx;
use store::grant::Grant;
use store::provision::Job;

use crate::change::check_version;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::provision::{self, Change};
use crate::{Written, access};

impl Governance {
    /// Gives back what the caller holds, at once and without approval (T-G11, R-D-5).
    ///
    /// # Errors
    /// `FailedPrecondition` when it is not held, or cannot be taken away; `Aborted`; `NotFound` for what somebody else
    /// holds.
    pub async fn return_access(&self, caller: &Caller, id: GrantId, version: Option<i64>) -> Result<Written<Grant>> {
        let mut tx = self.store().begin().await?;
        let grant = store::grant::find_for_update(&mut tx, id).await?.ok_or_else(|| Error::not_found("grant", id))?;
        let holder = holder(&mut tx, &grant).await?;
        if holder.is_none() || holder != caller.actor.person() {
            return Err(Error::not_found("grant", id));
        }
        check_version(version, grant.version, "grant", id)?;
        if grant.state == State::Ending {
            return Ok(Written::new(grant, None));
        }
        let grant = end(&mut tx, caller, grant, Cause::Return, None).await?;
        self.written_grant(tx, grant).await
    }

    /// Says that the end of a grant is meant (R-D-10): nobody is told of it any more. It can still be extended.
    ///
    /// # Errors
    /// `FailedPrecondition` when it is not held or has no end; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn let_end(&self, caller: &Caller, id: GrantId, version: Option<i64>) -> Result<Written<Grant>> {
        let mut tx = self.store().begin().await?;
        let (now, tenant) = (tx.now(), tx.tenant());
        let grant = store::grant::find_for_update(&mut tx, id).await?.ok_or_else(|| Error::not_found("grant", id))?;
        let holder = holder(&mut tx, &grant).await?;
        if holder.is_none() || holder != caller.actor.person() {
            let denied = access::app(tx.conn(), tenant, caller, grant.app_id, Action::EditApp).await;
            denied.map_err(|error| match error.code() {
                Code::NotFound => Error::not_found("grant", id),
                _ => error,
            })?;
        }
        check_version(version, grant.version, "grant", id)?;
        let Some(ends) = grant.expires_at.filter(|_| grant.state == State::Active) else {
            return Err(Error::refused("the grant is not held, or has no end"));
        };
        if store::notice::let_end(tx.conn(), id, ends, &caller.actor.to_string(), now).await? {
            let event = caller.event("grant.let_end", Object::new("grant", id)).with_app(grant.app_id);
            tx.audit(event.with_change(Value::Null, json!({"expiresAt": ends})));
        }
        self.written_grant(tx, grant).await
    }

    /// Says when a grant ends, or that it does not (T-G18).
    ///
    /// # Errors
    /// `FailedPrecondition` when it is not held; `InvalidArgument` for an instant that is over; `Aborted`;
    /// `PermissionDenied`; `NotFound`.
    pub async fn set_expiry(
        &self,
        caller: &Caller,
        id: GrantId,
        version: Option<i64>,
        expires_at: Option<Timestamp>,
    ) -> Result<Written<Grant>> {
        let mut tx = self.store().begin().await?;
        let (now, tenant) = (tx.now(), tx.tenant());
        let mut grant =
            store::grant::find_for_update(&mut tx, id).await?.ok_or_else(|| Error::not_found("grant", id))?;
        access::app(tx.conn(), tenant, caller, grant.app_id, Action::EditApp).await?;
        check_version(version, grant.version, "grant", id)?;
        if grant.state != State::Active {
            return Err(Error::refused(format!("the grant is {}", grant.state)));
        }
        if expires_at.is_some_and(|at| at <= now) {
            return Err(Error::invalid("expiresAt", "this instant is over").with_hint("revoke the grant instead"));
        }
        if grant.expires_at == expires_at {
            return Ok(Written::new(grant, None));
        }
        let before = grant.expires_at;
        grant.expires_at = expires_at;
        store::grant::update(tx.conn(), &mut grant).await?;
        timer::set(&mut tx, &grant).await?;
        let event = caller.event("grant.expiry_changed", Object::new("grant", id)).with_app(grant.app_id);
        tx.audit(event.with_change(json!({"expiresAt": before}), json!({"expiresAt": expires_at})));
        self.written_grant(tx, grant).await
    }

    async fn written_grant(&self, mut tx: Tx, grant: Grant) -> Result<Written<Grant>> {
        let grant = store::grant::by_id(tx.conn(), grant.id).await?.unwrap_or(grant);
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(grant, seq))
    }
}

/// The person who holds it: whom it was given to, or who owns the account.
async fn holder(tx: &mut Tx, grant: &Grant) -> Result<Option<ids::PersonId>> {
    let Some(account) = grant.account_id else { return Ok(grant.person_id) };
    let tenant = tx.tenant();
    let account = store::inventory::list::account(tx.conn(), tenant, account).await?;
    Ok(account.and_then(|account| account.owner_person_id).or(grant.person_id))
}

/// Has what is held taken away (T-G11, T-G12): the period is ending, and a job carries it out.
///
/// # Errors
/// `FailedPrecondition` when it is not held, or cannot be taken away.
pub(crate) async fn end(
    tx: &mut Tx,
    caller: &Caller,
    mut grant: Grant,
    cause: Cause,
    request: Option<ids::RequestId>,
) -> Result<Grant> {
    if grant.is_immutable {
        return Err(Error::refused("this grant cannot be taken away: the app says that it never changes"));
    }
    check_floor(tx, &grant).await?;
    let step = if cause == Cause::Expiry { Step::TimeOver } else { Step::End };
    grant.state = after(&grant, step)?;
    store::grant::update(tx.conn(), &mut grant).await?;
    let action = match cause {
        Cause::Expiry => "grant.expiring",
        Cause::Return => "grant.returned",
        _ => "grant.revoking",
    };
    let event = caller.event(action, Object::new("grant", grant.id)).with_app(grant.app_id);
    tx.audit(match request.or(grant.request_id) {
        Some(request) => event.with_correlation(request),
        None => event,
    });
    take(tx, caller, &grant, cause, request).await?;
    Ok(grant)
}

/// R-X-3: below the floor of an exclusive set there is nothing.
async fn check_floor(tx: &mut Tx, grant: &Grant) -> Result<()> {
    if exclusive::is_floor(tx.conn(), grant.entitlement_id).await? {
        return Err(Error::refused("there is nothing below this role: it cannot be revoked by itself")
            .with_hint("remove the person from the app instead"));
    }
    Ok(())
}

/// The job that takes away what is held.
pub(crate) async fn take(
    tx: &mut Tx,
    caller: &Caller,
    grant: &Grant,
    cause: Cause,
    request: Option<ids::RequestId>,
) -> Result<Job> {
    let before = store::provision::of_grant(tx.conn(), grant.id).await?;
    let change = Change {
        app: grant.app_id,
        connector: grant.connector_id,
        effect: Effect::Revoke,
        cause,
        account: grant.account_id,
        person: grant.person_id,
        entitlement: Some(grant.entitlement_id),
        grant: Some(grant.id),
        request: request.or(grant.request_id),
        retry_of: before.iter().rev().find(|job| job.effect == Effect::Revoke).map(|job| job.id),
        profile: Map::new(),
    };
    provision::queue(tx, caller, change).await
}

/// The state after this step.
pub(crate) fn after(grant: &Grant, step: Step) -> Result<State> {
    grant.state.after(step).map_err(|refused| Error::refused(refused.to_string()))
}

/// A new period of what this job is about, not stored yet.
pub(crate) fn opened(tx: &Tx, job: &Job, origin: Origin, state: State) -> Grant {
    let now = tx.now();
    Grant {
        id: GrantId::new(now, tx.rng()),
        app_id: job.app_id,
        connector_id: job.connector_id,
        // Only jobs about entitlements open periods.
        entitlement_id: job.entitlement_id.unwrap_or_else(|| ids::EntitlementId::from_uuid(uuid::Uuid::nil())),
        account_id: job.account_id,
        person_id: job.person_id,
        request_id: job.request_id,
        state,
        origin,
        starts_at: now,
        lasts: None,
        expires_at: None,
        ended_at: None,
        end_reason: None,
        is_immutable: false,
        settled_at: None,
        proved_sync_id: None,
        is_end_seen: false,
        version: 1,
    }
}

/// The new period, to last as this one was to.
pub(crate) async fn like(tx: &mut Tx, before: GrantId, mut grant: Grant) -> Result<Grant> {
    if let Some(before) = store::grant::find_for_update(tx, before).await? {
        (grant.lasts, grant.origin) = (before.lasts, before.origin);
    }
    Ok(grant)
}

/// The period that a job is about when it is tried again: a new one where one is given, the same where one is taken.
pub(crate) async fn begin_again(tx: &mut Tx, job: &Job) -> Result<Option<GrantId>> {
    let Some(id) = job.grant_id else { return Ok(None) };
    let Some(mut grant) = store::grant::find_for_update(tx, id).await? else { return Ok(None) };
    match job.effect {
        Effect::Grant | Effect::Swap if grant.state.is_final() => {
            let tenant = tx.tenant();
            let again = opened(tx, job, grant.origin, State::Approved);
            let again = like(tx, id, again).await?;
            store::grant::insert(tx.conn(), tenant, &again).await?;
            Ok(Some(again.id))
        }
        Effect::Revoke if grant.state == State::Stuck => {
            grant.state = after(&grant, Step::End)?;
            store::grant::update(tx.conn(), &mut grant).await?;
            Ok(Some(id))
        }
        _ => Ok(Some(id)),
    }
}

/// What this job was to take away was called off before the app was asked: it is held on.
pub(crate) async fn keep(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<()> {
    let Some(id) = job.grant_id else { return Ok(()) };
    let Some(mut grant) = store::grant::find_for_update(tx, id).await? else { return Ok(()) };
    if let Ok(state) = grant.state.after(Step::Kept) {
        grant.state = state;
        store::grant::update(tx.conn(), &mut grant).await?;
        tx.audit(event(caller, &grant, job, "grant.kept"));
    }
    Ok(())
}

/// An event about a grant that a job changed.
pub(crate) fn event(caller: &Caller, grant: &Grant, job: &Job, action: &str) -> Event {
    let event = caller.event(action, Object::new("grant", grant.id)).with_app(grant.app_id);
    match job.request_id.or(grant.request_id) {
        Some(request) => event.with_correlation(request),
        None => event.with_correlation(job.id),
    }
}
