//! Findings, and the types that are looked for.
//!
//! What there is to find is in [`check`]; here is what is written down of it.
//!
//! Source: governance §1.16, §2.10.

pub mod check;
mod condition;
pub mod gap;
pub mod kind;
pub mod reaction;

use domain::audit::Object;
use domain::finding::{Severity, State, Type};
use ids::{AppId, FindingId, PersonId, TenantId};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::inventory::insert::{Insert, Shared, Values, insert as insert_rows};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, json_text, micros, micros_opt};
use crate::{Connection, Tx};

const COLUMNS: &str = "f.id, f.type, f.severity, f.app_id, f.connector_id, f.fingerprint, f.subject_kind, f.subject_id, \
     f.evidence, f.state, f.first_seen, f.last_seen, f.since, f.recurrences, f.until, f.reason, f.decided_by, f.version";

/// A finding.
#[derive(Debug, Clone, PartialEq)]
pub struct Finding {
    /// Its id.
    pub id: FindingId,
    /// What is not as it should be.
    pub kind: Type,
    /// How bad it is.
    pub severity: Severity,
    /// The app that it is about; none when it is about no app.
    pub app_id: Option<AppId>,
    /// The connector by whose syncs it is checked.
    pub connector_id: Option<String>,
    /// The type and the subject.
    pub fingerprint: String,
    /// What it is about.
    pub subject: Object,
    /// What was seen: a JSON object.
    pub evidence: Value,
    /// What is done about it.
    pub state: State,
    /// When it was seen first.
    pub first_seen: Timestamp,
    /// When it was last seen, to the hour.
    pub last_seen: Timestamp,
    /// Since when it is in its state.
    pub since: Timestamp,
    /// How often it came again after it had been resolved or remedied.
    pub recurrences: i64,
    /// Until when it is accepted or put off.
    pub until: Option<Timestamp>,
    /// Why, in the words of whoever decided.
    pub reason: Option<String>,
    /// Who decided.
    pub decided_by: Option<String>,
    /// Grows with each change.
    pub version: i64,
}

impl Finding {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            kind: row.parsed("type")?,
            severity: row.parsed("severity")?,
            app_id: row.parsed_opt("app_id")?,
            connector_id: row.text_opt("connector_id")?,
            fingerprint: row.text("fingerprint")?,
            subject: Object::new(row.text("subject_kind")?, row.text("subject_id")?),
            evidence: row.json("evidence")?,
            state: row.parsed("state")?,
            first_seen: row.instant("first_seen")?,
            last_seen: row.instant("last_seen")?,
            since: row.instant("since")?,
            recurrences: row.number("recurrences")?,
            until: row.instant_opt("until")?,
            reason: row.text_opt("reason")?,
            decided_by: row.text_opt("decided_by")?,
            version: row.number("version")?,
        })
    }
}

struct New {
    finding: Finding,
    evidence: String,
}

impl Insert for New {
    const TABLE: &'static str = "finding";
    const SHARED: &'static [(&'static str, &'static str)] = &[("tenant_id", "$1"), ("version", "1")];
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "type",
        "severity",
        "app_id",
        "connector_id",
        "fingerprint",
        "subject_kind",
        "subject_id",
        "evidence",
        "state",
        "first_seen",
        "last_seen",
        "since",
        "recurrences",
    ];

    fn give(self, to: &mut impl Values) {
        let Self { finding, evidence } = self;
        to.text(finding.id.to_string());
        to.text(finding.kind.name());
        to.text(finding.severity.name());
        to.text_opt(finding.app_id.map(|id| id.to_string()));
        to.text_opt(finding.connector_id);
        to.text(finding.fingerprint);
        to.text(finding.subject.kind);
        to.text(finding.subject.id);
        to.text(evidence);
        to.text(finding.state.name());
        to.number(micros(finding.first_seen));
        to.number(micros(finding.last_seen));
        to.number(micros(finding.since));
        to.number(finding.recurrences);
    }
}

/// Writes down new findings.
///
/// # Errors
/// [`Error::Conflict`] when one of the fingerprints is known.
pub async fn insert(tx: &mut Tx, findings: Vec<Finding>) -> Result<()> {
    let rows = findings
        .into_iter()
        .map(|finding| Ok(New { evidence: json_text("evidence", &finding.evidence)?, finding }))
        .collect::<Result<Vec<_>>>()?;
    let (engine, shared) = (tx.engine(), [Shared::text(&tx.tenant())]);
    insert_rows(tx.conn(), engine, &shared, rows).await
}

/// The finding with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: FindingId) -> Result<Option<Finding>> {
    let sql = format!("SELECT {COLUMNS} FROM finding f WHERE f.tenant_id = $1 AND f.id = $2");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string());
    query.fetch_optional(conn).await?.as_ref().map(Finding::read).transpose()
}

/// The finding with this id; nobody else changes it until the change is over.
///
/// # Errors
/// When the database refuses.
pub async fn find_for_update(tx: &mut Tx, id: FindingId) -> Result<Option<Finding>> {
    let lock = tx.engine().for_update();
    let sql = format!("SELECT {COLUMNS} FROM finding f WHERE f.tenant_id = $1 AND f.id = $2{lock}");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(tx.tenant().to_string()).bind(id.to_string());
    query.fetch_optional(tx.conn()).await?.as_ref().map(Finding::read).transpose()
}

/// Which findings to list; what is not said does not matter.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// In this state.
    pub state: Option<State>,
    /// Of this type.
    pub kind: Option<Type>,
    /// This bad.
    pub severity: Option<Severity>,
    /// About this app.
    pub app: Option<AppId>,
    /// About the object with this id.
    pub subject: Option<String>,
    /// About apps that this person owns.
    pub owner: Option<PersonId>,
    /// Beside those of the owner, those of these types.
    pub also: Vec<Type>,
}

/// Findings, the newest first.
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    filter: &Filter,
    paging: Paging<'_>,
) -> Result<Page<Finding>> {
    let also: Vec<String> = filter.also.iter().map(|kind| format!("'{kind}'")).collect();
    let also = if also.is_empty() { String::new() } else { format!(" OR f.type IN ({})", also.join(", ")) };
    let sql = format!(
        "SELECT {COLUMNS} FROM finding f WHERE f.tenant_id = $1 AND f.id < $2 AND ($3 = '' OR f.state = $3) \
         AND ($4 = '' OR f.type = $4) AND ($5 = '' OR f.severity = $5) AND ($6 = '' OR f.app_id = $6) \
         AND ($7 = '' OR f.subject_id = $7) AND ($8 = '' OR {}{also}) ORDER BY f.id DESC LIMIT $9",
        crate::app::OWNED.replace("$person", "$8").replace("$app", "f.app_id")
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(paging.after.unwrap_or("g").to_owned())
        .bind(filter.state.map(State::name).unwrap_or_default())
        .bind(filter.kind.map(Type::name).unwrap_or_default())
        .bind(filter.severity.map(Severity::name).unwrap_or_default())
        .bind(filter.app.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.subject.clone().unwrap_or_default())
        .bind(filter.owner.map(|id| id.to_string()).unwrap_or_default())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Finding::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |finding: &Finding| finding.id.to_string()))
}

/// Findings that are accepted or put off, and whose time is over by this instant.
///
/// # Errors
/// When the database refuses.
pub async fn due(conn: &mut Connection, by: Timestamp, limit: u32) -> Result<Vec<FindingId>> {
    let sql =
        "SELECT id FROM finding WHERE until <= $1 AND state IN ('accepted', 'snoozed') ORDER BY until, id LIMIT $2";
    let rows = sqlx::query(sql).bind(micros(by)).bind(i64::from(limit)).fetch_all(conn).await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// Writes what may change of a finding, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when it was changed since it was read.
pub async fn update(conn: &mut Connection, finding: &mut Finding) -> Result<()> {
    let done = sqlx::query(
        "UPDATE finding SET severity = $3, subject_id = $4, evidence = $5, state = $6, last_seen = $7, since = $8, \
         recurrences = $9, until = $10, reason = $11, decided_by = $12, version = version + 1 \
         WHERE id = $1 AND version = $2",
    )
    .bind(finding.id.to_string())
    .bind(finding.version)
    .bind(finding.severity.name())
    .bind(finding.subject.id.clone())
    .bind(json_text("evidence", &finding.evidence)?)
    .bind(finding.state.name())
    .bind(micros(finding.last_seen))
    .bind(micros(finding.since))
    .bind(finding.recurrences)
    .bind(micros_opt(finding.until))
    .bind(finding.reason.clone())
    .bind(finding.decided_by.clone())
    .execute(conn)
    .await?;
    if done.rows_affected() != 1 {
        return Err(Error::Stale { kind: "finding", id: finding.id.to_string() });
    }
    finding.version += 1;
    Ok(())
}
