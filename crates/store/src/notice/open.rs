//! What notices depend on: who has something to do, which ends are meant to come.

use std::collections::BTreeMap;

use ids::{GrantId, PersonId, TenantId};
use jiff::Timestamp;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

/// How many steps and changes by hand wait for each person; whoever has none is absent.
///
/// # Errors
/// When the database refuses.
pub async fn open_tasks(conn: &mut Connection, tenant: TenantId) -> Result<BTreeMap<PersonId, u64>> {
    let sql = "SELECT person_id, CAST(SUM(tasks) AS BIGINT) AS tasks FROM (\
         SELECT a.person_id, COUNT(DISTINCT a.request_id) AS tasks FROM request_assignee a \
         JOIN request r ON r.id = a.request_id WHERE r.tenant_id = $1 AND a.is_open = 1 GROUP BY a.person_id \
         UNION ALL SELECT o.owner_id AS person_id, COUNT(*) AS tasks FROM provision_job j \
         JOIN app_owner o ON o.app_id = j.app_id AND o.owner_kind = 'person' \
         WHERE j.tenant_id = $1 AND j.state = 'manual' AND NOT EXISTS (SELECT 1 FROM entitlement_provisioner p \
         WHERE p.entitlement_id = j.entitlement_id) GROUP BY o.owner_id \
         UNION ALL SELECT p.person_id, COUNT(*) AS tasks FROM provision_job j \
         JOIN entitlement_provisioner p ON p.entitlement_id = j.entitlement_id \
         WHERE j.tenant_id = $1 AND j.state = 'manual' GROUP BY p.person_id) AS waiting GROUP BY person_id";
    let rows = sqlx::query(sql).bind(tenant.to_string()).fetch_all(conn).await?;
    rows.iter().map(|row| Ok((row.parsed("person_id")?, row.number("tasks")?.unsigned_abs()))).collect()
}

/// Notes that the end of a grant at this instant is meant: nobody is told of it any more.
///
/// # Errors
/// When the database refuses.
pub async fn let_end(
    conn: &mut Connection,
    grant: GrantId,
    expires_at: Timestamp,
    by: &str,
    now: Timestamp,
) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO grant_let_end (grant_id, expires_at, decided_by, decided_at) VALUES ($1, $2, $3, $4) \
         ON CONFLICT (grant_id, expires_at) DO NOTHING",
    )
    .bind(grant.to_string())
    .bind(micros(expires_at))
    .bind(by.to_owned())
    .bind(micros(now))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// Whether the end of a grant at this instant is meant.
///
/// # Errors
/// When the database refuses.
pub async fn lets_end(conn: &mut Connection, grant: GrantId, expires_at: Timestamp) -> Result<bool> {
    let sql = "SELECT 1 AS one FROM grant_let_end WHERE grant_id = $1 AND expires_at = $2";
    let query = sqlx::query(sql).bind(grant.to_string()).bind(micros(expires_at));
    Ok(query.fetch_optional(conn).await?.is_some())
}
