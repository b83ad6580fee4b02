//! Policies: looked at, made, changed; and what they say about a case.
//!
//! Start at `freeze`, which turns a policy into the chain of steps of one request, and `assignees`, which finds the
//! people of a step when it opens.
//!
//! Source: governance §1.13, §2.5, §3.3 (R-P).

mod assign;
mod facts;
mod freeze;
mod trial;

use domain::access::{Action, Relation};
use domain::audit::Object;
use domain::policy::{Action as Does, DEEPEST, Kind, Policy, Rule};
use ids::PolicyId;
use serde_json::{Value, json};
use store::policy::Stored;
use store::{Connection, Page, Paging, Tx};

use crate::change::{Changes, check_version, line};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::{Written, access};

pub(crate) use assign::{Hop, assignees};
pub(crate) use facts::Case;
pub use freeze::{Followed, Frozen, Outcome, RuleTrace, Verdict};
pub(crate) use freeze::{Subject, freeze};
pub use trial::{StepTrial, Trial, Trying};

/// The longest name, in letters.
const LONGEST_NAME: usize = 100;

/// What to change of a policy; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PolicyEdit {
    /// What people call it.
    pub name: Option<String>,
    /// All of its rules.
    pub rules: Option<Vec<Rule>>,
    /// What is done when no rule holds.
    pub baseline: Option<Does>,
}

impl Governance {
    /// The policies, by the time they were made; those that Podium brings along first.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn policies(&self, caller: &Caller, kind: Option<Kind>, paging: Paging<'_>) -> Result<Page<Stored>> {
        let mut conn = self.store().read().await?;
        self.may_see_policies(&mut conn, caller).await?;
        Ok(store::policy::list(&mut conn, self.store().tenant(), kind, paging).await?)
    }

    /// One policy.
    ///
    /// # Errors
    /// `PermissionDenied`; `NotFound`.
    pub async fn policy(&self, caller: &Caller, id: PolicyId) -> Result<Stored> {
        let mut conn = self.store().read().await?;
        self.may_see_policies(&mut conn, caller).await?;
        let found = store::policy::find(&mut conn, self.store().tenant(), id).await?;
        found.ok_or_else(|| Error::not_found("policy", id))
    }

    /// Makes a policy.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field when nobody could agree, or a policy that it uses is none; `AlreadyExists`;
    /// `PermissionDenied`.
    pub async fn create_policy(
        &self,
        caller: &Caller,
        name: &str,
        kind: Kind,
        policy: Policy,
    ) -> Result<Written<Stored>> {
        access::require(caller, Action::EditPolicies, Relation::None)?;
        let name = line("name", name, LONGEST_NAME)?;
        let mut tx = self.store().begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let stored = Stored {
            id: PolicyId::new(now, tx.rng()),
            name,
            kind,
            builtin: None,
            policy,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        check(&mut tx, &stored).await?;
        store::policy::insert(tx.conn(), tenant, &stored).await.map_err(|error| taken(error, &stored.name))?;
        let after = json!({"name": stored.name, "kind": kind, "policy": stored.policy});
        tx.audit(caller.event("policy.created", object(stored.id)).with_change(Value::Null, after));
        let seq = tx.commit().await?;
        Ok(Written::new(stored, seq))
    }

    /// Changes a policy. Requests that were made before go on as they were.
    ///
    /// # Errors
    /// `FailedPrecondition` for a policy that Podium brings along; `Aborted`; else as [`Governance::create_policy`].
    pub async fn edit_policy(
        &self,
        caller: &Caller,
        id: PolicyId,
        version: Option<i64>,
        edit: PolicyEdit,
    ) -> Result<Written<Stored>> {
        let (mut tx, mut stored) = self.own_policy(caller, id, version).await?;
        let mut changes = Changes::default();
        if let Some(name) = edit.name {
            changes.set("name", &mut stored.name, line("name", &name, LONGEST_NAME)?)?;
        }
        if let Some(rules) = edit.rules {
            changes.set("rules", &mut stored.policy.rules, rules)?;
        }
        if let Some(baseline) = edit.baseline {
            changes.set("baseline", &mut stored.policy.baseline, baseline)?;
        }
        if changes.is_empty() {
            return Ok(Written::new(stored, None));
        }
        check(&mut tx, &stored).await?;
        let now = tx.now();
        let name = stored.name.clone();
        store::policy::update(tx.conn(), &mut stored, now).await.map_err(|error| taken(error, &name))?;
        let (before, after) = changes.into_values();
        tx.audit(caller.event("policy.edited", object(id)).with_change(before, after));
        let seq = tx.commit().await?;
        Ok(Written::new(stored, seq))
    }

    /// Deletes a policy that nothing uses.
    ///
    /// # Errors
    /// `FailedPrecondition` when Podium brings it along, or something uses it; `Aborted`; `PermissionDenied`;
    /// `NotFound`.
    pub async fn delete_policy(&self, caller: &Caller, id: PolicyId, version: Option<i64>) -> Result<Written<()>> {
        let (mut tx, stored) = self.own_policy(caller, id, version).await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let uses = store::policy::uses(tx.conn(), id).await?;
        let used_by = store::policy::used_by(tx.conn(), tenant, id).await?;
        if uses > 0 || !used_by.is_empty() {
            let by = used_by.iter().map(|name| format!("the policy `{name}`"));
            let by: Vec<String> = (uses > 0)
                .then(|| format!("the settings of {uses} apps, entitlements or of all"))
                .into_iter()
                .chain(by)
                .collect();
            return Err(Error::refused(format!("the policy is in use by {}", by.join(", ")))
                .with_hint("give them another policy first"));
        }
        store::policy::delete(tx.conn(), id, now).await?;
        let before = json!({"name": stored.name, "policy": stored.policy});
        tx.audit(caller.event("policy.deleted", object(id)).with_change(before, Value::Null));
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// Whoever owns an app sees the policies that it may use.
    pub(crate) async fn may_see_policies(&self, conn: &mut Connection, caller: &Caller) -> Result<()> {
        let relation = match caller.actor.person() {
            Some(person) if store::app::owns_any(conn, self.store().tenant(), person).await? => Relation::Owner,
            _ => Relation::None,
        };
        access::require(caller, Action::SeePolicies, relation)
    }

    async fn own_policy(&self, caller: &Caller, id: PolicyId, version: Option<i64>) -> Result<(Tx, Stored)> {
        access::require(caller, Action::EditPolicies, Relation::None)?;
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let found = store::policy::find(tx.conn(), tenant, id).await?;
        let stored = found.ok_or_else(|| Error::not_found("policy", id))?;
        check_version(version, stored.version, "policy", id)?;
        if stored.builtin.is_some() {
            return Err(Error::refused("this policy comes with Podium and stays as it is")
                .with_hint("make a policy of your own with the same steps"));
        }
        Ok((tx, stored))
    }
}

/// Checks a policy as far as other policies and people are concerned.
async fn check(tx: &mut Tx, stored: &Stored) -> Result<()> {
    stored.policy.check().map_err(|invalid| Error::invalid(&invalid.field, invalid.message))?;
    let used: Vec<_> = stored.policy.uses().collect();
    for (field, policy_id) in used {
        let tenant = tx.tenant();
        let (mut next, mut depth) = (vec![policy_id], 1);
        while !next.is_empty() {
            if depth > DEEPEST {
                return Err(Error::invalid(&field, format!("policies use policies at most {DEEPEST} deep")));
            }
            let mut below = Vec::new();
            for id in next {
                if id == stored.id {
                    return Err(Error::invalid(&field, "the policy would use itself"));
                }
                let used = store::policy::find(tx.conn(), tenant, id).await?;
                let used = used.ok_or_else(|| Error::invalid(&field, format!("there is no policy `{id}`")))?;
                if used.kind != stored.kind {
                    let kinds = format!("`{}` is a policy for {}, not for {}", used.name, used.kind, stored.kind);
                    return Err(Error::invalid(&field, kinds));
                }
                below.extend(used.policy.uses().map(|(_, id)| id));
            }
            (next, depth) = (below, depth + 1);
        }
    }
    Ok(())
}

/// Somebody took the name at the same moment.
fn taken(error: store::Error, name: &str) -> Error {
    if error.is_conflict() {
        return Error::new(Code::AlreadyExists, format!("there is a policy `{name}` already"))
            .with_hint("choose another name");
    }
    error.into()
}

fn object(id: PolicyId) -> Object {
    Object::new("policy", id)
}
