//! Policies: who has to agree before access is given, kept or taken away.
//!
//! Start at [`Policy`]. Its rules are read from top to bottom; the first whose condition holds decides what is done, else
//! the baseline.
//!
//! Source: governance §1.13, §3.3 (R-P).

use ids::{EntitlementId, PersonId, PolicyId};
use serde::{Deserialize, Serialize};

use crate::expression::{self, Wanted};
use crate::vocabulary;

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
    /// Which answers need a reason.
    #[serde(default)]
    pub need_reason: NeedReason,
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
            need_reason: NeedReason::default(),
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

/// What is wrong with a policy, and where.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub struct Invalid {
    /// The path of the field.
    pub field: String,
    /// What is wrong.
    pub message: String,
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

    /// Checks what can be told without knowing people and other policies: its size, and that somebody can agree.
    ///
    /// # Errors
    /// [`Invalid`] naming the first field that is wrong.
    pub fn check(&self) -> Result<(), Invalid> {
        let invalid =
            |field: &str, message: &str| Err(Invalid { field: field.to_owned(), message: message.to_owned() });
        if self.rules.len() > MOST_RULES {
            return invalid("rules", &format!("a policy has at most {MOST_RULES} rules"));
        }
        for (index, rule) in self.rules.iter().enumerate() {
            let Some(condition) = &rule.condition else { continue };
            let field = format!("rules[{index}].condition");
            if condition.trim().is_empty() {
                return invalid(&field, "leave the condition out, or write one");
            }
            if let Err(error) = expression::check(condition, Wanted::Condition) {
                return invalid(&field, &error.to_string());
            }
        }
        for (path, action) in self.actions() {
            let Action::Steps { steps } = action else { continue };
            if steps.is_empty() || steps.len() > MOST_STEPS {
                return invalid(&format!("{path}.steps"), &format!("an action has 1 to {MOST_STEPS} steps"));
            }
            let path = &path;
            let asked = steps.iter().enumerate().flat_map(|(index, step)| {
                [("who", Some(&step.who)), ("fallback", step.fallback.as_ref())]
                    .into_iter()
                    .filter_map(move |(name, who)| Some((format!("{path}.steps[{index}].{name}"), who?)))
            });
            for (field, who) in asked {
                match who {
                    Who::People { people } if people.is_empty() => {
                        return invalid(&field, "nobody is named, so nobody could agree");
                    }
                    Who::People { people } if people.len() > MOST_ASSIGNEES => {
                        return invalid(&field, &format!("a step asks at most {MOST_ASSIGNEES} people"));
                    }
                    Who::Manager { level: 0 | 10.. } => return invalid(&field, "a manager's level is 1 to 9"),
                    Who::Expression { expression } => {
                        if let Err(error) = expression::check(expression, Wanted::People) {
                            return invalid(&format!("{field}.expression"), &error.to_string());
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }
}

/// A policy that Podium brings along.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Builtin {
    /// Its name in code and in the database.
    pub key: &'static str,
    /// What people call it.
    pub name: &'static str,
    /// What it decides about.
    pub kind: Kind,
    /// What it says.
    pub policy: Policy,
}

/// The key of the policy for requests when nothing else is set.
pub const DEFAULT_REQUEST: &str = "app_owner";
/// The key of the policy for revocations when nothing else is set.
pub const DEFAULT_REVOKE: &str = "revoke_at_once";

/// The policies that Podium brings along (§1.13).
#[must_use]
pub fn builtins() -> Vec<Builtin> {
    let manager = || Who::Manager { level: 1 };
    let of = |key, name, kind, policy| Builtin { key, name, kind, policy };
    vec![
        of("auto_approve", "Auto-approve", Kind::Request, Policy::always(Action::Approve)),
        of("self", "Self", Kind::Request, Policy::asking([Who::Subject])),
        of("manager", "Manager", Kind::Request, Policy::asking([manager()])),
        of("app_owner", "App owner", Kind::Request, Policy::asking([Who::AppOwner])),
        of("entitlement_owner", "Entitlement owner", Kind::Request, Policy::asking([Who::EntitlementOwner])),
        of(
            "manager_then_app_owner",
            "Manager then app owner",
            Kind::Request,
            Policy::asking([manager(), Who::AppOwner]),
        ),
        of("emergency", "Emergency: approve now, review after", Kind::Request, Policy::always(Action::Approve)),
        of("review_by_manager", "Review by manager", Kind::Review, Policy::asking([manager()])),
        of("review_by_app_owner", "Review by app owner", Kind::Review, Policy::asking([Who::AppOwner])),
        of("revoke_at_once", "Revoke at once", Kind::Revoke, Policy::always(Action::Approve)),
        of("revoke_after_app_owner", "Revoke after app owner", Kind::Revoke, Policy::asking([Who::AppOwner])),
    ]
}

#[cfg(test)]
mod tests;
