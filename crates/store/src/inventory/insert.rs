//! Many rows with few statements.
//!
//! One statement takes [`ROWS`] rows, so that the hand-over to the database is paid once for all of them; what is the same
//! in every row is bound once. Both engines keep the prepared statement.

use std::sync::Arc;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use crate::Connection;
use crate::engine::Engine;
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

    /// How many of the shared values it uses.
    fn shared_values() -> usize {
        Self::SHARED.iter().filter(|(_, value)| value.starts_with('$')).count()
    }

    /// Binds the columns of the row, in their order.
    fn bind(self, query: Bound<'_>) -> Bound<'_>;
}

/// The statement for this many rows; the shared values come after those of the rows.
fn statement<R: Insert>(engine: Engine, rows: usize) -> String {
    let columns: Vec<&str> = R::SHARED.iter().map(|(name, _)| *name).chain(R::COLUMNS.iter().copied()).collect();
    let values = rows * R::COLUMNS.len();
    let shared = R::SHARED.iter().map(|(_, value)| match value.strip_prefix('$').map(str::parse::<usize>) {
        Some(Ok(number)) => format!("${}", values + number),
        _ => (*value).to_owned(),
    });
    let shared = shared.collect::<Vec<_>>().join(", ");
    let mut sql = format!("INSERT INTO {} ({}) VALUES ", R::TABLE, columns.join(", "));
    let mut number = 0;
    for row in 0..rows {
        sql.push_str(if row == 0 { "(" } else { ", (" });
        sql.push_str(&shared);
        for _ in R::COLUMNS {
            number += 1;
            sql.push_str(", ");
            sql.push_str(&engine.place(number));
        }
        sql.push(')');
    }
    sql
}

/// Writes the rows; `shared` are the values of `$1`… in [`Insert::SHARED`].
pub(super) async fn insert<R: Insert>(
    conn: &mut Connection,
    engine: Engine,
    shared: &[Shared],
    rows: Vec<R>,
) -> Result<()> {
    let full: Option<Arc<str>> = (rows.len() >= ROWS).then(|| statement::<R>(engine, ROWS).into());
    let mut rows = rows.into_iter();
    loop {
        let batch: Vec<R> = rows.by_ref().take(ROWS).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let mut query = match &full {
            Some(full) if batch.len() == ROWS => sqlx::query(AssertSqlSafe(Arc::clone(full))),
            _ => sqlx::query(AssertSqlSafe(statement::<R>(engine, batch.len()))).persistent(false),
        };
        for row in batch {
            query = row.bind(query);
        }
        for value in shared.iter().take(R::shared_values()) {
            query = value.bind(query);
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
