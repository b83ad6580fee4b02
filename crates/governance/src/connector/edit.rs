//! Changes what people decide about a connector: its name, owners, schedule, rules.

use domain::access::Action;
use domain::audit::Object;
use domain::schedule::{CronError, Schedule, ScheduleError};
use ids::{ConnectorId, PersonId};
use serde_json::{Map, Value, json};

use super::{ConnectorView, checked_name, create};
use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::written::Written;

/// What to change; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct ConnectorEdit {
    /// What people call it.
    pub display_name: Option<String>,
    /// Who owns it.
    pub owners: Option<Vec<PersonId>>,
    /// When it syncs.
    pub schedule: Option<Schedule>,
    /// Whether its app may be changed through it.
    pub provisioning_enabled: Option<bool>,
    /// Whether its tokens must be bound to a key (RFC 9449). Connectors of other makers cannot do so.
    pub require_dpop: Option<bool>,
    /// Which differences hold a sync; members that are absent have their defaults.
    pub hold_rules: Option<Value>,
}

impl Governance {
    /// Changes a connector, if it still has the version that the caller has read.
    ///
    /// # Errors
    /// `Aborted` when it has another version; `InvalidArgument` naming the field; `PermissionDenied`; `NotFound`.
    pub async fn edit_connector(
        &self,
        caller: &Caller,
        id: ConnectorId,
        version: Option<i64>,
        edit: ConnectorEdit,
    ) -> Result<Written<ConnectorView>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let mut connector = access::connector(tx.conn(), tenant, caller, id, Action::EditConnector).await?;
        check_version(version, connector.version, "connector", id)?;
        let (mut before, mut after) = (Map::new(), Map::new());
        let mut changed = |field: &str, was: Value, is: Value| {
            let differs = was != is;
            if differs {
                before.insert(field.to_owned(), was);
                after.insert(field.to_owned(), is);
            }
            differs
        };
        if let Some(name) = edit.display_name {
            let name = checked_name("displayName", &name)?;
            changed("displayName", json!(connector.display_name), json!(name));
            connector.display_name = name;
        }
        if let Some(schedule) = edit.schedule {
            let schedule = schedule.checked().map_err(|error| {
                let field = match &error {
                    ScheduleError::OutOfRange(_) => "schedule",
                    ScheduleError::Cron(CronError::TimeZone(_)) => "schedule.timeZone",
                    ScheduleError::Cron(_) => "schedule.cron",
                };
                Error::invalid(field, error.to_string())
            })?;
            if changed("schedule", json!(connector.schedule), json!(schedule)) && connector.next_sync_at.is_some() {
                connector.next_sync_at = Some(schedule.next(tx.now(), crate::chance(tx.rng())));
            }
            connector.schedule = schedule;
        }
        if let Some(enabled) = edit.provisioning_enabled {
            changed("provisioningEnabled", json!(connector.provisioning_enabled), json!(enabled));
            connector.provisioning_enabled = enabled;
        }
        if let Some(required) = edit.require_dpop {
            changed("requireDpop", json!(connector.require_dpop), json!(required));
            connector.require_dpop = required;
        }
        if let Some(rules) = edit.hold_rules {
            serde_json::from_value::<domain::hold::Limits>(rules.clone())
                .map_err(|error| Error::invalid("holdRules", error.to_string()))?;
            changed("holdRules", connector.hold_rules.clone(), rules.clone());
            connector.hold_rules = rules;
        }
        if let Some(owners) = edit.owners {
            let owners = create::owners(&mut tx, caller, &owners).await?;
            let former = store::connector::owners(tx.conn(), id).await?;
            if changed("owners", json!(former), json!(owners)) {
                store::connector::set_owners(tx.conn(), id, &owners).await?;
            }
        }
        let mut seq = None;
        if !after.is_empty() {
            let now = tx.now();
            store::connector::update(tx.conn(), &mut connector, now).await?;
            let event = caller.event("connector.edited", Object::new("connector", id)).with_app(connector.app_id);
            tx.audit(event.with_change(Value::Object(before), Value::Object(after)));
        }
        let view = self.view(tx.conn(), connector).await?;
        seq = tx.commit().await?.or(seq);
        Ok(Written::new(view, seq))
    }
}

/// Fails when the caller has read another version than there is.
pub(crate) fn check_version(
    expected: Option<i64>,
    version: i64,
    kind: &'static str,
    id: impl std::fmt::Display,
) -> Result<()> {
    match expected {
        Some(expected) if expected != version => Err(store::Error::Stale { kind, id: id.to_string() }.into()),
        _ => Ok(()),
    }
}
