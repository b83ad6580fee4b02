//! Apps: made, looked at, edited, made managed; and who owns them.
//!
//! Source: governance §1.3, §3.2 (R-A).

use std::collections::BTreeSet;

use domain::access::{Action, Relation};
use domain::audit::Object;
use domain::person::LeaverRule;
use ids::{AppId, PersonId};
use serde_json::{Value, json};
use store::app::{App, Filter};
use store::{Connection, Page, Paging, Tx};

use crate::change::{Changes, check_version, line, text};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::{Written, access};

/// The longest name, in letters.
const LONGEST_NAME: usize = 100;
/// The longest description, in letters.
const LONGEST_DESCRIPTION: usize = 2_000;
/// How many people may own an app.
const MOST_OWNERS: usize = 32;

/// The states of an app.
pub const STATES: [&str; 3] = ["unmanaged", "managed", "archived"];

/// A wish for an app.
#[derive(Debug, Clone, Default)]
pub struct NewApp {
    /// What people call it.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Who owns it; the caller when nobody is named.
    pub owners: Vec<PersonId>,
}

/// What to change of an app; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct AppEdit {
    /// What people call it.
    pub name: Option<String>,
    /// What it is.
    pub description: Option<String>,
    /// What becomes of the accounts of those who leave.
    pub leaver_rule: Option<LeaverRule>,
}

impl Governance {
    /// The apps that the caller may see: all, or those that they own; by the time they were made.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine without a role for it; `InvalidArgument` for a state that is none.
    pub async fn apps(&self, caller: &Caller, state: Option<String>, paging: Paging<'_>) -> Result<Page<App>> {
        let owner = access::scope(caller, Action::SeeInventory)?;
        if let Some(state) = state.as_deref().filter(|state| !STATES.contains(state)) {
            return Err(Error::invalid("state", format!("`{state}` is none of {}", STATES.join(", "))));
        }
        let mut conn = self.store().read().await?;
        Ok(store::app::list(&mut conn, self.store().tenant(), &Filter { state, owner }, paging).await?)
    }

    /// The app with this id.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn app(&self, caller: &Caller, id: AppId) -> Result<App> {
        let mut conn = self.store().read().await?;
        access::app(&mut conn, self.store().tenant(), caller, id, Action::SeeInventory).await
    }

    /// Makes a managed app without a connector.
    ///
    /// # Errors
    /// `AlreadyExists` when the name is taken; `InvalidArgument` naming the field; `PermissionDenied`.
    pub async fn create_app(&self, caller: &Caller, new: NewApp) -> Result<Written<App>> {
        access::require(caller, Action::CreateApp, Relation::None)?;
        let name = line("name", &new.name, LONGEST_NAME)?;
        let description = text("description", &new.description, LONGEST_DESCRIPTION)?;
        let mut tx = self.store().begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        check_free(tx.conn(), tenant, &name).await?;
        let mut owners: BTreeSet<PersonId> = new.owners.into_iter().collect();
        if owners.is_empty() {
            owners.extend(caller.actor.person());
        }
        check_owners(&mut tx, &owners).await?;
        let app = App {
            id: AppId::new(now, tx.rng()),
            name,
            description,
            state: "managed".to_owned(),
            discovered_by_app_id: None,
            leaver_rule: None,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        store::app::insert(tx.conn(), tenant, &app).await.map_err(|error| taken(error, &app.name))?;
        let owners: Vec<PersonId> = owners.into_iter().collect();
        store::app::set_owners(tx.conn(), app.id, &owners).await?;
        let after = json!({"name": app.name, "description": app.description, "state": app.state, "owners": owners});
        let event = caller.event("app.created", object(app.id)).with_app(app.id);
        tx.audit(event.with_change(Value::Null, after));
        let seq = tx.commit().await?;
        Ok(Written::new(app, seq))
    }

    /// Changes an app, if it still has the version that the caller has read.
    ///
    /// # Errors
    /// `Aborted` when it has another version; `AlreadyExists` when the name is taken; `InvalidArgument` naming the
    /// field; `PermissionDenied`; `NotFound`.
    pub async fn edit_app(
        &self,
        caller: &Caller,
        id: AppId,
        version: Option<i64>,
        edit: AppEdit,
    ) -> Result<Written<App>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let mut app = access::app(tx.conn(), tenant, caller, id, Action::EditApp).await?;
        check_version(version, app.version, "app", id)?;
        let mut changes = Changes::default();
        if let Some(name) = edit.name {
            let name = line("name", &name, LONGEST_NAME)?;
            if changes.set("name", &mut app.name, name)? {
                check_free(tx.conn(), tenant, &app.name).await?;
            }
        }
        if let Some(description) = edit.description {
            let description = text("description", &description, LONGEST_DESCRIPTION)?;
            changes.set("description", &mut app.description, description)?;
        }
        if edit.leaver_rule.is_some() {
            changes.set("leaverRule", &mut app.leaver_rule, edit.leaver_rule)?;
        }
        write(tx, caller, app, changes, "app.edited").await
    }

    /// Makes an app managed: from then on it can be requested and reviewed. One that is managed stays as it is.
    ///
    /// # Errors
    /// `FailedPrecondition` when it is archived; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn manage_app(&self, caller: &Caller, id: AppId, version: Option<i64>) -> Result<Written<App>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let mut app = access::app(tx.conn(), tenant, caller, id, Action::SeeInventory).await?;
        access::require(caller, Action::CreateApp, Relation::None)?;
        check_version(version, app.version, "app", id)?;
        if app.state == "archived" {
            return Err(Error::new(Code::FailedPrecondition, "the app is archived"));
        }
        let mut changes = Changes::default();
        changes.set("state", &mut app.state, "managed".to_owned())?;
        write(tx, caller, app, changes, "app.managed").await
    }

    /// The people who own the app, and its version.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn app_owners(&self, caller: &Caller, id: AppId) -> Result<(App, Vec<PersonId>)> {
        let mut conn = self.store().read().await?;
        let app = access::app(&mut conn, self.store().tenant(), caller, id, Action::SeeInventory).await?;
        let owners = store::app::owners(&mut conn, id).await?;
        Ok((app, owners))
    }

    /// Makes these people, and nobody else, the owners of the app.
    ///
    /// # Errors
    /// `InvalidArgument` when there are more than 32, or one of them is no active person; `Aborted`;
    /// `PermissionDenied`; `NotFound`.
    pub async fn set_app_owners(
        &self,
        caller: &Caller,
        id: AppId,
        version: Option<i64>,
        owners: Vec<PersonId>,
    ) -> Result<Written<(App, Vec<PersonId>)>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let app = access::app(tx.conn(), tenant, caller, id, Action::EditApp).await?;
        check_version(version, app.version, "app", id)?;
        let wished: BTreeSet<PersonId> = owners.into_iter().collect();
        check_owners(&mut tx, &wished).await?;
        let mut owners = store::app::owners(tx.conn(), id).await?;
        let mut changes = Changes::default();
        if changes.set("owners", &mut owners, wished.into_iter().collect())? {
            store::app::set_owners(tx.conn(), id, &owners).await?;
        }
        let written = write(tx, caller, app, changes, "app.owners_changed").await?;
        Ok(written.map(|app| (app, owners)))
    }
}

/// Writes an app with its audit row, unless nothing changed.
async fn write(mut tx: Tx, caller: &Caller, mut app: App, changes: Changes, action: &str) -> Result<Written<App>> {
    if changes.is_empty() {
        return Ok(Written::new(app, None));
    }
    let now = tx.now();
    store::app::update(tx.conn(), &mut app, now).await.map_err(|error| taken(error, &app.name))?;
    let (before, after) = changes.into_values();
    tx.audit(caller.event(action, object(app.id)).with_app(app.id).with_change(before, after));
    let seq = tx.commit().await?;
    Ok(Written::new(app, seq))
}

async fn check_free(conn: &mut Connection, tenant: ids::TenantId, name: &str) -> Result<()> {
    if store::app::is_name_taken(conn, tenant, name).await? {
        return Err(name_taken(name));
    }
    Ok(())
}

/// Fails unless each of them is an active person, and there are not too many.
async fn check_owners(tx: &mut Tx, owners: &BTreeSet<PersonId>) -> Result<()> {
    if owners.len() > MOST_OWNERS {
        return Err(Error::invalid("owners", format!("an app has at most {MOST_OWNERS} owners")));
    }
    let tenant = tx.tenant();
    for owner in owners {
        let person = store::person::find(tx.conn(), tenant, *owner).await?;
        if person.is_none_or(|person| person.status != "active") {
            return Err(Error::invalid("owners", format!("there is no active person `{owner}`")));
        }
    }
    Ok(())
}

fn name_taken(name: &str) -> Error {
    Error::new(Code::AlreadyExists, format!("there is an app `{name}` already")).with_hint("choose another name")
}

/// Somebody took the name at the same moment.
fn taken(error: store::Error, name: &str) -> Error {
    if error.is_conflict() { name_taken(name) } else { error.into() }
}

fn object(id: AppId) -> Object {
    Object::new("app", id)
}
