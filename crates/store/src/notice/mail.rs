//! Notices that go by mail: which go together, who sends them, what became of them.
//!
//! A mail is a set of notices of one person that fold together. Whoever sends it leases it first, so that nobody else
//! does at the same time; once it has begun, nothing more is added to it, and it keeps its id, whatever happens.

use domain::notice::Channel;
use ids::{NoticeId, PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::{COLUMNS, Notice};
use crate::error::Result;
use crate::row::{RowExt as _, micros, micros_opt};
use crate::{Connection, Tx};

/// How many notices one mail tells of.
const MOST: u32 = 500;

/// When the next mail is due, if any waits.
///
/// # Errors
/// When the database refuses.
pub async fn next_due(conn: &mut Connection, tenant: TenantId) -> Result<Option<Timestamp>> {
    let sql = "SELECT MIN(next_try_at) AS at FROM notice WHERE tenant_id = $1 AND state = 'queued' AND channel = $2";
    let query = sqlx::query(sql).bind(tenant.to_string()).bind(Channel::Email.name());
    query.fetch_one(conn).await?.instant_opt("at")
}

/// The notice that is due first, which nobody else takes until the change is over.
///
/// # Errors
/// When the database refuses.
pub async fn first_due(tx: &mut Tx) -> Result<Option<Notice>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notice WHERE tenant_id = $1 AND state = 'queued' AND channel = $2 AND next_try_at <= $3 \
         ORDER BY next_try_at, id LIMIT 1{}",
        tx.engine().skip_locked()
    );
    let (tenant, now) = (tx.tenant().to_string(), micros(tx.now()));
    let query = sqlx::query(AssertSqlSafe(sql)).bind(tenant).bind(Channel::Email.name()).bind(now);
    query.fetch_optional(tx.conn()).await?.as_ref().map(Notice::read).transpose()
}

/// The notices of a mail that was begun; the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn of_mail(conn: &mut Connection, mail: NoticeId) -> Result<Vec<Notice>> {
    let sql = format!("SELECT {COLUMNS} FROM notice WHERE mail_id = $1 AND state = 'queued' ORDER BY id");
    let rows = sqlx::query(AssertSqlSafe(sql)).bind(mail.to_string()).fetch_all(conn).await?;
    rows.iter().map(Notice::read).collect()
}

/// The notices of a person that fold together and are in no mail yet; those first that are due first.
///
/// # Errors
/// When the database refuses.
pub async fn waiting(conn: &mut Connection, person: PersonId, fold: &str) -> Result<Vec<Notice>> {
    let sql = format!(
        "SELECT {COLUMNS} FROM notice WHERE person_id = $1 AND channel = $2 AND fold = $3 AND state = 'queued' \
         AND mail_id IS NULL ORDER BY next_try_at, id LIMIT {MOST}"
    );
    let query = sqlx::query(AssertSqlSafe(sql)).bind(person.to_string()).bind(Channel::Email.name());
    query.bind(fold.to_owned()).fetch_all(conn).await?.iter().map(Notice::read).collect()
}

/// When the last mail of what folds so was sent to a person, and when one that was begun is tried again.
///
/// # Errors
/// When the database refuses.
pub async fn last(
    conn: &mut Connection,
    person: PersonId,
    fold: &str,
) -> Result<(Option<Timestamp>, Option<Timestamp>)> {
    let sql = "SELECT MAX(CASE WHEN state = 'sent' THEN sent_at END) AS sent, \
         MAX(CASE WHEN state = 'queued' AND mail_id IS NOT NULL THEN next_try_at END) AS begun \
         FROM notice WHERE person_id = $1 AND channel = $2 AND fold = $3";
    let query = sqlx::query(sql).bind(person.to_string()).bind(Channel::Email.name()).bind(fold.to_owned());
    let row = query.fetch_one(conn).await?;
    Ok((row.instant_opt("sent")?, row.instant_opt("begun")?))
}

/// Writes what became of a notice that waited. Of one that does not any more nothing changes.
///
/// # Errors
/// When the database refuses.
pub async fn update(conn: &mut Connection, notice: &Notice) -> Result<()> {
    sqlx::query(
        "UPDATE notice SET state = $2, note = $3, attempts = $4, next_try_at = $5, mail_id = $6, sent_at = $7 \
         WHERE id = $1 AND state = 'queued'",
    )
    .bind(notice.id.to_string())
    .bind(notice.state.name())
    .bind(&notice.note)
    .bind(notice.attempts)
    .bind(micros_opt(notice.next_try_at))
    .bind(notice.mail_id.map(|id| id.to_string()))
    .bind(micros_opt(notice.sent_at))
    .execute(conn)
    .await?;
    Ok(())
}
