//! Changes what people decide about a connector: its name, owners, schedule, rules.

use domain::access::Action;
use domain::audit::Object;
use domain::schedule::{CronError, Schedule, ScheduleError};
use ids::{ConnectorId, PersonId};
use serde_json::Value;

use super::{ConnectorView, checked_name, create};
use crate::access;
use crate::change::{Changes, check_version};
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
        let mut changes = Changes::default();
        if let Some(name) = edit.display_name {
            let name = checked_name("displayName", &name)?;
            changes.set("displayName", &mut connector.display_name, name)?;
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
            if changes.set("schedule", &mut connector.schedule, schedule)? && connector.next_sync_at.is_some() {
                connector.next_sync_at = Some(connector.schedule.next(tx.now(), crate::chance(tx.rng())));
            }
        }
        if let Some(enabled) = edit.provisioning_enabled {
            changes.set("provisioningEnabled", &mut connector.provisioning_enabled, enabled)?;
        }
        if let Some(required) = edit.require_dpop {
            changes.set("requireDpop", &mut connector.require_dpop, required)?;
        }
        if let Some(rules) = edit.hold_rules {
            serde_json::from_value::<domain::hold::Limits>(rules.clone())
                .map_err(|error| Error::invalid("holdRules", error.to_string()))?;
            changes.set("holdRules", &mut connector.hold_rules, rules)?;
        }
        if let Some(owners) = edit.owners {
            let owners = create::owners(&mut tx, caller, &owners).await?;
            let mut present = store::connector::owners(tx.conn(), id).await?;
            if changes.set("owners", &mut present, owners)? {
                store::connector::set_owners(tx.conn(), id, &present).await?;
            }
        }
        let mut seq = None;
        if !changes.is_empty() {
            let now = tx.now();
            store::connector::update(tx.conn(), &mut connector, now).await?;
            let event = caller.event("connector.edited", Object::new("connector", id)).with_app(connector.app_id);
            let (before, after) = changes.into_values();
            tx.audit(event.with_change(before, after));
        }
        let view = self.view(tx.conn(), connector).await?;
        seq = tx.commit().await?.or(seq);
        Ok(Written::new(view, seq))
    }
}
