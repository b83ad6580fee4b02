//! Policies: who has to agree before access is given, kept or taken away.
//!
//! Start at [`Policy`]. Its rules are read from top to bottom; the first whose condition holds decides what is done, else
//! the baseline.
//!
//! Source: governance §1.13, §3.3 (R-P).

use ids::{EntitlementId, PersonId, PolicyId};
use serde::{Deserialize, Serialize};

use crate::vocabulary;

mod builtin;
mod check;
pub mod sla;

pub use builtin::{Builtin, DEFAULT_REQUEST, DEFAULT_REVOKE, builtins};
pub use check::Invalid;
pub use sla::{Overdue, Sla};

/// How many rules a policy has at most.
pub const MOST_RULES: usize = 16;
/// How many steps an action has at most.
pub const MOST_STEPS: usize = 10;
/// How deep policies may use policies.
pub const DEEPEST: usize = 5;
/// How many people one step may ask; more of them, and somebody else is asked.
pub const MOST_ASSIGNEES: usize = 128;
/// How often a step may be handed on (R-P-5).
pub const MOST_HOPS: i64 = 5;

vocabulary! {
    /// What a policy decides about.
    pub enum Kind: "a kind of policy" {
        /// Requests for access.
        Request => "request",
        /// Items of a review.
        Review => "review",
        /// Revocations.
        Revoke => "revoke",
    }
}

/// Who has to agree.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Policy {
    /// Rules, the first that holds decides.
    #[serde(default)]
    pub rules: Vec<Rule>,
    /// What is done when no rule holds.
    pub baseline: Action,
}

/// A rule of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Rule {
    /// The expression that must hold; without one the rule always holds.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub condition: Option<String>,
    /// What is done then.
    pub action: Action,
}

/// What a policy has done.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Action {
    /// Agree at once.
    Approve,
    /// Refuse at once.
    Deny,
    /// Ask, one step after the other.
    Steps {
        /// The steps.
        steps: Vec<Step>,
    },
    /// Do what another policy of the same kind says.
    UsePolicy {
        /// Which.
        policy_id: PolicyId,
    },
}

impl Action {
    /// Whether nobody but the person whom it is about has to agree (R-P-3).
    #[must_use]
    pub fn asks_only_the_subject(&self) -> bool {
        matches!(self, Self::Steps { steps } if is_self_only(steps))
    }

    /// Every policy that it uses, with the path of its field below it.
    fn uses(&self) -> Box<dyn Iterator<Item = (String, PolicyId)> + '_> {
        match self {
            Self::Approve | Self::Deny => Box::new(std::iter::empty()),
            Self::UsePolicy { policy_id } => Box::new(std::iter::once(("policyId".to_owned(), *policy_id))),
            Self::Steps { steps } => Box::new(steps.iter().enumerate().filter_map(|(index, step)| {
                let Overdue::UsePolicy { policy_id } = step.sla.as_ref()?.then else { return None };
                Some((format!("steps[{index}].sla.then.policyId"), policy_id))
            })),
        }
    }
}

/// Whether nobody but the person whom it is about is asked in these steps (R-P-3).
#[must_use]
pub fn is_self_only(steps: &[Step]) -> bool {
    !steps.is_empty() && steps.iter().all(|step| step.who == Who::Subject)
}

/// One step: who is asked, and how they may answer.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
#[expect(clippy::struct_excessive_bools, reason = "each is a switch of its own in REST and on the page")]
pub struct Step {
    /// Who is asked.
    pub who: Who,
    /// Who is asked when nobody of those can be.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fallback: Option<Who>,
    /// Whether whoever is asked may hand it on.
    #[serde(default = "yes")]
    pub allow_reassign: bool,
    /// To whom alone; anybody when empty.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub reassign_to: Vec<PersonId>,
    /// Whether a delegate may answer.
    #[serde(default = "yes")]
    pub allow_delegate: bool,
    /// Whether people may decide about themselves.
    #[serde(default)]
    pub allow_self: bool,
    /// Whether nobody may answer two steps.
    #[serde(default)]
    pub distinct_from_earlier: bool,
    /// Whether whoever asks for somebody else, and would be asked, has agreed thereby (T-A4).
    #[serde(default = "yes")]
    pub allow_implied: bool,
    /// Which answers need a reason.
    #[serde(default)]
    pub need_reason: NeedReason,
    /// How long it may take, and what happens then (R-P-7).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sla: Option<Sla>,
}

const fn yes() -> bool {
    true
}

impl Step {
    /// A step that asks these people, as steps are by default.
    #[must_use]
    pub fn of(who: Who) -> Self {
        Self {
            who,
            fallback: None,
            allow_reassign: true,
            reassign_to: Vec::new(),
            allow_delegate: true,
            allow_self: false,
            distinct_from_earlier: false,
            allow_implied: true,
            need_reason: NeedReason::default(),
            sla: None,
        }
    }
}

/// Which answers need a reason.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, rename_all = "camelCase", deny_unknown_fields)]
pub struct NeedReason {
    /// To agree.
    pub approve: bool,
    /// To refuse.
    pub deny: bool,
    /// To hand it on.
    pub reassign: bool,
}

/// Who is asked (R-P-2).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", rename_all = "snake_case", rename_all_fields = "camelCase", deny_unknown_fields)]
pub enum Who {
    /// The person whom it is about.
    #[serde(rename = "self")]
    Subject,
    /// Their manager; the manager's manager at level 2, and so on.
    Manager {
        /// How far up, from 1.
        #[serde(default = "one")]
        level: u8,
    },
    /// The owners of the app.
    AppOwner,
    /// The owners of the entitlement.
    EntitlementOwner,
    /// These people.
    People {
        /// Who.
        people: Vec<PersonId>,
    },
    /// Whoever holds an entitlement: the members of a group.
    Holders {
        /// Which.
        entitlement_id: EntitlementId,
    },
    /// Every Super Administrator.
    SuperAdministrators,
    /// Whoever an expression names, by id or mail address.
    Expression {
        /// Its value is a list of text.
        expression: String,
    },
}

const fn one() -> u8 {
    1
}

impl Policy {
    /// A policy that does one thing, whatever the case.
    #[must_use]
    pub const fn always(action: Action) -> Self {
        Self { rules: Vec::new(), baseline: action }
    }

    /// A policy that asks one step after the other.
    #[must_use]
    pub fn asking(who: impl IntoIterator<Item = Who>) -> Self {
        Self::always(Action::Steps { steps: who.into_iter().map(Step::of).collect() })
    }

    /// Every action, with the path of its field.
    pub fn actions(&self) -> impl Iterator<Item = (String, &Action)> {
        let rules = self.rules.iter().enumerate();
        let of_rules = rules.map(|(index, rule)| (format!("rules[{index}].action"), &rule.action));
        of_rules.chain([("baseline".to_owned(), &self.baseline)])
    }

    /// Every other policy that this one uses at once or when a step takes too long, with the path of its field.
    pub fn uses(&self) -> impl Iterator<Item = (String, PolicyId)> {
        self.actions().flat_map(|(path, action)| action.uses().map(move |(rest, id)| (format!("{path}.{rest}"), id)))
    }
}

#[cfg(test)]
mod tests;
