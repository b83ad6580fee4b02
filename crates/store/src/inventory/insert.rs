//! Many rows with few statements.
//!
//! One statement takes [`ROWS`] rows, so that the hand-over to the database is paid once for all of them; what is the same
//! in every row is bound once. Both engines keep the prepared statement.

use std::sync::Arc;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::Connection;
use crate::error::Result;

/// How many rows a statement takes. SQLite allows 32,766 values in a statement.
pub(super) const ROWS: usize = 1_000;

pub(super) type Bound<'q> = Query<'q, Any, AnyArguments>;

/// A row that many are written of.
pub(super) trait Insert: Sized {
    /// The table.
    const TABLE: &'static str;
    /// The columns that are the same in every row, with what they get: `$1`… or a constant.
    const SHARED: &'static [(&'static str, &'static str)];
    /// The columns of the row.
    const COLUMNS: &'static [&'static str];

    /// Binds the columns of the row, in their order.
    fn bind(self, query: Bound<'_>) -> Bound<'_>;
}

/// The statement for this many rows; the values of the rows come after `shared` bound ones.
fn statement<R: Insert>(rows: usize, shared: usize) -> String {
    let columns: Vec<&str> = R::SHARED.iter().map(|(name, _)| *name).chain(R::COLUMNS.iter().copied()).collect();
    let constants: Vec<&str> = R::SHARED.iter().map(|(_, value)| *value).collect();
    let constants = constants.join(", ");
    let mut sql = format!("INSERT INTO {} ({}) VALUES ", R::TABLE, columns.join(", "));
    let mut next = shared;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        sql.push_str(&constants);
        for _ in R::COLUMNS {
            next += 1;
            sql.push_str(", $");
            sql.push_str(&next.to_string());
        }
        sql.push(')');
    }
    sql
}

/// Writes the rows; `shared` are the values of `$1`….
pub(super) async fn insert<R: Insert>(conn: &mut Connection, shared: &[Shared], rows: Vec<R>) -> Result<()> {
    let full: Option<Arc<str>> = (rows.len() >= ROWS).then(|| statement::<R>(ROWS, shared.len()).into());
    let mut rows = rows.into_iter();
    loop {
        let batch: Vec<R> = rows.by_ref().take(ROWS).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let sql = match &full {
            Some(full) if batch.len() == ROWS => sqlx::query(AssertSqlSafe(Arc::clone(full))),
            _ => sqlx::query(AssertSqlSafe(statement::<R>(batch.len(), shared.len()))).persistent(false),
        };
        let mut query = sql;
        for value in shared {
            query = value.bind(query);
        }
        for row in batch {
            query = row.bind(query);
        }
        query.execute(&mut *conn).await?;
    }
}

/// A value that every row has.
#[derive(Debug, Clone)]
pub(super) enum Shared {
    Text(String),
    Number(i64),
}

impl Shared {
    pub(super) fn text(value: &impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    fn bind<'q>(&self, query: Bound<'q>) -> Bound<'q> {
        match self {
            Self::Text(text) => query.bind(text.clone()),
            Self::Number(number) => query.bind(*number),
        }
    }
}
