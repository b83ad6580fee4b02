//! A policy becomes the chain of steps of one request, which later edits of the policy do not touch.

use domain::policy::{Action, DEEPEST, DEFAULT_REQUEST, DEFAULT_REVOKE, Kind, Step};
use ids::{AppId, EntitlementId, PersonId, PolicyId};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::policy::Stored;

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

impl Frozen {
    /// Which rule of which policy decided, in words.
    #[must_use]
    pub fn words(&self) -> String {
        match self.policies.last() {
            Some(Followed { name, rule: Some(rule), .. }) => format!("rule {rule} of the policy `{name}`"),
            Some(Followed { name, rule: None, .. }) => format!("the policy `{name}`"),
            None => "no policy".to_owned(),
        }
    }
}

/// What this policy says; the tenant's policy for the kind when none is given.
///
/// # Errors
/// `FailedPrecondition` when policies use each other too deep, or one is gone.
pub(crate) async fn freeze(tx: &mut Tx, kind: Kind, policy: Option<PolicyId>) -> Result<Frozen> {
    let tenant = tx.tenant();
    let mut stored = match policy {
        Some(id) => store::policy::find(tx.conn(), tenant, id).await?.ok_or_else(|| gone(id))?,
        None => default(tx, kind).await?,
    };
    let mut policies = Vec::new();
    while policies.len() <= DEEPEST {
        let mut rules = stored.policy.rules.iter().enumerate();
        // Conditions are refused when a policy is saved, so every rule holds.
        let (rule, action) = match rules.next() {
            Some((index, rule)) => (Some(index + 1), rule.action.clone()),
            None => (None, stored.policy.baseline.clone()),
        };
        policies.push(Followed { id: stored.id, name: stored.name.clone(), version: stored.version, rule });
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
        return Ok(Frozen { policies, verdict });
    }
    Err(Error::refused(format!("policies use each other more than {DEEPEST} deep")))
}

async fn default(tx: &mut Tx, kind: Kind) -> Result<Stored> {
    let key = match kind {
        Kind::Request => DEFAULT_REQUEST,
        Kind::Revoke => DEFAULT_REVOKE,
        Kind::Review => "review_by_app_owner",
    };
    let tenant = tx.tenant();
    if let Some(stored) = store::policy::builtin(tx.conn(), tenant, key).await? {
        return Ok(stored);
    }
    store::policy::ensure_builtins(tx).await?;
    let stored = store::policy::builtin(tx.conn(), tenant, key).await?;
    stored.ok_or_else(|| Error::refused(format!("the policy `{key}` is missing")))
}

fn gone(id: PolicyId) -> Error {
    Error::refused(format!("the policy `{id}` is gone")).with_hint("set another policy")
}
