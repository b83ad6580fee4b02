//! Named sets of entitlements that are asked for as one.
//!
//! Source: governance R-Q-2.

use domain::bundle::Audience;
use ids::{BundleId, EntitlementId, PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, micros};

const COLUMNS: &str = "b.id, b.name, b.description, b.audience, b.created_at, b.updated_at, b.version";

/// Whoever this is may ask for the bundle `b`; `$2` is a person.
const OFFERED: &str = "(b.audience = 'everyone' OR (b.audience = 'holders' AND EXISTS (SELECT 1 FROM bundle_holder h \
     JOIN grant_period g ON g.entitlement_id = h.entitlement_id JOIN account a ON a.id = g.account_id \
     JOIN inventory i ON i.connector_id = g.connector_id AND g.first_seq <= i.applied_seq WHERE h.bundle_id = b.id \
     AND a.owner_person_id = $2 AND g.state IN ('active', 'expiring', 'ending', 'stuck'))))";

/// A bundle.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Bundle {
    /// Its id.
    pub id: BundleId,
    /// What people call it.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// Who may ask for it.
    pub audience: Audience,
    /// Whoever holds one of these may, where the audience is its holders.
    pub holders_of: Vec<EntitlementId>,
    /// Its parts, in their order.
    pub entitlements: Vec<EntitlementId>,
    /// Who owns it.
    pub owners: Vec<PersonId>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

/// Writes a new bundle down.
///
/// # Errors
/// [`Error::Conflict`] when the name is taken.
pub async fn insert(conn: &mut Connection, tenant: TenantId, bundle: &Bundle) -> Result<()> {
    sqlx::query(
        "INSERT INTO bundle (id, tenant_id, name, description, audience, created_at, updated_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $6, $7)",
    )
    .bind(bundle.id.to_string())
    .bind(tenant.to_string())
    .bind(&bundle.name)
    .bind(&bundle.description)
    .bind(bundle.audience.name())
    .bind(micros(bundle.created_at))
    .bind(bundle.version)
    .execute(&mut *conn)
    .await?;
    insert_lists(conn, bundle).await
}

/// Writes what may change of a bundle at this instant, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since; [`Error::Conflict`] when the name is taken.
pub async fn update(conn: &mut Connection, bundle: &mut Bundle, now: Timestamp) -> Result<()> {
    let written = sqlx::query(
        "UPDATE bundle SET name = $2, description = $3, audience = $4, updated_at = $5, version = version + 1 \
         WHERE id = $1 AND version = $6 AND deleted_at IS NULL",
    )
    .bind(bundle.id.to_string())
    .bind(&bundle.name)
    .bind(&bundle.description)
    .bind(bundle.audience.name())
    .bind(micros(now))
    .bind(bundle.version)
    .execute(&mut *conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "bundle", id: bundle.id.to_string() });
    }
    (bundle.version, bundle.updated_at) = (bundle.version + 1, now);
    for table in ["bundle_entitlement", "bundle_holder", "bundle_owner"] {
        let sql = format!("DELETE FROM {table} WHERE bundle_id = $1");
        sqlx::query(AssertSqlSafe(sql)).bind(bundle.id.to_string()).execute(&mut *conn).await?;
    }
    insert_lists(conn, bundle).await
}

async fn insert_lists(conn: &mut Connection, bundle: &Bundle) -> Result<()> {
    for (number, entitlement) in (1_i64..).zip(&bundle.entitlements) {
        sqlx::query("INSERT INTO bundle_entitlement (bundle_id, number, entitlement_id) VALUES ($1, $2, $3)")
            .bind(bundle.id.to_string())
            .bind(number)
            .bind(entitlement.to_string())
            .execute(&mut *conn)
            .await?;
    }
    let holders = bundle.holders_of.iter().map(|id| ("bundle_holder (bundle_id, entitlement_id)", id.to_string()));
    let owners = bundle.owners.iter().map(|id| ("bundle_owner (bundle_id, person_id)", id.to_string()));
    for (into, id) in holders.chain(owners) {
        let sql = format!("INSERT INTO {into} VALUES ($1, $2)");
        sqlx::query(AssertSqlSafe(sql)).bind(bundle.id.to_string()).bind(id).execute(&mut *conn).await?;
    }
    Ok(())
}

/// Takes a bundle away; requests that were made with it stay.
///
/// # Errors
/// When the database refuses.
pub async fn delete(conn: &mut Connection, id: BundleId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE bundle SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// The bundle with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: BundleId) -> Result<Option<Bundle>> {
    let sql = format!("SELECT {COLUMNS} FROM bundle b WHERE b.tenant_id = $1 AND b.id = $2 AND b.deleted_at IS NULL");
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(id.to_string())
        .fetch_optional(&mut *conn)
        .await?;
    match row {
        Some(row) => Ok(Some(with_lists(conn, &row).await?)),
        None => Ok(None),
    }
}

/// Whether this person may ask for a bundle (R-Q-2).
///
/// # Errors
/// When the database refuses.
pub async fn is_offered(conn: &mut Connection, id: BundleId, person: PersonId) -> Result<bool> {
    let sql = format!("SELECT 1 AS one FROM bundle b WHERE b.id = $1 AND b.deleted_at IS NULL AND {OFFERED}");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(id.to_string()).bind(person.to_string()).fetch_optional(conn).await?;
    Ok(row.is_some())
}

/// The bundles by their ids: all, or those that this person may ask for or owns.
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    of: Option<PersonId>,
    paging: Paging<'_>,
) -> Result<Page<Bundle>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM bundle b WHERE b.tenant_id = $1 AND b.deleted_at IS NULL AND b.id > $3 AND ($2 = '' \
         OR {OFFERED} OR b.id IN (SELECT bundle_id FROM bundle_owner WHERE person_id = $2)) ORDER BY b.id LIMIT $4"
    );
    let [after] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(of.map(|id| id.to_string()).unwrap_or_default())
        .bind(after.to_owned())
        .bind(paging.fetch())
        .fetch_all(&mut *conn)
        .await?;
    let mut bundles = Vec::with_capacity(rows.len());
    for row in &rows {
        bundles.push(with_lists(conn, row).await?);
    }
    Ok(paging.page(bundles, |bundle: &Bundle| bundle.id.to_string()))
}

async fn with_lists(conn: &mut Connection, row: &AnyRow) -> Result<Bundle> {
    let id: BundleId = row.parsed("id")?;
    let mut lists = Vec::new();
    for sql in [
        "SELECT entitlement_id AS id FROM bundle_entitlement WHERE bundle_id = $1 ORDER BY number",
        "SELECT entitlement_id AS id FROM bundle_holder WHERE bundle_id = $1 ORDER BY entitlement_id",
        "SELECT person_id AS id FROM bundle_owner WHERE bundle_id = $1 ORDER BY person_id",
    ] {
        lists.push(sqlx::query(sql).bind(id.to_string()).fetch_all(&mut *conn).await?);
    }
    let entitlements =
        |number: usize| lists.get(number).into_iter().flatten().map(|row| row.parsed("id")).collect::<Result<_>>();
    Ok(Bundle {
        id,
        name: row.text("name")?,
        description: row.text("description")?,
        audience: row.parsed("audience")?,
        entitlements: entitlements(0)?,
        holders_of: entitlements(1)?,
        owners: lists.get(2).into_iter().flatten().map(|row| row.parsed("id")).collect::<Result<_>>()?,
        created_at: row.instant("created_at")?,
        updated_at: row.instant("updated_at")?,
        version: row.number("version")?,
    })
}
