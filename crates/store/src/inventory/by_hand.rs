//! What people keep by hand: resources and entitlements that no connector knows of, and the accounts of apps without one.
//!
//! They stand in the inventory of the app's connector, where no sync touches them. An app without a connector has an
//! inventory of its own for them, under an id for which there is no connector.
//!
//! Source: governance §1.8 (`origin`), R-V-6.

use ids::{AccountId, AppId, ConnectorId, EntitlementId, PersonId, ResourceId, TenantId};
use jiff::Timestamp;
use serde_json::json;

use super::Key;
use super::list::{Entitlement, Resource};
use crate::error::{Error, Result};
use crate::row::{RowExt as _, micros};
use crate::{Connection, Tx};

/// The digest of what no file has.
const NO_FILE: [u8; 16] = [0; 16];
/// The resource type of accounts that people keep.
const ACCOUNT: &str = "account";

/// The inventory in which what is kept by hand of this app stands; it is made if there is none.
///
/// # Errors
/// [`Error::Conflict`] when somebody makes it at this moment.
pub async fn source(tx: &mut Tx, app: AppId) -> Result<ConnectorId> {
    if let Some(known) = source_of(tx.conn(), app).await? {
        return Ok(known);
    }
    let (now, tenant) = (tx.now(), tx.tenant());
    let connector = crate::connector::of_app(tx.conn(), app).await?;
    let source = connector.unwrap_or_else(|| ConnectorId::new(now, tx.rng()));
    sqlx::query(
        "INSERT INTO inventory (connector_id, tenant_id, app_id, next_seq, applied_seq, staging_dirty, by_hand) \
         VALUES ($1, $2, $3, 1, 0, 0, $4)",
    )
    .bind(source.to_string())
    .bind(tenant.to_string())
    .bind(app.to_string())
    .bind(crate::row::flag(connector.is_none()))
    .execute(tx.conn())
    .await?;
    Ok(source)
}

/// The inventory in which what is kept by hand of this app stands: that of its first connector, else its own.
///
/// # Errors
/// When the database refuses.
pub async fn source_of(conn: &mut Connection, app: AppId) -> Result<Option<ConnectorId>> {
    let row = sqlx::query(
        "SELECT i.connector_id FROM inventory i LEFT JOIN connector c ON c.id = i.connector_id AND c.deleted_at IS NULL \
         WHERE i.app_id = $1 AND (i.by_hand = 1 AND NOT EXISTS (SELECT 1 FROM connector o WHERE o.app_id = $1 \
         AND o.deleted_at IS NULL) OR c.id IS NOT NULL) ORDER BY i.by_hand, i.connector_id LIMIT 1",
    )
    .bind(app.to_string())
    .fetch_optional(conn)
    .await?;
    row.map(|row| row.parsed("connector_id")).transpose()
}

/// Whether people keep this inventory, its accounts included.
///
/// # Errors
/// When the database refuses.
pub async fn is_kept(conn: &mut Connection, source: ConnectorId) -> Result<bool> {
    let sql = "SELECT by_hand FROM inventory WHERE connector_id = $1";
    let row = sqlx::query(sql).bind(source.to_string()).fetch_optional(conn).await?;
    row.map_or(Ok(false), |row| row.flag("by_hand"))
}

/// Writes a resource down that people keep.
///
/// # Errors
/// When the database refuses.
pub async fn insert_resource(conn: &mut Connection, tenant: TenantId, new: &Resource) -> Result<()> {
    sqlx::query(
        "INSERT INTO resource (id, tenant_id, app_id, connector_id, key, digest, resource_type, external_id, \
         display_name, description, profile, origin, first_seq, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, \
         '{}', $11, (SELECT applied_seq FROM inventory WHERE connector_id = $4), 1)",
    )
    .bind(new.id.to_string())
    .bind(tenant.to_string())
    .bind(new.app_id.to_string())
    .bind(new.connector_id.to_string())
    .bind(key(&format!("resource:{}", new.external_id)))
    .bind(NO_FILE.to_vec())
    .bind(&new.resource_type)
    .bind(&new.external_id)
    .bind(&new.display_name)
    .bind(&new.description)
    .bind(&new.origin)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what people changed of a resource that they keep, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since.
pub async fn update_resource(conn: &mut Connection, resource: &mut Resource) -> Result<()> {
    let written = sqlx::query(
        "UPDATE resource SET display_name = $2, description = $3, gone_at = $4, version = version + 1 \
         WHERE id = $1 AND version = $5",
    )
    .bind(resource.id.to_string())
    .bind(&resource.display_name)
    .bind(&resource.description)
    .bind(resource.gone_at.map(micros))
    .bind(resource.version)
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "resource", id: resource.id.to_string() });
    }
    resource.version += 1;
    Ok(())
}

/// Writes an entitlement down that people keep; it stands in this inventory.
///
/// # Errors
/// When the database refuses.
pub async fn insert_entitlement(
    conn: &mut Connection,
    tenant: TenantId,
    source: ConnectorId,
    new: &Entitlement,
) -> Result<()> {
    sqlx::query(
        "INSERT INTO entitlement (id, tenant_id, app_id, connector_id, resource_id, key, digest, external_id, slug, \
         display_name, description, purpose, grantable_to, exclusion_set, origin, first_seq, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, '[]', '', $13, \
         (SELECT applied_seq FROM inventory WHERE connector_id = $4), 1)",
    )
    .bind(new.id.to_string())
    .bind(tenant.to_string())
    .bind(new.app_id.to_string())
    .bind(source.to_string())
    .bind(new.resource_id.map(|id| id.to_string()))
    .bind(key(&format!("entitlement:{}", new.external_id)))
    .bind(NO_FILE.to_vec())
    .bind(&new.external_id)
    .bind(&new.slug)
    .bind(&new.display_name)
    .bind(&new.description)
    .bind(&new.purpose)
    .bind(&new.origin)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what people changed of an entitlement that they keep, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since.
pub async fn update_entitlement(conn: &mut Connection, entitlement: &mut Entitlement) -> Result<()> {
    let written = sqlx::query(
        "UPDATE entitlement SET slug = $2, display_name = $3, description = $4, gone_at = $5, version = version + 1 \
         WHERE id = $1 AND version = $6",
    )
    .bind(entitlement.id.to_string())
    .bind(&entitlement.slug)
    .bind(&entitlement.display_name)
    .bind(&entitlement.description)
    .bind(entitlement.gone_at.map(micros))
    .bind(entitlement.version)
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "entitlement", id: entitlement.id.to_string() });
    }
    entitlement.version += 1;
    Ok(())
}

/// How many people hold an entitlement, or are about to.
///
/// # Errors
/// When the database refuses.
pub async fn count_holders(conn: &mut Connection, id: EntitlementId) -> Result<u64> {
    let sql = "SELECT COUNT(*) AS holders FROM grant_period WHERE entitlement_id = $1 AND ended_at IS NULL";
    let row = sqlx::query(sql).bind(id.to_string()).fetch_one(conn).await?;
    Ok(row.number("holders")?.unsigned_abs())
}

/// How many entitlements a resource has that are not gone.
///
/// # Errors
/// When the database refuses.
pub async fn count_entitlements(conn: &mut Connection, id: ResourceId) -> Result<u64> {
    let sql = "SELECT COUNT(*) AS entitlements FROM entitlement WHERE resource_id = $1 AND gone_at IS NULL";
    let row = sqlx::query(sql).bind(id.to_string()).fetch_one(conn).await?;
    Ok(row.number("entitlements")?.unsigned_abs())
}

/// Writes an account down that people keep: that of this person.
///
/// # Errors
/// When the database refuses.
pub async fn insert_account(
    conn: &mut Connection,
    tenant: TenantId,
    app: AppId,
    source: ConnectorId,
    id: AccountId,
    of: (PersonId, &str, &str),
) -> Result<()> {
    let (person, email, name) = of;
    sqlx::query(
        "INSERT INTO account (id, tenant_id, app_id, connector_id, key, digest, resource_type, external_id, login, \
         display_name, emails, search, type, status, status_detail, profile, is_external, owner_person_id, owner_source, \
         first_seq, version) VALUES ($1, $2, $3, $4, $5, $6, $7, $1, $8, $9, $10, $11, 'user', 'enabled', '', '{}', 0, $12, \
         'manual', (SELECT applied_seq FROM inventory WHERE connector_id = $4), 1)",
    )
    .bind(id.to_string())
    .bind(tenant.to_string())
    .bind(app.to_string())
    .bind(source.to_string())
    .bind(key(&format!("account:{id}")))
    .bind(NO_FILE.to_vec())
    .bind(ACCOUNT)
    .bind(email.to_owned())
    .bind(name.to_owned())
    .bind(json!([email]).to_string())
    .bind(domain::email::fold(&format!("{email} {name}")))
    .bind(person.to_string())
    .execute(conn)
    .await?;
    Ok(())
}

/// Says how an account is that people keep: `disabled`, or `gone`.
///
/// # Errors
/// When the database refuses.
pub async fn set_account_status(conn: &mut Connection, id: AccountId, status: &str, now: Timestamp) -> Result<()> {
    let gone_at = (status == "gone").then(|| micros(now));
    sqlx::query("UPDATE account SET status = $2, gone_at = $3, version = version + 1 WHERE id = $1")
        .bind(id.to_string())
        .bind(status.to_owned())
        .bind(gone_at)
        .execute(conn)
        .await?;
    Ok(())
}

fn key(of: &str) -> Vec<u8> {
    Key::of(format!("podium:{of}").as_bytes()).to_vec()
}
