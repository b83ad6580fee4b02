//! What a connector was at when it was called off: the write is not torn off, and what it did is undone (T-J18).
//!
//! Source: governance §2.9 (T-J17, T-J18).

use domain::grant::State;
use domain::provision::{Cause, Effect, Step};
use domain::task::Outcome;
use ids::PersonId;
use jiff::SignedDuration;
use store::Tx;
use store::provision::{Job, Trouble};
use store::task::Task;

use super::{Change, cancel, queue, step, subject};
use crate::context::Caller;
use crate::error::Result;
use crate::grant::{self, exclusive};

/// Notes that nobody wants what a connector works on. Its report is taken all the same.
pub(crate) async fn unwanted(tx: &mut Tx, caller: &Caller, job: &mut Job, why: &str) -> Result<()> {
    if job.is_unwanted {
        return Ok(());
    }
    let now = tx.now();
    job.is_unwanted = true;
    job.error = Some(Trouble { code: None, message: why.to_owned() });
    step(tx, caller, job, Step::Unwanted)?;
    Ok(store::provision::update(tx.conn(), job, now).await?)
}

/// Whether nobody wants what this task does any more: then it is not tried again.
pub(crate) async fn is_unwanted(tx: &mut Tx, task: &Task) -> Result<bool> {
    Ok(store::provision::of_task(tx, &task.id).await?.is_some_and(|job| job.is_unwanted))
}

/// Queues the inverse of what was done.
pub(super) async fn undo(tx: &mut Tx, caller: &Caller, job: &Job, outcome: Outcome) -> Result<()> {
    match job.effect {
        Effect::Grant | Effect::Swap => take(tx, caller, job).await,
        Effect::Revoke => give_back(tx, caller, job).await,
        // An account that was there before is not Podium's to delete.
        Effect::CreateAccount if outcome != Outcome::AlreadyExists => {
            let mut change = Change::again(job);
            (change.effect, change.cause, change.retry_of) = (Effect::DeleteAccount, Cause::Undo, None);
            queue(tx, caller, change).await.map(drop)
        }
        Effect::CreateAccount | Effect::DeleteAccount | Effect::DisableAccount => Ok(()),
    }
}

async fn take(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<()> {
    let Some(id) = job.grant_id else { return Ok(()) };
    let Some(held) = store::grant::find_for_update(tx, id).await? else { return Ok(()) };
    // Below the floor of an exclusive set there is nothing to fall to (R-X-3).
    if held.state == State::Active && !exclusive::is_floor(tx.conn(), held.entitlement_id).await? {
        grant::end(tx, caller, held, Cause::Undo, None).await?;
    }
    Ok(())
}

/// What was taken away is given again, in a new period that ends when the old one would have.
async fn give_back(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<()> {
    let Some(id) = job.grant_id else { return Ok(()) };
    let Some(taken) = store::grant::find_for_update(tx, id).await? else { return Ok(()) };
    let left = taken.expires_at.map(|end| end.duration_since(tx.now()));
    if taken.state != State::Ended || left.is_some_and(|left| left <= SignedDuration::ZERO) {
        return Ok(());
    }
    let tenant = tx.tenant();
    let mut again = grant::opened(tx, job, taken.origin, State::Approved);
    (again.lasts, again.request_id, again.person_id) = (left, taken.request_id, taken.person_id);
    store::grant::insert(tx.conn(), tenant, &again).await?;
    let mut change = Change::again(job);
    (change.effect, change.cause, change.grant, change.retry_of) = (Effect::Grant, Cause::Undo, Some(again.id), None);
    queue(tx, caller, change).await.map(drop)
}

/// The person is to have an account after all: nothing that would delete a new one goes on.
pub(crate) async fn forget_undo(tx: &mut Tx, caller: &Caller, person: PersonId, change: &Change) -> Result<()> {
    for mut job in store::provision::pending_of(tx.conn(), &subject(None, Some(person))).await? {
        let is_undo = job.cause == Cause::Undo && job.effect == Effect::DeleteAccount;
        if is_undo && job.connector_id == change.connector && job.task_id.is_none() {
            cancel(tx, caller, &mut job, "the account is wanted after all").await?;
        }
    }
    Ok(())
}
