//! Resource types, and resources that are no accounts.

use ids::{AppId, ConnectorId, ResourceId, SyncId, TenantId};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{Place, SEEN, VISIBLE, connectors, page, start_in};
use crate::Connection;
use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::RowExt as _;

const COLUMNS: &str = "x.id, x.app_id, x.connector_id, x.key, x.resource_type, x.external_id, x.parent, x.display_name, \
     x.description, x.profile, x.origin, x.gone_at, x.version";

/// A resource type as it is visible.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ResourceType {
    /// The connector that it belongs to.
    pub connector_id: ConnectorId,
    /// What the connector calls it.
    pub external_id: String,
    /// What people call it.
    pub display_name: String,
    /// What it is.
    pub description: String,
    /// What its resources are: `user`, `group`, `role` …
    pub traits: Vec<String>,
    /// Whether its resources are accounts.
    pub is_account: bool,
    /// When it was missed first.
    pub gone_at: Option<Timestamp>,
}

/// A resource as it is visible.
#[derive(Debug, Clone, PartialEq)]
pub struct Resource {
    /// Its id.
    pub id: ResourceId,
    /// The app that it is in.
    pub app_id: AppId,
    /// The connector that found it.
    pub connector_id: ConnectorId,
    /// Its type, as the connector calls it.
    pub resource_type: String,
    /// What the connector calls it.
    pub external_id: String,
    /// `type:id` of its parent.
    pub parent: Option<String>,
    /// What people call it.
    pub display_name: String,
    /// What it is.
    pub description: String,
    /// What else the connector says about it.
    pub profile: Value,
    /// `synced` or `manual`.
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

impl Resource {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            app_id: row.parsed("app_id")?,
            connector_id: row.parsed("connector_id")?,
            resource_type: row.text("resource_type")?,
            external_id: row.text("external_id")?,
            parent: row.text_opt("parent")?,
            display_name: row.text("display_name")?,
            description: row.text("description")?,
            profile: row.json("profile")?,
            origin: row.text("origin")?,
            first_seen_sync: row.parsed_opt("first_seen_sync")?,
            last_seen_sync: row.parsed_opt("last_seen_sync")?,
            gone_at: row.instant_opt("gone_at")?,
            version: row.number("version")?,
        })
    }
}

/// Which resources to list; what is not said does not matter. Those that are gone are not listed.
#[derive(Debug, Clone, Copy, Default)]
pub struct ResourceFilter<'a> {
    /// Of this resource type.
    pub resource_type: Option<&'a str>,
}

/// The resource types of an app, those that are gone included; an app has few.
///
/// # Errors
/// [`crate::Error::Cursor`], or when the database refuses.
pub async fn resource_types(conn: &mut Connection, app: AppId, paging: Paging<'_>) -> Result<Page<ResourceType>> {
    let [connector, name] = paging.parts::<2>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(format!(
        "SELECT x.connector_id, x.external_id, x.display_name, x.description, x.traits, x.is_account, x.gone_at \
         FROM resource_type x {VISIBLE} WHERE x.app_id = $1 AND (x.connector_id, x.external_id) > ($2, $3) \
         ORDER BY x.connector_id, x.external_id LIMIT $4"
    )))
    .bind(app.to_string())
    .bind(connector.to_owned())
    .bind(name.to_owned())
    .bind(paging.fetch())
    .fetch_all(conn)
    .await?;
    let read = |row: &AnyRow| {
        Ok(ResourceType {
            connector_id: row.parsed("connector_id")?,
            external_id: row.text("external_id")?,
            display_name: row.text("display_name")?,
            description: row.text("description")?,
            traits: row.json("traits")?,
            is_account: row.flag("is_account")?,
            gone_at: row.instant_opt("gone_at")?,
        })
    };
    let rows = rows.iter().map(read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |of: &ResourceType| format!("{} {}", of.connector_id, of.external_id)))
}

/// The resource with this id.
///
/// # Errors
/// When the database refuses.
pub async fn resource(conn: &mut Connection, tenant: TenantId, id: ResourceId) -> Result<Option<Resource>> {
    let sql = format!("SELECT {COLUMNS}, {SEEN} FROM resource x {VISIBLE} WHERE x.tenant_id = $1 AND x.id = $2");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Resource::read).transpose()
}

/// The resources of an app that are no accounts, in an order that is always the same.
///
/// # Errors
/// [`crate::Error::Cursor`], or when the database refuses.
pub async fn resources(
    conn: &mut Connection,
    app: AppId,
    filter: ResourceFilter<'_>,
    paging: Paging<'_>,
) -> Result<Page<Resource>> {
    let place = Place::parse(paging)?;
    let of_type = if filter.resource_type.is_some() { "AND x.resource_type = $4 " } else { "" };
    let sql = format!(
        "SELECT {COLUMNS}, {SEEN} FROM resource x {VISIBLE} WHERE x.connector_id = $1 AND x.key > $2 \
         AND x.gone_at IS NULL {of_type}ORDER BY x.key LIMIT $3"
    );
    let mut rows: Vec<(String, Resource)> = Vec::new();
    for connector in connectors(&mut *conn, app).await? {
        let wanted = paging.fetch() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let Some(after) = start_in(place.as_ref(), &connector).filter(|_| wanted > 0) else { continue };
        let mut query = sqlx::query(AssertSqlSafe(sql.clone())).bind(connector.clone()).bind(after).bind(wanted);
        if let Some(of_type) = filter.resource_type {
            query = query.bind(of_type.to_owned());
        }
        for row in query.fetch_all(&mut *conn).await? {
            rows.push((Place::cursor(&connector, &row.bytes("key")?), Resource::read(&row)?));
        }
    }
    Ok(page(paging, rows))
}
