//! What assignees answer (T-A3, T-A6, T-A7), and what approvers change (T-Q13).

use domain::grant::time;
use domain::policy::{Kind as PolicyKind, MOST_HOPS};
use domain::request::{Kind, Step as RequestStep};
use domain::step::Step as T;
use ids::{PersonId, RequestId};
use jiff::SignedDuration;
use serde_json::json;
use store::Tx;
use store::request::{Assignee, Request, Step};
use store::request_setting;

use super::{RequestView, flow, outcome, view};
use crate::Written;
use crate::change::{check_version, text};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::policy::Subject;

/// The longest reason and the longest comment, in letters.
const LONGEST_REASON: usize = 2_000;

/// An answer to a step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// What.
    pub decision: Decision,
    /// Why.
    pub reason: String,
    /// For how long, when it is agreed to for another time than was asked for.
    pub duration: Option<SignedDuration>,
}

/// What an assignee decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Decision {
    /// It may be.
    Approve,
    /// It may not be.
    Deny,
}

impl Governance {
    /// Answers the open step of a request. Of two answers at once the first counts.
    ///
    /// # Errors
    /// `PermissionDenied` for whoever is not asked; `FailedPrecondition` when nothing is open; `InvalidArgument` when a
    /// reason is missing, or the duration is too long; `Aborted` when somebody was faster, who is named; `NotFound`.
    pub async fn answer_request(
        &self,
        caller: &Caller,
        id: RequestId,
        version: Option<i64>,
        answer: Answer,
    ) -> Result<Written<RequestView>> {
        let (mut tx, mut request) = self.seen_request(caller, id).await?;
        let (mut step, assignee) = open_for(&mut tx, caller, &request).await?;
        check_version(version, request.version, "request", id)?;
        let definition = flow::definition(&step)?;
        let reason = text("reason", &answer.reason, LONGEST_REASON)?;
        let needs = match answer.decision {
            Decision::Approve => definition.need_reason.approve,
            Decision::Deny => definition.need_reason.deny,
        };
        if needs && reason.is_empty() {
            return Err(Error::invalid("reason", "this step wants a reason"));
        }
        let why = (!reason.is_empty()).then_some(reason.as_str());
        if let Some(duration) = answer.duration.filter(|duration| Some(*duration) != request.duration) {
            change_duration(&mut tx, caller, &mut request, duration).await?;
        }
        let on_behalf_of = assignee.on_behalf_of;
        match answer.decision {
            Decision::Approve => {
                flow::pass(&mut tx, caller, &request, &mut step, T::Approved, why, on_behalf_of).await?;
                let subject = subject(&request);
                flow::next(&mut tx, caller, &mut request, &subject).await?;
                if request.state == domain::request::State::Open {
                    outcome::step(&mut tx, caller, &mut request, RequestStep::Advanced, None).await?;
                }
            }
            Decision::Deny => {
                flow::pass(&mut tx, caller, &request, &mut step, T::Denied, why, on_behalf_of).await?;
                flow::denied(&mut tx, caller, &mut request, why.unwrap_or("refused")).await?;
            }
        }
        self.written_request(tx, request).await
    }

    /// Hands the open step on to somebody else (T-A7, R-P-5).
    ///
    /// # Errors
    /// `PermissionDenied` for whoever is neither asked nor a Super Administrator, or when the step forbids it;
    /// `InvalidArgument` for whoever cannot be asked; `FailedPrecondition`; `Aborted`; `NotFound`.
    pub async fn reassign_request(
        &self,
        caller: &Caller,
        id: RequestId,
        version: Option<i64>,
        to: PersonId,
        reason: &str,
    ) -> Result<Written<RequestView>> {
        let (mut tx, mut request) = self.seen_request(caller, id).await?;
        let oversees = super::oversee::may(caller);
        let open = open_for(&mut tx, caller, &request).await;
        let (mut step, hops) = match open {
            Ok((step, assignee)) => (step, assignee.hops),
            Err(_) if oversees => {
                let step = store::request::open_step(tx.conn(), id).await?;
                (step.ok_or_else(|| Error::refused(format!("the request is {}", request.state)))?, 0)
            }
            Err(error) => return Err(error),
        };
        check_version(version, request.version, "request", id)?;
        let definition = flow::definition(&step)?;
        let reason = text("reason", reason, LONGEST_REASON)?;
        if !definition.allow_reassign {
            return Err(Error::denied("this step may not be handed on"));
        }
        if definition.need_reason.reassign && reason.is_empty() {
            return Err(Error::invalid("reason", "this step wants a reason"));
        }
        let is_listed = definition.reassign_to.is_empty() || definition.reassign_to.contains(&to);
        let tenant = tx.tenant();
        let person = store::person::find(tx.conn(), tenant, to).await?;
        if !is_listed || to == request.for_person_id || person.is_none_or(|person| person.status != "active") {
            return Err(Error::invalid("to", "this person cannot be asked")
                .with_hint("name an active person whom the step allows, and not the one whom it is about"));
        }
        if hops >= MOST_HOPS {
            return Err(Error::refused(format!("the step was handed on {MOST_HOPS} times already")));
        }
        store::request::close_assignees(tx.conn(), &step).await?;
        let assignee = Assignee { person_id: to, on_behalf_of: None, hops: hops + 1, is_open: true };
        store::request::assign(tx.conn(), &step, &assignee).await?;
        let why = (!reason.is_empty()).then_some(reason.as_str());
        flow::take(&mut tx, caller, &request, &mut step, T::Reassigned, why)?;
        touch(&mut tx, &mut request).await?;
        self.written_request(tx, request).await
    }

    /// Says something about a request.
    ///
    /// # Errors
    /// `InvalidArgument` for an empty text; `NotFound` for whoever may not see the request.
    pub async fn comment_request(&self, caller: &Caller, id: RequestId, words: &str) -> Result<Written<RequestView>> {
        let words = text("text", words, LONGEST_REASON)?;
        if words.is_empty() {
            return Err(Error::invalid("text", "say something"));
        }
        let (mut tx, request) = self.seen_request(caller, id).await?;
        store::request::add_comment(&mut tx, id, &caller.actor.to_string(), &words).await?;
        tx.audit(outcome::event(caller, &request, "request.commented").with_reason(words));
        self.written_request(tx, request).await
    }

    /// The request, locked, for a caller that may see it.
    pub(super) async fn seen_request(&self, caller: &Caller, id: RequestId) -> Result<(Tx, Request)> {
        let mut tx = self.store().begin().await?;
        let not_found = || Error::not_found("request", id);
        let request = store::request::find_for_update(&mut tx, id).await?.ok_or_else(not_found)?;
        if !view::may_see(tx.conn(), caller, &request).await? {
            return Err(not_found());
        }
        Ok((tx, request))
    }

    pub(super) async fn written_request(&self, mut tx: Tx, request: Request) -> Result<Written<RequestView>> {
        let tenant = tx.tenant();
        let request = store::request::find(tx.conn(), tenant, request.id).await?.unwrap_or(request);
        let view = view::of(tx.conn(), request).await?;
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        self.job_queued().notify_waiters();
        Ok(Written::new(view, seq))
    }
}

pub(super) const fn subject(request: &Request) -> Subject {
    Subject { person: request.for_person_id, app: request.app_id, entitlement: request.entitlement_id }
}

/// The open step, and the caller as its assignee.
async fn open_for(tx: &mut Tx, caller: &Caller, request: &Request) -> Result<(Step, Assignee)> {
    let me = caller.actor.person().ok_or_else(|| Error::denied("people decide, not machines"))?;
    let not_asked =
        || Error::denied("this is not for you to decide").with_hint("the step's assignees are in the request");
    let steps = store::request::steps(tx.conn(), request.id).await?;
    let decided = steps.iter().rev().find(|step| step.decided_by.is_some());
    if let Some(step) = steps.iter().find(|step| step.state == domain::step::State::Open) {
        let assignees = store::request::assignees(tx.conn(), step).await?;
        match assignees.into_iter().find(|assignee| assignee.person_id == me) {
            Some(assignee) if assignee.is_open => return Ok((step.clone(), assignee)),
            Some(_) => return Err(Error::new(Code::Aborted, "the step was handed on to somebody else")),
            None => {}
        }
    }
    // Whoever was asked, and answers too late, hears who was first.
    if store::request::is_assigned(tx.conn(), request.id, me).await? {
        return Err(if is_delegated(tx, request, me).await? { not_asked() } else { too_late(request, decided) });
    }
    Err(not_asked())
}

/// Whether somebody stands in for this person, who thus was never asked.
async fn is_delegated(tx: &mut Tx, request: &Request, person: PersonId) -> Result<bool> {
    for step in store::request::steps(tx.conn(), request.id).await? {
        if was_asked(tx, &step, person).await? {
            return Ok(false);
        }
    }
    Ok(true)
}

async fn was_asked(tx: &mut Tx, step: &Step, person: PersonId) -> Result<bool> {
    let assignees = store::request::assignees(tx.conn(), step).await?;
    Ok(assignees.iter().any(|assignee| assignee.person_id == person))
}

fn too_late(request: &Request, step: Option<&Step>) -> Error {
    let by = step.and_then(|step| step.decided_by.as_deref());
    match by {
        Some(by) => Error::new(Code::Aborted, format!("`{by}` was faster: the request is {}", request.state)),
        None => Error::refused(format!("the request is {}", request.state)),
    }
}

/// T-Q13.
async fn change_duration(tx: &mut Tx, caller: &Caller, request: &mut Request, to: SignedDuration) -> Result<()> {
    if !matches!(request.kind, Kind::Grant | Kind::Swap | Kind::Extend) {
        return Err(Error::invalid("duration", "this request has no duration"));
    }
    let is_longer = request.duration.is_some_and(|asked| to > asked);
    if is_longer || to <= SignedDuration::ZERO {
        return Err(Error::invalid("duration", "an approver may shorten what was asked for, not lengthen it"));
    }
    let cap = request_setting::effective(tx.conn(), request.app_id, request.entitlement_id).await?.max_duration;
    time::check(Some(to), cap).map_err(|error| Error::invalid("duration", error.to_string()))?;
    let before = request.duration;
    request.asked_duration = request.asked_duration.or(before);
    request.duration = Some(to);
    let event = outcome::event(caller, request, RequestStep::DurationChanged.audit_action());
    tx.audit(event.with_change(json!({"duration": before}), json!({"duration": to})));
    touch(tx, request).await
}

/// Counts the version up, so that stale pages are noticed.
pub(super) async fn touch(tx: &mut Tx, request: &mut Request) -> Result<()> {
    let now = tx.now();
    Ok(store::request::update(tx.conn(), request, now).await?)
}

/// The kind of policy that decides about a request.
pub(super) const fn policy_kind(request: &Request) -> PolicyKind {
    match request.kind {
        Kind::Revoke => PolicyKind::Revoke,
        _ => PolicyKind::Request,
    }
}
