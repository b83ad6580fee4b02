//! The settings of a hosted connector: checked by its kind, tested, and saved; secrets are sealed and never shown again.
//!
//! Source: governance §1.4, T-C2.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::access::Action;
use domain::audit::{Object, SECRET};
use domain::connector::{CatalogEntry, Hosting, catalog_entry};
use domain::sync::Trigger;
use ids::ConnectorId;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Map, Value, json};
use store::connector::{Connector, Secret, secret_place, secret_row};
use store::{Connection, Tx};

use super::ConnectorView;
use super::view::missing;
use crate::access;
use crate::change::check_version;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::wish;
use crate::written::Written;

/// The longest value of a setting, in bytes.
const LONGEST_VALUE: usize = 8 * 1024;
/// From which length on the last four characters of a secret are shown.
const SHOWN_FROM: usize = 20;

/// The settings that a hosted connector runs with, secrets included.
pub type Values = BTreeMap<String, SecretString>;

/// Tries the settings of a kind of connector against the app itself.
#[async_trait]
pub trait ConnectionTest: Send + Sync {
    /// Connects with these settings.
    ///
    /// # Errors
    /// What is wrong, in words for whoever typed them.
    async fn test(&self, catalog_id: &str, values: &Values) -> Result<(), String>;
}

/// Whether settings are saved that the app refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SaveAnyway {
    /// They are saved, and what the app said is told.
    Yes,
    /// They are not saved.
    No,
}

/// What became of saving.
#[derive(Debug)]
pub struct Saved {
    /// The connector.
    pub view: ConnectorView,
    /// What the app said against the settings, if it did.
    pub warning: Option<String>,
}

impl Governance {
    /// **Save**: checks and tests the settings, keeps them, and has the connector sync at once (T-C2).
    ///
    /// Fields that are absent keep their values; `null` or an empty text clears one.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field; `FailedPrecondition` with the app's words when the test fails and `anyway` is
    /// [`SaveAnyway::No`]; `Aborted` for another version; `PermissionDenied`; `NotFound`.
    pub async fn save_settings(
        &self,
        caller: &Caller,
        id: ConnectorId,
        version: Option<i64>,
        fields: &Map<String, Value>,
        anyway: SaveAnyway,
        test: &dyn ConnectionTest,
    ) -> Result<Written<Saved>> {
        // The test asks the app, which takes long: no change is open meanwhile, and the version is looked at again.
        let (connector, values) = self.wished(caller, id, fields).await?;
        check_version(version, connector.version, "connector", id)?;
        let warning = test.test(&connector.catalog_id, &values).await.err();
        if let Some(warning) = &warning
            && anyway == SaveAnyway::No
        {
            return Err(Error::new(Code::FailedPrecondition, format!("the app refused these settings: {warning}"))
                .with_hint("correct them, or save anyway"));
        }
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let current = access::connector(tx.conn(), tenant, caller, id, Action::EditConnector).await?;
        check_version(Some(connector.version), current.version, "connector", id)?;
        let view = self.keep(&mut tx, caller, current, fields).await?;
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(Saved { view, warning }, seq))
    }

    /// Tests settings without saving them.
    ///
    /// # Errors
    /// As for [`Governance::save_settings`], but for the test itself: its result is what is returned.
    pub async fn test_settings(
        &self,
        caller: &Caller,
        id: ConnectorId,
        fields: &Map<String, Value>,
        test: &dyn ConnectionTest,
    ) -> Result<std::result::Result<(), String>> {
        let (connector, values) = self.wished(caller, id, fields).await?;
        Ok(test.test(&connector.catalog_id, &values).await)
    }

    /// The settings that a hosted connector runs with.
    ///
    /// Only the server itself asks: nobody else may read secrets.
    ///
    /// # Errors
    /// When a secret cannot be opened, or the database refuses.
    pub async fn open_settings(&self, connector: &Connector) -> Result<Values> {
        let mut conn = self.store().read().await?;
        self.opened(&mut conn, connector).await
    }

    /// The connector, and the settings as they would be with these fields.
    async fn wished(
        &self,
        caller: &Caller,
        id: ConnectorId,
        fields: &Map<String, Value>,
    ) -> Result<(Connector, Values)> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        let connector = access::connector(&mut conn, tenant, caller, id, Action::EditConnector).await?;
        let entry = hosted_entry(&connector)?;
        let former = self.opened(&mut conn, &connector).await?;
        let mut values = former.clone();
        for (name, value) in fields {
            match checked(entry, name, value)? {
                Some(text) => values.insert(name.clone(), text),
                None => values.remove(name),
            };
        }
        for field in entry.fields.iter().filter(|field| field.required) {
            if !values.contains_key(field.name) {
                return Err(Error::invalid(field.name, format!("{} is required", field.label)));
            }
        }
        check_typed_again(entry, fields, &former, &values)?;
        Ok((connector, values))
    }

    async fn opened(&self, conn: &mut Connection, connector: &Connector) -> Result<Values> {
        let mut values = Values::new();
        for (name, value) in connector.config.as_object().into_iter().flatten() {
            if let Some(text) = value.as_str() {
                values.insert(name.clone(), text.into());
            }
        }
        for secret in store::connector::secrets(conn, connector.id).await? {
            let row = secret_row(connector.id, &secret.field);
            let text = self.sealer().open_text(secret_place(&row), &secret.sealed).map_err(Error::internal)?;
            values.insert(secret.field, text);
        }
        Ok(values)
    }

    /// Writes the fields down, and wishes for a sync.
    async fn keep(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        mut connector: Connector,
        fields: &Map<String, Value>,
    ) -> Result<ConnectorView> {
        let entry = hosted_entry(&connector)?;
        let (id, now) = (connector.id, tx.now());
        let (mut before, mut after) = (Map::new(), Map::new());
        for (name, value) in fields {
            let text = checked(entry, name, value)?;
            let is_secret = entry.fields.iter().any(|field| field.name == name && field.secret);
            if is_secret {
                match &text {
                    Some(text) => self.seal(tx, caller, id, name, text).await?,
                    None => store::connector::remove_secret(tx.conn(), id, name).await?,
                }
                after.insert(name.clone(), text.map_or(Value::Null, |_| json!(SECRET)));
                continue;
            }
            let is = text.map_or(Value::Null, |text| json!(text.expose_secret()));
            let was = connector.config.get(name).cloned().unwrap_or_default();
            if was != is {
                if let Some(config) = connector.config.as_object_mut() {
                    config.insert(name.clone(), is.clone());
                }
                before.insert(name.clone(), was);
                after.insert(name.clone(), is);
            }
        }
        connector.config_version += 1;
        connector.next_sync_at = Some(connector.schedule.next(now, crate::chance(tx.rng())));
        store::connector::update(tx.conn(), &mut connector, now).await?;
        let event = caller.event("connector.settings_saved", Object::new("connector", id));
        tx.audit(event.with_app(connector.app_id).with_change(Value::Object(before), Value::Object(after)));
        let secrets: Vec<_> = store::connector::secrets(tx.conn(), id).await?.into_iter().map(Into::into).collect();
        if missing(&connector, &secrets).is_empty() && connector.paused_at.is_none() {
            let trigger = if connector.applied_sync_id.is_none() { Trigger::First } else { Trigger::Manual };
            wish::sync(tx, caller, id, trigger).await?;
        }
        self.view(tx.conn(), connector).await
    }

    async fn seal(&self, tx: &mut Tx, caller: &Caller, id: ConnectorId, name: &str, text: &SecretString) -> Result<()> {
        let row = secret_row(id, name);
        let place = secret_place(&row);
        let plain = text.expose_secret();
        let sealed = self.sealer().seal(place, plain.as_bytes(), tx.rng()).map_err(Error::internal)?;
        let letters: Vec<char> = plain.chars().collect();
        let last_four = (letters.len() >= SHOWN_FROM).then(|| letters.iter().skip(letters.len() - 4).collect());
        let secret =
            Secret { field: name.to_owned(), sealed, last_four, set_at: tx.now(), set_by: caller.actor.to_string() };
        Ok(store::connector::set_secret(tx.conn(), id, &secret).await?)
    }
}

fn hosted_entry(connector: &Connector) -> Result<&'static CatalogEntry> {
    if connector.hosting != Hosting::Hosted {
        return Err(Error::new(
            Code::FailedPrecondition,
            "this connector is self-hosted: it has its settings where it runs",
        )
        .with_hint("GET …/deployment shows how to run it"));
    }
    catalog_entry(&connector.catalog_id)
        .ok_or_else(|| Error::new(Code::Unimplemented, format!("this server cannot host `{}`", connector.catalog_id)))
}

/// Fails when a kept secret would go where it was not typed for.
///
/// Nobody may read a secret (§1.20). Whoever could send the stored one to an address of their choice would read it there.
fn check_typed_again(
    entry: &CatalogEntry,
    fields: &Map<String, Value>,
    former: &Values,
    wished: &Values,
) -> Result<()> {
    let text = |values: &Values, name: &str| values.get(name).map(|text| text.expose_secret().to_owned());
    let mut open = entry.fields.iter().filter(|field| !field.secret);
    let Some(moved) = open.find(|field| text(former, field.name) != text(wished, field.name)) else { return Ok(()) };
    let is_kept = |name: &str| former.contains_key(name) && !fields.contains_key(name);
    match entry.fields.iter().find(|field| field.secret && is_kept(field.name)) {
        Some(kept) => {
            let detail = format!("{} changes: type {} again, which would be used there", moved.label, kept.label);
            Err(Error::invalid(kept.name, detail).with_hint("a stored secret is used only with what it was saved with"))
        }
        None => Ok(()),
    }
}

/// The value of a field; `None` to clear it.
fn checked(entry: &CatalogEntry, name: &str, value: &Value) -> Result<Option<SecretString>> {
    if !entry.fields.iter().any(|field| field.name == name) {
        let known: Vec<&str> = entry.fields.iter().map(|field| field.name).collect();
        return Err(Error::invalid(name, format!("{} has no setting `{name}`", entry.name))
            .with_hint(format!("its settings are {}", known.join(", "))));
    }
    match value {
        Value::Null => Ok(None),
        Value::String(text) if text.trim().is_empty() => Ok(None),
        Value::String(text) if text.len() > LONGEST_VALUE || text.trim().contains(char::is_control) => {
            Err(Error::invalid(name, format!("a value has at most {LONGEST_VALUE} bytes on one line")))
        }
        Value::String(text) => Ok(Some(text.trim().into())),
        _ => Err(Error::invalid(name, "a value is text")),
    }
}
