//! When a sync looks so wrong that a person must confirm it (R-H), and what becomes of such a hold (T-H).
//!
//! Start at [`Limits::judge`]. It compares what is there with what a sync would leave; numbers only, so it can be tested
//! without a database.
//!
//! Source: governance §1.6, §2.3, §3.9.

use serde::{Deserialize, Serialize};

use crate::vocabulary;

vocabulary! {
    /// The state of a hold.
    pub enum State: "a state of a hold" {
        /// Somebody has to decide.
        Open => "open",
        /// The changes are real; the sync is applied.
        Confirmed => "confirmed",
        /// The sync was wrong; it is discarded.
        Rejected => "rejected",
        /// A later sync looked right.
        Superseded => "superseded",
    }
}

vocabulary! {
    /// What made a sync suspicious.
    pub enum Rule: "a hold rule" {
        /// A resource type lost a large share of its resources.
        ResourcesLost => "resources_lost",
        /// A large share of the accounts would go.
        AccountsLost => "accounts_lost",
        /// An entitlement would lose a large share of its holders.
        GrantsLost => "grants_lost",
        /// A large share of the accounts would move from one exclusive role to another.
        RolesMoved => "roles_moved",
        /// A resource type would have nothing left.
        TypeEmptied => "type_emptied",
        /// No account is the same: another workspace, or another's token.
        NoneInCommon => "none_in_common",
        /// The connector said that it did not see everything.
        Partial => "partial",
        /// A full sync without any resource, which is never applied by itself.
        Empty => "empty",
    }
}

/// How many and how large a share must go before a rule fires: both the number and the share.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Limit {
    /// At least this many.
    pub at_least: u64,
    /// And at least this share of what was there, in percent.
    pub percent: u64,
}

impl Limit {
    const fn fires(self, lost: u64, before: u64) -> bool {
        lost > 0 && lost >= self.at_least && lost.saturating_mul(100) >= before.saturating_mul(self.percent)
    }
}

/// The limits of one connector. The default is R-H-1.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// Whether the rules fire at all; [`Rule::Empty`] does in any case.
    pub enabled: bool,
    /// Resources of a type that had at least ten; `at_least` is how many there must have been.
    pub resources: Limit,
    /// Accounts.
    pub accounts: Limit,
    /// Grants of one entitlement.
    pub grants: Limit,
    /// Accounts that move within an exclusive set.
    pub roles: Limit,
    /// Resource types whose count swings by nature.
    pub exempt_types: Vec<String>,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            enabled: true,
            resources: Limit { at_least: 10, percent: 50 },
            accounts: Limit { at_least: 5, percent: 20 },
            grants: Limit { at_least: 5, percent: 50 },
            roles: Limit { at_least: 10, percent: 30 },
            exempt_types: Vec::new(),
        }
    }
}

/// How one thing would change.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Count {
    /// How many there are.
    pub before: u64,
    /// How many of them would go, those left out that our own jobs explain.
    pub lost: u64,
    /// How many there would be.
    pub after: u64,
}

/// How a resource type would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfType {
    /// The resource type.
    pub resource_type: String,
    /// Whether its resources are accounts.
    pub is_account: bool,
    /// Its resources.
    pub count: Count,
}

/// How the holders of an entitlement would change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfEntitlement {
    /// The entitlement, as the connector names it.
    pub entitlement: String,
    /// Its grants.
    pub count: Count,
}

/// How many accounts would move within an exclusive set.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OfSet {
    /// The set.
    pub set: String,
    /// Accounts that have one of its roles now.
    pub accounts: u64,
    /// Those that would have another.
    pub moved: u64,
}

/// What a sync would change.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Change {
    /// Whether no sync of the connector was ever applied.
    pub first: bool,
    /// Whether the file says that it covers everything.
    pub full: bool,
    /// Whether the connector said that it did not see everything.
    pub partial: bool,
    /// How many resources, accounts included, the file has.
    pub resources_in_file: u64,
    /// By resource type.
    pub types: Vec<OfType>,
    /// By entitlement; those that lose nothing may be left out.
    pub entitlements: Vec<OfEntitlement>,
    /// By exclusive set; those in which nobody moves may be left out.
    pub sets: Vec<OfSet>,
}

/// Why a sync is held. `share` is in percent, rounded down.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Reason {
    /// The rule that fired.
    pub rule: Rule,
    /// The resource type, entitlement or set that it fired on; empty when it is about everything.
    pub resource_type: String,
    /// How many there are.
    pub before: u64,
    /// How many there would be.
    pub after: u64,
    /// The share that would go or move, in percent.
    pub share: u64,
}

impl Reason {
    fn new(rule: Rule, on: &str, before: u64, after: u64, lost: u64) -> Self {
        let share = lost.saturating_mul(100).checked_div(before).unwrap_or(0);
        Self { rule, resource_type: on.to_owned(), before, after, share }
    }
}

impl Limits {
    /// Why this change must be confirmed; empty when it need not be.
    ///
    /// R-H-1 and R-H-2; an empty full sync is held even when it is the first, and even when the rules are switched off.
    #[must_use]
    pub fn judge(&self, change: &Change) -> Vec<Reason> {
        let mut reasons = Vec::new();
        if change.full && change.resources_in_file == 0 {
            let before = change.types.iter().map(|of| of.count.before).sum();
            reasons.push(Reason::new(Rule::Empty, "", before, 0, before));
        }
        if change.first || !self.enabled {
            return reasons;
        }
        if change.partial {
            let total = |of: fn(&Count) -> u64| change.types.iter().map(|by| of(&by.count)).sum();
            reasons.push(Reason::new(Rule::Partial, "", total(|c| c.before), total(|c| c.after), total(|c| c.lost)));
        }
        self.judge_types(change, &mut reasons);
        for OfEntitlement { entitlement, count } in &change.entitlements {
            if self.grants.fires(count.lost, count.before) {
                reasons.push(Reason::new(Rule::GrantsLost, entitlement, count.before, count.after, count.lost));
            }
        }
        for OfSet { set, accounts, moved } in &change.sets {
            if self.roles.fires(*moved, *accounts) {
                reasons.push(Reason::new(Rule::RolesMoved, set, *accounts, accounts.saturating_sub(*moved), *moved));
            }
        }
        reasons
    }

    fn judge_types(&self, change: &Change, reasons: &mut Vec<Reason>) {
        let judged = change.types.iter().filter(|of| !self.exempt_types.contains(&of.resource_type));
        let mut accounts = Count::default();
        for OfType { resource_type, is_account, count } in judged {
            let reason = |rule| Reason::new(rule, resource_type, count.before, count.after, count.lost);
            if *is_account {
                accounts.before += count.before;
                accounts.lost += count.lost;
                accounts.after += count.after;
            }
            if count.before >= self.resources.at_least
                && count.lost.saturating_mul(100) >= count.before.saturating_mul(self.resources.percent)
            {
                reasons.push(reason(Rule::ResourcesLost));
            }
            if count.lost > 0 && count.after == 0 {
                reasons.push(reason(Rule::TypeEmptied));
            }
        }
        if self.accounts.fires(accounts.lost, accounts.before) {
            reasons.push(Reason::new(Rule::AccountsLost, "", accounts.before, accounts.after, accounts.lost));
        }
        if accounts.before > 0 && accounts.lost == accounts.before && accounts.after > 0 {
            reasons.push(Reason::new(Rule::NoneInCommon, "", accounts.before, accounts.after, accounts.lost));
        }
    }
}

/// What happens to a hold.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Step {
    /// T-H2: a person says that the changes are real.
    Confirm,
    /// T-H3: a person says that they are not.
    Reject,
    /// T-H4: a later sync passed the rules.
    Supersede,
    /// T-H5: a later sync fired again and takes the place of the held one.
    Renew,
}

/// A step that the state does not allow.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the hold is {state}")]
pub struct Refused {
    /// The state that it is in.
    pub state: State,
}

impl State {
    /// The state after this step; the same state when the step is already done.
    ///
    /// # Errors
    /// [`Refused`] when no transition of T-H fits.
    pub const fn after(self, step: Step) -> Result<Self, Refused> {
        match (self, step) {
            (Self::Open, Step::Renew) => Ok(Self::Open),
            (Self::Open | Self::Confirmed, Step::Confirm) => Ok(Self::Confirmed),
            (Self::Open | Self::Rejected, Step::Reject) => Ok(Self::Rejected),
            (Self::Open | Self::Superseded, Step::Supersede) => Ok(Self::Superseded),
            (state, _) => Err(Refused { state }),
        }
    }
}

/// How many removals a confirmation may cause before their number must be typed (T-H2).
pub const REMOVALS_TO_TYPE: u64 = 100;

#[cfg(test)]
mod tests;
