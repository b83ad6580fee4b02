//! What people are told: one row per person and channel.
//!
//! Source: governance §1.18.

pub mod mail;
mod open;

use domain::notice::{Channel, Payload, State, Template};
use ids::{NoticeId, PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, json_text, micros, micros_opt};

pub use open::{let_end, lets_end, open_tasks};

const COLUMNS: &str = "id, person_id, channel, template, fold, payload, dedupe_key, state, note, attempts, \
     next_try_at, mail_id, sent_at, read_at, created_at";

/// A notice.
#[derive(Debug, Clone, PartialEq)]
pub struct Notice {
    /// Its id.
    pub id: NoticeId,
    /// Who is told.
    pub person_id: PersonId,
    /// How.
    pub channel: Channel,
    /// What about.
    pub template: Template,
    /// What shares one mail an hour: a name.
    pub fold: String,
    /// What exactly.
    pub payload: Payload,
    /// The same is told to one person over one channel once.
    pub dedupe_key: String,
    /// What became of it.
    pub state: State,
    /// Why it was not sent.
    pub note: Option<String>,
    /// How often it was tried to send it.
    pub attempts: i64,
    /// When it is sent, or tried again.
    pub next_try_at: Option<Timestamp>,
    /// The mail that it is part of, once somebody began to send it.
    pub mail_id: Option<NoticeId>,
    /// When it was sent.
    pub sent_at: Option<Timestamp>,
    /// When the person had read it.
    pub read_at: Option<Timestamp>,
    /// When it happened.
    pub created_at: Timestamp,
}

impl Notice {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            person_id: row.parsed("person_id")?,
            channel: row.parsed("channel")?,
            template: row.parsed("template")?,
            fold: row.text("fold")?,
            payload: row.json("payload")?,
            dedupe_key: row.text("dedupe_key")?,
            state: row.parsed("state")?,
            note: row.text_opt("note")?,
            attempts: row.number("attempts")?,
            next_try_at: row.instant_opt("next_try_at")?,
            mail_id: row.parsed_opt("mail_id")?,
            sent_at: row.instant_opt("sent_at")?,
            read_at: row.instant_opt("read_at")?,
            created_at: row.instant("created_at")?,
        })
    }
}

/// Writes a notice down, unless the person was told the same over the same channel. Returns whether it is new.
///
/// # Errors
/// When the database refuses.
pub async fn insert(conn: &mut Connection, tenant: TenantId, notice: &Notice) -> Result<bool> {
    let done = sqlx::query(
        "INSERT INTO notice (id, tenant_id, person_id, channel, template, fold, payload, dedupe_key, state, note, \
         attempts, next_try_at, mail_id, sent_at, read_at, created_at) \
         VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15, $16) \
         ON CONFLICT (person_id, channel, dedupe_key) DO NOTHING",
    )
    .bind(notice.id.to_string())
    .bind(tenant.to_string())
    .bind(notice.person_id.to_string())
    .bind(notice.channel.name())
    .bind(notice.template.name())
    .bind(&notice.fold)
    .bind(json_text("payload", &notice.payload)?)
    .bind(&notice.dedupe_key)
    .bind(notice.state.name())
    .bind(&notice.note)
    .bind(notice.attempts)
    .bind(micros_opt(notice.next_try_at))
    .bind(notice.mail_id.map(|id| id.to_string()))
    .bind(micros_opt(notice.sent_at))
    .bind(micros_opt(notice.read_at))
    .bind(micros(notice.created_at))
    .execute(conn)
    .await?;
    Ok(done.rows_affected() > 0)
}

/// What is in the inbox of a person, the newest first.
///
/// # Errors
/// [`crate::Error::Cursor`], or when the database refuses.
pub async fn inbox(
    conn: &mut Connection,
    person: PersonId,
    unread_only: bool,
    paging: Paging<'_>,
) -> Result<Page<Notice>> {
    let unread = if unread_only { " AND read_at IS NULL" } else { "" };
    let sql = format!(
        "SELECT {COLUMNS} FROM notice WHERE person_id = $1 AND channel = 'inbox' AND ($2 = '' OR id < $2){unread} \
         ORDER BY id DESC LIMIT $3"
    );
    let [before] = paging.parts::<1>()?.unwrap_or_default();
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(person.to_string())
        .bind(before.to_owned())
        .bind(paging.fetch())
        .fetch_all(conn)
        .await?;
    let rows = rows.iter().map(Notice::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |notice: &Notice| notice.id.to_string()))
}

/// How much is in the inbox of a person.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// What they have not read.
    pub unread: i64,
    /// Mails to them that were not sent and will not be.
    pub unsent: i64,
}

/// How much is in the inbox of a person.
///
/// # Errors
/// When the database refuses.
pub async fn counts(conn: &mut Connection, person: PersonId) -> Result<Counts> {
    let sql = "SELECT (SELECT COUNT(*) FROM notice WHERE person_id = $1 AND channel = 'inbox' AND read_at IS NULL) \
         AS unread, (SELECT COUNT(*) FROM notice WHERE person_id = $1 AND channel = 'email' \
         AND state IN ('failed', 'suppressed')) AS unsent";
    let row = sqlx::query(sql).bind(person.to_string()).fetch_one(conn).await?;
    Ok(Counts { unread: row.number("unread")?, unsent: row.number("unsent")? })
}

/// Something in the inbox of a person.
///
/// # Errors
/// When the database refuses.
pub async fn in_inbox(conn: &mut Connection, person: PersonId, id: NoticeId) -> Result<Option<Notice>> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE id = $1 AND person_id = $2 AND channel = 'inbox'");
    let query = sqlx::query(AssertSqlSafe(sql)).bind(id.to_string()).bind(person.to_string());
    query.fetch_optional(conn).await?.as_ref().map(Notice::read).transpose()
}

/// Notes that a person has read something, or everything, in their inbox. Returns how much they had not read before.
///
/// # Errors
/// When the database refuses.
pub async fn mark_read(conn: &mut Connection, person: PersonId, id: Option<NoticeId>, now: Timestamp) -> Result<u64> {
    let sql = "UPDATE notice SET read_at = $3 \
         WHERE person_id = $1 AND channel = 'inbox' AND read_at IS NULL AND ($2 = '' OR id = $2)";
    let done = sqlx::query(sql)
        .bind(person.to_string())
        .bind(id.map(|id| id.to_string()).unwrap_or_default())
        .bind(micros(now))
        .execute(conn)
        .await?;
    Ok(done.rows_affected())
}

/// Removes what is older than this and waits for nothing. Returns how many rows, at most `limit`.
///
/// # Errors
/// When the database refuses.
pub async fn forget(conn: &mut Connection, before: Timestamp, limit: u32) -> Result<u64> {
    let sql = "DELETE FROM notice WHERE id IN \
         (SELECT id FROM notice WHERE created_at < $1 AND state <> 'queued' ORDER BY created_at LIMIT $2)";
    let done = sqlx::query(sql).bind(micros(before)).bind(i64::from(limit)).execute(conn).await?;
    Ok(done.rows_affected())
}
