//! Apps and who owns them.
//!
//! Source: governance §1.3.

use domain::person::LeaverRule;
use ids::{AppId, PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, micros};

const COLUMNS: &str =
    "id, name, description, state, discovered_by_app_id, leaver_rule, created_at, updated_at, version";

/// An app.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct App {
    /// The id.
    pub id: AppId,
    /// The name; unique among apps that are not deleted.
    pub name: String,
    /// What it is.
    pub description: String,
    /// `unmanaged`, `managed` or `archived`.
    pub state: String,
    /// The app through which it was found.
    pub discovered_by_app_id: Option<AppId>,
    /// What becomes of the accounts of those who leave; none for what is usual with its connector.
    pub leaver_rule: Option<LeaverRule>,
    /// When the row was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// How often it changed.
    pub version: i64,
}

impl App {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            name: row.text("name")?,
            description: row.text("description")?,
            state: row.text("state")?,
            discovered_by_app_id: row.parsed_opt("discovered_by_app_id")?,
            leaver_rule: row.parsed_opt("leaver_rule")?,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
            version: row.number("version")?,
        })
    }
}

/// Stores a new app.
///
/// # Errors
/// [`Error::Conflict`] when the name is taken.
pub async fn insert(conn: &mut Connection, tenant: TenantId, app: &App) -> Result<()> {
    sqlx::query(
        "INSERT INTO app (id, tenant_id, name, description, state, discovered_by_app_id, leaver_rule, settings, \
         created_at, updated_at, version) VALUES ($1, $2, $3, $4, $5, $6, $7, '{}', $8, $9, $10)",
    )
    .bind(app.id.to_string())
    .bind(tenant.to_string())
    .bind(&app.name)
    .bind(&app.description)
    .bind(&app.state)
    .bind(app.discovered_by_app_id.map(|id| id.to_string()))
    .bind(app.leaver_rule.map(LeaverRule::name))
    .bind(micros(app.created_at))
    .bind(micros(app.updated_at))
    .bind(app.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// The app with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: AppId) -> Result<Option<App>> {
    let sql = format!("SELECT {COLUMNS} FROM app WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(App::read).transpose()
}

/// Whether an app has this name.
///
/// # Errors
/// When the database refuses.
pub async fn is_name_taken(conn: &mut Connection, tenant: TenantId, name: &str) -> Result<bool> {
    let found = sqlx::query("SELECT id FROM app WHERE tenant_id = $1 AND name = $2 AND deleted_at IS NULL")
        .bind(tenant.to_string())
        .bind(name)
        .fetch_optional(conn)
        .await?;
    Ok(found.is_some())
}

/// Which apps a list holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only apps in this state.
    pub state: Option<String>,
    /// Only apps that this person owns, directly or by owning a connector of theirs.
    pub owner: Option<PersonId>,
}

/// The apps, by their ids, which sort by the time they were made.
///
/// # Errors
/// When the database refuses.
pub async fn list(conn: &mut Connection, tenant: TenantId, filter: &Filter, paging: Paging<'_>) -> Result<Page<App>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM app WHERE tenant_id = $1 AND deleted_at IS NULL AND id > $2 \
         AND ($3 = '' OR state = $3) AND ($4 = '' OR {}) ORDER BY id LIMIT $5",
        OWNED.replace("$person", "$4").replace("$app", "app.id")
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(paging.after.unwrap_or("").to_owned())
        .bind(filter.state.clone().unwrap_or_default())
        .bind(filter.owner.map(|id| id.to_string()).unwrap_or_default())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(App::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |app: &App| app.id.to_string()))
}

/// Who owns an app: its owners, and those of its connectors.
pub(crate) const OWNED: &str = "(EXISTS (SELECT 1 FROM app_owner o WHERE o.app_id = $app AND o.owner_kind = 'person' \
     AND o.owner_id = $person) OR EXISTS (SELECT 1 FROM connector_owner co JOIN connector oc ON oc.id = co.connector_id \
     WHERE oc.app_id = $app AND oc.deleted_at IS NULL AND co.person_id = $person))";

/// Whether the person owns the app, directly or by owning a connector of it.
///
/// # Errors
/// When the database refuses.
pub async fn is_owner(conn: &mut Connection, app: AppId, person: PersonId) -> Result<bool> {
    let sql = format!("SELECT 1 AS one WHERE {}", OWNED.replace("$person", "$1").replace("$app", "$2"));
    let found =
        sqlx::query(AssertSqlSafe(sql)).bind(person.to_string()).bind(app.to_string()).fetch_optional(conn).await?;
    Ok(found.is_some())
}

/// Writes what may change of an app, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read; [`Error::Conflict`] when the name is taken.
pub async fn update(conn: &mut Connection, app: &mut App, now: Timestamp) -> Result<()> {
    let done = sqlx::query(
        "UPDATE app SET name = $1, description = $2, state = $3, updated_at = $4, leaver_rule = $5, \
         version = version + 1 WHERE id = $6 AND version = $7 AND deleted_at IS NULL",
    )
    .bind(&app.name)
    .bind(&app.description)
    .bind(&app.state)
    .bind(micros(now))
    .bind(app.leaver_rule.map(LeaverRule::name))
    .bind(app.id.to_string())
    .bind(app.version)
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "app", id: app.id.to_string() });
    }
    app.version += 1;
    app.updated_at = now;
    Ok(())
}

/// The people who own the app directly, sorted.
///
/// # Errors
/// When the database refuses.
pub async fn owners(conn: &mut Connection, app: AppId) -> Result<Vec<PersonId>> {
    let rows =
        sqlx::query("SELECT owner_id FROM app_owner WHERE app_id = $1 AND owner_kind = 'person' ORDER BY owner_id")
            .bind(app.to_string())
            .fetch_all(conn)
            .await?;
    rows.iter().map(|row| row.parsed("owner_id")).collect()
}

/// The apps that this person owns directly; at most a thousand.
///
/// # Errors
/// When the database refuses.
pub async fn owned_by(conn: &mut Connection, tenant: TenantId, person: PersonId) -> Result<Vec<AppId>> {
    let rows = sqlx::query(
        "SELECT a.id FROM app_owner o JOIN app a ON a.id = o.app_id WHERE o.owner_kind = 'person' \
         AND o.owner_id = $1 AND a.tenant_id = $2 AND a.deleted_at IS NULL ORDER BY a.id LIMIT 1000",
    )
    .bind(person.to_string())
    .bind(tenant.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// Whether this person owns an app.
///
/// # Errors
/// When the database refuses.
pub async fn owns_any(conn: &mut Connection, tenant: TenantId, person: PersonId) -> Result<bool> {
    let row = sqlx::query(
        "SELECT 1 AS one FROM app_owner o JOIN app a ON a.id = o.app_id WHERE o.owner_kind = 'person' \
         AND o.owner_id = $1 AND a.tenant_id = $2 AND a.deleted_at IS NULL LIMIT 1",
    )
    .bind(person.to_string())
    .bind(tenant.to_string())
    .fetch_optional(conn)
    .await?;
    Ok(row.is_some())
}

/// Makes these people, and nobody else, the owners of the app.
///
/// # Errors
/// When the database refuses.
pub async fn set_owners(conn: &mut Connection, app: AppId, people: &[PersonId]) -> Result<()> {
    sqlx::query("DELETE FROM app_owner WHERE app_id = $1 AND owner_kind = 'person'")
        .bind(app.to_string())
        .execute(&mut *conn)
        .await?;
    for person in people {
        sqlx::query("INSERT INTO app_owner (app_id, owner_kind, owner_id) VALUES ($1, 'person', $2)")
            .bind(app.to_string())
            .bind(person.to_string())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
