//! What becomes of an approved request when its jobs are done, or cannot be (T-Q8, T-Q9, T-Q14).

use domain::audit::{Event, Object};
use domain::provision::{Cause, Effect, State as JobState};
use domain::request::{Kind, State, Step};
use serde_json::json;
use store::Tx;
use store::provision::Job;
use store::request::Request;

use crate::context::Caller;
use crate::error::{Error, Result};

/// A job of a request is said to be done.
pub(crate) async fn job_done(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<()> {
    let Some(mut request) = of(tx, job).await? else { return Ok(()) };
    if !is_last(&request, job) || request.state.after(Step::Fulfilled).is_err() {
        return Ok(());
    }
    let by_hand = if job.is_by_hand { Some("done by hand") } else { None };
    step(tx, caller, &mut request, Step::Fulfilled, by_hand).await
}

/// A job of a request could not be done, was declined or called off.
pub(crate) async fn job_failed(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<()> {
    let Some(mut request) = of(tx, job).await? else { return Ok(()) };
    if request.state.after(Step::Failed).is_err() {
        return Ok(());
    }
    let why = match (&job.error, job.state) {
        (Some(error), _) => error.message.clone(),
        (None, JobState::Declined) => "it was declined".to_owned(),
        (None, _) => "it could not be done".to_owned(),
    };
    step(tx, caller, &mut request, Step::Failed, Some(&why)).await
}

async fn of(tx: &mut Tx, job: &Job) -> Result<Option<Request>> {
    // What ends later what a request gave belongs to it, and does not carry it out.
    match job.request_id.filter(|_| job.cause == Cause::Request) {
        Some(id) => Ok(store::request::find_for_update(tx, id).await?),
        None => Ok(None),
    }
}

/// Whether what was asked for is so once this job is done: an account is made before access to it is given.
fn is_last(request: &Request, job: &Job) -> bool {
    request.kind == Kind::Account || job.effect != Effect::CreateAccount
}

/// Takes a step of T-Q: the state, its audit row, the row of the request.
pub(super) async fn step(
    tx: &mut Tx,
    caller: &Caller,
    request: &mut Request,
    step: Step,
    why: Option<&str>,
) -> Result<()> {
    let (before, now) = (request.state, tx.now());
    request.state = before.after(step).map_err(|refused| Error::refused(refused.to_string()))?;
    if let Some(why) = why {
        request.outcome = Some(why.to_owned());
    }
    request.closed_at = (request.state.is_final() || request.state == State::Failed).then_some(now);
    store::request::update(tx.conn(), request, now).await?;
    let event = event(caller, request, step.audit_action());
    let event = event.with_change(json!({"state": before}), json!({"state": request.state}));
    tx.audit(match why {
        Some(why) => event.with_reason(why),
        None => event,
    });
    Ok(())
}

/// An event about a request; all that follows from it carries its id.
pub(super) fn event(caller: &Caller, request: &Request, action: &str) -> Event {
    caller.event(action, Object::new("request", request.id)).with_app(request.app_id).with_correlation(request.id)
}
