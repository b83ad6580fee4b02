//! One approval step after the other, and what is agreed to.
//!
//! Source: governance §2.4 (T-Q2, T-Q3), §2.5 (T-A1, T-A2, T-A4, T-A5, T-A8).

use domain::grant::{EndReason, State as GrantState, Step as GrantStep, time};
use domain::policy::Step as Definition;
use domain::provision::{Cause, Effect};
use domain::request::{Kind, Step as RequestStep};
use domain::step::{State, Step as T};
use ids::PersonId;
use serde_json::{Map, Value, json};
use store::Tx;
use store::grant::Grant;
use store::inventory::by_hand;
use store::provision::Job;
use store::request::{Request, Step};
use store::request_setting;

use super::{outcome, sla, start};
use crate::context::Caller;
use crate::error::{Error, Result};
use crate::grant::{self, timer};
use crate::policy::{Case, Frozen, Hop, Subject, Verdict, assignees};
use crate::provision::{self, Change};

/// Begins a round: what the policy decides is done, whom it asks is asked.
pub(super) async fn begin(
    tx: &mut Tx,
    caller: &Caller,
    request: &mut Request,
    frozen: &Frozen,
    subject: &Subject,
) -> Result<()> {
    let round = store::request::steps(tx.conn(), request.id).await?.last().map_or(1, |step| step.round + 1);
    let definitions = match &frozen.verdict {
        Verdict::Approve => return approved(tx, caller, request, Some(&frozen.words())).await,
        Verdict::Deny => return denied(tx, caller, request, &format!("refused by {}", frozen.words())).await,
        Verdict::Ask { steps } => steps,
    };
    let mut steps = Vec::with_capacity(definitions.len());
    for (definition, number) in definitions.iter().zip(1..) {
        steps.push(Step {
            request_id: request.id,
            round,
            number,
            state: State::Waiting,
            definition: serde_json::to_string(definition).map_err(Error::internal)?,
            opened_at: None,
            remind_at: None,
            due_at: None,
            decided_at: None,
            decided_by: None,
            decided_for: None,
            how: None,
            reason: None,
        });
    }
    store::request::insert_steps(tx.conn(), &steps).await?;
    next(tx, caller, request, subject).await
}

/// Opens the step after the last that was passed; none is left when everybody agreed.
pub(super) async fn next(tx: &mut Tx, caller: &Caller, request: &mut Request, subject: &Subject) -> Result<()> {
    loop {
        let steps = store::request::steps(tx.conn(), request.id).await?;
        let round = steps.last().map_or(0, |step| step.round);
        let mut of_round = steps.into_iter().filter(|step| step.round == round);
        let Some(mut step) = of_round.find(|step| !step.state.is_passed()) else {
            return approved(tx, caller, request, None).await;
        };
        if step.state != State::Waiting {
            return Ok(());
        }
        if open(tx, caller, request, &mut step, subject).await? == Opened::Waits {
            return Ok(());
        }
    }
}

#[derive(PartialEq, Eq)]
enum Opened {
    Waits,
    Passed,
}

async fn open(tx: &mut Tx, caller: &Caller, request: &Request, step: &mut Step, subject: &Subject) -> Result<Opened> {
    let definition = definition(step)?;
    take(tx, caller, request, step, T::Opened, None)?;
    step.opened_at = Some(tx.now());
    let earlier = deciders(tx, request).await?;
    let assignment = assignees(tx, &definition, &Case::of(request), &earlier).await?;
    for hop in &assignment.hops {
        fell_back(tx, caller, request, step, hop)?;
    }
    for assignee in &assignment.people {
        store::request::assign(tx.conn(), step, assignee).await?;
        if let Some(of) = assignee.on_behalf_of {
            let event = outcome::event(caller, request, "step.delegated");
            let after = json!({"step": step.number, "from": of, "to": assignee.person_id});
            tx.audit(event.with_change(Value::Null, after));
        }
    }
    // Whoever asks for somebody else, and would be asked, has answered (T-A4).
    let asker = request.requester_id.filter(|asker| definition.allow_implied && *asker != subject.person);
    if let Some(asker) = assignment.people.iter().find(|one| Some(one.person_id) == asker) {
        step.how = Some("implied: whoever asked would have been asked".to_owned());
        take(tx, caller, request, step, T::Approved, Some("implied"))?;
        (step.decided_at, step.decided_for) = (Some(tx.now()), asker.on_behalf_of);
        step.decided_by = Some(format!("person:{}", asker.person_id));
        store::request::update_step(tx.conn(), step).await?;
        store::request::close_assignees(tx.conn(), step).await?;
        return Ok(Opened::Passed);
    }
    if let Some(limit) = &definition.sla {
        sla::start(tx, step, limit).await?;
    }
    store::request::update_step(tx.conn(), step).await?;
    Ok(Opened::Waits)
}

/// The people who agreed to steps of the request.
pub(super) async fn deciders(tx: &mut Tx, request: &Request) -> Result<Vec<PersonId>> {
    let steps = store::request::steps(tx.conn(), request.id).await?;
    let by = steps.iter().filter(|step| step.state == State::Approved).filter_map(|step| step.decided_by.as_deref());
    Ok(by.filter_map(|by| by.strip_prefix("person:")?.parse().ok()).collect())
}

/// Ends an open step, so that the next may open.
pub(super) async fn pass(
    tx: &mut Tx,
    caller: &Caller,
    request: &Request,
    step: &mut Step,
    how: T,
    reason: Option<&str>,
    on_behalf_of: Option<PersonId>,
) -> Result<()> {
    take(tx, caller, request, step, how, reason)?;
    (step.decided_at, step.decided_by) = (Some(tx.now()), Some(caller.actor.to_string()));
    step.decided_for = on_behalf_of.filter(|person| Some(*person) != caller.actor.person());
    step.reason = reason.map(ToOwned::to_owned);
    store::request::update_step(tx.conn(), step).await?;
    Ok(store::request::close_assignees(tx.conn(), step).await?)
}

/// A step of T-A, with its audit row; the caller writes the step.
pub(super) fn take(
    tx: &mut Tx,
    caller: &Caller,
    request: &Request,
    step: &mut Step,
    how: T,
    reason: Option<&str>,
) -> Result<()> {
    step.state = after(step, how)?;
    if let Some(action) = how.audit_action() {
        let event = outcome::event(caller, request, action)
            .with_change(Value::Null, json!({"step": step.number, "state": step.state}));
        tx.audit(match reason {
            Some(reason) => event.with_reason(reason),
            None => event,
        });
    }
    Ok(())
}

/// T-A2, with its audit row; the caller writes the step.
pub(super) fn fell_back(tx: &mut Tx, caller: &Caller, request: &Request, step: &mut Step, hop: &Hop) -> Result<()> {
    step.state = after(step, T::FellBack)?;
    let after = json!({"step": step.number, "state": step.state, "lastResort": hop.is_last_resort});
    let event = outcome::event(caller, request, "step.fell_back").with_change(Value::Null, after);
    tx.audit(event.with_reason(&hop.words));
    Ok(())
}

fn after(step: &Step, how: T) -> Result<State> {
    step.state.after(how).map_err(|refused| Error::refused(refused.to_string()))
}

pub(super) fn definition(step: &Step) -> Result<Definition> {
    serde_json::from_str(&step.definition).map_err(Error::internal)
}

/// Nobody has to decide anything about the request any more (T-A11).
pub(super) async fn end_steps(tx: &mut Tx, caller: &Caller, request: &Request) -> Result<()> {
    for mut step in store::request::steps(tx.conn(), request.id).await? {
        if step.state.after(T::Ended).is_ok() {
            take(tx, caller, request, &mut step, T::Ended, None)?;
            store::request::update_step(tx.conn(), &step).await?;
            store::request::close_assignees(tx.conn(), &step).await?;
        }
    }
    Ok(())
}

/// T-Q4, with T-G19.
pub(super) async fn denied(tx: &mut Tx, caller: &Caller, request: &mut Request, why: &str) -> Result<()> {
    end_steps(tx, caller, request).await?;
    outcome::step(tx, caller, request, RequestStep::Denied, Some(why)).await?;
    call_off(tx, request).await
}

/// The period that a request opened will not be held (T-G19, T-G20).
pub(super) async fn call_off(tx: &mut Tx, request: &Request) -> Result<()> {
    let (Kind::Grant | Kind::Swap, Some(id)) = (request.kind, request.grant_id) else { return Ok(()) };
    let Some(mut grant) = store::grant::find_for_update(tx, id).await? else { return Ok(()) };
    if let Ok(state) = grant.state.after(GrantStep::CalledOff) {
        (grant.state, grant.ended_at, grant.end_reason) = (state, Some(tx.now()), Some(EndReason::Never));
        store::grant::update(tx.conn(), &mut grant).await?;
    }
    Ok(())
}

/// T-Q3: what was agreed to is done, in the same transaction.
async fn approved(tx: &mut Tx, caller: &Caller, request: &mut Request, by: Option<&str>) -> Result<()> {
    outcome::step(tx, caller, request, RequestStep::Approved, by).await?;
    match request.kind {
        Kind::Grant | Kind::Swap => give(tx, caller, request).await,
        Kind::Extend => extend(tx, caller, request).await,
        Kind::Revoke => {
            let held = held(tx, request).await?;
            grant::end(tx, caller, held, Cause::Request, Some(request.id)).await.map(drop)
        }
        Kind::Account => make_account(tx, caller, request).await.map(drop),
    }
}

/// T-G1, and the jobs, unless the holder is to start it (R-D-9).
async fn give(tx: &mut Tx, caller: &Caller, request: &mut Request) -> Result<()> {
    let id = request.grant_id.ok_or_else(|| Error::refused("the request names no grant"))?;
    let found = store::grant::find_for_update(tx, id).await?;
    let mut grant = found.ok_or_else(|| Error::not_found("grant", id))?;
    grant.state = grant::after(&grant, GrantStep::Approved)?;
    grant.lasts = request.duration;
    store::grant::update(tx.conn(), &mut grant).await?;
    let event = outcome::event(caller, request, "grant.approved");
    tx.audit(event.with_change(Value::Null, json!({"grantId": grant.id, "duration": grant.lasts})));
    if start::waits(tx, caller, request).await? {
        return Ok(());
    }
    carry_out(tx, caller, request, &grant).await
}

/// The jobs that give what was agreed to: first the account when there is none (R-V-5), then the access.
pub(super) async fn carry_out(tx: &mut Tx, caller: &Caller, request: &Request, grant: &Grant) -> Result<()> {
    // Whoever gives by hand what people keep notes the account in one go with it.
    if grant.account_id.is_none() && !by_hand::is_kept(tx.conn(), grant.connector_id).await? {
        make_account(tx, caller, request).await?;
    }
    let effect = if request.kind == Kind::Swap { Effect::Swap } else { Effect::Grant };
    provision::queue(tx, caller, change(request, grant, effect)).await.map(drop)
}

fn change(request: &Request, grant: &Grant, effect: Effect) -> Change {
    Change {
        app: request.app_id,
        connector: grant.connector_id,
        effect,
        cause: Cause::Request,
        account: grant.account_id,
        person: Some(request.for_person_id),
        entitlement: Some(grant.entitlement_id),
        grant: Some(grant.id),
        request: Some(request.id),
        retry_of: None,
        profile: Map::new(),
    }
}

async fn make_account(tx: &mut Tx, caller: &Caller, request: &Request) -> Result<Job> {
    let tenant = tx.tenant();
    let person = store::person::find(tx.conn(), tenant, request.for_person_id).await?;
    let person = person.ok_or_else(|| Error::not_found("person", request.for_person_id))?;
    let connector = match request.entitlement_id {
        Some(id) => {
            store::inventory::list::entitlement(tx.conn(), tenant, id).await?.and_then(|found| found.connector_id)
        }
        None => None,
    };
    let connector = match connector {
        Some(connector) => connector,
        None => by_hand::source(tx, request.app_id).await?,
    };
    let mut profile = Map::new();
    profile.insert("email".to_owned(), person.primary_email.clone().into());
    profile.insert("displayName".to_owned(), person.display_name.clone().into());
    let change = Change {
        app: request.app_id,
        connector,
        effect: Effect::CreateAccount,
        cause: Cause::Request,
        account: None,
        person: Some(request.for_person_id),
        entitlement: None,
        grant: None,
        request: Some(request.id),
        retry_of: None,
        profile,
    };
    provision::forget_undo(tx, caller, request.for_person_id, &change).await?;
    provision::queue(tx, caller, change).await
}

pub(super) async fn held(tx: &mut Tx, request: &Request) -> Result<Grant> {
    let id = request.grant_id.ok_or_else(|| Error::refused("the request names no grant"))?;
    store::grant::find_for_update(tx, id).await?.ok_or_else(|| Error::not_found("grant", id))
}

/// T-G8, T-G9: the new end counts from the old one.
async fn extend(tx: &mut Tx, caller: &Caller, request: &mut Request) -> Result<()> {
    let mut grant = held(tx, request).await?;
    let (Some(end), Some(more)) = (grant.expires_at, request.duration) else {
        return Err(Error::refused("this access has no end that could be extended"));
    };
    let cap = request_setting::effective(tx.conn(), grant.app_id, Some(grant.entitlement_id)).await?.max_duration;
    let end = time::extended(grant.starts_at, end, more, cap)
        .map_err(|error| Error::invalid("duration", error.to_string()))?;
    if grant.state == GrantState::Expiring {
        provision::call_off_end(tx, caller, &grant).await?;
    }
    grant.state = grant::after(&grant, GrantStep::Extended)?;
    let before = grant.expires_at.replace(end);
    store::grant::update(tx.conn(), &mut grant).await?;
    timer::set(tx, &grant).await?;
    let event = outcome::event(caller, request, "grant.extended");
    tx.audit(event.with_change(json!({"expiresAt": before}), json!({"expiresAt": end, "grantId": grant.id})));
    outcome::step(tx, caller, request, RequestStep::Fulfilled, None).await
}
