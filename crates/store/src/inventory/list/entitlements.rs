//! Entitlements.

use ids::{AppId, ConnectorId, EntitlementId, ResourceId, SyncId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::SEEN;
use crate::Connection;
use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::RowExt as _;

const COLUMNS: &str = "x.id, x.app_id, x.connector_id, x.resource_id, x.external_id, x.slug, x.display_name, \
     x.description, x.purpose, x.grantable_to, x.exclusion_set, x.origin, x.gone_at, x.version";

/// Entitlements that Podium itself makes have no connector, and are always visible.
const VISIBLE: &str = "LEFT JOIN inventory i ON i.connector_id = x.connector_id \
     WHERE (x.connector_id IS NULL OR x.first_seq <= i.applied_seq)";

/// An entitlement as it is visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Entitlement {
    /// Its id.
    pub id: EntitlementId,
    /// The app that it is in.
    pub app_id: AppId,
    /// The connector that found it; none when Podium made it.
    pub connector_id: Option<ConnectorId>,
    /// The resource that it is of.
    pub resource_id: Option<ResourceId>,
    /// What the connector calls it.
    pub external_id: String,
    /// Its short label.
    pub slug: String,
    /// What people call it.
    pub display_name: String,
    /// What it is.
    pub description: String,
    /// `assignment`, `permission` or `ownership`.
    pub purpose: String,
    /// The resource types that can hold it.
    pub grantable_to: Vec<String>,
    /// The set of which an account holds one at a time; empty for none.
    pub exclusion_set: String,
    /// `synced` or `virtual`.
    pub origin: String,
    /// The sync that brought it.
    pub first_seen_sync: Option<SyncId>,
    /// The last sync that saw it.
    pub last_seen_sync: Option<SyncId>,
    /// When it was missed first.
    pub gone_at: Option<Timestamp>,
    /// Grows with each change.
    pub version: i64,
}

impl Entitlement {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            app_id: row.parsed("app_id")?,
            connector_id: row.parsed_opt("connector_id")?,
            resource_id: row.parsed_opt("resource_id")?,
            external_id: row.text("external_id")?,
            slug: row.text("slug")?,
            display_name: row.text("display_name")?,
            description: row.text("description")?,
            purpose: row.text("purpose")?,
            grantable_to: row.json("grantable_to")?,
            exclusion_set: row.text("exclusion_set")?,
            origin: row.text("origin")?,
            first_seen_sync: row.parsed_opt("first_seen_sync")?,
            last_seen_sync: row.parsed_opt("last_seen_sync")?,
            gone_at: row.instant_opt("gone_at")?,
            version: row.number("version")?,
        })
    }
}

/// Which entitlements to list; what is not said does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct EntitlementFilter {
    /// Of this resource.
    pub resource: Option<ResourceId>,
    /// Those that are gone too.
    pub with_gone: bool,
}

/// The entitlement with this id.
///
/// # Errors
/// When the database refuses.
pub async fn entitlement(conn: &mut Connection, tenant: TenantId, id: EntitlementId) -> Result<Option<Entitlement>> {
    let sql = format!("SELECT {COLUMNS}, {SEEN} FROM entitlement x {VISIBLE} AND x.tenant_id = $1 AND x.id = $2");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Entitlement::read).transpose()
}

/// The entitlements of an app, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn entitlements(
    conn: &mut Connection,
    app: AppId,
    filter: EntitlementFilter,
    paging: Paging<'_>,
) -> Result<Page<Entitlement>> {
    let gone = if filter.with_gone { "" } else { "AND x.gone_at IS NULL " };
    let of_resource = if filter.resource.is_some() { "AND x.resource_id = $4 " } else { "" };
    let sql = format!(
        "SELECT {COLUMNS}, {SEEN} FROM entitlement x {VISIBLE} AND x.app_id = $1 AND x.id > $2 {gone}{of_resource}\
         ORDER BY x.id LIMIT $3"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(app.to_string())
        .bind(paging.after.unwrap_or_default().to_owned())
        .bind(paging.fetch());
    if let Some(resource) = filter.resource {
        query = query.bind(resource.to_string());
    }
    let rows = query.fetch_all(conn).await?;
    let rows = rows.iter().map(Entitlement::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |entitlement: &Entitlement| entitlement.id.to_string()))
}
