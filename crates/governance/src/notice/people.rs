//! Who is told.
//!
//! Source: governance §3.11, R-ROLE-4, R-P-4 (whoever is suspended or has left is never told).

use std::collections::BTreeSet;

use domain::actor::Role;
use ids::{AppId, ConnectorId, PersonId, TenantId};
use store::person::Group;
use store::provision::Job;
use store::{Connection, Result};

/// Those of these people who have an inbox: active, and not only Auditors.
pub(super) async fn with_inbox(
    conn: &mut Connection,
    tenant: TenantId,
    people: &BTreeSet<PersonId>,
) -> Result<BTreeSet<PersonId>> {
    let people: Vec<PersonId> = people.iter().copied().collect();
    group(conn, tenant, Group::Named(&people)).await
}

/// The owners of an app; the Super Administrators when it has none who could be told.
pub(super) async fn app_owners(conn: &mut Connection, tenant: TenantId, app: AppId) -> Result<BTreeSet<PersonId>> {
    let owners = direct_owners(conn, tenant, app).await?;
    if owners.is_empty() { super_administrators(conn, tenant).await } else { Ok(owners) }
}

/// Those of the active owners of an app who have an inbox.
pub(super) async fn direct_owners(conn: &mut Connection, tenant: TenantId, app: AppId) -> Result<BTreeSet<PersonId>> {
    group(conn, tenant, Group::AppOwners(app)).await
}

/// Those who do a job by hand: whom its entitlement names, else the owners of the app.
pub(super) async fn provisioners(conn: &mut Connection, tenant: TenantId, job: &Job) -> Result<BTreeSet<PersonId>> {
    let named = match job.entitlement_id {
        Some(entitlement) => group(conn, tenant, Group::Provisioners(entitlement)).await?,
        None => BTreeSet::new(),
    };
    if named.is_empty() { app_owners(conn, tenant, job.app_id).await } else { Ok(named) }
}

/// The owners of a connector; those of its app when it has none who could be told.
pub(super) async fn connector_owners(
    conn: &mut Connection,
    tenant: TenantId,
    connector: ConnectorId,
    app: AppId,
) -> Result<BTreeSet<PersonId>> {
    let owners = store::connector::owners(conn, connector).await?;
    let owners = group(conn, tenant, Group::Named(&owners)).await?;
    if owners.is_empty() { app_owners(conn, tenant, app).await } else { Ok(owners) }
}

/// The Super Administrators.
pub(super) async fn super_administrators(conn: &mut Connection, tenant: TenantId) -> Result<BTreeSet<PersonId>> {
    group(conn, tenant, Group::Role(Role::SuperAdministrator)).await
}

async fn group(conn: &mut Connection, tenant: TenantId, group: Group<'_>) -> Result<BTreeSet<PersonId>> {
    let people = store::person::active(conn, tenant, group).await?;
    let roles = store::person::roles_of(conn, &people).await?;
    let only_auditor =
        |person: &PersonId| roles.get(person).is_some_and(|roles| roles.len() == 1 && roles.contains(&Role::Auditor));
    Ok(people.into_iter().filter(|person| !only_auditor(person)).collect())
}
