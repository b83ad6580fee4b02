//! What the expressions of a policy are told.

use domain::actor::Role;
use ids::AccountId;
use serde_json::{Map, Value, json};
use store::Tx;
use store::person::Group;
use store::request::Request;

use super::Subject;
use crate::error::Result;

/// What a policy is read for.
#[derive(Debug, Clone)]
pub(crate) struct Case {
    /// Whom and what it is about.
    pub(crate) subject: Subject,
    /// The account that it is about, if there is one yet.
    pub(crate) account: Option<AccountId>,
    /// What expressions know as `request`; what is not known is missing.
    pub(crate) request: Value,
}

impl Case {
    /// The case of a request.
    pub(crate) fn of(request: &Request) -> Self {
        let (person, app) = (request.for_person_id, request.app_id);
        let facts = json!({
            "kind": request.kind, "origin": request.origin, "reason": request.reason, "duration": request.duration,
            "emergency": request.is_emergency, "requested_by": request.requester_id,
            "form": request.form,
        });
        let subject = Subject { person, app, entitlement: request.entitlement_id };
        Self { subject, account: request.account_id, request: facts }
    }
}

/// The facts of a case: an object with a member per variable; what is not known is missing or null.
pub(super) async fn facts(tx: &mut Tx, case: &Case) -> Result<Value> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let Subject { person, app, entitlement } = case.subject;
    let mut facts = Map::new();
    if let Some(person) = store::person::find(tx.conn(), tenant, person).await? {
        let roles = store::person::roles(tx.conn(), person.id).await?;
        let manager = store::person::manager(tx.conn(), person.id).await?;
        let subject = json!({
            "id": person.id, "email": person.primary_email, "emails": person.emails, "username": person.username,
            "display_name": person.display_name, "employee_id": person.employee_id, "department": person.department,
            "title": person.title, "employment_type": person.employment_type,
            "status": person.status, "manager": manager, "roles": roles.into_iter().map(Role::name).collect::<Vec<_>>(),
        });
        facts.insert("subject".to_owned(), subject);
    }
    if let Some(id) = case.account
        && let Some(account) = store::inventory::list::account(tx.conn(), tenant, id).await?
    {
        let account = json!({
            "id": account.id, "external_id": account.external_id, "display_name": account.display_name,
            "email": account.emails.first(), "status": account.status, "type": account.kind,
            "last_login": account.last_login, "profile": account.profile,
        });
        facts.insert("account".to_owned(), account);
    }
    if let Some(app) = store::app::find(tx.conn(), tenant, app).await? {
        let owners = store::person::active(tx.conn(), tenant, Group::AppOwners(app.id)).await?;
        let class = store::classification::effective(tx.conn(), app.id, None).await?;
        let app = json!({
            "id": app.id, "name": app.name, "description": app.description, "owners": owners,
            "risk_level": class.risk(), "tags": class.tags,
        });
        facts.insert("app".to_owned(), app);
    }
    if let Some(id) = entitlement
        && let Some(entitlement) = store::inventory::list::entitlement(tx.conn(), tenant, id).await?
    {
        let owners = store::person::active(tx.conn(), tenant, Group::EntitlementOwners(id)).await?;
        let class = store::classification::effective(tx.conn(), app, Some(id)).await?;
        let entitlement = json!({
            "id": entitlement.id, "external_id": entitlement.external_id, "slug": entitlement.slug,
            "display_name": entitlement.display_name, "description": entitlement.description,
            "purpose": entitlement.purpose, "owners": owners,
            "risk_level": class.risk(), "tags": class.tags,
        });
        facts.insert("entitlement".to_owned(), entitlement);
    }
    facts.insert("request".to_owned(), case.request.clone());
    facts.insert("now".to_owned(), json!(now));
    Ok(Value::Object(facts))
}
