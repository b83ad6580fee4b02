//! What requesters and administrators do with requests: call off, retry, skip a step, begin anew, make urgent.
//!
//! Source: governance §2.4 (T-Q5, T-Q7, T-Q10, T-Q11, T-Q15), §2.5 (T-A10), R-P-8.

use domain::access::{self, Action, Relation};
use domain::provision::{Cause, Effect, State as JobState};
use domain::request::{State, Step as RequestStep};
use domain::step::Step as T;
use ids::{PolicyId, RequestId};
use store::Tx;
use store::provision::Job;
use store::request::Request;
use store::request_setting;

use super::{RequestView, decide, flow, outcome};
use crate::Written;
use crate::change::{check_version, reason as checked_reason};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::policy::{Case, freeze};
use crate::{grant, provision};

/// Whether the caller may take over what others decide.
pub(super) fn may(caller: &Caller) -> bool {
    access::may(&caller.actor, Action::OverseeRequests, Relation::None)
}

impl Governance {
    /// Calls a request off: one's own, or any for a Super Administrator. What a connector already works on goes on, and
    /// is undone once it is done (T-J18).
    ///
    /// # Errors
    /// `FailedPrecondition` when it has ended, or was carried out; `PermissionDenied`; `Aborted`; `NotFound`.
    pub async fn cancel_request(
        &self,
        caller: &Caller,
        id: RequestId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<RequestView>> {
        let (mut tx, mut request) = self.seen_request(caller, id).await?;
        let is_own = caller.actor.person().is_some() && request.requester_id == caller.actor.person();
        if !is_own && !may(caller) {
            return Err(Error::denied("only whoever asked, or a Super Administrator, calls a request off"));
        }
        if request.state == State::Cancelled {
            return self.written_request(tx, request).await;
        }
        check_version(version, request.version, "request", id)?;
        let why = match (is_own, reason.trim().is_empty()) {
            (true, true) => "withdrawn".to_owned(),
            _ => checked_reason(reason)?,
        };
        cancel(&mut tx, caller, &mut request, &why).await?;
        self.written_request(tx, request).await
    }

    /// Tries again what could not be done; the approvals stay (T-Q10).
    ///
    /// # Errors
    /// `FailedPrecondition` unless it failed; `PermissionDenied` for whoever neither owns the app nor is a Super
    /// Administrator; `Aborted`; `NotFound`.
    pub async fn retry_request(
        &self,
        caller: &Caller,
        id: RequestId,
        version: Option<i64>,
    ) -> Result<Written<RequestView>> {
        let (mut tx, mut request) = self.seen_request(caller, id).await?;
        let relation = crate::access::to_app(tx.conn(), caller, request.app_id).await?;
        crate::access::require(caller, Action::EditApp, relation)?;
        check_version(version, request.version, "request", id)?;
        let jobs = store::provision::of_request(tx.conn(), id).await?;
        let may_retry =
            |job: &Job| job.cause == Cause::Request && matches!(job.state, JobState::Failed | JobState::Declined);
        let failed = jobs.into_iter().rev().find(may_retry);
        let failed =
            failed.ok_or_else(|| Error::refused(format!("the request is {}, and nothing failed", request.state)))?;
        outcome::step(&mut tx, caller, &mut request, RequestStep::Retried, None).await?;
        let job = provision::retry(&mut tx, caller, &failed).await?;
        if request.grant_id != job.grant_id {
            request.grant_id = job.grant_id;
            decide::touch(&mut tx, &mut request).await?;
        }
        self.written_request(tx, request).await
    }

    /// Passes the open step without an answer (T-A10).
    ///
    /// # Errors
    /// `InvalidArgument` without a reason; `PermissionDenied`; `FailedPrecondition`; `Aborted`; `NotFound`.
    pub async fn skip_step(
        &self,
        caller: &Caller,
        id: RequestId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<RequestView>> {
        let reason = checked_reason(reason)?;
        let (mut tx, mut request) = self.overseen_request(caller, id, version).await?;
        let step = store::request::open_step(tx.conn(), id).await?;
        let mut step = step.ok_or_else(|| Error::refused(format!("the request is {}", request.state)))?;
        flow::pass(&mut tx, caller, &request, &mut step, T::Skipped, Some(&reason), None).await?;
        let subject = decide::subject(&request);
        flow::next(&mut tx, caller, &mut request, &subject).await?;
        if request.state == State::Open {
            decide::touch(&mut tx, &mut request).await?;
        }
        self.written_request(tx, request).await
    }

    /// Begins the approval anew, under another policy if one is named: all answers are history (T-Q11).
    ///
    /// # Errors
    /// As [`Governance::skip_step`].
    pub async fn restart_request(
        &self,
        caller: &Caller,
        id: RequestId,
        version: Option<i64>,
        policy: Option<PolicyId>,
        reason: &str,
    ) -> Result<Written<RequestView>> {
        let reason = checked_reason(reason)?;
        let (mut tx, mut request) = self.overseen_request(caller, id, version).await?;
        let setting = request_setting::effective(tx.conn(), request.app_id, request.entitlement_id).await?;
        let kind = decide::policy_kind(&request);
        let usual = if kind == domain::policy::Kind::Revoke { setting.revoke_policy } else { setting.request_policy };
        begin_anew(&mut tx, caller, &mut request, policy.or(usual), RequestStep::Restarted, &reason).await?;
        self.written_request(tx, request).await
    }

    /// Makes one's request urgent: its policy is replaced by the emergency policy (T-Q7).
    ///
    /// # Errors
    /// `InvalidArgument` when the reason is too short; `FailedPrecondition` when there is no emergency access to it, or
    /// it is not open; `PermissionDenied`; `Aborted`; `NotFound`.
    pub async fn escalate_request(
        &self,
        caller: &Caller,
        id: RequestId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<RequestView>> {
        let reason = checked_reason(reason)?;
        let (mut tx, mut request) = self.seen_request(caller, id).await?;
        if request.requester_id.is_none() || request.requester_id != caller.actor.person() {
            return Err(Error::denied("only whoever asked makes a request urgent"));
        }
        check_version(version, request.version, "request", id)?;
        let setting = request_setting::effective(tx.conn(), request.app_id, request.entitlement_id).await?;
        let policy = setting.emergency_policy.ok_or_else(|| Error::refused("there is no emergency access to this"))?;
        let cap = super::submit::EMERGENCY_CAP;
        request.duration = Some(request.duration.map_or(cap, |asked| asked.min(cap)));
        request.is_emergency = true;
        begin_anew(&mut tx, caller, &mut request, Some(policy), RequestStep::Emergency, &reason).await?;
        self.written_request(tx, request).await
    }

    async fn overseen_request(&self, caller: &Caller, id: RequestId, version: Option<i64>) -> Result<(Tx, Request)> {
        let (tx, request) = self.seen_request(caller, id).await?;
        crate::access::require(caller, Action::OverseeRequests, Relation::None)?;
        check_version(version, request.version, "request", id)?;
        Ok((tx, request))
    }
}

async fn begin_anew(
    tx: &mut Tx,
    caller: &Caller,
    request: &mut Request,
    policy: Option<PolicyId>,
    step: RequestStep,
    reason: &str,
) -> Result<()> {
    let frozen = freeze(tx, decide::policy_kind(request), policy, &Case::of(request)).await?;
    request.policy_snapshot = serde_json::to_string(&frozen).map_err(Error::internal)?;
    flow::end_steps(tx, caller, request).await?;
    outcome::step(tx, caller, request, step, Some(reason)).await?;
    request.outcome = None;
    let subject = decide::subject(request);
    flow::begin(tx, caller, request, &frozen, &subject).await
}

/// T-Q5, T-Q12, T-Q15: nothing more is decided, nothing that was not begun is done.
pub(super) async fn cancel(tx: &mut Tx, caller: &Caller, request: &mut Request, why: &str) -> Result<()> {
    flow::end_steps(tx, caller, request).await?;
    outcome::step(tx, caller, request, RequestStep::Cancelled, Some(why)).await?;
    let mut is_begun = false;
    for mut job in store::provision::of_request(tx.conn(), request.id).await? {
        match job.state {
            JobState::Queued | JobState::Blocked | JobState::Manual | JobState::WaitingPerson => {
                provision::cancel(tx, caller, &mut job, why).await?;
                if job.effect == Effect::Revoke {
                    grant::keep(tx, caller, &job).await?;
                }
            }
            JobState::Leased if job.cause == Cause::Request => {
                provision::unwanted(tx, caller, &mut job, why).await?;
                is_begun |= job.grant_id.is_some();
            }
            _ => {}
        }
    }
    if is_begun { Ok(()) } else { flow::call_off(tx, request).await }
}
