//! Jobs become tasks of their connector, one for each account at a time (T-J4).

use std::collections::BTreeSet;

use domain::provision::{Effect, State, Step};
use domain::task::Kind;
use ids::{AccountId, AppId, ConnectorId};
use proto::Message as _;
use proto::c1::connectorapi::baton::v1::Task as WireTask;
use serde_json::Value;
use store::Tx;
use store::inventory::list;
use store::provision::{BREAKER, Job, Trouble};
use store::task::{NewTask, Task};

use super::{ByHand, effect, guard, step, subject};
use crate::connector::task::{TaskWish, wire_task};
use crate::context::Caller;
use crate::error::{Error, Result};

/// How many waiting jobs of a connector are looked at after a sync.
const TURN: u32 = 1_000;

/// Offers the first job of the subject that waits, unless one is being done.
pub(super) async fn next(tx: &mut Tx, caller: &Caller, subject: &str) -> Result<()> {
    // What could not be offered is settled at once, so the next one may go.
    loop {
        let pending = store::provision::pending_of(tx.conn(), subject).await?;
        let first = pending.into_iter().find(|job| job.state != State::Manual);
        let Some(job) = first.filter(|job| job.state == State::Queued && job.task_id.is_none()) else { return Ok(()) };
        match offer(tx, caller, job).await? {
            Offered::Yes | Offered::Waits => return Ok(()),
            Offered::Never => {}
        }
    }
}

/// Offers what waited for an account that a sync may have brought, or for whatever kept it from being offered.
pub(crate) async fn offer_waiting(tx: &mut Tx, caller: &Caller, connector: ConnectorId) -> Result<()> {
    let mut subjects = BTreeSet::new();
    for mut job in store::provision::not_offered(tx.conn(), connector, TURN).await? {
        if job.state == State::Blocked {
            if guard::held_back(tx, caller, &job).await?.is_some() {
                continue;
            }
            guard::release(tx, caller, &mut job).await?;
        }
        subjects.insert(job.subject);
    }
    for subject in subjects {
        next(tx, caller, &subject).await?;
    }
    Ok(())
}

/// Offers what the breaker of the app kept, as far as there is some; returns how many (R-B-2).
pub(crate) async fn let_go(tx: &mut Tx, caller: &Caller, app: AppId) -> Result<usize> {
    let kept = store::provision::blocked(tx.conn(), app, BREAKER, TURN).await?;
    let mut subjects = BTreeSet::new();
    let count = kept.len();
    for mut job in kept {
        guard::release(tx, caller, &mut job).await?;
        subjects.insert(job.subject);
    }
    for subject in subjects {
        next(tx, caller, &subject).await?;
    }
    Ok(count)
}

/// The task was called off before anybody took it: its job waits until it is released (T-J3).
pub(crate) async fn blocked(tx: &mut Tx, caller: &Caller, task: &Task, why: &str) -> Result<()> {
    let Some(mut job) = store::provision::of_task(tx, &task.id).await? else { return Ok(()) };
    let now = tx.now();
    (job.task_id, job.blocked_by) = (None, Some(why.to_owned()));
    step(tx, caller, &mut job, Step::Blocked)?;
    Ok(store::provision::update(tx.conn(), &mut job, now).await?)
}

/// The connector is gone: what it was to do is for people now (T-C9).
pub(crate) async fn to_people(tx: &mut Tx, caller: &Caller, connector: ConnectorId, why: &str) -> Result<()> {
    let now = tx.now();
    loop {
        let waiting = store::provision::not_offered(tx.conn(), connector, TURN).await?;
        for mut job in waiting.iter().cloned() {
            job.error = Some(Trouble { code: None, message: why.to_owned() });
            (job.is_by_hand, job.blocked_by) = (true, None);
            step(tx, caller, &mut job, Step::GivenToPerson)?;
            store::provision::update(tx.conn(), &mut job, now).await?;
        }
        if waiting.len() < TURN as usize {
            return Ok(());
        }
    }
}

/// What became of an offer.
enum Offered {
    /// The connector has it.
    Yes,
    /// It waits for an account.
    Waits,
    /// It can never be offered, and was settled.
    Never,
}

async fn offer(tx: &mut Tx, caller: &Caller, mut job: Job) -> Result<Offered> {
    let now = tx.now();
    let Some(connector) = store::connector::find_for_update(tx, job.connector_id).await? else {
        return never(tx, caller, job, "the app has no connector any more").await;
    };
    if connector.paused_at.is_some() {
        return Ok(Offered::Waits);
    }
    if let Some(why) = guard::held_back(tx, caller, &job).await? {
        guard::block(tx, caller, &mut job, why).await?;
        return Ok(Offered::Waits);
    }
    if job.effect != Effect::CreateAccount && job.account_id.is_none() {
        if job.person_id.is_none() {
            return never(tx, caller, job, "it names no account").await;
        }
        job.account_id = account_of(tx, &job).await?;
        if job.account_id.is_none() {
            return Ok(Offered::Waits);
        }
        job.subject = subject(job.account_id, job.person_id);
    }
    let wish = match wish(&job) {
        Ok(wish) => wish,
        Err(error) => return never(tx, caller, job, &error.to_string()).await,
    };
    let (kind, task) = match wire_task(tx, &connector, wish).await {
        Ok((kind, task, _)) => (kind, task),
        Err(error) if error.retry().is_some() => return Err(error),
        Err(error) => return never(tx, caller, job, &error.to_string()).await,
    };
    let payload = WireTask { task_type: Some(task), ..Default::default() };
    let new = NewTask {
        connector_id: job.connector_id,
        kind,
        payload: payload.encode_to_vec(),
        available_at: now,
        sync_id: None,
        // A job whose task was called off gets another one.
        idempotency_key: Some(format!("job:{}:{}", job.id, job.version)),
        wished_by: caller.actor.to_string(),
    };
    job.task_id = Some(store::task::enqueue(tx, &new).await?);
    store::provision::update(tx.conn(), &mut job, now).await?;
    Ok(Offered::Yes)
}

/// The account of the person whom the job is for.
pub(super) async fn account_of(tx: &mut Tx, job: &Job) -> Result<Option<AccountId>> {
    let Some(person) = job.person_id else { return Ok(None) };
    let tenant = tx.tenant();
    let accounts = list::accounts_of(tx.conn(), tenant, person, Some(job.app_id)).await?;
    Ok(accounts.into_iter().find(|account| account.connector_id == job.connector_id).map(|account| account.id))
}

/// The kind of task that an effect takes, if one does.
pub(super) const fn kind(effect: Effect) -> Option<Kind> {
    match effect {
        Effect::Grant | Effect::Swap => Some(Kind::Grant),
        Effect::Revoke => Some(Kind::Revoke),
        Effect::CreateAccount => Some(Kind::CreateAccount),
        Effect::DeleteAccount => Some(Kind::DeleteResource),
        Effect::DisableAccount => None,
    }
}

/// Whether a job with this effect gives or takes an entitlement.
pub(super) const fn is_about_entitlement(effect: Effect) -> bool {
    matches!(effect, Effect::Grant | Effect::Swap | Effect::Revoke)
}

/// What the connector is asked for (R-V-8).
fn wish(job: &Job) -> Result<TaskWish> {
    let missing = |what: &str| Error::internal(std::io::Error::other(format!("the job names no {what}")));
    let account = || job.account_id.ok_or_else(|| missing("account"));
    let entitlement = || job.entitlement_id.ok_or_else(|| missing("entitlement"));
    Ok(match job.effect {
        Effect::Grant | Effect::Swap => TaskWish::Grant { account: account()?, entitlement: entitlement()? },
        Effect::Revoke => TaskWish::Revoke { account: account()?, entitlement: entitlement()? },
        Effect::DeleteAccount => TaskWish::DeleteAccount { account: account()? },
        Effect::CreateAccount => {
            let mut profile = job.profile.clone();
            let Some(Value::String(email)) = profile.remove("email") else { return Err(missing("address")) };
            TaskWish::CreateAccount { email, login: None, profile }
        }
        Effect::DisableAccount => return Err(Error::refused("the connector has no action that disables accounts")),
    })
}

/// The change can't be asked for: what it is about is gone.
async fn never(tx: &mut Tx, caller: &Caller, mut job: Job, why: &str) -> Result<Offered> {
    let now = tx.now();
    job.error = Some(Trouble { code: None, message: why.to_owned() });
    step(tx, caller, &mut job, Step::Leased)?;
    step(tx, caller, &mut job, Step::Failed)?;
    store::provision::update(tx.conn(), &mut job, now).await?;
    effect::not_done(tx, caller, &job, ByHand::Yes).await?;
    Ok(Offered::Never)
}
