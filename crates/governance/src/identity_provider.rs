//! OpenID providers that people sign in with: added, edited, removed by Super Administrators.
//!
//! Source: governance §1.1 (`sign_in`).

use domain::access::{Action, Relation};
use domain::audit::Object;
use ids::IdentityProviderId;
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::{Value, json};
use store::Tx;
use store::identity_provider as table;

use crate::change::{Changes, check_version, line};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::{Written, access};

pub use table::{IdentityProvider, Settings as ProviderSettings};

/// The longest name, client id and secret, in letters.
const LONGEST_NAME: usize = 100;
const LONGEST_ID: usize = 500;
/// How many providers there can be.
const MOST: usize = 20;
/// How many scopes are asked for at most.
const MOST_SCOPES: usize = 20;

/// A wish for a provider.
#[derive(Debug, Clone)]
pub struct NewProvider {
    /// What the button says.
    pub name: String,
    /// The issuer, as its tokens name it.
    pub issuer: String,
    /// The id that Podium has there.
    pub client_id: String,
    /// The secret that Podium has there; none for a public client.
    pub client_secret: Option<SecretString>,
    /// What else is set.
    pub settings: ProviderSettings,
}

/// What to change of a provider; `None` stays as it is. The issuer stays: another issuer means other people.
#[derive(Debug, Clone, Default)]
pub struct ProviderEdit {
    /// What the button says.
    pub name: Option<String>,
    /// The id that Podium has there.
    pub client_id: Option<String>,
    /// The secret that Podium has there.
    pub client_secret: Option<SecretString>,
    /// Whether somebody whom nobody knows yet becomes a person at their first sign-in.
    pub creates_people: Option<bool>,
    /// Whether the provider must say that it has verified the address.
    pub requires_verified_email: Option<bool>,
    /// What is asked for beside `openid`.
    pub scopes: Option<Vec<String>>,
}

impl Governance {
    /// The providers, by name.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn identity_providers(&self, caller: &Caller) -> Result<Vec<IdentityProvider>> {
        access::require(caller, Action::SeeSettings, Relation::None)?;
        Ok(table::all(&mut *self.store().read().await?, self.store().tenant()).await?)
    }

    /// The provider with this id.
    ///
    /// # Errors
    /// `PermissionDenied`; `NotFound`.
    pub async fn identity_provider(&self, caller: &Caller, id: IdentityProviderId) -> Result<IdentityProvider> {
        access::require(caller, Action::SeeSettings, Relation::None)?;
        let found = table::find(&mut *self.store().read().await?, self.store().tenant(), id).await?;
        found.ok_or_else(|| Error::not_found("sign-in provider", id))
    }

    /// Adds a provider, after its description was read.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field, for an issuer that is none too; `AlreadyExists`; `PermissionDenied`.
    pub async fn add_identity_provider(&self, caller: &Caller, new: NewProvider) -> Result<Written<IdentityProvider>> {
        access::require(caller, Action::EditSettings, Relation::None)?;
        let name = line("name", &new.name, LONGEST_NAME)?;
        let client_id = line("clientId", &new.client_id, LONGEST_ID)?;
        let issuer = line("issuer", &new.issuer, LONGEST_ID)?;
        let scopes = scopes(new.settings.scopes)?;
        self.oidc().check(&issuer).await.map_err(|error| Error::invalid("issuer", error.to_string()))?;
        let mut tx = self.store().begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        if table::all(tx.conn(), tenant).await?.len() >= MOST {
            return Err(Error::refused(format!("there are {MOST} sign-in providers already")));
        }
        let id = IdentityProviderId::new(now, tx.rng());
        let sealed_secret = new.client_secret.as_ref().map(|secret| self.seal_secret(&tx, id, secret)).transpose()?;
        let provider = IdentityProvider {
            id,
            name,
            issuer,
            client_id,
            sealed_secret,
            settings: ProviderSettings { scopes, ..new.settings },
            created_at: now,
            updated_at: now,
            version: 1,
        };
        table::insert(tx.conn(), tenant, &provider).await.map_err(|error| taken(error, &provider.name))?;
        let after = json!({
            "name": provider.name,
            "issuer": provider.issuer,
            "clientId": provider.client_id,
            "clientSecret": provider.sealed_secret.as_ref().map(|_| domain::audit::SECRET),
            "settings": provider.settings,
        });
        tx.audit(caller.event("identity_provider.created", object(id)).with_change(Value::Null, after));
        let seq = tx.commit().await?;
        Ok(Written::new(provider, seq))
    }

    /// Changes a provider, if it still has the version that the caller has read.
    ///
    /// # Errors
    /// As [`Governance::add_identity_provider`]; `Aborted`; `NotFound`.
    pub async fn edit_identity_provider(
        &self,
        caller: &Caller,
        id: IdentityProviderId,
        version: Option<i64>,
        edit: ProviderEdit,
    ) -> Result<Written<IdentityProvider>> {
        let (mut tx, mut provider) = self.provider_to_edit(caller, id, version).await?;
        let mut changes = Changes::default();
        if let Some(name) = edit.name {
            changes.set("name", &mut provider.name, line("name", &name, LONGEST_NAME)?)?;
        }
        if let Some(client_id) = edit.client_id {
            changes.set("clientId", &mut provider.client_id, line("clientId", &client_id, LONGEST_ID)?)?;
        }
        let mut settings = provider.settings.clone();
        settings.creates_people = edit.creates_people.unwrap_or(settings.creates_people);
        settings.requires_verified_email = edit.requires_verified_email.unwrap_or(settings.requires_verified_email);
        if let Some(wished) = edit.scopes {
            settings.scopes = scopes(wished)?;
        }
        changes.set("settings", &mut provider.settings, settings)?;
        if let Some(secret) = &edit.client_secret {
            provider.sealed_secret = Some(self.seal_secret(&tx, id, secret)?);
            changes.set("clientSecret", &mut String::new(), domain::audit::SECRET.to_owned())?;
        }
        if changes.is_empty() {
            return Ok(Written::new(provider, None));
        }
        let (now, name) = (tx.now(), provider.name.clone());
        table::update(tx.conn(), &mut provider, now).await.map_err(|error| taken(error, &name))?;
        let (before, after) = changes.into_values();
        tx.audit(caller.event("identity_provider.edited", object(id)).with_change(before, after));
        let seq = tx.commit().await?;
        Ok(Written::new(provider, seq))
    }

    /// Removes a provider. Whoever is signed in stays so; nobody signs in there again.
    ///
    /// # Errors
    /// `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn remove_identity_provider(
        &self,
        caller: &Caller,
        id: IdentityProviderId,
        version: Option<i64>,
    ) -> Result<Written<()>> {
        let (mut tx, provider) = self.provider_to_edit(caller, id, version).await?;
        table::delete(tx.conn(), id).await?;
        let before = json!({"name": provider.name, "issuer": provider.issuer});
        tx.audit(caller.event("identity_provider.deleted", object(id)).with_change(before, Value::Null));
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    async fn provider_to_edit(
        &self,
        caller: &Caller,
        id: IdentityProviderId,
        version: Option<i64>,
    ) -> Result<(Tx, IdentityProvider)> {
        access::require(caller, Action::EditSettings, Relation::None)?;
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let found = table::find(tx.conn(), tenant, id).await?;
        let provider = found.ok_or_else(|| Error::not_found("sign-in provider", id))?;
        check_version(version, provider.version, "sign-in provider", id)?;
        Ok((tx, provider))
    }

    fn seal_secret(&self, tx: &Tx, id: IdentityProviderId, secret: &SecretString) -> Result<Vec<u8>> {
        let text = secret.expose_secret();
        if text.is_empty() || text.chars().count() > LONGEST_ID {
            return Err(Error::invalid("clientSecret", format!("a secret has 1 to {LONGEST_ID} letters")));
        }
        let row = id.to_string();
        self.sealer().seal(table::secret_place(&row), text.as_bytes(), tx.rng()).map_err(Error::internal)
    }
}

/// Scopes as they are asked for, without `openid`, which always is.
fn scopes(wished: Vec<String>) -> Result<Vec<String>> {
    let is_odd =
        |scope: &String| scope.is_empty() || scope.len() > 200 || !scope.bytes().all(|byte| byte.is_ascii_graphic());
    if wished.len() > MOST_SCOPES || wished.iter().any(is_odd) {
        return Err(Error::invalid("scopes", format!("name at most {MOST_SCOPES} scopes, without spaces in them")));
    }
    Ok(wished.into_iter().filter(|scope| scope != "openid").collect())
}

fn taken(error: store::Error, name: &str) -> Error {
    if error.is_conflict() {
        return Error::new(Code::AlreadyExists, format!("there is a sign-in provider `{name}` already"))
            .with_hint("choose another name");
    }
    error.into()
}

fn object(id: IdentityProviderId) -> Object {
    Object::new("identity_provider", id)
}
