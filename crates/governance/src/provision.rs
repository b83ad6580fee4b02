//! Provision jobs: what was decided, done in the app, and proved by a sync.
//!
//! Start at `queue`, which every decision calls in its own transaction. `offer` hands jobs to connectors as tasks,
//! one for each account at a time; `report` takes what connectors and people say about them; `effect` is what that
//! does to grants; `proof` compares what was said with what a later sync shows.
//!
//! Source: governance §1.14, §2.9 (T-J), §3.7 (R-V).

mod assignee;
mod by_hand;
mod effect;
mod guard;
mod kept;
mod offer;
mod proof;
mod report;
mod undo;

use domain::audit::{Event, Object};
use domain::provision::{Cause, Effect, Method, State, Step};
use ids::{AccountId, AppId, ConnectorId, EntitlementId, GrantId, PersonId, ProvisionJobId, RequestId};
use serde_json::{Map, Value, json};
use store::Tx;
use store::inventory::list;
use store::provision::Job;

use crate::context::Caller;
use crate::error::{Error, Result};

pub use assignee::JobView;
pub use by_hand::JobFilter;
pub(crate) use by_hand::{call_off_end, cancel, retry};
pub(crate) use offer::let_go;
pub(crate) use offer::{blocked, offer_waiting, to_people};
pub(crate) use proof::handler as proof_handler;
pub(crate) use report::{offered, offered_again, reported};
pub(crate) use undo::{forget_undo, is_unwanted, unwanted};

/// A change that was decided.
#[derive(Debug, Clone)]
pub(crate) struct Change {
    /// The app.
    pub(crate) app: AppId,
    /// The connector that makes it, or that will show that somebody did.
    pub(crate) connector: ConnectorId,
    /// What changes.
    pub(crate) effect: Effect,
    /// Why.
    pub(crate) cause: Cause,
    /// For which account; none while there is none.
    pub(crate) account: Option<AccountId>,
    /// For whom.
    pub(crate) person: Option<PersonId>,
    /// What is given or taken.
    pub(crate) entitlement: Option<EntitlementId>,
    /// The period that it opens or ends.
    pub(crate) grant: Option<GrantId>,
    /// The request that it carries out.
    pub(crate) request: Option<RequestId>,
    /// The job that it tries again.
    pub(crate) retry_of: Option<ProvisionJobId>,
    /// What a new account is made of.
    pub(crate) profile: Map<String, Value>,
}

impl Change {
    /// The change that this job was to make, tried again.
    pub(crate) fn again(job: &Job) -> Self {
        Self {
            app: job.app_id,
            connector: job.connector_id,
            effect: job.effect,
            cause: job.cause,
            account: job.account_id,
            person: job.person_id,
            entitlement: job.entitlement_id,
            grant: job.grant_id,
            request: job.request_id,
            retry_of: Some(job.id),
            profile: job.profile.clone(),
        }
    }

    /// What must not be done twice: the period, or what stands for it, and the direction.
    fn key(&self, by_hand: ByHand) -> String {
        let of = match (self.grant, self.request, self.account) {
            (Some(grant), _, _) => format!("grant:{grant}"),
            (None, Some(request), _) => format!("request:{request}"),
            (None, None, Some(account)) => format!("account:{account}:{}", self.cause),
            (None, None, None) => format!("person:{:?}:{}", self.person, self.cause),
        };
        let again = self.retry_of.map(|id| format!(":{id}")).unwrap_or_default();
        let hand = if by_hand == ByHand::Yes { ":manual" } else { "" };
        format!("{of}:{}{again}{hand}", self.effect)
    }

    fn subject(&self) -> String {
        subject(self.account, self.person)
    }
}

/// Whether a person does a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum ByHand {
    /// A person.
    Yes,
    /// The connector.
    No,
}

/// What jobs have in common that go one by one.
fn subject(account: Option<AccountId>, person: Option<PersonId>) -> String {
    match (account, person) {
        (Some(account), _) => format!("account:{account}"),
        (None, Some(person)) => format!("person:{person}"),
        (None, None) => "nobody".to_owned(),
    }
}

/// Writes the job down, and offers it to the connector if nothing of the same account comes before it (T-J1). It goes to
/// a person when the connector cannot do it (T-J2). The same change again is the same job.
pub(crate) async fn queue(tx: &mut Tx, caller: &Caller, change: Change) -> Result<Job> {
    let why_not = why_not(tx, &change).await?;
    let by_hand = if why_not.is_some() { ByHand::Yes } else { ByHand::No };
    let (job, is_new) = write(tx, caller, change, by_hand, why_not).await?;
    if is_new && by_hand == ByHand::No {
        offer::next(tx, caller, &job.subject).await?;
    }
    let tenant = tx.tenant();
    store::provision::find(tx.conn(), tenant, job.id).await?.ok_or_else(|| Error::not_found("job", job.id))
}

/// The job of a person who does what could not be done otherwise, for this reason (T-J8, T-J16).
pub(crate) async fn queue_by_hand(tx: &mut Tx, caller: &Caller, change: Change, why: &str) -> Result<Job> {
    Ok(write(tx, caller, change, ByHand::Yes, Some(why.to_owned())).await?.0)
}

async fn write(
    tx: &mut Tx,
    caller: &Caller,
    change: Change,
    by_hand: ByHand,
    why: Option<String>,
) -> Result<(Job, bool)> {
    let (now, tenant, key) = (tx.now(), tx.tenant(), change.key(by_hand));
    if let Some(known) = store::provision::by_key(tx.conn(), tenant, &key).await? {
        return Ok((known, false));
    }
    let job = Job {
        id: ProvisionJobId::new(now, tx.rng()),
        app_id: change.app,
        connector_id: change.connector,
        effect: change.effect,
        state: if by_hand == ByHand::Yes { State::Manual } else { State::Queued },
        cause: change.cause,
        is_by_hand: by_hand == ByHand::Yes,
        is_unwanted: false,
        subject: change.subject(),
        account_id: change.account,
        person_id: change.person,
        entitlement_id: change.entitlement,
        grant_id: change.grant,
        request_id: change.request,
        retry_of: change.retry_of,
        idempotency_key: key,
        profile: change.profile,
        task_id: None,
        blocked_by: None,
        error: why.map(|message| store::provision::Trouble { code: None, message }),
        created_at: now,
        updated_at: now,
        leased_at: None,
        reported_at: None,
        reported_by: None,
        confirmed_sync_id: None,
        ended_at: None,
        version: 1,
    };
    store::provision::insert(tx.conn(), tenant, &job).await?;
    let action = match (by_hand, job.retry_of) {
        (ByHand::Yes, _) => "job.manual",
        (ByHand::No, Some(_)) => "job.retried",
        (ByHand::No, None) => "job.queued",
    };
    let event = event(caller, &job, action).with_change(
        Value::Null,
        json!({
            "effect": job.effect, "cause": job.cause, "accountId": job.account_id, "personId": job.person_id,
            "entitlementId": job.entitlement_id, "grantId": job.grant_id, "retryOf": job.retry_of,
        }),
    );
    tx.audit(match &job.error {
        Some(error) => event.with_reason(error.message.clone()),
        None => event,
    });
    Ok((job, true))
}

/// Why no connector makes this change, if so (T-J2, R-V-7).
async fn why_not(tx: &mut Tx, change: &Change) -> Result<Option<String>> {
    let Some(connector) = store::connector::find_for_update(tx, change.connector).await? else {
        let is_kept = store::inventory::by_hand::is_kept(tx.conn(), change.connector).await?;
        let why = if is_kept { "people keep this app by hand" } else { "the app has no connector any more" };
        return Ok(Some(why.to_owned()));
    };
    if let Some(id) = change.entitlement.filter(|_| offer::is_about_entitlement(change.effect)) {
        let tenant = tx.tenant();
        let entitlement = list::entitlement(tx.conn(), tenant, id).await?;
        let is_known = entitlement.is_none_or(|entitlement| entitlement.origin == "synced");
        if !is_known || store::provisioning::find(tx.conn(), id).await?.method == Method::Manual {
            return Ok(Some("people give and take this by hand".to_owned()));
        }
    }
    if !connector.provisioning_enabled {
        return Ok(Some("provisioning is switched off for the connector".to_owned()));
    }
    let kind = offer::kind(change.effect).filter(|kind| connector.unsupported.contains(kind));
    let cannot = kind.map(|kind| format!("the connector cannot do `{kind}`"));
    Ok(cannot.or_else(|| connector.writes_refused.clone()))
}

/// Takes a step of T-J: the state and its audit row; the caller writes the job.
fn step(tx: &mut Tx, caller: &Caller, job: &mut Job, step: Step) -> Result<()> {
    let before = job.state;
    job.state = before.after(step).map_err(|refused| Error::refused(refused.to_string()))?;
    if matches!(job.state, State::Confirmed | State::Contradicted | State::Declined | State::Failed | State::Cancelled)
    {
        job.ended_at = Some(tx.now());
    }
    if let Some(action) = step.audit_action() {
        let event = event(caller, job, action)
            .with_change(json!({"state": before}), json!({"state": job.state, "grantId": job.grant_id}));
        tx.audit(match (&job.error, step) {
            (
                Some(error),
                Step::OfferedAgain | Step::Failed | Step::Declined | Step::GivenToPerson | Step::Unwanted,
            ) => event.with_reason(error.message.clone()),
            _ => event,
        });
    }
    Ok(())
}

/// An event about a job; what belongs to one request is bound together.
fn event(caller: &Caller, job: &Job, action: &str) -> Event {
    let event = caller.event(action, Object::new("job", job.id)).with_app(job.app_id);
    match job.request_id {
        Some(request) => event.with_correlation(request),
        None => event.with_correlation(job.id),
    }
}
