//! What people set about requests for an entitlement, or for everything in an app.
//!
//! A value that an entitlement does not have comes from its app, then from the tenant (R-A-7).
//!
//! Source: governance §1.3, §1.8, §3.2 (R-A-7).

use domain::request::Start;
use ids::{AppId, EntitlementId, PersonId, PolicyId, TenantId};
use jiff::SignedDuration;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, flag};

const COLUMNS: &str = "requestable, request_policy_id, revoke_policy_id, emergency_policy_id, max_duration, \
     default_duration, start_mode, claim_by, self_approval, version";

/// What something says about requests; none is left to whatever is above it.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Setting {
    /// Whether people may ask for it.
    pub is_requestable: Option<bool>,
    /// Who decides about requests.
    pub request_policy: Option<PolicyId>,
    /// Who decides about revocations.
    pub revoke_policy: Option<PolicyId>,
    /// Who decides when it is urgent; without one nothing is.
    pub emergency_policy: Option<PolicyId>,
    /// How long access may be asked for at most.
    pub max_duration: Option<SignedDuration>,
    /// How long it is asked for when nobody says so.
    pub default_duration: Option<SignedDuration>,
    /// When access begins that was agreed to.
    pub start: Option<Start>,
    /// How long its holder may wait before they start it.
    pub claim_by: Option<SignedDuration>,
    /// Whether people may decide alone about their own access although it can do much harm (R-P-3).
    pub is_self_approval_allowed: Option<bool>,
    /// Grows with each change; 0 before anything was set.
    pub version: i64,
}

impl Setting {
    fn read(row: &AnyRow) -> Result<Self> {
        let span = |column| Ok::<_, Error>(row.number_opt(column)?.map(SignedDuration::from_micros));
        Ok(Self {
            is_requestable: row.number_opt("requestable")?.map(|set| set != 0),
            request_policy: row.parsed_opt("request_policy_id")?,
            revoke_policy: row.parsed_opt("revoke_policy_id")?,
            emergency_policy: row.parsed_opt("emergency_policy_id")?,
            max_duration: span("max_duration")?,
            default_duration: span("default_duration")?,
            start: row.parsed_opt("start_mode")?,
            claim_by: span("claim_by")?,
            is_self_approval_allowed: row.number_opt("self_approval")?.map(|set| set != 0),
            version: row.number("version")?,
        })
    }

    /// This, with what it leaves open from above.
    #[must_use]
    pub fn or(self, above: Self) -> Self {
        Self {
            is_requestable: self.is_requestable.or(above.is_requestable),
            request_policy: self.request_policy.or(above.request_policy),
            revoke_policy: self.revoke_policy.or(above.revoke_policy),
            emergency_policy: self.emergency_policy.or(above.emergency_policy),
            max_duration: self.max_duration.or(above.max_duration),
            default_duration: self.default_duration.or(above.default_duration),
            start: self.start.or(above.start),
            claim_by: self.claim_by.or(above.claim_by),
            is_self_approval_allowed: self.is_self_approval_allowed.or(above.is_self_approval_allowed),
            version: self.version,
        }
    }
}

/// Whose setting.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Of {
    /// Everything.
    Tenant(TenantId),
    /// Everything in an app.
    App(AppId),
    /// One entitlement.
    Entitlement(EntitlementId),
}

impl Of {
    /// The kind of object, as events name it, and its id.
    #[must_use]
    pub fn object(self) -> (&'static str, String) {
        match self {
            Self::Tenant(id) => ("settings", id.to_string()),
            Self::App(id) => ("app", id.to_string()),
            Self::Entitlement(id) => ("entitlement", id.to_string()),
        }
    }

    fn place(self) -> (&'static str, &'static str, String) {
        match self {
            Self::Tenant(id) => ("tenant_request_setting", "tenant_id", id.to_string()),
            Self::App(id) => ("app_setting", "app_id", id.to_string()),
            Self::Entitlement(id) => ("entitlement_setting", "entitlement_id", id.to_string()),
        }
    }
}

/// What was set; nothing at all when nobody did.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, of: Of) -> Result<Setting> {
    let (table, column, id) = of.place();
    let sql = format!("SELECT {COLUMNS} FROM {table} WHERE {column} = $1");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(id).fetch_optional(conn).await?;
    row.as_ref().map_or(Ok(Setting::default()), Setting::read)
}

/// What holds for an app, or for an entitlement of it (R-A-7).
///
/// # Errors
/// When the database refuses.
pub async fn effective(conn: &mut Connection, app: AppId, entitlement: Option<EntitlementId>) -> Result<Setting> {
    let columns: Vec<String> = COLUMNS.split(", ").map(|column| format!("s.{column}")).collect();
    let sql = format!(
        "SELECT {} FROM tenant_request_setting s JOIN app ON app.tenant_id = s.tenant_id WHERE app.id = $1",
        columns.join(", ")
    );
    let row = sqlx::query(AssertSqlSafe(sql)).bind(app.to_string()).fetch_optional(&mut *conn).await?;
    let above = row.as_ref().map_or(Ok(Setting::default()), Setting::read)?;
    let above = find(conn, Of::App(app)).await?.or(above);
    match entitlement {
        Some(entitlement) => Ok(find(conn, Of::Entitlement(entitlement)).await?.or(above)),
        None => Ok(above),
    }
}

/// Sets it, if it still has the version that was read, and counts the version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since.
pub async fn set(conn: &mut Connection, tenant: TenantId, of: Of, setting: &mut Setting) -> Result<()> {
    let (table, column, id) = of.place();
    let (tenant_column, tenant_value) = match of {
        Of::Tenant(_) => ("", ""),
        Of::App(_) | Of::Entitlement(_) => ("tenant_id, ", "$2, "),
    };
    let sql = format!(
        "INSERT INTO {table} ({column}, {tenant_column}{COLUMNS}) \
         VALUES ($1, {tenant_value}$3, $4, $5, $6, $7, $8, $9, $10, $11, 1) \
         ON CONFLICT ({column}) DO UPDATE SET requestable = $3, request_policy_id = $4, revoke_policy_id = $5, \
         emergency_policy_id = $6, max_duration = $7, default_duration = $8, start_mode = $9, claim_by = $10, \
         self_approval = $11, version = {table}.version + 1 WHERE {table}.version = $12 AND {table}.tenant_id = $2"
    );
    let span = |span: Option<SignedDuration>| span.map(|span| i64::try_from(span.as_micros()).unwrap_or(i64::MAX));
    let written = sqlx::query(AssertSqlSafe(sql))
        .bind(id.clone())
        .bind(tenant.to_string())
        .bind(setting.is_requestable.map(flag))
        .bind(setting.request_policy.map(|id| id.to_string()))
        .bind(setting.revoke_policy.map(|id| id.to_string()))
        .bind(setting.emergency_policy.map(|id| id.to_string()))
        .bind(span(setting.max_duration))
        .bind(span(setting.default_duration))
        .bind(setting.start.map(Start::name))
        .bind(span(setting.claim_by))
        .bind(setting.is_self_approval_allowed.map(flag))
        .bind(setting.version)
        .execute(conn)
        .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "setting", id });
    }
    setting.version += 1;
    Ok(())
}

/// The owners of an entitlement, active or not.
///
/// # Errors
/// When the database refuses.
pub async fn owners(conn: &mut Connection, entitlement: EntitlementId) -> Result<Vec<PersonId>> {
    let sql = "SELECT person_id FROM entitlement_owner WHERE entitlement_id = $1 ORDER BY person_id";
    let rows = sqlx::query(sql).bind(entitlement.to_string()).fetch_all(conn).await?;
    rows.iter().map(|row| row.parsed("person_id")).collect()
}

/// Makes these people, and nobody else, the owners of an entitlement.
///
/// # Errors
/// When the database refuses.
pub async fn set_owners(conn: &mut Connection, entitlement: EntitlementId, people: &[PersonId]) -> Result<()> {
    sqlx::query("DELETE FROM entitlement_owner WHERE entitlement_id = $1")
        .bind(entitlement.to_string())
        .execute(&mut *conn)
        .await?;
    for person in people {
        sqlx::query("INSERT INTO entitlement_owner (entitlement_id, person_id) VALUES ($1, $2)")
            .bind(entitlement.to_string())
            .bind(person.to_string())
            .execute(&mut *conn)
            .await?;
    }
    Ok(())
}
