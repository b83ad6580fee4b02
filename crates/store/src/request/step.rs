//! Approval steps and their assignees.

use domain::step::State;
use ids::{PersonId, RequestId};
use jiff::Timestamp;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::Result;
use crate::row::{RowExt as _, flag, micros_opt};

/// A step of a request.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Step {
    /// Its request.
    pub request_id: RequestId,
    /// Restarting a request begins a new round.
    pub round: i64,
    /// Its place in the chain, from 1.
    pub number: i64,
    /// How far it has come.
    pub state: State,
    /// The step as the policy has it: JSON text.
    pub definition: String,
    /// When it was opened.
    pub opened_at: Option<Timestamp>,
    /// When its assignees are reminded; none when they were, or it may take any time.
    pub remind_at: Option<Timestamp>,
    /// When it takes too long; none once that was dealt with.
    pub due_at: Option<Timestamp>,
    /// When it was decided.
    pub decided_at: Option<Timestamp>,
    /// By whom, as audit rows name actors.
    pub decided_by: Option<String>,
    /// For whom, when a delegate decided.
    pub decided_for: Option<PersonId>,
    /// How, when nobody did.
    pub how: Option<String>,
    /// Why.
    pub reason: Option<String>,
}

impl Step {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            request_id: row.parsed("request_id")?,
            round: row.number("round")?,
            number: row.number("number")?,
            state: row.parsed("state")?,
            definition: row.text("definition")?,
            opened_at: row.instant_opt("opened_at")?,
            remind_at: row.instant_opt("remind_at")?,
            due_at: row.instant_opt("due_at")?,
            decided_at: row.instant_opt("decided_at")?,
            decided_by: row.text_opt("decided_by")?,
            decided_for: row.parsed_opt("decided_for")?,
            how: row.text_opt("how")?,
            reason: row.text_opt("reason")?,
        })
    }
}

/// Somebody who has to decide a step, or had to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Assignee {
    /// Who.
    pub person_id: PersonId,
    /// For whom, when they stand in for somebody.
    pub on_behalf_of: Option<PersonId>,
    /// How often the step was handed on before it came to them.
    pub hops: i64,
    /// Whether they may still decide.
    pub is_open: bool,
}

/// Writes the steps of a new round down.
///
/// # Errors
/// When the database refuses.
pub async fn insert_steps(conn: &mut Connection, steps: &[Step]) -> Result<()> {
    for step in steps {
        sqlx::query(
            "INSERT INTO request_step (request_id, round, number, state, definition, opened_at, due_at, decided_at, \
             decided_by, decided_for, how, reason, remind_at) \
             VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13)",
        )
        .bind(step.request_id.to_string())
        .bind(step.round)
        .bind(step.number)
        .bind(step.state.name())
        .bind(&step.definition)
        .bind(micros_opt(step.opened_at))
        .bind(micros_opt(step.due_at))
        .bind(micros_opt(step.decided_at))
        .bind(&step.decided_by)
        .bind(step.decided_for.map(|id| id.to_string()))
        .bind(&step.how)
        .bind(&step.reason)
        .bind(micros_opt(step.remind_at))
        .execute(&mut *conn)
        .await?;
    }
    Ok(())
}

/// Writes what became of a step.
///
/// # Errors
/// When the database refuses.
pub async fn update_step(conn: &mut Connection, step: &Step) -> Result<()> {
    sqlx::query(
        "UPDATE request_step SET state = $4, opened_at = $5, due_at = $6, decided_at = $7, decided_by = $8, \
         decided_for = $9, how = $10, reason = $11, remind_at = $12 \
         WHERE request_id = $1 AND round = $2 AND number = $3",
    )
    .bind(step.request_id.to_string())
    .bind(step.round)
    .bind(step.number)
    .bind(step.state.name())
    .bind(micros_opt(step.opened_at))
    .bind(micros_opt(step.due_at))
    .bind(micros_opt(step.decided_at))
    .bind(&step.decided_by)
    .bind(step.decided_for.map(|id| id.to_string()))
    .bind(&step.how)
    .bind(&step.reason)
    .bind(micros_opt(step.remind_at))
    .execute(conn)
    .await?;
    Ok(())
}

/// All steps of a request, round by round.
///
/// # Errors
/// When the database refuses.
pub async fn steps(conn: &mut Connection, request: RequestId) -> Result<Vec<Step>> {
    let rows = sqlx::query(
        "SELECT request_id, round, number, state, definition, opened_at, due_at, decided_at, decided_by, decided_for, \
         how, reason, remind_at FROM request_step WHERE request_id = $1 ORDER BY round, number",
    )
    .bind(request.to_string())
    .fetch_all(conn)
    .await?;
    rows.iter().map(Step::read).collect()
}

/// The step of a request that is open.
///
/// # Errors
/// When the database refuses.
pub async fn open_step(conn: &mut Connection, request: RequestId) -> Result<Option<Step>> {
    Ok(steps(conn, request).await?.into_iter().find(|step| step.state == State::Open))
}

/// Makes somebody an assignee of a step.
///
/// # Errors
/// When the database refuses.
pub async fn assign(conn: &mut Connection, step: &Step, assignee: &Assignee) -> Result<()> {
    sqlx::query(
        "INSERT INTO request_assignee (request_id, round, number, person_id, on_behalf_of, hops, is_open) \
         VALUES ($1, $2, $3, $4, $5, $6, $7) ON CONFLICT (request_id, round, number, person_id) \
         DO UPDATE SET on_behalf_of = $5, hops = $6, is_open = $7",
    )
    .bind(step.request_id.to_string())
    .bind(step.round)
    .bind(step.number)
    .bind(assignee.person_id.to_string())
    .bind(assignee.on_behalf_of.map(|id| id.to_string()))
    .bind(assignee.hops)
    .bind(flag(assignee.is_open))
    .execute(conn)
    .await?;
    Ok(())
}

/// The assignees of a step, those of earlier included.
///
/// # Errors
/// When the database refuses.
pub async fn assignees(conn: &mut Connection, step: &Step) -> Result<Vec<Assignee>> {
    let rows = sqlx::query(
        "SELECT person_id, on_behalf_of, hops, is_open FROM request_assignee \
         WHERE request_id = $1 AND round = $2 AND number = $3 ORDER BY person_id",
    )
    .bind(step.request_id.to_string())
    .bind(step.round)
    .bind(step.number)
    .fetch_all(conn)
    .await?;
    let assignee = |row: &AnyRow| {
        Ok(Assignee {
            person_id: row.parsed("person_id")?,
            on_behalf_of: row.parsed_opt("on_behalf_of")?,
            hops: row.number("hops")?,
            is_open: row.flag("is_open")?,
        })
    };
    rows.iter().map(assignee).collect()
}

/// Nobody has to decide this step any more.
///
/// # Errors
/// When the database refuses.
pub async fn close_assignees(conn: &mut Connection, step: &Step) -> Result<()> {
    sqlx::query(
        "UPDATE request_assignee SET is_open = 0 WHERE request_id = $1 AND round = $2 AND number = $3 AND is_open = 1",
    )
    .bind(step.request_id.to_string())
    .bind(step.round)
    .bind(step.number)
    .execute(conn)
    .await?;
    Ok(())
}

/// The requests that wait for this person.
///
/// # Errors
/// When the database refuses.
pub async fn waiting_for(conn: &mut Connection, person: PersonId) -> Result<Vec<RequestId>> {
    let sql =
        "SELECT DISTINCT request_id FROM request_assignee WHERE person_id = $1 AND is_open = 1 ORDER BY request_id";
    let rows = sqlx::query(sql).bind(person.to_string()).fetch_all(conn).await?;
    rows.iter().map(|row| row.parsed("request_id")).collect()
}

/// Whether a step of the request was ever this person's to decide, or somebody stood in for them.
///
/// # Errors
/// When the database refuses.
pub async fn is_assigned(conn: &mut Connection, request: RequestId, person: PersonId) -> Result<bool> {
    let sql =
        "SELECT 1 AS one FROM request_assignee WHERE request_id = $1 AND (person_id = $2 OR on_behalf_of = $2) LIMIT 1";
    let row = sqlx::query(sql).bind(request.to_string()).bind(person.to_string()).fetch_optional(conn).await?;
    Ok(row.is_some())
}
