//! A policy becomes the chain of steps of one request, which later edits of the policy do not touch.

use std::collections::BTreeSet;

use domain::expression::{Expression, Wanted};
use domain::policy::{Action, DEEPEST, DEFAULT_REQUEST, DEFAULT_REVOKE, Kind, Overdue, Step, is_self_only};
use domain::vocabulary;
use ids::{AppId, EntitlementId, PersonId, PolicyId};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::Tx;
use store::policy::Stored;

use super::facts::{Case, facts};
use crate::error::{Error, Result};

/// Whom and what a decision is about.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Subject {
    /// The person.
    pub(crate) person: PersonId,
    /// The app.
    pub(crate) app: AppId,
    /// What is asked for, if it is an entitlement.
    pub(crate) entitlement: Option<EntitlementId>,
}

/// What a policy says about one case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Frozen {
    /// The policies that were followed, the first one first.
    pub policies: Vec<Followed>,
    /// What is done.
    pub verdict: Verdict,
    /// What became of every rule that was read, in this order.
    #[serde(default)]
    pub trace: Vec<RuleTrace>,
    /// What the policies say that are used when a step takes too long (T-A9).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub instead: Vec<Frozen>,
}

vocabulary! {
    /// What became of a rule.
    pub enum Outcome: "what became of a rule" {
        /// It decides.
        Matched => "matched",
        /// Its condition is false.
        NotMatched => "not_matched",
        /// Its condition could not be worked out, so that it does not match (R-P-1).
        Failed => "failed",
        /// An earlier rule decides.
        NotReached => "not_reached",
    }
}

/// What became of one rule, or of the baseline.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct RuleTrace {
    /// The policy that it stands in.
    pub policy: PolicyId,
    /// Its number, from 1; none for the baseline.
    pub rule: Option<usize>,
    /// Its condition.
    pub condition: Option<String>,
    /// What became of it.
    pub outcome: Outcome,
    /// Why its condition could not be worked out.
    pub why: Option<String>,
}

/// A policy on the way to the verdict.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Followed {
    /// Which.
    pub id: PolicyId,
    /// What it was called.
    pub name: String,
    /// Which version of it.
    pub version: i64,
    /// The rule that decided, from 1; none for the baseline.
    pub rule: Option<usize>,
    /// The condition of that rule.
    #[serde(default)]
    pub condition: Option<String>,
}

/// What is done about a case.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case")]
pub enum Verdict {
    /// It is agreed to, by a rule.
    Approve,
    /// It is refused, by a rule.
    Deny,
    /// People are asked.
    Ask {
        /// One after the other.
        steps: Vec<Step>,
    },
}

impl Verdict {
    /// Whether nobody but the person whom it is about is asked (R-P-3).
    #[must_use]
    pub fn asks_only_the_subject(&self) -> bool {
        matches!(self, Self::Ask { steps } if is_self_only(steps))
    }

    /// `approve`, `deny` or `ask`.
    #[must_use]
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Approve => "approve",
            Self::Deny => "deny",
            Self::Ask { .. } => "ask",
        }
    }
}

impl Frozen {
    /// Which rule of which policy decided, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self.policies.last() {
            Some(Followed { name, rule: Some(rule), condition: Some(condition), .. }) => {
                format!("rule {rule} (`{condition}`) of the policy `{name}`")
            }
            Some(Followed { name, rule: Some(rule), .. }) => format!("rule {rule} of the policy `{name}`"),
            Some(Followed { name, rule: None, .. }) => format!("the policy `{name}`"),
            None => "no policy".to_owned(),
        }
    }
}

/// What this policy says about a case; the tenant's policy for the kind when none is given.
///
/// # Errors
/// `FailedPrecondition` when policies use each other too deep, or one is gone.
pub(crate) async fn freeze(tx: &mut Tx, kind: Kind, policy: Option<PolicyId>, case: &Case) -> Result<Frozen> {
    freeze_below(tx, kind, policy, case, 0).await
}

/// As [`freeze`], when so many policies were followed already.
async fn freeze_below(
    tx: &mut Tx,
    kind: Kind,
    policy: Option<PolicyId>,
    case: &Case,
    followed: usize,
) -> Result<Frozen> {
    let tenant = tx.tenant();
    let mut stored = match policy {
        Some(id) => store::policy::find(tx.conn(), tenant, id).await?.ok_or_else(|| gone(id))?,
        None => default(tx, kind).await?,
    };
    let (mut policies, mut trace) = (Vec::new(), Vec::new());
    let mut known: Option<Value> = None;
    while followed + policies.len() <= DEEPEST {
        if known.is_none() && stored.policy.rules.iter().any(|rule| rule.condition.is_some()) {
            known = Some(facts(tx, case).await?);
        }
        let rule = read(&stored, known.as_ref().unwrap_or(&Value::Null), &mut trace);
        let decides = rule.and_then(|number| stored.policy.rules.get(number - 1));
        let action = decides.map_or(&stored.policy.baseline, |rule| &rule.action).clone();
        let condition = decides.and_then(|rule| rule.condition.clone());
        let (id, name, version) = (stored.id, stored.name.clone(), stored.version);
        policies.push(Followed { id, name, version, rule, condition });
        let verdict = match action {
            Action::Approve => Verdict::Approve,
            Action::Deny => Verdict::Deny,
            Action::Steps { steps } => Verdict::Ask { steps },
            Action::UsePolicy { policy_id } => {
                let next = store::policy::find(tx.conn(), tenant, policy_id).await?;
                stored = next.ok_or_else(|| gone(policy_id))?;
                continue;
            }
        };
        let mut instead = Vec::new();
        for id in used_when_overdue(&verdict) {
            let below = freeze_below(tx, kind, Some(id), case, followed + policies.len());
            instead.push(Box::pin(below).await?);
        }
        return Ok(Frozen { policies, verdict, trace, instead });
    }
    Err(Error::refused(format!("policies use each other more than {DEEPEST} deep")))
}

/// The policies that its steps use when they take too long, each once.
fn used_when_overdue(verdict: &Verdict) -> BTreeSet<PolicyId> {
    let Verdict::Ask { steps } = verdict else { return BTreeSet::new() };
    let used = steps.iter().filter_map(|step| match step.sla.as_ref()?.then {
        Overdue::UsePolicy { policy_id } => Some(policy_id),
        _ => None,
    });
    used.collect()
}

/// Reads the rules of a policy from top to bottom. Returns the number of the one that decides; none for the baseline.
fn read(stored: &Stored, facts: &Value, trace: &mut Vec<RuleTrace>) -> Option<usize> {
    let policy = stored.id;
    let mut decides = None;
    for (rule, number) in stored.policy.rules.iter().zip(1..) {
        let (outcome, why) = match &rule.condition {
            _ if decides.is_some() => (Outcome::NotReached, None),
            None => (Outcome::Matched, None),
            Some(condition) => {
                let holds = Expression::new(condition, Wanted::Condition).and_then(|it| it.is_true(facts));
                match holds {
                    Ok(true) => (Outcome::Matched, None),
                    Ok(false) => (Outcome::NotMatched, None),
                    Err(error) => (Outcome::Failed, Some(error.to_string())),
                }
            }
        };
        if outcome == Outcome::Matched {
            decides = Some(number);
        }
        trace.push(RuleTrace { policy, rule: Some(number), condition: rule.condition.clone(), outcome, why });
    }
    let outcome = if decides.is_some() { Outcome::NotReached } else { Outcome::Matched };
    trace.push(RuleTrace { policy, rule: None, condition: None, outcome, why: None });
    decides
}

async fn default(tx: &mut Tx, kind: Kind) -> Result<Stored> {
    let key = match kind {
        Kind::Request => DEFAULT_REQUEST,
        Kind::Revoke => DEFAULT_REVOKE,
        Kind::Review => "review_by_app_owner",
    };
    let tenant = tx.tenant();
    let stored = store::policy::builtin(tx.conn(), tenant, key).await?;
    stored.ok_or_else(|| Error::refused(format!("the policy `{key}` is missing")))
}

fn gone(id: PolicyId) -> Error {
    Error::refused(format!("the policy `{id}` is gone")).with_hint("set another policy")
}
