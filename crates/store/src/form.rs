//! Forms: what whoever asks has to answer, and which entitlements want it answered.
//!
//! Source: governance R-Q-5.

use domain::form::Field;
use ids::{EntitlementId, FormId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, json_text, micros};

const COLUMNS: &str = "id, name, fields, created_at, updated_at, version";

/// A form.
#[derive(Debug, Clone, PartialEq)]
pub struct Form {
    /// Its id.
    pub id: FormId,
    /// What people call it.
    pub name: String,
    /// What is asked, in this order.
    pub fields: Vec<Field>,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

impl Form {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            name: row.text("name")?,
            fields: row.json("fields")?,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
            version: row.number("version")?,
        })
    }
}

/// Writes a new form down.
///
/// # Errors
/// [`Error::Conflict`] when the name is taken.
pub async fn insert(conn: &mut Connection, tenant: TenantId, form: &Form) -> Result<()> {
    sqlx::query(
        "INSERT INTO form (id, tenant_id, name, fields, created_at, updated_at, version) \
         VALUES ($1, $2, $3, $4, $5, $5, $6)",
    )
    .bind(form.id.to_string())
    .bind(tenant.to_string())
    .bind(&form.name)
    .bind(json_text("fields", &form.fields)?)
    .bind(micros(form.created_at))
    .bind(form.version)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what may change of a form at this instant, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since; [`Error::Conflict`] when the name is taken.
pub async fn update(conn: &mut Connection, form: &mut Form, now: Timestamp) -> Result<()> {
    let written = sqlx::query(
        "UPDATE form SET name = $2, fields = $3, updated_at = $4, version = version + 1 \
         WHERE id = $1 AND version = $5 AND deleted_at IS NULL",
    )
    .bind(form.id.to_string())
    .bind(&form.name)
    .bind(json_text("fields", &form.fields)?)
    .bind(micros(now))
    .bind(form.version)
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "form", id: form.id.to_string() });
    }
    (form.version, form.updated_at) = (form.version + 1, now);
    Ok(())
}

/// Takes a form away.
///
/// # Errors
/// When the database refuses.
pub async fn delete(conn: &mut Connection, id: FormId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE form SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// The form with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: FormId) -> Result<Option<Form>> {
    let sql = format!("SELECT {COLUMNS} FROM form WHERE tenant_id = $1 AND id = $2 AND deleted_at IS NULL");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Form::read).transpose()
}

/// The forms, by their ids.
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn list(conn: &mut Connection, tenant: TenantId, paging: Paging<'_>) -> Result<Page<Form>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM form WHERE tenant_id = $1 AND deleted_at IS NULL AND id > $2 ORDER BY id LIMIT $3"
    );
    let [after] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(after.to_owned())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Form::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |form: &Form| form.id.to_string()))
}

/// The form that whoever asks for this entitlement has to answer.
///
/// # Errors
/// When the database refuses.
pub async fn of_entitlement(conn: &mut Connection, entitlement: EntitlementId) -> Result<Option<Form>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM form WHERE deleted_at IS NULL AND id = (SELECT form_id FROM entitlement_form \
         WHERE entitlement_id = $1)"
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(entitlement.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Form::read).transpose()
}

/// Says which form whoever asks for this entitlement has to answer, if any.
///
/// # Errors
/// When the database refuses.
pub async fn assign(conn: &mut Connection, entitlement: EntitlementId, form: Option<FormId>) -> Result<()> {
    sqlx::query("DELETE FROM entitlement_form WHERE entitlement_id = $1")
        .bind(entitlement.to_string())
        .execute(&mut *conn)
        .await?;
    if let Some(form) = form {
        sqlx::query("INSERT INTO entitlement_form (entitlement_id, form_id) VALUES ($1, $2)")
            .bind(entitlement.to_string())
            .bind(form.to_string())
            .execute(conn)
            .await?;
    }
    Ok(())
}

/// How many entitlements want a form answered.
///
/// # Errors
/// When the database refuses.
pub async fn uses(conn: &mut Connection, id: FormId) -> Result<i64> {
    let sql = "SELECT COUNT(*) AS uses FROM entitlement_form WHERE form_id = $1";
    sqlx::query(sql).bind(id.to_string()).fetch_one(conn).await?.number("uses")
}
