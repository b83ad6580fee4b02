//! How an entitlement is given and taken: by the connector, or by people, and by whom.
//!
//! Source: governance §1.8 (`provisioning`), R-V-6.

use domain::provision::Method;
use ids::{EntitlementId, PersonId, TenantId};

use crate::Connection;
use crate::error::{Error, Result};
use crate::row::RowExt as _;

/// What was set about giving and taking an entitlement.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Provisioning {
    /// Who does it.
    pub method: Method,
    /// The people who do what is done by hand; the owners of the app when there are none.
    pub provisioners: Vec<PersonId>,
    /// What they are told.
    pub instructions: String,
    /// Grows with each change; 0 before anything was set.
    pub version: i64,
}

/// What was set; the connector does it when nobody did.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, id: EntitlementId) -> Result<Provisioning> {
    let sql = "SELECT method, instructions, version FROM entitlement_provisioning WHERE entitlement_id = $1";
    let row = sqlx::query(sql).bind(id.to_string()).fetch_optional(&mut *conn).await?;
    let sql = "SELECT person_id FROM entitlement_provisioner WHERE entitlement_id = $1 ORDER BY person_id";
    let people = sqlx::query(sql).bind(id.to_string()).fetch_all(conn).await?;
    let provisioners = people.iter().map(|row| row.parsed("person_id")).collect::<Result<_>>()?;
    let nothing = Provisioning { method: Method::Connector, provisioners, instructions: String::new(), version: 0 };
    match row {
        None => Ok(nothing),
        Some(row) => Ok(Provisioning {
            method: row.parsed("method")?,
            instructions: row.text("instructions")?,
            version: row.number("version")?,
            ..nothing
        }),
    }
}

/// Sets it, if it still has the version that was read, and counts the version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since.
pub async fn set(conn: &mut Connection, tenant: TenantId, id: EntitlementId, wished: &mut Provisioning) -> Result<()> {
    let written = sqlx::query(
        "INSERT INTO entitlement_provisioning (entitlement_id, tenant_id, method, instructions, version) \
         VALUES ($1, $2, $3, $4, 1) ON CONFLICT (entitlement_id) DO UPDATE SET method = $3, instructions = $4, \
         version = entitlement_provisioning.version + 1 WHERE entitlement_provisioning.version = $5",
    )
    .bind(id.to_string())
    .bind(tenant.to_string())
    .bind(wished.method.name())
    .bind(&wished.instructions)
    .bind(wished.version)
    .execute(&mut *conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "provisioning", id: id.to_string() });
    }
    wished.version += 1;
    sqlx::query("DELETE FROM entitlement_provisioner WHERE entitlement_id = $1")
        .bind(id.to_string())
        .execute(&mut *conn)
        .await?;
    for person in &wished.provisioners {
        sqlx::query("INSERT INTO entitlement_provisioner (entitlement_id, person_id) VALUES ($1, $2)")
            .bind(id.to_string())
            .bind(person.to_string())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
