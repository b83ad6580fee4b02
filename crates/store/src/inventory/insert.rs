//! Many rows with few statements.
//!
//! What the hand-over to the database costs is paid once for many rows, in the way that is cheapest for each engine: SQLite
//! binds every value of [`ROWS`] rows; PostgreSQL takes each column of all rows as one array, because thousands of values
//! cost it more than the rows that they make. What is the same in every row is bound once.

use std::sync::Arc;

use sqlx::any::AnyArguments;
use sqlx::query::Query;
use sqlx::{Any, AssertSqlSafe};

use super::array::Array;
use crate::Connection;
use crate::engine::Engine;
use crate::error::Result;

/// How many rows a statement of SQLite takes, which allows 32,766 values in a statement.
const ROWS: usize = 1_000;

type Bound<'q> = Query<'q, Any, AnyArguments>;

/// A row that many are written of.
pub(crate) trait Insert: Sized {
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

    /// Gives the columns of the row, in their order, each with the same type in all rows.
    fn give(self, to: &mut impl Values);
}

/// Takes the values of rows, column by column.
pub(crate) trait Values {
    fn text(&mut self, value: impl AsRef<str> + Into<String>);
    fn text_opt(&mut self, value: Option<String>);
    fn number(&mut self, value: i64);
    fn number_opt(&mut self, value: Option<i64>);
    fn bytes(&mut self, value: &[u8]);
}

/// Writes the rows; `shared` are the values of `$1`… in [`Insert::SHARED`].
pub(crate) async fn insert<R: Insert>(
    conn: &mut Connection,
    engine: Engine,
    shared: &[Shared],
    rows: Vec<R>,
) -> Result<()> {
    if rows.is_empty() {
        return Ok(());
    }
    let shared = shared.get(..R::shared_values()).unwrap_or(shared);
    match engine {
        Engine::Sqlite => values(conn, shared, rows).await,
        Engine::Postgres => arrays(conn, shared, rows).await,
    }
}

/// The beginning of the statement, and the shared values, which come after `values` others.
fn beginning<R: Insert>(values: usize) -> (String, String) {
    let columns: Vec<&str> = R::SHARED.iter().map(|(name, _)| *name).chain(R::COLUMNS.iter().copied()).collect();
    let shared = R::SHARED.iter().map(|(_, value)| match value.strip_prefix('$').map(str::parse::<usize>) {
        Some(Ok(number)) => format!("${}", values + number),
        _ => (*value).to_owned(),
    });
    (format!("INSERT INTO {} ({})", R::TABLE, columns.join(", ")), shared.collect::<Vec<_>>().join(", "))
}

/// The values of the rows have no numbers: SQLite looks a numbered one up along the list of all of them.
fn statement_of_values<R: Insert>(rows: usize) -> String {
    let (mut sql, shared) = beginning::<R>(rows * R::COLUMNS.len());
    let row = format!("({shared}{})", ", ?".repeat(R::COLUMNS.len()));
    for number in 0..rows {
        sql.push_str(if number == 0 { " VALUES " } else { ", " });
        sql.push_str(&row);
    }
    sql
}

async fn values<R: Insert>(conn: &mut Connection, shared: &[Shared], rows: Vec<R>) -> Result<()> {
    let full: Option<Arc<str>> = (rows.len() >= ROWS).then(|| statement_of_values::<R>(ROWS).into());
    let mut rows = rows.into_iter();
    loop {
        let batch: Vec<R> = rows.by_ref().take(ROWS).collect();
        if batch.is_empty() {
            return Ok(());
        }
        let query = match &full {
            Some(full) if batch.len() == ROWS => sqlx::query(AssertSqlSafe(Arc::clone(full))),
            _ => sqlx::query(AssertSqlSafe(statement_of_values::<R>(batch.len()))).persistent(false),
        };
        let mut values = Singles(Some(query));
        for row in batch {
            row.give(&mut values);
        }
        if let Singles(Some(query)) = values {
            bind_shared(query, shared).execute(&mut *conn).await?;
        }
    }
}

async fn arrays<R: Insert>(conn: &mut Connection, shared: &[Shared], rows: Vec<R>) -> Result<()> {
    let mut arrays = Arrays { columns: R::COLUMNS.iter().map(|_| Array::default()).collect(), next: 0 };
    for row in rows {
        row.give(&mut arrays);
    }
    let (beginning, shared_values) = beginning::<R>(arrays.columns.len());
    let expressions = (1..).zip(&arrays.columns).map(|(number, column)| column.expression(number));
    let expressions = expressions.collect::<Vec<_>>().join(", ");
    let sql = format!("{beginning} SELECT {shared_values}, rows.* FROM UNNEST({expressions}) AS rows");
    let mut query = sqlx::query(AssertSqlSafe(sql));
    for column in arrays.columns {
        query = query.bind(column.into_text());
    }
    bind_shared(query, shared).execute(conn).await?;
    Ok(())
}

fn bind_shared<'q>(mut query: Bound<'q>, shared: &[Shared]) -> Bound<'q> {
    for value in shared {
        query = value.bind(query);
    }
    query
}

/// Each value is bound on its own.
struct Singles<'q>(Option<Bound<'q>>);

impl<'q> Singles<'q> {
    fn bind<T: sqlx::Encode<'q, Any> + sqlx::Type<Any> + 'q>(&mut self, value: T) {
        self.0 = self.0.take().map(|query| query.bind(value));
    }
}

impl Values for Singles<'_> {
    fn text(&mut self, value: impl AsRef<str> + Into<String>) {
        self.bind(value.into());
    }
    fn text_opt(&mut self, value: Option<String>) {
        self.bind(value);
    }
    fn number(&mut self, value: i64) {
        self.bind(value);
    }
    fn number_opt(&mut self, value: Option<i64>) {
        self.bind(value);
    }
    fn bytes(&mut self, value: &[u8]) {
        self.bind(value.to_vec());
    }
}

/// The columns of all rows.
struct Arrays {
    columns: Vec<Array>,
    /// The column of the next value.
    next: usize,
}

impl Arrays {
    fn column(&mut self) -> Option<&mut Array> {
        let column = self.next;
        self.next = (column + 1) % self.columns.len().max(1);
        self.columns.get_mut(column)
    }
}

impl Values for Arrays {
    fn text(&mut self, value: impl AsRef<str> + Into<String>) {
        self.column().into_iter().for_each(|column| column.text(Some(value.as_ref())));
    }
    fn text_opt(&mut self, value: Option<String>) {
        self.column().into_iter().for_each(|column| column.text(value.as_deref()));
    }
    fn number(&mut self, value: i64) {
        self.number_opt(Some(value));
    }
    fn number_opt(&mut self, value: Option<i64>) {
        self.column().into_iter().for_each(|column| column.number(value));
    }
    fn bytes(&mut self, value: &[u8]) {
        self.column().into_iter().for_each(|column| column.bytes(value));
    }
}

/// A value that every row has.
#[derive(Debug, Clone)]
pub(crate) enum Shared {
    Text(String),
    Number(i64),
}

impl Shared {
    pub(crate) fn text(value: &impl ToString) -> Self {
        Self::Text(value.to_string())
    }

    fn bind<'q>(&self, query: Bound<'q>) -> Bound<'q> {
        match self {
            Self::Text(text) => query.bind(text.clone()),
            Self::Number(number) => query.bind(*number),
        }
    }
}
