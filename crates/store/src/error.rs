//! What can go wrong with the store.

use std::time::Duration;

/// Whether trying again can help.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Retry {
    /// No.
    Never,
    /// Yes, at the earliest after this time.
    After(Duration),
}

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The database cannot be opened.
    #[error("open the {what}")]
    Open {
        /// Which one; says nothing secret.
        what: String,
        /// Why.
        #[source]
        source: sqlx::Error,
    },
    /// The database cannot be brought to this version's schema.
    #[error("bring the database to the schema of this version")]
    Migrate(#[source] sqlx::migrate::MigrateError),
    /// The location is not one.
    #[error("`{0}` is not a database; hint: give a folder for SQLite, or postgres://USER@HOST/NAME")]
    Location(String),
    /// The database is locked, restarting, or gone for the moment.
    #[error("the database is not available at the moment")]
    Unavailable(#[source] sqlx::Error),
    /// A rule of the schema was broken: somebody else was faster.
    #[error("`{constraint}` does not hold")]
    Conflict {
        /// The name of the index or constraint, as far as the engine tells.
        constraint: String,
        /// The engine's words.
        #[source]
        source: sqlx::Error,
    },
    /// The row was changed since it was read.
    #[error("the {kind} `{id}` has changed meanwhile")]
    Stale {
        /// The kind of object.
        kind: &'static str,
        /// Its id.
        id: String,
    },
    /// What names the next page of a list does not.
    #[error("this is no cursor of this list; hint: begin with the first page")]
    Cursor,
    /// A stored value cannot be what it is.
    #[error("column `{column}` holds what it cannot hold")]
    Corrupt {
        /// The column.
        column: String,
        /// What is wrong.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The disk is full.
    #[error("no space is left for the database; hint: free some, nothing was lost")]
    Full(#[source] sqlx::Error),
    /// Anything else that the database says.
    #[error("ask the database")]
    Database(#[source] sqlx::Error),
}

/// The result of asking the store.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl Error {
    /// Whether trying again can help.
    #[must_use]
    pub fn retry(&self) -> Retry {
        match self {
            Self::Unavailable(_) => Retry::After(Duration::from_millis(200)),
            Self::Full(_) => Retry::After(Duration::from_secs(30)),
            _ => Retry::Never,
        }
    }

    /// Whether this unique index or constraint was broken. The engines name them differently: SQLite tells the columns.
    #[must_use]
    pub fn is_conflict(&self) -> bool {
        matches!(self, Self::Conflict { .. })
    }

    pub(crate) fn corrupt(column: &str, source: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Corrupt { column: column.to_owned(), source: source.into() }
    }
}

impl From<sqlx::Error> for Error {
    fn from(error: sqlx::Error) -> Self {
        match &error {
            sqlx::Error::Io(_) | sqlx::Error::PoolTimedOut | sqlx::Error::PoolClosed | sqlx::Error::WorkerCrashed => {
                Self::Unavailable(error)
            }
            sqlx::Error::Database(database) if database.is_unique_violation() => {
                let constraint = database.constraint().unwrap_or_else(|| database.message()).to_owned();
                Self::Conflict { constraint, source: error }
            }
            sqlx::Error::Database(database) => {
                // SQLite gives its extended result code as a decimal number, PostgreSQL five characters.
                let code = database.code().unwrap_or_default();
                let primary = code.parse::<u32>().map(|code| code & 0xff);
                match (primary, code.as_ref()) {
                    _ if code.len() == 5 && is_passing(&code) => Self::Unavailable(error),
                    (_, "53100") => Self::Full(error),
                    (Ok(5 | 6), sqlite) if sqlite.len() < 5 => Self::Unavailable(error),
                    (Ok(13), sqlite) if sqlite.len() < 5 => Self::Full(error),
                    _ => Self::Database(error),
                }
            }
            _ => Self::Database(error),
        }
    }
}

/// PostgreSQL's codes for what passes by itself: connection lost (08), too many connections (53300), shutting down or
/// starting (57P), serialisation failure and deadlock (40).
fn is_passing(code: &str) -> bool {
    ["08", "40001", "40P01", "53300", "57P01", "57P02", "57P03"].iter().any(|passing| code.starts_with(passing))
}
