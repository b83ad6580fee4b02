//! OpenID providers that people sign in with, and whom they mean by their subjects.
//!
//! Source: governance §1.1 (`sign_in`).

use ids::{IdentityProviderId, PersonId, TenantId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, json_text, micros};
use crate::seal::Place;

const COLUMNS: &str = "id, name, issuer, client_id, sealed_secret, settings, created_at, updated_at, version";

/// A provider as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IdentityProvider {
    /// Its id.
    pub id: IdentityProviderId,
    /// What the button says.
    pub name: String,
    /// The issuer, as its tokens name it.
    pub issuer: String,
    /// The id that Podium has there.
    pub client_id: String,
    /// The secret that Podium has there, sealed; none for a public client.
    pub sealed_secret: Option<Vec<u8>>,
    /// What else is set.
    pub settings: Settings,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

/// What is set of a provider beside how it is reached.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
pub struct Settings {
    /// Whether somebody whom nobody knows yet becomes a person at their first sign-in.
    pub creates_people: bool,
    /// Whether the provider must say that it has verified the address.
    pub requires_verified_email: bool,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            creates_people: false,
            requires_verified_email: true,
            scopes: vec!["email".to_owned(), "profile".to_owned()],
        }
    }
}

/// Where the secret of this provider stands. `row` is its id as text.
#[must_use]
pub const fn secret_place(row: &str) -> Place<'_> {
    Place { table: "identity_provider", row, column: "sealed_secret" }
}

/// Stores a new provider.
///
/// # Errors
/// [`Error::Conflict`] when the name is taken.
pub async fn insert(conn: &mut Connection, tenant: TenantId, provider: &IdentityProvider) -> Result<()> {
    sqlx::query(
        "INSERT INTO identity_provider (id, tenant_id, name, issuer, client_id, sealed_secret, settings, created_at, \
         updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $8, $9)",
    )
    .bind(provider.id.to_string())
    .bind(tenant.to_string())
    .bind(&provider.name)
    .bind(&provider.issuer)
    .bind(&provider.client_id)
    .bind(provider.sealed_secret.as_deref())
    .bind(json_text("settings", &provider.settings)?)
    .bind(micros(provider.created_at))
    .bind(provider.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what may change, and counts the version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read; [`Error::Conflict`] when the name is taken.
pub async fn update(conn: &mut Connection, provider: &mut IdentityProvider, now: Timestamp) -> Result<()> {
    let done = sqlx::query(
        "UPDATE identity_provider SET name = $1, client_id = $2, sealed_secret = $3, settings = $4, updated_at = $5, \
         version = version + 1 WHERE id = $6 AND version = $7",
    )
    .bind(&provider.name)
    .bind(&provider.client_id)
    .bind(provider.sealed_secret.as_deref())
    .bind(json_text("settings", &provider.settings)?)
    .bind(micros(now))
    .bind(provider.id.to_string())
    .bind(provider.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "identity provider", id: provider.id.to_string() });
    }
    provider.version += 1;
    provider.updated_at = now;
    Ok(())
}

/// Removes a provider, with whom it means by its subjects.
///
/// # Errors
/// When the database refuses.
pub async fn delete(conn: &mut Connection, id: IdentityProviderId) -> Result<()> {
    for delete in ["DELETE FROM identity WHERE provider_id = $1", "DELETE FROM identity_provider WHERE id = $1"] {
        sqlx::query(delete).bind(id.to_string()).execute(&mut *conn).await?;
    }
    Ok(())
}

/// The provider with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: IdentityProviderId) -> Result<Option<IdentityProvider>> {
    let sql = format!("SELECT {COLUMNS} FROM identity_provider WHERE tenant_id = $1 AND id = $2");
    let select = sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string());
    select.fetch_optional(conn).await?.as_ref().map(read).transpose()
}

/// Every provider, by name. There are few.
///
/// # Errors
/// When the database refuses.
pub async fn all(conn: &mut Connection, tenant: TenantId) -> Result<Vec<IdentityProvider>> {
    let sql = format!("SELECT {COLUMNS} FROM identity_provider WHERE tenant_id = $1 ORDER BY name");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).fetch_all(conn).await?;
    rows.iter().map(read).collect()
}

/// The person whom the provider means by this subject.
///
/// # Errors
/// When the database refuses.
pub async fn person_of(conn: &mut Connection, provider: IdentityProviderId, subject: &str) -> Result<Option<PersonId>> {
    let select = sqlx::query("SELECT person_id FROM identity WHERE provider_id = $1 AND subject = $2");
    let row = select.bind(provider.to_string()).bind(subject).fetch_optional(conn).await?;
    row.map(|row| row.parsed("person_id")).transpose()
}

/// Writes down whom the provider means by this subject.
///
/// # Errors
/// [`Error::Conflict`] when that was written down at the same moment.
pub async fn link(
    conn: &mut Connection,
    provider: IdentityProviderId,
    subject: &str,
    person: PersonId,
    now: Timestamp,
) -> Result<()> {
    sqlx::query("INSERT INTO identity (provider_id, subject, person_id, created_at) VALUES ($1, $2, $3, $4)")
        .bind(provider.to_string())
        .bind(subject)
        .bind(person.to_string())
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

fn read(row: &AnyRow) -> Result<IdentityProvider> {
    Ok(IdentityProvider {
        id: row.parsed("id")?,
        name: row.text("name")?,
        issuer: row.text("issuer")?,
        client_id: row.text("client_id")?,
        sealed_secret: row.bytes_opt("sealed_secret")?,
        settings: row.json("settings")?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        version: row.number("version")?,
    })
}
