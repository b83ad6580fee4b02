//! Policies.
//!
//! Source: governance §1.13.

use domain::policy::{Builtin, Kind, Policy, builtins};
use ids::{PolicyId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, json_text, micros};
use crate::{Connection, Tx};

const COLUMNS: &str = "id, name, kind, builtin, definition, created_at, updated_at, version";

/// A policy as it is stored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Stored {
    /// Its id.
    pub id: PolicyId,
    /// What people call it.
    pub name: String,
    /// What it decides about.
    pub kind: Kind,
    /// Its key, if Podium brings it along.
    pub builtin: Option<String>,
    /// What it says.
    pub policy: Policy,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// Grows with each change.
    pub version: i64,
}

impl Stored {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            name: row.text("name")?,
            kind: row.parsed("kind")?,
            builtin: row.text_opt("builtin")?,
            policy: row.json("definition")?,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
            version: row.number("version")?,
        })
    }
}

/// Writes a new policy down.
///
/// # Errors
/// [`Error::Conflict`] when the name is taken.
pub async fn insert(conn: &mut Connection, tenant: TenantId, policy: &Stored) -> Result<()> {
    write(conn, tenant, policy, "").await
}

async fn write(conn: &mut Connection, tenant: TenantId, policy: &Stored, on_conflict: &str) -> Result<()> {
    let sql = format!(
        "INSERT INTO policy (id, tenant_id, name, kind, builtin, definition, created_at, updated_at, version) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $7, $8){on_conflict}"
    );
    sqlx::query(AssertSqlSafe(sql))
        .bind(policy.id.to_string())
        .bind(tenant.to_string())
        .bind(&policy.name)
        .bind(policy.kind.name())
        .bind(&policy.builtin)
        .bind(json_text("definition", &policy.policy)?)
        .bind(micros(policy.created_at))
        .bind(policy.version)
        .execute(conn)
        .await?;
    Ok(())
}

/// Makes the policies that Podium brings along, where they are missing: in a new install, and after an upgrade.
pub(crate) async fn ensure_builtins(tx: &mut Tx) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    for Builtin { key, name, kind, policy } in builtins() {
        let stored = Stored {
            id: PolicyId::new(now, tx.rng()),
            name: name.to_owned(),
            kind,
            builtin: Some(key.to_owned()),
            policy,
            created_at: now,
            updated_at: now,
            version: 1,
        };
        write(tx.conn(), tenant, &stored, " ON CONFLICT DO NOTHING").await?;
    }
    Ok(())
}

/// Writes what may change of a policy at this instant, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since; [`Error::Conflict`] when the name is taken.
pub async fn update(conn: &mut Connection, policy: &mut Stored, now: Timestamp) -> Result<()> {
    let written = sqlx::query(
        "UPDATE policy SET name = $2, definition = $3, updated_at = $4, version = version + 1 \
         WHERE id = $1 AND version = $5 AND deleted_at IS NULL",
    )
    .bind(policy.id.to_string())
    .bind(&policy.name)
    .bind(json_text("definition", &policy.policy)?)
    .bind(micros(now))
    .bind(policy.version)
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "policy", id: policy.id.to_string() });
    }
    (policy.version, policy.updated_at) = (policy.version + 1, now);
    Ok(())
}

/// Takes a policy away.
///
/// # Errors
/// When the database refuses.
pub async fn delete(conn: &mut Connection, id: PolicyId, now: Timestamp) -> Result<()> {
    sqlx::query("UPDATE policy SET deleted_at = $2 WHERE id = $1 AND deleted_at IS NULL")
        .bind(id.to_string())
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(())
}

/// The policy with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: PolicyId) -> Result<Option<Stored>> {
    one(conn, tenant, "id = $2", &id.to_string()).await
}

/// The policy that Podium brings along under this key.
///
/// # Errors
/// When the database refuses.
pub async fn builtin(conn: &mut Connection, tenant: TenantId, key: &str) -> Result<Option<Stored>> {
    one(conn, tenant, "builtin = $2", key).await
}

async fn one(conn: &mut Connection, tenant: TenantId, which: &str, value: &str) -> Result<Option<Stored>> {
    let sql = format!("SELECT {COLUMNS} FROM policy WHERE tenant_id = $1 AND {which} AND deleted_at IS NULL");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(value.to_owned()).fetch_optional(conn).await?;
    row.as_ref().map(Stored::read).transpose()
}

/// The policies, by their ids.
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    kind: Option<Kind>,
    paging: Paging<'_>,
) -> Result<Page<Stored>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM policy WHERE tenant_id = $1 AND deleted_at IS NULL AND id > $2 \
         AND ($3 = '' OR kind = $3) ORDER BY id LIMIT $4"
    );
    let [after] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(after.to_owned())
        .bind(kind.map(Kind::name).unwrap_or_default())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Stored::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |policy: &Stored| policy.id.to_string()))
}

/// How many apps, entitlements and tenants say that this policy decides about them; other policies that use it are not counted.
///
/// # Errors
/// When the database refuses.
pub async fn uses(conn: &mut Connection, id: PolicyId) -> Result<i64> {
    let of = |table| {
        format!(
            "(SELECT COUNT(*) FROM {table} WHERE request_policy_id = $1 OR revoke_policy_id = $1 \
             OR emergency_policy_id = $1)"
        )
    };
    let tables = ["tenant_request_setting", "app_setting", "entitlement_setting"];
    let sql = format!("SELECT {} AS uses", tables.map(of).join(" + "));
    sqlx::query(AssertSqlSafe(sql)).bind(id.to_string()).fetch_one(conn).await?.number("uses")
}

/// The policies whose definitions name this one, by their names.
///
/// # Errors
/// When the database refuses.
pub async fn used_by(conn: &mut Connection, tenant: TenantId, id: PolicyId) -> Result<Vec<String>> {
    let sql = "SELECT name FROM policy WHERE tenant_id = $1 AND deleted_at IS NULL AND id <> $2 \
               AND definition LIKE $3 ORDER BY name";
    let rows =
        sqlx::query(sql).bind(tenant.to_string()).bind(id.to_string()).bind(format!("%{id}%")).fetch_all(conn).await?;
    rows.iter().map(|row| row.text("name")).collect()
}
