//! What is not as it should be, compared with the findings that are written down.
//!
//! Source: governance T-F1, T-F7, T-F8.

use domain::classification::Risk;
use domain::finding::Type;
use ids::{ConnectorId, FindingId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{COLUMNS, Finding, condition};
use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, micros};

/// How old the last look at a finding may be before a newer one is written down, in microseconds: an hour.
const LOOKED: &str = "3600000000";

/// What a check is about.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Scope {
    /// The tenant.
    pub tenant: TenantId,
    /// The connector whose sync was applied; none for all.
    pub connector: Option<ConnectorId>,
    /// The present.
    pub now: Timestamp,
}

/// Something that is not as it should be, and has no finding that says so.
#[derive(Debug, Clone, PartialEq)]
pub struct Seen {
    /// The type and the subject.
    pub fingerprint: String,
    /// The app.
    pub app_id: Option<String>,
    /// The connector by whose syncs it is checked.
    pub connector_id: Option<String>,
    /// The kind of the subject.
    pub subject_kind: String,
    /// The subject.
    pub subject_id: String,
    /// The account.
    pub account_id: Option<String>,
    /// Its login.
    pub login: Option<String>,
    /// The entitlement.
    pub entitlement_id: Option<String>,
    /// Its name.
    pub entitlement_name: Option<String>,
    /// How much harm it can do, as is said of it or of its app.
    pub risk_level: Option<Risk>,
    /// The person.
    pub person_id: Option<String>,
    /// Since when it is so.
    pub since: Option<Timestamp>,
    /// More about it, in words or as an id.
    pub note: String,
    /// How many it stands for.
    pub amount: i64,
    /// The finding that was resolved or remedied before, which is so again.
    pub finding: Option<FindingId>,
}

impl Seen {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            fingerprint: row.text("fingerprint")?,
            app_id: row.text_opt("app_id")?,
            connector_id: row.text_opt("connector_id")?,
            subject_kind: row.text("subject_kind")?,
            subject_id: row.text("subject_id")?,
            account_id: row.text_opt("account_id")?,
            login: row.text_opt("login")?,
            entitlement_id: row.text_opt("entitlement_id")?,
            entitlement_name: row.text_opt("entitlement_name")?,
            risk_level: row.parsed_opt("risk_level")?,
            person_id: row.text_opt("person_id")?,
            since: row.instant_opt("since")?,
            note: row.text("note")?,
            amount: row.number("amount")?,
            finding: row.parsed_opt("finding_id")?,
        })
    }
}

/// What is not as it should be, and is neither open nor decided (T-F1, T-F8); the first so many.
///
/// # Errors
/// When the database refuses.
pub async fn news(conn: &mut Connection, kind: Type, scope: Scope, limit: u32) -> Result<Vec<Seen>> {
    let sql = format!(
        "WITH seen AS ({}) SELECT c.fingerprint, c.app_id, c.connector_id, c.subject_kind, c.subject_id, c.account_id, \
         c.entitlement_id, c.person_id, c.since, c.note, c.amount, a.login, e.display_name AS entitlement_name, \
         COALESCE(own.risk_level, above.risk_level) AS risk_level, f.id AS finding_id FROM seen c \
         LEFT JOIN finding f ON f.tenant_id = $1 AND f.fingerprint = c.fingerprint \
         LEFT JOIN account a ON a.id = c.account_id LEFT JOIN entitlement e ON e.id = c.entitlement_id \
         LEFT JOIN classification own ON own.object_kind = 'entitlement' AND own.object_id = c.entitlement_id \
         LEFT JOIN classification above ON above.object_kind = 'app' AND above.object_id = c.app_id \
         WHERE (f.id IS NULL OR f.state = 'resolved' OR (f.state = 'remedied' AND c.pending = 0)) \
         AND $2 = $2 AND $3 = $3 ORDER BY c.fingerprint, c.subject_id LIMIT $4",
        condition::of(kind)
    );
    let rows = bind(sql, scope).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(Seen::read).collect()
}

/// The findings of what is so no longer (T-F7); the first so many.
///
/// # Errors
/// When the database refuses.
pub async fn gone(conn: &mut Connection, kind: Type, scope: Scope, limit: u32) -> Result<Vec<Finding>> {
    let sql = format!(
        "WITH seen AS ({}) SELECT {COLUMNS} FROM finding f WHERE f.tenant_id = $1 AND f.type = '{kind}' \
         AND f.state IN ('open', 'accepted', 'snoozed', 'remedied') AND ($2 = '' OR f.connector_id = $2) AND $3 = $3 \
         AND f.fingerprint NOT IN (SELECT fingerprint FROM seen) ORDER BY f.id LIMIT $4",
        condition::of(kind)
    );
    let rows = bind(sql, scope).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(Finding::read).collect()
}

/// Notes that what is open or decided is so still, at most once an hour.
///
/// # Errors
/// When the database refuses.
pub async fn look(conn: &mut Connection, kind: Type, scope: Scope) -> Result<()> {
    let sql = format!(
        "UPDATE finding SET last_seen = $3 WHERE tenant_id = $1 AND type = '{kind}' AND state <> 'resolved' \
         AND last_seen <= $3 - {LOOKED} AND ($2 = '' OR connector_id = $2) \
         AND fingerprint IN (SELECT c.fingerprint FROM ({}) c)",
        condition::of(kind)
    );
    bind(sql, scope).execute(conn).await?;
    Ok(())
}

fn bind(sql: String, scope: Scope) -> sqlx::query::Query<'static, sqlx::Any, sqlx::any::AnyArguments> {
    sqlx::query(AssertSqlSafe(sql))
        .bind(scope.tenant.to_string())
        .bind(scope.connector.map(|id| id.to_string()).unwrap_or_default())
        .bind(micros(scope.now))
}
