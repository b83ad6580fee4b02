//! A connector as people see it.

use domain::access::Action;
use domain::connector::{Facts, Hosting, OpenSync, Status, catalog_entry, status};
use ids::{AppId, ConnectorId, PersonId};
use jiff::Timestamp;
use store::connector::{Connector, Filter, Secret};
use store::host::Host;
use store::sync::Sync;
use store::{Connection, Page, Paging};

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::Result;

/// A connector with everything that people see of it.
#[derive(Debug, Clone)]
pub struct ConnectorView {
    /// What is stored.
    pub connector: Connector,
    /// How it is doing.
    pub status: Status,
    /// Why, in words.
    pub reason: String,
    /// Who owns it.
    pub owners: Vec<PersonId>,
    /// Which secrets it has; never their values.
    pub secrets: Vec<SecretView>,
    /// Where it runs or ran.
    pub hosts: Vec<Host>,
    /// The sync that is under way.
    pub open_sync: Option<Sync>,
    /// The hold that waits for a person.
    pub open_hold: Option<ids::HoldId>,
}

/// What people see of a secret.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SecretView {
    /// The name of the setting.
    pub field: String,
    /// When it was set.
    pub set_at: Timestamp,
    /// Who set it.
    pub set_by: String,
    /// The last four characters of a long one.
    pub last_four: Option<String>,
}

impl From<Secret> for SecretView {
    fn from(secret: Secret) -> Self {
        Self { field: secret.field, set_at: secret.set_at, set_by: secret.set_by, last_four: secret.last_four }
    }
}

impl Governance {
    /// The connector with this id.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn connector(&self, caller: &Caller, id: ConnectorId) -> Result<ConnectorView> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        let connector = access::connector(&mut conn, tenant, caller, id, Action::SeeConnectors).await?;
        self.view(&mut conn, connector).await
    }

    /// The connectors that the caller may see, of one app or of all, by the time they were added.
    ///
    /// # Errors
    /// When the database cannot be asked.
    pub async fn connectors(
        &self,
        caller: &Caller,
        app: Option<AppId>,
        paging: Paging<'_>,
    ) -> Result<Page<ConnectorView>> {
        let sees_all = domain::access::may(&caller.actor, Action::SeeConnectors, domain::access::Relation::None);
        let owner = if sees_all { None } else { caller.actor.person() };
        if !sees_all && owner.is_none() {
            access::require(caller, Action::SeeConnectors, domain::access::Relation::None)?;
        }
        let mut conn = self.store().read().await?;
        let page = store::connector::list(&mut conn, self.store().tenant(), &Filter { app, owner }, paging).await?;
        let mut rows = Vec::with_capacity(page.rows.len());
        for connector in page.rows {
            rows.push(self.view(&mut conn, connector).await?);
        }
        Ok(Page { rows, next: page.next })
    }

    /// What happened at a connector, the newest first.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn connector_log(
        &self,
        caller: &Caller,
        id: ConnectorId,
        paging: Paging<'_>,
    ) -> Result<Page<store::connector::LogLine>> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        access::connector(&mut conn, tenant, caller, id, Action::SeeConnectors).await?;
        Ok(store::connector::lines(&mut conn, id, None, paging).await?)
    }

    /// Everything that people see of a connector.
    pub(crate) async fn view(&self, conn: &mut Connection, connector: Connector) -> Result<ConnectorView> {
        let tenant = self.store().tenant();
        let secrets: Vec<SecretView> =
            store::connector::secrets(conn, connector.id).await?.into_iter().map(Into::into).collect();
        let open_sync = store::sync::open_of(conn, connector.id).await?;
        let open_hold = store::hold::open_of(conn, connector.id).await?.map(|hold| hold.id);
        let has_credential = !store::credential::of_connector(conn, tenant, connector.id).await?.is_empty();
        let facts = Facts {
            hosting: connector.hosting,
            pause: connector.paused_at.map(|_| connector.pause_reason.clone()),
            missing_settings: missing(&connector, &secrets),
            has_credential,
            first_contact: connector.first_contact_at,
            last_contact: connector.last_contact_at,
            poll_interval: self.settings().poll_interval,
            open_hold: open_hold.is_some(),
            open_sync: open_sync.as_ref().map(|sync| OpenSync {
                state: sync.state,
                trigger: sync.trigger,
                since: sync.started_at.unwrap_or(sync.queued_at),
            }),
            is_applied: connector.applied_sync_id.is_some(),
            last_error: connector.last_error.clone(),
        };
        let (status, reason) = status(&facts, self.store().now());
        let owners = store::connector::owners(conn, connector.id).await?;
        let hosts = store::host::list(conn, connector.id).await?;
        Ok(ConnectorView { connector, status, reason, owners, secrets, hosts, open_sync, open_hold })
    }
}

/// The labels of the settings that a hosted connector lacks.
pub(super) fn missing(connector: &Connector, secrets: &[SecretView]) -> Vec<String> {
    if connector.hosting != Hosting::Hosted {
        return Vec::new();
    }
    let fields = catalog_entry(&connector.catalog_id).map_or(&[][..], |entry| entry.fields);
    let is_set = |field: &domain::connector::SettingField| {
        if field.secret {
            secrets.iter().any(|secret| secret.field == field.name)
        } else {
            connector.config.get(field.name).is_some_and(|value| value.as_str().is_some_and(|text| !text.is_empty()))
        }
    };
    fields.iter().filter(|field| field.required && !is_set(field)).map(|field| field.label.to_owned()).collect()
}
