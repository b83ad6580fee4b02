//! Requests for access, their approval steps, and who has to decide them.
//!
//! Source: governance §1.12, §2.4, §2.5.

mod comment;
mod step;

use domain::request::{Kind, Origin, State};
use ids::{AccountId, AppId, BundleId, EntitlementId, GrantId, PersonId, RequestId, TenantId};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Map, Value};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, flag, json_text, micros, micros_opt};
use crate::{Connection, Tx};

pub use comment::{Comment, add_comment, comments};
pub use step::{
    Assignee, Step, assign, assignees, close_assignees, insert_steps, is_assigned, open_step, steps, update_step,
    waiting_for,
};

const COLUMNS: &str = "id, app_id, kind, origin, state, requested_by, requester_id, for_person_id, entitlement_id, \
     account_id, grant_id, duration, asked_duration, reason, emergency, policy_snapshot, outcome, form_data, bundle_id, claim_until, \
     started_at, deadline_at, created_at, updated_at, closed_at, version";

/// A request.
#[derive(Debug, Clone, PartialEq)]
pub struct Request {
    /// Its id.
    pub id: RequestId,
    /// The app that it is about.
    pub app_id: AppId,
    /// What is asked for.
    pub kind: Kind,
    /// Where it came from.
    pub origin: Origin,
    /// How far it has come.
    pub state: State,
    /// Who asked, as audit rows name actors.
    pub requested_by: String,
    /// The person who asked.
    pub requester_id: Option<PersonId>,
    /// For whom.
    pub for_person_id: PersonId,
    /// What for; none when an account is asked for.
    pub entitlement_id: Option<EntitlementId>,
    /// For which of the person's accounts.
    pub account_id: Option<AccountId>,
    /// The period that it opens, extends or ends.
    pub grant_id: Option<GrantId>,
    /// For how long; none is for ever.
    pub duration: Option<SignedDuration>,
    /// For how long it was asked, when an approver gave another duration.
    pub asked_duration: Option<SignedDuration>,
    /// Why.
    pub reason: String,
    /// Whether it is urgent.
    pub is_emergency: bool,
    /// The policy with its whole chain, as it was when the request was made: JSON text.
    pub policy_snapshot: String,
    /// Why it ended as it did.
    pub outcome: Option<String>,
    /// The answers to the form of the entitlement, by their keys.
    pub form: Map<String, Value>,
    /// The bundle that it was asked for with.
    pub bundle_id: Option<BundleId>,
    /// Until when its holder may start what was agreed to; none where it starts at once (R-D-9).
    pub claim_until: Option<Timestamp>,
    /// When they started it.
    pub started_at: Option<Timestamp>,
    /// When it dies unanswered.
    pub deadline_at: Timestamp,
    /// When it was made.
    pub created_at: Timestamp,
    /// When it last changed.
    pub updated_at: Timestamp,
    /// When it ended.
    pub closed_at: Option<Timestamp>,
    /// Grows with each change.
    pub version: i64,
}

impl Request {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            app_id: row.parsed("app_id")?,
            kind: row.parsed("kind")?,
            origin: row.parsed("origin")?,
            state: row.parsed("state")?,
            requested_by: row.text("requested_by")?,
            requester_id: row.parsed_opt("requester_id")?,
            for_person_id: row.parsed("for_person_id")?,
            entitlement_id: row.parsed_opt("entitlement_id")?,
            account_id: row.parsed_opt("account_id")?,
            grant_id: row.parsed_opt("grant_id")?,
            duration: row.number_opt("duration")?.map(SignedDuration::from_micros),
            asked_duration: row.number_opt("asked_duration")?.map(SignedDuration::from_micros),
            reason: row.text("reason")?,
            is_emergency: row.flag("emergency")?,
            policy_snapshot: row.text("policy_snapshot")?,
            outcome: row.text_opt("outcome")?,
            form: row.json("form_data")?,
            bundle_id: row.parsed_opt("bundle_id")?,
            claim_until: row.instant_opt("claim_until")?,
            started_at: row.instant_opt("started_at")?,
            deadline_at: row.instant("deadline_at")?,
            created_at: row.instant("created_at")?,
            updated_at: row.instant("updated_at")?,
            closed_at: row.instant_opt("closed_at")?,
            version: row.number("version")?,
        })
    }
}

fn span(duration: Option<SignedDuration>) -> Option<i64> {
    duration.map(|duration| i64::try_from(duration.as_micros()).unwrap_or(i64::MAX))
}

/// Writes a new request down.
///
/// # Errors
/// [`Error::Conflict`] when there is an open one for the same (R-Q-3).
pub async fn insert(conn: &mut Connection, tenant: TenantId, request: &Request) -> Result<()> {
    sqlx::query(
        "INSERT INTO request (id, tenant_id, app_id, kind, origin, state, requested_by, requester_id, for_person_id, \
         entitlement_id, account_id, grant_id, duration, asked_duration, reason, emergency, policy_snapshot, outcome, \
         deadline_at, created_at, updated_at, closed_at, version, bundle_id, form_data) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16, $17, $18, $19, $20, $20, $21, $22, $23, \
         $24)",
    )
    .bind(request.id.to_string())
    .bind(tenant.to_string())
    .bind(request.app_id.to_string())
    .bind(request.kind.name())
    .bind(request.origin.name())
    .bind(request.state.name())
    .bind(&request.requested_by)
    .bind(request.requester_id.map(|id| id.to_string()))
    .bind(request.for_person_id.to_string())
    .bind(request.entitlement_id.map(|id| id.to_string()))
    .bind(request.account_id.map(|id| id.to_string()))
    .bind(request.grant_id.map(|id| id.to_string()))
    .bind(span(request.duration))
    .bind(span(request.asked_duration))
    .bind(&request.reason)
    .bind(flag(request.is_emergency))
    .bind(&request.policy_snapshot)
    .bind(&request.outcome)
    .bind(micros(request.deadline_at))
    .bind(micros(request.created_at))
    .bind(micros_opt(request.closed_at))
    .bind(request.version)
    .bind(request.bundle_id.map(|id| id.to_string()))
    .bind(json_text("form_data", &request.form)?)
    .execute(conn)
    .await?;
    Ok(())
}

/// Writes what became of a request at this instant, and counts its version up.
///
/// # Errors
/// [`Error::Stale`] when somebody changed it since.
pub async fn update(conn: &mut Connection, request: &mut Request, now: Timestamp) -> Result<()> {
    let written = sqlx::query(
        "UPDATE request SET state = $2, account_id = $3, grant_id = $4, duration = $5, asked_duration = $6, \
         emergency = $7, policy_snapshot = $8, outcome = $9, deadline_at = $10, updated_at = $11, closed_at = $12, \
         claim_until = $14, started_at = $15, version = version + 1 WHERE id = $1 AND version = $13",
    )
    .bind(request.id.to_string())
    .bind(request.state.name())
    .bind(request.account_id.map(|id| id.to_string()))
    .bind(request.grant_id.map(|id| id.to_string()))
    .bind(span(request.duration))
    .bind(span(request.asked_duration))
    .bind(flag(request.is_emergency))
    .bind(&request.policy_snapshot)
    .bind(&request.outcome)
    .bind(micros(request.deadline_at))
    .bind(micros(now))
    .bind(micros_opt(request.closed_at))
    .bind(request.version)
    .bind(micros_opt(request.claim_until))
    .bind(micros_opt(request.started_at))
    .execute(conn)
    .await?;
    if written.rows_affected() == 0 {
        return Err(Error::Stale { kind: "request", id: request.id.to_string() });
    }
    (request.version, request.updated_at) = (request.version + 1, now);
    Ok(())
}

/// The request with this id.
///
/// # Errors
/// When the database refuses.
pub async fn find(conn: &mut Connection, tenant: TenantId, id: RequestId) -> Result<Option<Request>> {
    let sql = format!("SELECT {COLUMNS} FROM request WHERE tenant_id = $1 AND id = $2");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Request::read).transpose()
}

/// The request with this id; nobody else changes it until the change is over.
///
/// # Errors
/// When the database refuses.
pub async fn find_for_update(tx: &mut Tx, id: RequestId) -> Result<Option<Request>> {
    let sql = format!("SELECT {COLUMNS} FROM request WHERE tenant_id = $1 AND id = $2{}", tx.engine().for_update());
    let tenant = tx.tenant().to_string();
    let row = sqlx::query(AssertSqlSafe(sql)).bind(tenant).bind(id.to_string()).fetch_optional(tx.conn()).await?;
    row.as_ref().map(Request::read).transpose()
}

/// The open request of this kind of a person for the same (R-Q-3).
///
/// # Errors
/// When the database refuses.
pub async fn open_for(
    conn: &mut Connection,
    person: PersonId,
    kind: Kind,
    app: AppId,
    entitlement: Option<EntitlementId>,
) -> Result<Option<Request>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM request WHERE for_person_id = $1 AND kind = $2 AND app_id = $3 \
         AND COALESCE(entitlement_id, '') = $4 AND state IN ('open', 'approved')"
    );
    let row = sqlx::query(AssertSqlSafe(sql))
        .bind(person.to_string())
        .bind(kind.name())
        .bind(app.to_string())
        .bind(entitlement.map(|id| id.to_string()).unwrap_or_default())
        .fetch_optional(conn)
        .await?;
    row.as_ref().map(Request::read).transpose()
}

/// The requests that end when this person leaves: what is open, by them or for them; and what is being given to them.
///
/// # Errors
/// When the database refuses.
pub async fn open_of_person(conn: &mut Connection, person: PersonId) -> Result<Vec<RequestId>> {
    let sql = "SELECT id FROM request WHERE ((for_person_id = $1 OR requester_id = $1) AND state = 'open') \
         OR (for_person_id = $1 AND state = 'approved' AND kind <> 'revoke') ORDER BY id";
    let rows = sqlx::query(sql).bind(person.to_string()).fetch_all(conn).await?;
    rows.iter().map(|row| row.parsed("id")).collect()
}

/// Which requests a list holds.
#[derive(Debug, Clone, Default)]
pub struct Filter {
    /// Only those in this state.
    pub state: Option<State>,
    /// Only those of this app.
    pub app: Option<AppId>,
    /// Only those for this person.
    pub person: Option<PersonId>,
    /// Only those that were asked for with this bundle.
    pub bundle: Option<BundleId>,
    /// Only those that concern this person: asked by, for, or waiting for them; none for all.
    pub concerning: Option<PersonId>,
}

/// Requests, the newest first.
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    filter: &Filter,
    paging: Paging<'_>,
) -> Result<Page<Request>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM request WHERE tenant_id = $1 AND ($2 = '' OR id < $2) AND ($3 = '' OR state = $3) \
         AND ($4 = '' OR app_id = $4) AND ($5 = '' OR for_person_id = $5) AND ($6 = '' OR for_person_id = $6 \
         OR requester_id = $6 OR id IN (SELECT request_id FROM request_assignee WHERE person_id = $6)) \
         AND ($8 = '' OR bundle_id = $8) ORDER BY id DESC LIMIT $7"
    );
    let [before] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(before.to_owned())
        .bind(filter.state.map(State::name).unwrap_or_default())
        .bind(filter.app.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.person.map(|id| id.to_string()).unwrap_or_default())
        .bind(filter.concerning.map(|id| id.to_string()).unwrap_or_default())
        .bind(paging.fetch())
        .bind(filter.bundle.map(|id| id.to_string()).unwrap_or_default())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Request::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |request: &Request| request.id.to_string()))
}

/// The requests that wait for a decision of this person, the newest first.
///
/// # Errors
/// [`Error::Cursor`], or when the database refuses.
pub async fn inbox(conn: &mut Connection, person: PersonId, paging: Paging<'_>) -> Result<Page<Request>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM request WHERE ($2 = '' OR id < $2) AND state = 'open' AND id IN \
         (SELECT request_id FROM request_assignee WHERE person_id = $1 AND is_open = 1) ORDER BY id DESC LIMIT $3"
    );
    let [before] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(person.to_string())
        .bind(before.to_owned())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Request::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |request: &Request| request.id.to_string()))
}
