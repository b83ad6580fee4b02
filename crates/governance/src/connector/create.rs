//! Adds a connector, to one of three kinds of app (T-C1, R-A-1 … R-A-4).

use domain::access::{Action, Relation};
use domain::audit::Object;
use domain::connector::{CatalogEntry, Hosting, Status, catalog_entry};
use domain::schedule::Schedule;
use ids::{AppId, ConnectorId, PersonId};
use serde_json::{Value, json};
use store::Tx;
use store::app::App;
use store::connector::Connector;

use super::{ConnectorView, MOST_OWNERS, checked_name};
use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::written::Written;

/// How many names are tried for a new app before somebody has to choose one.
const MOST_NAMES: u32 = 1_000;

/// The app that a connector is added to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AppChoice {
    /// One that was found and has no connector yet: it becomes managed.
    Unmanaged(AppId),
    /// One that is managed already.
    Managed(AppId),
    /// A new one; named after the connector when no name is given.
    New {
        /// The name.
        name: Option<String>,
    },
}

/// A wish for a connector.
#[derive(Debug, Clone)]
pub struct NewConnector {
    /// Which kind.
    pub catalog_id: String,
    /// Who runs it; the kind's first choice when nobody says.
    pub hosting: Option<Hosting>,
    /// What people call it; the kind's name when nobody says.
    pub display_name: Option<String>,
    /// The app.
    pub app: AppChoice,
    /// Who owns it; the caller when nobody is named.
    pub owners: Vec<PersonId>,
}

impl Governance {
    /// Adds a connector. It is listed as *Setup needed* from now on, whatever becomes of the set-up (R-A-4).
    ///
    /// # Errors
    /// `PermissionDenied`; `InvalidArgument` naming the field; `FailedPrecondition` when the app is of another kind.
    pub async fn create_connector(&self, caller: &Caller, new: NewConnector) -> Result<Written<ConnectorView>> {
        access::require(caller, Action::AddConnector, Relation::None)?;
        let entry = catalog_entry(&new.catalog_id).ok_or_else(|| {
            Error::invalid("catalogId", format!("`{}` is no kind of connector", new.catalog_id))
                .with_hint("GET /api/v1/catalog/connectors lists them")
        })?;
        let hosting = hosting(entry, new.hosting)?;
        let display_name = checked_name("displayName", new.display_name.as_deref().unwrap_or(entry.name))?;
        let mut tx = self.store().begin().await?;
        let owners = owners(&mut tx, caller, &new.owners).await?;
        let app = choose_app(&mut tx, caller, &new.app, entry, &owners).await?;
        let now = tx.now();
        let connector = Connector {
            id: ConnectorId::new(now, tx.rng()),
            app_id: app,
            catalog_id: entry.id.to_owned(),
            hosting,
            display_name,
            config: json!({}),
            config_version: 0,
            provisioning_enabled: true,
            writes_refused: None,
            unsupported: std::collections::BTreeSet::new(),
            require_dpop: false,
            schedule: Schedule::default(),
            hold_rules: json!({}),
            metadata: None,
            first_contact_at: None,
            last_contact_at: None,
            poll_interval: self.settings().poll_interval,
            failures_in_a_row: 0,
            last_error: None,
            next_sync_at: None,
            last_sync_id: None,
            applied_sync_id: None,
            paused_at: None,
            pause_reason: None,
            known_status: Status::Incomplete.name().to_owned(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let tenant = tx.tenant();
        store::connector::insert(tx.conn(), tenant, &connector).await?;
        store::connector::set_owners(tx.conn(), connector.id, &owners).await?;
        let after = json!({
            "catalogId": connector.catalog_id,
            "hosting": hosting.name(),
            "displayName": connector.display_name,
            "appId": app,
            "owners": owners,
        });
        let object = Object::new("connector", connector.id);
        tx.audit(caller.event("connector.created", object).with_app(app).with_change(Value::Null, after));
        let view = self.view(tx.conn(), connector).await?;
        let seq = tx.commit().await?;
        Ok(Written::new(view, seq))
    }
}

fn hosting(entry: &CatalogEntry, wished: Option<Hosting>) -> Result<Hosting> {
    let hosting = wished.or_else(|| entry.hosting.first().copied()).unwrap_or(Hosting::SelfHosted);
    if entry.hosting.contains(&hosting) {
        return Ok(hosting);
    }
    Err(Error::invalid("hosting", format!("{} cannot be {hosting}", entry.name)))
}

/// The people who shall own the object: those that are named, else the caller.
pub(crate) async fn owners(tx: &mut Tx, caller: &Caller, named: &[PersonId]) -> Result<Vec<PersonId>> {
    let mut owners = named.to_vec();
    if owners.is_empty() {
        owners.extend(caller.actor.person());
    }
    owners.sort_unstable();
    owners.dedup();
    if owners.len() > MOST_OWNERS {
        return Err(Error::invalid("owners", format!("at most {MOST_OWNERS} people can own it")));
    }
    if owners.is_empty() {
        return Err(Error::invalid("owners", "name at least one person: this token belongs to nobody"));
    }
    let tenant = tx.tenant();
    for owner in &owners {
        let found = store::person::find(tx.conn(), tenant, *owner).await?;
        if found.is_none_or(|person| person.status != "active") {
            return Err(Error::invalid("owners", format!("there is no active person `{owner}`")));
        }
    }
    Ok(owners)
}

/// The app of the choice, made or made managed as it needs.
async fn choose_app(
    tx: &mut Tx,
    caller: &Caller,
    choice: &AppChoice,
    entry: &CatalogEntry,
    owners: &[PersonId],
) -> Result<AppId> {
    let tenant = tx.tenant();
    match choice {
        AppChoice::Managed(id) => match existing(tx, *id).await? {
            app if app.state == "managed" => Ok(app.id),
            app => Err(wrong_state(&app, "managed")),
        },
        AppChoice::Unmanaged(id) => {
            let mut app = existing(tx, *id).await?;
            if app.state != "unmanaged" {
                return Err(wrong_state(&app, "unmanaged"));
            }
            "managed".clone_into(&mut app.state);
            let now = tx.now();
            store::app::update(tx.conn(), &mut app, now).await?;
            if store::app::owners(tx.conn(), app.id).await?.is_empty() {
                store::app::set_owners(tx.conn(), app.id, owners).await?;
            }
            let event = caller.event("app.managed", Object::new("app", app.id)).with_app(app.id);
            tx.audit(event.with_change(json!({"state": "unmanaged"}), json!({"state": "managed"})));
            Ok(app.id)
        }
        AppChoice::New { name } => {
            let name = match name {
                Some(name) => checked_name("app.name", name)?,
                None => free_name(tx, entry.name).await?,
            };
            let now = tx.now();
            let app = App {
                id: AppId::new(now, tx.rng()),
                name,
                description: String::new(),
                state: "managed".to_owned(),
                discovered_by_app_id: None,
                leaver_rule: None,
                created_at: now,
                updated_at: now,
                version: 1,
            };
            let inserted = store::app::insert(tx.conn(), tenant, &app).await;
            if inserted.as_ref().is_err_and(store::Error::is_conflict) {
                let taken = Error::new(Code::AlreadyExists, format!("there is an app `{}` already", app.name));
                return Err(taken.with_hint("choose another name, or add the connector to that app"));
            }
            inserted?;
            store::app::set_owners(tx.conn(), app.id, owners).await?;
            let after = json!({"name": app.name, "state": app.state, "owners": owners});
            let event = caller.event("app.created", Object::new("app", app.id)).with_app(app.id);
            tx.audit(event.with_change(Value::Null, after));
            Ok(app.id)
        }
    }
}

async fn existing(tx: &mut Tx, id: AppId) -> Result<App> {
    let tenant = tx.tenant();
    let app = store::app::find(tx.conn(), tenant, id).await?;
    app.ok_or_else(|| Error::invalid("app.id", format!("there is no app `{id}`")))
}

fn wrong_state(app: &App, wanted: &str) -> Error {
    Error::new(Code::FailedPrecondition, format!("the app `{}` is {}, not {wanted}", app.name, app.state))
}

/// The name, or the name with the first number that makes it free (R-A-3).
async fn free_name(tx: &mut Tx, name: &str) -> Result<String> {
    let tenant = tx.tenant();
    for number in 1..=MOST_NAMES {
        let candidate = if number == 1 { name.to_owned() } else { format!("{name} {number}") };
        if !store::app::is_name_taken(tx.conn(), tenant, &candidate).await? {
            return Ok(candidate);
        }
    }
    Err(Error::invalid("app.name", format!("every name up to `{name} {MOST_NAMES}` is taken: choose one")))
}
