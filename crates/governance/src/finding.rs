//! Findings: what is not as it should be, seen and decided about.
//!
//! `check` makes and resolves them, `remedy` ends what they are about, `watch` is the timer.
//!
//! Source: governance §1.16, §2.10 (T-F), §1.20 ("findings: decide").

mod check;
mod outside;
pub(crate) mod reaction;
mod remedy;
pub(crate) mod watch;

use domain::access::{Action, Relation, may};
use domain::audit::{Event, Object};
use domain::finding::{State, Step, Type, may_accept_until};
use ids::FindingId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::finding::kind::{self, Setting};
use store::finding::{Filter, Finding};
use store::{Connection, Page, Paging, Tx};

use crate::change::{check_version, reason as checked_reason};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

/// For how long a finding is accepted when nobody says: a year.
const ACCEPTED: SignedDuration = SignedDuration::from_hours(365 * 24);

/// A type of finding: itself, whether it is looked for, and who switched it last if anybody did.
pub type TypeSetting = (Type, bool, Option<Setting>);

impl Governance {
    /// The findings that the caller may see, the newest first.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine without a role for it; `InvalidArgument` for a cursor of another list.
    pub async fn findings(&self, caller: &Caller, filter: Filter, paging: Paging<'_>) -> Result<Page<Finding>> {
        let of_connectors = may(&caller.actor, Action::SeeConnectors, Relation::None);
        let owner = match access::scope(caller, Action::SeeFindings) {
            Ok(owner) => owner,
            // A machine that looks after connectors owns nothing, and sees what is about them.
            Err(_) if of_connectors => Some(ids::PersonId::from_uuid(uuid::Uuid::nil())),
            Err(error) => return Err(error),
        };
        let also = Type::ALL.iter().copied().filter(|kind| of_connectors && kind.is_about_connector()).collect();
        let filter = Filter { owner, also, ..filter };
        Ok(store::finding::list(&mut *self.store().read().await?, self.store().tenant(), &filter, paging).await?)
    }

    /// The finding with this id.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn finding(&self, caller: &Caller, id: FindingId) -> Result<Finding> {
        let mut conn = self.store().read().await?;
        let found = store::finding::find(&mut conn, self.store().tenant(), id).await?;
        let finding = found.ok_or_else(|| Error::not_found("finding", id))?;
        require(&mut conn, caller, &finding, Action::SeeFindings).await?;
        Ok(finding)
    }

    /// It may be so for a while (T-F2): until this instant, or for a year.
    ///
    /// # Errors
    /// `InvalidArgument` without a reason, or for an instant that is over or more than a year away; `FailedPrecondition`
    /// when it is not open; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn accept_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        version: Option<i64>,
        until: Option<Timestamp>,
        reason: &str,
    ) -> Result<Written<Finding>> {
        let decision = Decision { step: Step::Accept, until: Until::Or(until, ACCEPTED), reason: Some(reason) };
        self.decide_finding(caller, id, version, decision).await
    }

    /// Somebody decides later (T-F3).
    ///
    /// # Errors
    /// As [`Governance::accept_finding`].
    pub async fn snooze_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        version: Option<i64>,
        until: Timestamp,
        reason: &str,
    ) -> Result<Written<Finding>> {
        let decision = Decision { step: Step::Snooze, until: Until::Or(Some(until), ACCEPTED), reason: Some(reason) };
        self.decide_finding(caller, id, version, decision).await
    }

    /// It may be so for good (T-F4).
    ///
    /// # Errors
    /// `InvalidArgument` without a reason; `FailedPrecondition` when it is not open; `Aborted`; `PermissionDenied`;
    /// `NotFound`.
    pub async fn suppress_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<Finding>> {
        let decision = Decision { step: Step::Suppress, until: Until::Never, reason: Some(reason) };
        self.decide_finding(caller, id, version, decision).await
    }

    /// Somebody wants to look at it again (T-F9).
    ///
    /// # Errors
    /// `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn reopen_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        version: Option<i64>,
    ) -> Result<Written<Finding>> {
        let decision = Decision { step: Step::Reopen, until: Until::Never, reason: None };
        self.decide_finding(caller, id, version, decision).await
    }

    async fn decide_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        version: Option<i64>,
        decision: Decision<'_>,
    ) -> Result<Written<Finding>> {
        let mut tx = self.store().begin().await?;
        let action = if decision.step == Step::Suppress { Action::SuppressFinding } else { Action::DecideFinding };
        let mut finding = decidable(&mut tx, caller, id, action).await?;
        let reason = decision.reason.map(checked_reason).transpose()?;
        let until = decision.until.checked(tx.now())?;
        let is_so = State::Open.after(decision.step).unwrap_or(State::Open) == finding.state
            && (decision.step == Step::Reopen || (finding.reason == reason && finding.until == until));
        if is_so {
            return Ok(Written::new(finding, None));
        }
        check_version(version, finding.version, "finding", id)?;
        finding.until = until;
        step(&mut tx, caller, &mut finding, decision.step, reason)?;
        store::finding::update(tx.conn(), &mut finding).await?;
        let seq = tx.commit().await?;
        Ok(Written::new(finding, seq))
    }

    /// Every type of finding, and whether it is looked for.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn finding_types(&self, caller: &Caller) -> Result<Vec<TypeSetting>> {
        access::require(caller, Action::SeeFindings, Relation::None)?;
        let set = kind::all(&mut *self.store().read().await?, self.store().tenant()).await?;
        Ok(Type::ALL.iter().map(|kind| setting(*kind, &set)).collect())
    }

    /// Has a type looked for from now on, or no more. What is open stays open, and nobody looks at it again.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn set_finding_type(&self, caller: &Caller, of: Type, is_on: bool) -> Result<Written<TypeSetting>> {
        access::require(caller, Action::EditSettings, Relation::None)?;
        let mut tx = self.store().begin().await?;
        store::tenant::lock(&mut tx).await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let before = setting(of, &kind::all(tx.conn(), tenant).await?);
        if before.1 == is_on {
            return Ok(Written::new(before, None));
        }
        let set = Setting { kind: of, is_on, changed_at: now, changed_by: caller.actor.to_string() };
        kind::set(tx.conn(), tenant, &set).await?;
        let action = if is_on { "finding_type.on" } else { "finding_type.off" };
        let event = caller.event(action, Object::new("finding_type", of));
        tx.audit(event.with_change(json!({"isOn": before.1}), json!({"isOn": is_on})));
        let seq = tx.commit().await?;
        Ok(Written::new((of, is_on, Some(set)), seq))
    }
}

struct Decision<'a> {
    step: Step,
    until: Until,
    reason: Option<&'a str>,
}

enum Until {
    Or(Option<Timestamp>, SignedDuration),
    Never,
}

impl Until {
    fn checked(&self, now: Timestamp) -> Result<Option<Timestamp>> {
        match self {
            Self::Never => Ok(None),
            Self::Or(None, lasts) => Ok(now.checked_add(*lasts).ok()),
            Self::Or(Some(until), _) if may_accept_until(*until, now) => Ok(Some(*until)),
            Self::Or(Some(_), _) => Err(Error::invalid("until", "it is an instant to come, at most a year from now")),
        }
    }
}

fn setting(of: Type, set: &[Setting]) -> TypeSetting {
    let found = set.iter().find(|one| one.kind == of).cloned();
    (of, found.as_ref().map_or(of.is_on_by_default(), |one| one.is_on), found)
}

/// The finding, locked, for a caller that may do this to it.
async fn decidable(tx: &mut Tx, caller: &Caller, id: FindingId, action: Action) -> Result<Finding> {
    let found = store::finding::find_for_update(tx, id).await?;
    let finding = found.ok_or_else(|| Error::not_found("finding", id))?;
    require(tx.conn(), caller, &finding, action).await?;
    Ok(finding)
}

/// Fails unless the caller may see the finding, and do this to it.
async fn require(conn: &mut Connection, caller: &Caller, finding: &Finding, action: Action) -> Result<()> {
    let relation = match finding.app_id {
        Some(app) => access::to_app(conn, caller, app).await?,
        None => Relation::None,
    };
    let of_connector = finding.kind.is_about_connector();
    let sees = may(&caller.actor, Action::SeeFindings, relation)
        || (of_connector && may(&caller.actor, Action::SeeConnectors, relation));
    if !sees {
        return Err(Error::not_found("finding", finding.id));
    }
    let edits = of_connector && may(&caller.actor, Action::EditConnector, relation);
    match action {
        Action::SeeFindings => Ok(()),
        Action::DecideFinding if edits => Ok(()),
        _ => access::require(caller, action, relation),
    }
}

/// Takes a step of T-F: the state and its audit row; the caller writes the finding.
fn step(tx: &mut Tx, caller: &Caller, finding: &mut Finding, step: Step, reason: Option<String>) -> Result<()> {
    let before = finding.state;
    let refused = || Error::refused(format!("the finding is {before}"));
    finding.state = before.after(step).ok_or_else(refused)?;
    finding.since = tx.now();
    if !matches!(step, Step::Accept | Step::Snooze) {
        finding.until = None;
    }
    let by_person = matches!(step, Step::Accept | Step::Snooze | Step::Suppress | Step::Remedy);
    finding.decided_by = by_person.then(|| caller.actor.to_string());
    finding.reason.clone_from(&reason);
    let action = match finding.state {
        State::Open => "finding.reopened".to_owned(),
        state => format!("finding.{state}"),
    };
    let event = event(caller, finding, &action)
        .with_change(json!({"state": before}), json!({"state": finding.state, "until": finding.until}));
    tx.audit(match reason {
        Some(reason) => event.with_reason(reason),
        None => event,
    });
    Ok(())
}

fn event(caller: &Caller, finding: &Finding, action: &str) -> Event {
    let event = caller.event(action, Object::new("finding", finding.id)).with_correlation(finding.id);
    match finding.app_id {
        Some(app) => event.with_app(app),
        None => event,
    }
}
