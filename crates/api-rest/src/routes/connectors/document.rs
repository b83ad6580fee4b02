//! Connectors as JSON.

use governance::connector::{ConnectorView, SecretView};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use store::host::Host;
use utoipa::ToSchema;

use crate::Api;
use crate::http::{Problem, Result, Versioned};

/// A connector.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct Connector {
    /// Its id.
    id: String,
    /// The app that it governs.
    app_id: String,
    /// Which kind it is.
    catalog_id: String,
    /// Who runs it: `hosted`, `self_hosted`.
    hosting: &'static str,
    /// What people call it.
    display_name: String,
    /// How it is doing: `disabled`, `incomplete`, `waiting`, `held`, `syncing`, `error`, `silent`, `connected`.
    status: &'static str,
    /// The status as people see it.
    label: &'static str,
    /// Why, in words.
    reason: String,
    /// The ids of the people who own it.
    owners: Vec<String>,
    /// The settings that are no secrets.
    #[schema(value_type = Object)]
    settings: Value,
    /// The secrets that are set, without their values.
    secrets: Vec<Secret>,
    /// When it syncs.
    schedule: Schedule,
    /// When its next sync is due.
    next_sync_at: Option<String>,
    /// The sync whose data is visible.
    applied_sync_id: Option<String>,
    /// The sync that is under way.
    open_sync_id: Option<String>,
    /// The hold that waits for a person.
    hold_id: Option<String>,
    /// How many syncs failed since the last that did not.
    failures_in_a_row: i64,
    /// Whether its app may be changed through it.
    provisioning_enabled: bool,
    /// Why the connector refuses changes, since it said so.
    writes_refused: Option<String>,
    /// The kinds of task that the connector said it cannot do; its next Hello clears them.
    unsupported: Vec<&'static str>,
    /// Whether its tokens must be bound to a key (RFC 9449).
    require_dpop: bool,
    /// Which differences hold a sync, where they are not the defaults.
    #[schema(value_type = Object)]
    hold_rules: Value,
    /// Where it runs or ran.
    hosts: Vec<HostDocument>,
    /// When it first said Hello.
    first_contact_at: Option<String>,
    /// When it was last heard of.
    last_contact_at: Option<String>,
    /// When it was paused.
    paused_at: Option<String>,
    /// When it was added.
    created_at: String,
    /// When somebody last changed it.
    updated_at: String,
}

/// A secret setting.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct Secret {
    /// The name of the setting.
    field: String,
    /// When it was set.
    set_at: String,
    /// Who set it.
    set_by: String,
    /// The last four characters of a long one.
    last_four: Option<String>,
}

/// A place where a connector runs or ran.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
struct HostDocument {
    /// What it calls itself.
    host_id: String,
    /// The version of the connector.
    version: String,
    /// When it was first heard of.
    first_seen: String,
    /// When it was last heard of.
    last_seen: String,
}

/// When a connector syncs: every so many minutes, or at the times of a cron expression.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub(super) struct Schedule {
    /// The minutes between two syncs: 15 to 10080; each is moved by up to a tenth at random.
    #[schema(minimum = 15, maximum = 10080)]
    #[serde(skip_serializing_if = "Option::is_none")]
    interval_minutes: Option<i64>,
    /// A cron expression of five fields: minute, hour, day of the month, month, day of the week. At least 15 minutes lie
    /// between two syncs.
    #[schema(max_length = 200, example = "0 6 * * MON-FRI")]
    #[serde(skip_serializing_if = "Option::is_none")]
    cron: Option<String>,
    /// The time zone of the cron expression, by its IANA name; when it is absent, that of the settings.
    #[schema(example = "Europe/Zurich")]
    #[serde(skip_serializing_if = "Option::is_none")]
    time_zone: Option<String>,
}

impl Schedule {
    /// The schedule, if exactly one is given.
    pub(super) async fn wished(self, api: &Api) -> Result<domain::schedule::Schedule> {
        match self {
            Self { interval_minutes: Some(minutes), cron: None, time_zone: None } => {
                Ok(domain::schedule::Schedule::every(minutes))
            }
            Self { interval_minutes: None, cron: Some(cron), time_zone } => {
                let time_zone = match time_zone {
                    Some(named) => named,
                    None => api.governance().time_zone().await?,
                };
                Ok(domain::schedule::Schedule::Cron { cron, time_zone })
            }
            _ => Err(Problem::invalid("schedule", "must be `intervalMinutes`, or `cron` with or without `timeZone`")),
        }
    }
}

impl From<domain::schedule::Schedule> for Schedule {
    fn from(schedule: domain::schedule::Schedule) -> Self {
        match schedule {
            domain::schedule::Schedule::Every { interval_minutes } => {
                Self { interval_minutes: Some(interval_minutes), cron: None, time_zone: None }
            }
            domain::schedule::Schedule::Cron { cron, time_zone } => {
                Self { interval_minutes: None, cron: Some(cron), time_zone: Some(time_zone) }
            }
        }
    }
}

impl Connector {
    /// The connector with its version.
    pub(super) fn versioned(view: ConnectorView) -> Versioned<Self> {
        Versioned { version: view.connector.version, object: Self::from(view) }
    }
}

impl From<ConnectorView> for Connector {
    fn from(view: ConnectorView) -> Self {
        let connector = view.connector;
        let time = |instant: Option<jiff::Timestamp>| instant.map(|instant| instant.to_string());
        Self {
            id: connector.id.to_string(),
            app_id: connector.app_id.to_string(),
            catalog_id: connector.catalog_id,
            hosting: connector.hosting.name(),
            display_name: connector.display_name,
            status: view.status.name(),
            label: view.status.label(),
            reason: view.reason,
            owners: view.owners.iter().map(ToString::to_string).collect(),
            settings: connector.config,
            secrets: view.secrets.into_iter().map(Secret::from).collect(),
            schedule: connector.schedule.into(),
            next_sync_at: time(connector.next_sync_at),
            applied_sync_id: connector.applied_sync_id.map(|id| id.to_string()),
            open_sync_id: view.open_sync.map(|sync| sync.id.to_string()),
            hold_id: view.open_hold.map(|id| id.to_string()),
            failures_in_a_row: connector.failures_in_a_row,
            provisioning_enabled: connector.provisioning_enabled,
            writes_refused: connector.writes_refused,
            unsupported: connector.unsupported.iter().map(|kind| kind.name()).collect(),
            require_dpop: connector.require_dpop,
            hold_rules: connector.hold_rules,
            hosts: view.hosts.into_iter().map(HostDocument::from).collect(),
            first_contact_at: time(connector.first_contact_at),
            last_contact_at: time(connector.last_contact_at),
            paused_at: time(connector.paused_at),
            created_at: connector.created_at.to_string(),
            updated_at: connector.updated_at.to_string(),
        }
    }
}

impl From<SecretView> for Secret {
    fn from(secret: SecretView) -> Self {
        Self {
            field: secret.field,
            set_at: secret.set_at.to_string(),
            set_by: secret.set_by,
            last_four: secret.last_four,
        }
    }
}

impl From<Host> for HostDocument {
    fn from(host: Host) -> Self {
        Self {
            host_id: host.host_id,
            version: host.version,
            first_seen: host.first_seen.to_string(),
            last_seen: host.last_seen.to_string(),
        }
    }
}

/// A sync that was wished for, or was open already.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct SyncStarted {
    /// Its id, for `/syncs/{sync}`.
    id: String,
    /// How far it is.
    state: &'static str,
    /// Why it was wished for.
    trigger: &'static str,
}

impl From<store::sync::Sync> for SyncStarted {
    fn from(sync: store::sync::Sync) -> Self {
        Self { id: sync.id.to_string(), state: sync.state.name(), trigger: sync.trigger.name() }
    }
}

/// Something that happened.
#[derive(Debug, Serialize, ToSchema)]
#[serde(rename_all = "camelCase")]
pub(super) struct LogLine {
    /// When.
    at: String,
    /// `info`, `warning` or `error`.
    level: &'static str,
    /// What.
    message: String,
    /// The sync that it belongs to.
    sync_id: Option<String>,
}

impl From<store::connector::LogLine> for LogLine {
    fn from(line: store::connector::LogLine) -> Self {
        Self {
            at: line.at.to_string(),
            level: line.level.name(),
            message: line.message,
            sync_id: line.sync_id.map(|id| id.to_string()),
        }
    }
}
