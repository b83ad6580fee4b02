//! The policies that Podium brings along.
//!
//! Source: governance §1.13.

use super::{Action, Kind, Policy, Who};

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
