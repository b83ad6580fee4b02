//! Provision jobs: one change of one account in an app each.
//!
//! Jobs of one subject, which is an account or the person who has none yet, go one by one, in the order in which they
//! were decided.
//!
//! Source: governance §1.14, §2.9.

use domain::provision::{Cause, Effect, State};
use domain::task::TaskId;
use ids::{
    AccountId, AppId, ConnectorId, EntitlementId, GrantId, PersonId, ProvisionJobId, RequestId, SyncId, TenantId,
};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, flag, json_text, micros, micros_opt};
use crate::{Connection, Tx};

const COLUMNS: &str = "id, app_id, connector_id, effect, state, cause, by_hand, unwanted, subject, account_id, \
     person_id, entitlement_id, grant_id, request_id, retry_of, idempotency_key, profile, task_id, blocked_by, error, created_at, \
     updated_at, leased_at, reported_at, reported_by, confirmed_sync_id, ended_at, version";

/// What `blocked_by` is of a job that waits until somebody has looked at the breaker of its app.
pub const BREAKER: &str = "breaker";

/// What went wrong with a job.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trouble {
    /// The code of the connector's answer, if it gave one.
    pub code: Option<i32>,
    /// What happened, in words.
    pub message: String,
}

/// A job.
#[derive(Debug, Clone, PartialEq)]
pub struct Job {
    /// Its id.
    pub id: ProvisionJobId,
    /// The app that it changes.
    pub app_id: AppId,
    /// The connector that does it, and that shows whether it is done.
    pub connector_id: ConnectorId,
    /// What it changes.
    pub effect: Effect,
    /// How far it has come.
    pub state: State,
    /// What made it necessary.
    pub cause: Cause,
    /// Whether it was made for a person to do.
    pub is_by_hand: bool,
    /// Whether its cause was called off while a connector worked on it: what it does is undone (T-J18).
    pub is_unwanted: bool,
    /// Jobs with the same subject go one by one.
    pub subject: String,
    /// The account that it changes; none while it does not exist.
    pub account_id: Option<AccountId>,
    /// The person whom the account belongs to, or will.
    pub person_id: Option<PersonId>,
    /// What is given or taken.
    pub entitlement_id: Option<EntitlementId>,
    /// The period that it opens or ends.
    pub grant_id: Option<GrantId>,
    /// The request that it carries out.
    pub request_id: Option<RequestId>,
    /// The job that it tries again.
    pub retry_of: Option<ProvisionJobId>,
    /// The change, in a form that is made once.
    pub idempotency_key: String,
    /// What a new account is made of.
    pub profile: Map<String, Value>,
    /// The task that a connector gets for it.
    pub task_id: Option<TaskId>,
    /// What keeps it from being offered.
    pub blocked_by: Option<String>,
    /// What went wrong last.
    pub error: Option<Trouble>,
    /// When it was decided.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When a connector took it.
    pub leased_at: Option<Timestamp>,
    /// When it was said to be done.
    pub reported_at: Option<Timestamp>,
    /// By whom, as audit rows name actors.
    pub reported_by: Option<String>,
    /// The sync that showed that it is done.
    pub confirmed_sync_id: Option<SyncId>,
    /// When nothing more would happen to it.
    pub ended_at: Option<Timestamp>,
    /// Grows with each change.
    pub version: i64,
}

impl Job {
    fn read(row: &AnyRow) -> Result<Self> {
        let error = row.text_opt("error")?.is_some().then(|| row.json("error")).transpose()?;
        Ok(Self {
            id: row.parsed("id")?,
            app_id: row.parsed("app_id")?,
            connector_id: row.parsed("connector_id")?,
            effect: row.parsed("effect")?,
            state: row.parsed("state")?,
            cause: row.parsed("cause")?,
            is_by_hand: row.flag("by_hand")?,
            is_unwanted: row.flag("unwanted")?,
            subject: row.text("subject")?,
            account_id: row.parsed_opt("account_id")?,
            person_id: row.parsed_opt("person_id")?,
            entitlement_id: row.parsed_opt("entitlement_id")?,
            grant_id: row.parsed_opt("grant_id")?,
            request_id: row.parsed_opt("request_id")?,
            retry_of: row.parsed_opt("retry_of")?,
            idempotency_key: row.text("idempotency_key")?,
            profile: row.json("profile")?,
            task_id: row.parsed_opt("task_id")?,
            blocked_by: row.text_opt("blocked_by")?,
            error,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
            leased_at: row.instant_opt("leased_at")?,
            reported_at: row.instant_opt("reported_at")?,
            reported_by: row.text_opt("reported_by")?,
            confirmed_sync_id: row.parsed_opt("confirmed_sync_id")?,
            ended_at: row.instant_opt("ended_at")?,
            version: row.number("version")?,
        })
    }
}

/// Writes a job down.
///
/// # Errors
/// [`Error::Conflict`] when there is a job for the same change.
pub async fn insert(conn: &mut Connection, tenant: TenantId, job: &Job) -> Result<()> {
    sqlx::query(
        "INSERT INTO provision_job (id, tenant_id, app_id, connector_id, effect, state, cause, by_hand, subject, \
         account_id, person_id, entitlement_id, grant_id, request_id, retry_of, idempotency_key, profile, error, \
         created_at, updated_at, version, turn) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $19, $20, $21)",
    )
    .bind(job.id.to_string())
    .bind(tenant.to_string())
    .bind(job.app_id.to_string())
    .bind(job.connector_id.to_string())
    .bind(job.effect.name())
    .bind(job.state.name())
    .bind(job.cause.name())
    .bind(flag(job.is_by_hand))
    .bind(&job.subject)
    .bind(job.account_id.map(|id| id.to_string()))
    .bind(job.person_id.map(|id| id.to_string()))
    .bind(job.entitlement_id.map(|id| id.to_string()))
    .bind(job.grant_id.map(|id| id.to_string()))
    .bind(job.request_id.map(|id| id.to_string()))
    .bind(job.retry_of.map(|id| id.to_string()))
    .bind(&job.idempotency_key)
    .bind(json_text("profile", &job.profile)?)
    .bind(error_text(job)?)
    .bind(micros(job.created_at))
    .bind(job.version)
    .bind(job.effect.rank())
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what became of a job at this instant, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since.
pub async fn update(conn: &mut Connection, job: &mut Job, now: Timestamp) -> Result<()> {
    let written = sqlx::query(
        "UPDATE provision_job SET state = $2, subject = $3, account_id = $4, grant_id = $5, task_id = $6, \
         blocked_by = $7, error = $8, by_hand = $16, unwanted = $17, updated_at = $9, leased_at = $10, \
         reported_at = $11, reported_by = $12, confirmed_sync_id = $13, ended_at = $14, version = version + 1 WHERE id = $1 AND version = $15",
    )
    .bind(job.id.to_string())
    .bind(job.state.name())
    .bind(&job.subject)
    .bind(job.account_id.map(|id| id.to_string()))
    .bind(job.grant_id.map(|id| id.to_string()))
    .bind(job.task_id.as_ref().map(ToString::to_string))
    .bind(&job.blocked_by)
    .bind(error_text(job)?)
    .bind(micros(now))
    .bind(micros_opt(job.leased_at))
    .bind(micros_opt(job.reported_at))
    .bind(&job.reported_by)
    .bind(job.confirmed_sync_id.map(|id| id.to_string()))
    .bind(micros_opt(job.ended_at))
    .bind(job.version)
    .bind(flag(job.is_by_hand))
    .bind(flag(job.is_unwanted))
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "provision job", id: job.id.to_string() });
    }
    (job.version, job.updated_at) = (job.version + 1, now);
    Ok(())
}

fn error_text(job: &Job) -> Result<Option<String>> {
    job.error.as_ref().map(|error| json_text("error", error)).transpose()
}

/// The job with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: ProvisionJobId) -> Result<Option<Job>> {
    one(conn, "tenant_id = $1 AND id = $2", &[&tenant.to_string(), &id.to_string()]).await
}

/// The job with this id; nobody else changes it until the change is over.
///
/// # Errors
/// When the database refuses.
pub async fn find_for_update(tx: &mut Tx, id: ProvisionJobId) -> Result<Option<Job>> {
    let which = format!("tenant_id = $1 AND id = $2{}", tx.engine().for_update());
    let tenant = tx.tenant().to_string();
    one(tx.conn(), &which, &[&tenant, &id.to_string()]).await
}

/// The job that this task carries out; nobody else changes it until the change is over.
///
/// # Errors
/// When the database refuses.
pub async fn of_task(tx: &mut Tx, task: &TaskId) -> Result<Option<Job>> {
    let which = format!("task_id = $1{}", tx.engine().for_update());
    one(tx.conn(), &which, &[task.as_str()]).await
}

/// The job that makes this change.
///
/// # Errors
/// When the database refuses.
pub async fn by_key(conn: &mut Connection, tenant: TenantId, key: &str) -> Result<Option<Job>> {
    one(conn, "tenant_id = $1 AND idempotency_key = $2", &[&tenant.to_string(), key]).await
}

/// The jobs of this subject whose change is still to be made, in their order: what makes an account comes before what the
/// account is to get, also when it is made later because it has to be done again (R-V-4).
///
/// # Errors
/// When the database refuses.
pub async fn pending_of(conn: &mut Connection, subject: &str) -> Result<Vec<Job>> {
    let which = "subject = $1 AND state IN ('queued', 'blocked', 'leased', 'manual') \
         ORDER BY CASE WHEN effect = 'create_account' THEN 0 ELSE 1 END, created_at, turn, id";
    many(conn, which, &[subject], &[]).await
}

/// The jobs of this connector that were reported no later than this instant and wait for proof, the oldest first. No sync
/// proves what people keep by hand.
///
/// # Errors
/// When the database refuses.
pub async fn awaiting_proof(
    conn: &mut Connection,
    connector: ConnectorId,
    reported_by: Timestamp,
    limit: u32,
) -> Result<Vec<Job>> {
    let which = "connector_id = $1 AND state IN ('reported', 'waiting_person') AND reported_at <= $2 \
         AND NOT EXISTS (SELECT 1 FROM entitlement e WHERE e.id = entitlement_id AND e.origin <> 'synced') \
         ORDER BY created_at, turn, id LIMIT $3";
    many(conn, which, &[&connector.to_string()], &[micros(reported_by), i64::from(limit)]).await
}

/// The jobs of this connector that could be offered and are not: those that wait for an account, or are blocked.
///
/// # Errors
/// When the database refuses.
pub async fn not_offered(conn: &mut Connection, connector: ConnectorId, limit: u32) -> Result<Vec<Job>> {
    let which = "connector_id = $1 AND state IN ('queued', 'blocked') AND task_id IS NULL \
         AND COALESCE(blocked_by, '') <> $2 ORDER BY created_at, turn, id LIMIT $3";
    many(conn, which, &[&connector.to_string(), BREAKER], &[i64::from(limit)]).await
}

/// The jobs of this request, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn of_request(conn: &mut Connection, request: RequestId) -> Result<Vec<Job>> {
    many(conn, "request_id = $1 ORDER BY created_at, turn, id", &[&request.to_string()], &[]).await
}

/// The jobs of this period, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn of_grant(conn: &mut Connection, grant: GrantId) -> Result<Vec<Job>> {
    many(conn, "grant_id = $1 ORDER BY created_at, turn, id", &[&grant.to_string()], &[]).await
}

/// The jobs about this account since somebody left at this instant, the oldest first (R-L-3).
///
/// # Errors
/// When the database refuses.
pub async fn of_leaver(conn: &mut Connection, account: AccountId, since: Timestamp) -> Result<Vec<Job>> {
    let which = "subject = $1 AND cause = 'leaver' AND created_at >= $2 ORDER BY created_at, turn, id";
    many(conn, which, &[&format!("account:{account}")], &[micros(since)]).await
}

/// How many jobs of an app that take something away were decided after this instant and offered (R-B-1).
///
/// # Errors
/// When the database refuses.
pub async fn destructive_since(conn: &mut Connection, app: AppId, since: Timestamp) -> Result<u64> {
    let row = sqlx::query(
        "SELECT COUNT(*) AS jobs FROM provision_job WHERE app_id = $1 AND created_at > $2 AND task_id IS NOT NULL \
         AND state <> 'cancelled' AND effect IN ('revoke', 'delete_account', 'disable_account')",
    )
    .bind(app.to_string())
    .bind(micros(since))
    .fetch_one(conn)
    .await?;
    Ok(row.number("jobs")?.unsigned_abs())
}

/// The jobs of an app that this keeps from being offered, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn blocked(conn: &mut Connection, app: AppId, by: &str, limit: u32) -> Result<Vec<Job>> {
    let which = "app_id = $1 AND state = 'blocked' AND blocked_by = $2 ORDER BY created_at, turn, id LIMIT $3";
    many(conn, which, &[&app.to_string(), by], &[i64::from(limit)]).await
}

/// Which jobs a list holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those of this app.
    pub app: Option<AppId>,
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those of this request.
    pub request: Option<RequestId>,
}

/// Jobs, the newest first.
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn list(conn: &mut Connection, tenant: TenantId, filter: &Filter, paging: Paging<'_>) -> Result<Page<Job>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM provision_job WHERE tenant_id = $1 AND ($2 = '' OR id < $2) AND ($3 = '' OR app_id = $3) \
         AND ($4 = '' OR state = $4) AND ($5 = '' OR request_id = $5) ORDER BY id DESC LIMIT $6"
    );
    let [before] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(before.to_owned())
        .bind(filter.app.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.state.map(State::name).unwrap_or_default())
        .bind(filter.request.map(|id| id.to_string()).unwrap_or_default())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Job::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |job: &Job| job.id.to_string()))
}

/// The jobs that this person is to do by hand, the newest first: those of what they are a provisioner of, else of the apps
/// that they own, else all that nobody else does, if they are the last resort (T-J2, R-V-6).
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn inbox(
    conn: &mut Connection,
    tenant: TenantId,
    person: PersonId,
    is_last_resort: bool,
    paging: Paging<'_>,
) -> Result<Page<Job>> {
    let provisioners = "SELECT 1 FROM entitlement_provisioner a JOIN person p ON p.id = a.person_id \
         WHERE a.entitlement_id = provision_job.entitlement_id AND p.status = 'active' AND p.deleted_at IS NULL";
    let owners = "SELECT 1 FROM app_owner a JOIN person p ON p.id = a.owner_id WHERE a.app_id = provision_job.app_id \
         AND a.owner_kind = 'person' AND p.status = 'active' AND p.deleted_at IS NULL";
    let sql = format!(
        "SELECT {COLUMNS} FROM provision_job WHERE tenant_id = $1 AND state = 'manual' AND ($2 = '' OR id < $2) \
         AND (EXISTS ({provisioners} AND p.id = $3) OR (NOT EXISTS ({provisioners}) AND (EXISTS ({owners} AND p.id = $3) \
         OR ($4 = 1 AND NOT EXISTS ({owners}))))) ORDER BY id DESC LIMIT $5"
    );
    let [before] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(before.to_owned())
        .bind(person.to_string())
        .bind(flag(is_last_resort))
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Job::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |job: &Job| job.id.to_string()))
}

async fn one(conn: &mut Connection, which: &str, texts: &[&str]) -> Result<Option<Job>> {
    Ok(many(conn, which, texts, &[]).await?.pop())
}

async fn many(conn: &mut Connection, which: &str, texts: &[&str], numbers: &[i64]) -> Result<Vec<Job>> {
    let mut query = sqlx::query(AssertSqlSafe(format!("SELECT {COLUMNS} FROM provision_job WHERE {which}")));
    for text in texts {
        query = query.bind((*text).to_owned());
    }
    for number in numbers {
        query = query.bind(*number);
    }
    query.fetch_all(conn).await?.iter().map(Job::read).collect()
}
