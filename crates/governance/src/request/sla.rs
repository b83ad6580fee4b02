//! Steps that take too long: a reminder at half of the time, then what the policy says (T-A9, R-P-7).

use std::sync::Arc;

use async_trait::async_trait;
use domain::policy::{Overdue, Sla, Step as Definition, Who};
use domain::request::State;
use domain::step::Step as T;
use ids::{PersonId, PolicyId, RequestId};
use jiff::Timestamp;
use jobs::{Failure, Handler, Next};
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};
use store::Tx;
use store::job::NewJob;
use store::request::{Request, Step};

use super::oversee::cancel;
use super::{decide, flow, outcome, timer};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::policy::{Case, Frozen, assignees};
use crate::tenant;

/// The kind of the job.
const KIND: &str = "request-step";
const ATTEMPTS: i64 = 1_000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    request_id: RequestId,
    round: i64,
    number: i64,
}

/// Sets the times of a step that was just opened, and its timer; the caller writes the step.
pub(super) async fn start(tx: &mut Tx, step: &mut Step, sla: &Sla) -> Result<()> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let zone = tenant::zone(&store::tenant::get(tx.conn(), tenant).await?)?;
    let reminder = sla.reminder(now, &zone);
    (step.remind_at, step.due_at) = (Some(reminder), Some(sla.due(now, &zone)));
    wake(tx, step, reminder).await
}

/// Sets the timer of a step.
async fn wake(tx: &mut Tx, step: &Step, run_at: Timestamp) -> Result<()> {
    let Step { request_id, round, number, .. } = *step;
    let payload = serde_json::to_string(&Payload { request_id, round, number }).map_err(Error::internal)?;
    let key = Some(format!("{request_id}:{round}:{number}"));
    let job = NewJob { kind: KIND, key, payload, run_at, priority: 10, max_attempts: ATTEMPTS };
    Ok(store::job::enqueue(tx, &job).await?)
}

/// What the timer does.
pub(crate) fn handler(governance: Governance) -> (&'static str, Arc<dyn Handler>) {
    (KIND, Arc::new(Due { governance }))
}

struct Due {
    governance: Governance,
}

#[async_trait]
impl Handler for Due {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let payload: Payload = serde_json::from_str(&context.job.payload)
            .map_err(|error| Failure::Lasting(format!("the job names no step: {error}")))?;
        match self.governance.look_at_step(payload.request_id, payload.round, payload.number).await {
            Ok(Some(at)) => Ok(Next::At(at)),
            Ok(None) => Ok(Next::Done),
            Err(error) => Err(Failure::Passing(error.to_string())),
        }
    }
}

impl Governance {
    /// Does what is due about an open step: reminds its assignees, or does what the policy says when it took too long
    /// (T-A9). Returns when to look again, if there is more to come.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn look_at_step(&self, id: RequestId, round: i64, number: i64) -> Result<Option<Timestamp>> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let found = store::request::find_for_update(&mut tx, id).await?;
        let Some(mut request) = found.filter(|request| request.state == State::Open) else { return Ok(None) };
        let open = store::request::open_step(tx.conn(), id).await?;
        let Some(mut step) = open.filter(|step| (step.round, step.number) == (round, number)) else {
            return Ok(None);
        };
        let timer = timer::caller();
        let Some(due_at) = step.due_at else { return Ok(None) };
        let next = if due_at <= now {
            overdue(&mut tx, &timer, &mut request, &mut step).await?;
            None
        } else {
            match step.remind_at {
                Some(at) if at <= now => {
                    remind(&mut tx, &timer, &request, &mut step).await?;
                    Some(due_at)
                }
                Some(at) => return Ok(Some(at)),
                None => return Ok(Some(due_at)),
            }
        };
        tx.commit().await?;
        self.task_queued().notify_waiters();
        self.job_queued().notify_waiters();
        Ok(next)
    }
}

async fn remind(tx: &mut Tx, timer: &Caller, request: &Request, step: &mut Step) -> Result<()> {
    step.state = step.state.after(T::Reminded).map_err(|refused| Error::refused(refused.to_string()))?;
    step.remind_at = None;
    store::request::update_step(tx.conn(), step).await?;
    let asked = asked(tx, step).await?;
    let after = json!({"step": step.number, "assignees": asked, "dueAt": step.due_at});
    tx.audit(outcome::event(timer, request, "step.reminded").with_change(Value::Null, after));
    Ok(())
}

async fn asked(tx: &mut Tx, step: &Step) -> Result<Vec<PersonId>> {
    let assignees = store::request::assignees(tx.conn(), step).await?;
    Ok(assignees.into_iter().filter(|one| one.is_open).map(|one| one.person_id).collect())
}

/// T-A9. What happened once does not happen again: the step has no limit any more.
async fn overdue(tx: &mut Tx, timer: &Caller, request: &mut Request, step: &mut Step) -> Result<()> {
    (step.remind_at, step.due_at) = (None, None);
    let definition = flow::definition(step)?;
    let Some(sla) = &definition.sla else { return Ok(store::request::update_step(tx.conn(), step).await?) };
    let why = if sla.comment.is_empty() { "nobody answered in time" } else { &sla.comment };
    match &sla.then {
        Overdue::EscalateTo { people } => {
            escalate(tx, timer, request, step, &definition, people, why).await?;
            decide::touch(tx, request).await
        }
        Overdue::UsePolicy { policy_id } => {
            flow::take(tx, timer, request, step, T::Escalated, Some(why))?;
            store::request::update_step(tx.conn(), step).await?;
            use_policy(tx, timer, request, *policy_id).await
        }
        Overdue::Skip => {
            flow::pass(tx, timer, request, step, T::Skipped, Some(why), None).await?;
            let subject = decide::subject(request);
            flow::next(tx, timer, request, &subject).await?;
            if request.state == State::Open { decide::touch(tx, request).await } else { Ok(()) }
        }
        Overdue::Cancel => {
            flow::pass(tx, timer, request, step, T::CancelledBySla, Some(why), None).await?;
            cancel(tx, timer, request, why).await
        }
    }
}

/// Asks the people named, else the managers of those who did not answer, else whoever is asked when nobody can be. When
/// there is nobody at all, those who are asked stay so.
async fn escalate(
    tx: &mut Tx,
    timer: &Caller,
    request: &Request,
    step: &mut Step,
    definition: &Definition,
    named: &[PersonId],
    why: &str,
) -> Result<()> {
    let mut people = named.to_vec();
    if people.is_empty() {
        for person in asked(tx, step).await? {
            people.extend(store::person::manager(tx.conn(), person).await?);
        }
        people.sort_unstable();
        people.dedup();
    }
    flow::take(tx, timer, request, step, T::Escalated, Some(why))?;
    let instead = Definition { who: Who::People { people }, fallback: None, ..definition.clone() };
    let earlier = flow::deciders(tx, request).await?;
    let found = assignees(tx, &instead, &Case::of(request), &earlier).await?;
    for hop in &found.hops {
        flow::fell_back(tx, timer, request, step, hop)?;
    }
    if !found.people.is_empty() {
        store::request::close_assignees(tx.conn(), step).await?;
    }
    for assignee in &found.people {
        store::request::assign(tx.conn(), step, assignee).await?;
    }
    Ok(store::request::update_step(tx.conn(), step).await?)
}

/// The approval begins anew under the other policy, as it was when the request was made.
async fn use_policy(tx: &mut Tx, timer: &Caller, request: &mut Request, policy: PolicyId) -> Result<()> {
    let frozen: Frozen = serde_json::from_str(&request.policy_snapshot).map_err(Error::internal)?;
    let instead = frozen.instead.into_iter().find(|other| other.policies.first().is_some_and(|one| one.id == policy));
    let instead = instead.ok_or_else(|| Error::refused(format!("the request knows no policy `{policy}`")))?;
    flow::end_steps(tx, timer, request).await?;
    request.policy_snapshot = serde_json::to_string(&instead).map_err(Error::internal)?;
    decide::touch(tx, request).await?;
    let subject = decide::subject(request);
    flow::begin(tx, timer, request, &instead, &subject).await
}
