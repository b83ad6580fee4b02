//! What connectors say about jobs, through their tasks.

use domain::provision::{Effect, State, Step};
use domain::task::Outcome;
use store::Tx;
use store::provision::{Job, Trouble};
use store::task::Task;

use super::{ByHand, Change, effect, offer, queue_by_hand, step, undo};
use crate::context::Caller;
use crate::error::Result;

/// A connector took the task (T-J4, T-G2).
pub(crate) async fn offered(tx: &mut Tx, caller: &Caller, task: &Task) -> Result<()> {
    let Some(mut job) = store::provision::of_task(tx, &task.id).await? else { return Ok(()) };
    if job.state == State::Queued {
        lease(tx, caller, &mut job).await?;
    }
    Ok(())
}

async fn lease(tx: &mut Tx, caller: &Caller, job: &mut Job) -> Result<()> {
    let now = tx.now();
    job.leased_at = Some(now);
    step(tx, caller, job, Step::Leased)?;
    store::provision::update(tx.conn(), job, now).await?;
    effect::begun(tx, job).await
}

/// The task is offered again, after its connector vanished (T-J5) or failed in a way that passes (T-J7).
pub(crate) async fn offered_again(tx: &mut Tx, caller: &Caller, task: &Task, why: &str) -> Result<()> {
    let Some(mut job) = store::provision::of_task(tx, &task.id).await? else { return Ok(()) };
    if job.state != State::Leased {
        return Ok(());
    }
    let now = tx.now();
    job.error = Some(Trouble { code: None, message: why.to_owned() });
    step(tx, caller, &mut job, Step::OfferedAgain)?;
    Ok(store::provision::update(tx.conn(), &mut job, now).await?)
}

/// The task has ended, in the transaction that ends it (T-J6, T-J8…T-J10).
pub(crate) async fn reported(
    tx: &mut Tx,
    caller: &Caller,
    task: &Task,
    outcome: Outcome,
    code: Option<i32>,
    text: &str,
) -> Result<()> {
    let Some(mut job) = store::provision::of_task(tx, &task.id).await? else { return Ok(()) };
    let now = tx.now();
    if job.state == State::Queued {
        // The report came before it was written down that the task was taken.
        lease(tx, caller, &mut job).await?;
    }
    if job.state != State::Leased {
        tracing::debug!(job.id = %job.id, state = %job.state, "a report about a job that nobody works on");
        return Ok(());
    }
    if outcome == Outcome::Cancelled && is_paused(tx, &job).await? {
        // The connector stopped because it is paused; it goes on when it is resumed (T-C8).
        (job.task_id, job.error) = (None, None);
        step(tx, caller, &mut job, Step::OfferedAgain)?;
        return Ok(store::provision::update(tx.conn(), &mut job, now).await?);
    }
    let said = match outcome {
        Outcome::Success | Outcome::Already | Outcome::AlreadyExists => Step::Reported,
        Outcome::ActionRequired | Outcome::InProgress => Step::WaitsForPerson,
        Outcome::Declined => Step::Declined,
        Outcome::WritesRefused | Outcome::Unsupported if job.is_unwanted => Step::Failed,
        Outcome::WritesRefused | Outcome::Unsupported => Step::GivenToPerson,
        Outcome::Failed | Outcome::LeaseLost | Outcome::Cancelled => Step::Failed,
    };
    job.error = match said {
        Step::Reported => None,
        _ => Some(Trouble { code, message: words(outcome, text) }),
    };
    if matches!(said, Step::Reported | Step::WaitsForPerson) {
        (job.reported_at, job.reported_by) = (Some(now), Some(caller.actor.to_string()));
    }
    step(tx, caller, &mut job, said)?;
    if said == Step::GivenToPerson {
        job.is_by_hand = true;
    }
    store::provision::update(tx.conn(), &mut job, now).await?;
    match said {
        Step::Reported => effect::done(tx, caller, &mut job).await?,
        Step::WaitsForPerson if job.effect != Effect::CreateAccount => effect::done(tx, caller, &mut job).await?,
        Step::Declined => effect::not_done(tx, caller, &job, ByHand::No).await?,
        // Nobody needs to do by hand what nobody wants any more.
        Step::Failed => {
            let by_hand = if job.is_unwanted { ByHand::No } else { ByHand::Yes };
            effect::not_done(tx, caller, &job, by_hand).await?;
        }
        _ => {}
    }
    if job.is_unwanted && job.state.awaits_proof() {
        Box::pin(undo::undo(tx, caller, &job, outcome)).await?;
    }
    offer::next(tx, caller, &job.subject).await
}

async fn is_paused(tx: &mut Tx, job: &Job) -> Result<bool> {
    let connector = store::connector::find_for_update(tx, job.connector_id).await?;
    Ok(connector.is_some_and(|connector| connector.paused_at.is_some()))
}

fn words(outcome: Outcome, text: &str) -> String {
    match (outcome, text) {
        (_, text) if !text.is_empty() => text.to_owned(),
        (Outcome::Cancelled, _) => "the task was stopped by hand".to_owned(),
        (Outcome::LeaseLost, _) => "the connector was not heard of again".to_owned(),
        _ => "the connector gave no reason".to_owned(),
    }
}

/// The job of a person in the place of one that failed; the failed one is named.
pub(super) async fn to_person(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<()> {
    let why = job.error.as_ref().map_or("it failed", |error| &error.message).to_owned();
    queue_by_hand(tx, caller, Change::again(job), &why).await?;
    Ok(())
}
