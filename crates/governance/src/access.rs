//! Finds an object for somebody, and checks that they may do what they want with it.
//!
//! Whoever may not see an object hears that there is none (R-API-2); whoever sees it and may not do this hears so.

use domain::access::{Action, Relation, may};
use ids::{AppId, ConnectorId, PersonId, TenantId};
use store::Connection;
use store::app::App;
use store::connector::Connector;

use crate::context::Caller;
use crate::error::{Error, Result};

/// Fails unless the caller may do this to an object to which it stands so.
pub(crate) fn require(caller: &Caller, action: Action, relation: Relation) -> Result<()> {
    if may(&caller.actor, action, relation) {
        return Ok(());
    }
    Err(Error::denied(format!("you may not {}", action.words()))
        .with_hint("ask a Super Administrator, or whoever owns the object"))
}

/// Whose objects a list holds: everybody's (`None`), or only those that the caller owns.
pub(crate) fn scope(caller: &Caller, action: Action) -> Result<Option<PersonId>> {
    if may(&caller.actor, action, Relation::None) {
        return Ok(None);
    }
    match caller.actor.person() {
        Some(person) => Ok(Some(person)),
        // Machines own nothing.
        None => require(caller, action, Relation::None).map(|()| None),
    }
}

/// The connector with this id, for a caller that may see it and do this to it.
pub(crate) async fn connector(
    conn: &mut Connection,
    tenant: TenantId,
    caller: &Caller,
    id: ConnectorId,
    action: Action,
) -> Result<Connector> {
    let found = store::connector::find(conn, tenant, id).await?;
    let connector = found.ok_or_else(|| Error::not_found("connector", id))?;
    let relation = to_connector(conn, caller, id).await?;
    if !may(&caller.actor, Action::SeeConnectors, relation) {
        return Err(Error::not_found("connector", id));
    }
    require(caller, action, relation)?;
    Ok(connector)
}

/// The app with this id, for a caller that may see it and do this to it.
pub(crate) async fn app(
    conn: &mut Connection,
    tenant: TenantId,
    caller: &Caller,
    id: AppId,
    action: Action,
) -> Result<App> {
    let found = store::app::find(conn, tenant, id).await?;
    let app = found.ok_or_else(|| Error::not_found("app", id))?;
    let relation = to_app(conn, caller, id).await?;
    if !may(&caller.actor, Action::SeeInventory, relation) {
        return Err(Error::not_found("app", id));
    }
    require(caller, action, relation)?;
    Ok(app)
}

/// How the caller stands to a connector.
pub(crate) async fn to_connector(conn: &mut Connection, caller: &Caller, id: ConnectorId) -> Result<Relation> {
    let Some(person) = caller.actor.person() else { return Ok(Relation::None) };
    let is_owner = store::connector::is_owner(conn, id, person).await?;
    Ok(if is_owner { Relation::Owner } else { Relation::None })
}

/// How the caller stands to an app.
pub(crate) async fn to_app(conn: &mut Connection, caller: &Caller, id: AppId) -> Result<Relation> {
    let Some(person) = caller.actor.person() else { return Ok(Relation::None) };
    let is_owner = store::app::is_owner(conn, id, person).await?;
    Ok(if is_owner { Relation::Owner } else { Relation::None })
}
