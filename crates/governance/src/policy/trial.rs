//! Tries a policy out: what it would say about somebody, and who would be asked. Nothing is written.

use domain::access::{Action, Relation};
use domain::expression::{self, ExpressionError, Wanted};
use ids::{AccountId, AppId, EntitlementId, PersonId, PolicyId};
use serde_json::Value;
use store::request::Assignee;

use super::{Case, Frozen, Subject, Verdict, assignees, freeze};
use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// For whom and what a policy is tried out.
#[derive(Debug, Clone)]
pub struct Trying {
    /// For whom.
    pub person: PersonId,
    /// In which app.
    pub app: AppId,
    /// For which entitlement of it.
    pub entitlement: Option<EntitlementId>,
    /// For which account in it.
    pub account: Option<AccountId>,
    /// What expressions know as `request`: an object.
    pub request: Value,
}

/// What a policy would say.
#[derive(Debug, Clone, PartialEq)]
pub struct Trial {
    /// What became of its rules, and what is done.
    pub frozen: Frozen,
    /// Who would be asked in each step, if it opened now.
    pub steps: Vec<StepTrial>,
}

/// Who would be asked in one step.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepTrial {
    /// Who; nobody when nobody could be found.
    pub people: Vec<Assignee>,
    /// Each hop to somebody else, in words.
    pub hops: Vec<String>,
}

impl Governance {
    /// Whether this is an expression whose value is for this; what is wrong with it, and where, if not.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn check_expression(
        &self,
        caller: &Caller,
        source: &str,
        wanted: Wanted,
    ) -> Result<Result<(), ExpressionError>> {
        let mut conn = self.store().read().await?;
        self.may_see_policies(&mut conn, caller).await?;
        Ok(expression::check(source, wanted))
    }

    /// What a policy would say, rule by rule, and who would be asked.
    ///
    /// Nobody knows yet who would agree in a step, so that no step leaves out those of earlier ones.
    ///
    /// # Errors
    /// `InvalidArgument` when the person, app, entitlement or account is not there; `NotFound`; `PermissionDenied`.
    pub async fn test_policy(&self, caller: &Caller, id: PolicyId, trying: Trying) -> Result<Trial> {
        access::require(caller, Action::EditPolicies, Relation::None)?;
        let Trying { person, app, entitlement, account, request } = trying;
        if !request.is_object() {
            return Err(Error::invalid("request", "the facts of a request are an object"));
        }
        // Dropped at the end: nothing is written.
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let policy = store::policy::find(tx.conn(), tenant, id).await?;
        let kind = policy.ok_or_else(|| Error::not_found("policy", id))?.kind;
        if store::person::find(tx.conn(), tenant, person).await?.is_none() {
            return Err(Error::invalid("personId", format!("there is no person `{person}`")));
        }
        if store::app::find(tx.conn(), tenant, app).await?.is_none() {
            return Err(Error::invalid("appId", format!("there is no app `{app}`")));
        }
        if let Some(id) = entitlement {
            let found = store::inventory::list::entitlement(tx.conn(), tenant, id).await?;
            if found.is_none_or(|found| found.app_id != app) {
                return Err(Error::invalid("entitlementId", format!("the app has no entitlement `{id}`")));
            }
        }
        if let Some(id) = account {
            let found = store::inventory::list::account(tx.conn(), tenant, id).await?;
            if found.is_none_or(|found| found.app_id != app) {
                return Err(Error::invalid("accountId", format!("the app has no account `{id}`")));
            }
        }
        let case = Case { subject: Subject { person, app, entitlement }, account, request };
        let frozen = freeze(&mut tx, kind, Some(id), &case).await?;
        let mut steps = Vec::new();
        if let Verdict::Ask { steps: definitions } = &frozen.verdict {
            for definition in definitions {
                let assignment = assignees(&mut tx, definition, &case, &[]).await?;
                steps.push(StepTrial {
                    people: assignment.people,
                    hops: assignment.hops.into_iter().map(|hop| hop.words).collect(),
                });
            }
        }
        Ok(Trial { frozen, steps })
    }
}
