//! What people say about a request.

use ids::RequestId;
use jiff::Timestamp;

use crate::error::Result;
use crate::row::{RowExt as _, micros};
use crate::{Connection, Tx};

/// A comment.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Comment {
    /// When.
    pub at: Timestamp,
    /// By whom, as audit rows name actors.
    pub author: String,
    /// What.
    pub text: String,
}

/// Adds a comment of this instant.
///
/// # Errors
/// When the database refuses.
pub async fn add_comment(tx: &mut Tx, request: RequestId, author: &str, text: &str) -> Result<()> {
    let now = tx.now();
    let id = RequestId::new(now, tx.rng());
    sqlx::query("INSERT INTO request_comment (request_id, id, at, author, text) VALUES ($1, $2, $3, $4, $5)")
        .bind(request.to_string())
        .bind(id.to_string())
        .bind(micros(now))
        .bind(author.to_owned())
        .bind(text.to_owned())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// The comments of a request, the oldest first.
///
/// # Errors
/// When the database refuses.
pub async fn comments(conn: &mut Connection, request: RequestId) -> Result<Vec<Comment>> {
    let rows = sqlx::query("SELECT at, author, text FROM request_comment WHERE request_id = $1 ORDER BY id LIMIT 1000")
        .bind(request.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter()
        .map(|row| Ok(Comment { at: row.instant("at")?, author: row.text("author")?, text: row.text("text")? }))
        .collect()
}
