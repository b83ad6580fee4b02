//! The settings of the install.
//!
//! Source: governance §1.1.

use auth::session::{LONGEST, SHORTEST};
use domain::access::{Action, Relation};
use domain::audit::Object;
use domain::schedule::time_zone;
use jiff::SignedDuration;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use store::tenant::Tenant;

use crate::change::{Changes, check_version, line};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

/// The longest name, in letters.
const LONGEST_NAME: usize = 100;
/// The time zone of an install that has set none.
const UTC: &str = "UTC";
/// How many domains can be trusted.
const MOST_DOMAINS: usize = 100;

/// The settings that people change.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TenantSettings {
    /// What the install is called.
    pub name: String,
    /// Mail domains of the organisation, sub-domains included; accounts with other addresses are external.
    pub trusted_domains: Vec<String>,
    /// The IANA name of the time zone that schedules and working days are about, unless they name their own.
    pub time_zone: String,
    /// How long a session lives at most.
    pub session_life: SignedDuration,
    /// How often they changed.
    pub version: i64,
}

/// What to change of the settings; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct TenantEdit {
    /// What the install is called.
    pub name: Option<String>,
    /// The mail domains of the organisation.
    pub trusted_domains: Option<Vec<String>>,
    /// The time zone, by its IANA name.
    pub time_zone: Option<String>,
    /// How long a session lives at most; counts for sessions that begin from then on.
    pub session_life: Option<SignedDuration>,
}

/// The settings as they are stored.
#[derive(Debug, Default, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
struct Stored {
    trusted_domains: Vec<String>,
    time_zone: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    session_minutes: Option<i64>,
    /// What another version of Podium put there.
    #[serde(flatten)]
    others: serde_json::Map<String, serde_json::Value>,
}

impl Governance {
    /// The settings.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn tenant_settings(&self, caller: &Caller) -> Result<TenantSettings> {
        access::require(caller, Action::SeeSettings, Relation::None)?;
        let mut conn = self.store().read().await?;
        let tenant = store::tenant::get(&mut conn, self.store().tenant()).await?;
        let stored = stored(&tenant)?;
        Ok(view(&tenant, stored))
    }

    /// The IANA name of the time zone that schedules are about which name none.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn time_zone(&self) -> Result<String> {
        let tenant = store::tenant::get(&mut *self.store().read().await?, self.store().tenant()).await?;
        Ok(stored(&tenant)?.time_zone.unwrap_or_else(|| UTC.to_owned()))
    }

    /// Changes the settings, if they still have the version that the caller has read.
    ///
    /// # Errors
    /// `Aborted` when they have another version; `InvalidArgument` naming the field; `PermissionDenied`.
    pub async fn edit_tenant_settings(
        &self,
        caller: &Caller,
        version: Option<i64>,
        edit: TenantEdit,
    ) -> Result<Written<TenantSettings>> {
        access::require(caller, Action::EditSettings, Relation::None)?;
        let mut tx = self.store().begin().await?;
        store::tenant::lock(&mut tx).await?;
        let id = tx.tenant();
        let mut tenant = store::tenant::get(tx.conn(), id).await?;
        check_version(version, tenant.version, "settings", id)?;
        let mut settings = stored(&tenant)?;
        let mut changes = Changes::default();
        if let Some(name) = edit.name {
            changes.set("name", &mut tenant.name, line("name", &name, LONGEST_NAME)?)?;
        }
        if let Some(domains) = edit.trusted_domains {
            changes.set("trustedDomains", &mut settings.trusted_domains, checked(domains)?)?;
        }
        if let Some(zone) = edit.time_zone {
            time_zone(&zone).map_err(|error| Error::invalid("timeZone", error.to_string()))?;
            changes.set("timeZone", &mut settings.time_zone, Some(zone))?;
        }
        if let Some(life) = edit.session_life {
            if life < SHORTEST || life > LONGEST {
                let words = "a session lives between 45 minutes and 20 hours";
                return Err(Error::invalid("maxMinutes", words));
            }
            changes.set("sessionMinutes", &mut settings.session_minutes, Some(life.as_mins()))?;
        }
        if changes.is_empty() {
            return Ok(Written::new(view(&tenant, settings), None));
        }
        tenant.settings = serde_json::to_value(&settings).map_err(Error::internal)?;
        let now = tx.now();
        store::tenant::update(tx.conn(), &mut tenant, now).await?;
        let (before, after) = changes.into_values();
        tx.audit(caller.event("settings.changed", Object::new("settings", id)).with_change(before, after));
        let seq = tx.commit().await?;
        Ok(Written::new(view(&tenant, settings), seq))
    }
}

impl Stored {
    fn session_life(&self) -> SignedDuration {
        self.session_minutes.map_or(LONGEST, SignedDuration::from_mins)
    }
}

/// The time zone that working hours and times of day are about.
pub(crate) fn zone(tenant: &Tenant) -> Result<TimeZone> {
    let name = stored(tenant)?.time_zone;
    time_zone(name.as_deref().unwrap_or(UTC)).map_err(Error::internal)
}

/// How long sessions live.
pub(crate) fn session_life(tenant: &Tenant) -> Result<SignedDuration> {
    Ok(stored(tenant)?.session_life())
}

fn stored(tenant: &Tenant) -> Result<Stored> {
    serde_json::from_value(tenant.settings.clone()).map_err(Error::internal)
}

fn view(tenant: &Tenant, stored: Stored) -> TenantSettings {
    TenantSettings {
        session_life: stored.session_life(),
        name: tenant.name.clone(),
        trusted_domains: stored.trusted_domains,
        time_zone: stored.time_zone.unwrap_or_else(|| UTC.to_owned()),
        version: tenant.version,
    }
}

/// Domains as they are kept: in small letters, sorted, each once.
fn checked(domains: Vec<String>) -> Result<Vec<String>> {
    if domains.len() > MOST_DOMAINS {
        return Err(Error::invalid("trustedDomains", format!("at most {MOST_DOMAINS} domains can be trusted")));
    }
    let mut kept = Vec::with_capacity(domains.len());
    for domain in domains {
        let folded = domain.trim().to_lowercase();
        let is_letter = |letter: char| letter.is_alphanumeric() || letter == '-' || letter == '.';
        let is_domain = folded.len() <= 253
            && folded.contains('.')
            && folded.chars().all(is_letter)
            && folded.split('.').all(|label| !label.is_empty() && label.len() <= 63);
        if !is_domain {
            let shown: String = domain.chars().take(64).collect();
            return Err(Error::invalid("trustedDomains", format!("`{shown}` is not a domain")));
        }
        kept.push(folded);
    }
    kept.sort_unstable();
    kept.dedup();
    Ok(kept)
}
