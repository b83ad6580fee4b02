//! An empty database per test, on either engine.
//!
//! Start at [`on_both_engines`](crate::on_both_engines), which writes one test for each.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::Context as _;

use crate::postgres;

/// An empty database, removed when dropped.
#[derive(Debug)]
pub struct Database {
    location: String,
    // Kept for what dropping it does.
    keep: Keep,
}

#[derive(Debug)]
enum Keep {
    Folder(#[expect(dead_code, reason = "removes the folder when dropped")] tempfile::TempDir),
    Postgres(String),
}

impl Drop for Keep {
    fn drop(&mut self) {
        if let Self::Postgres(name) = self {
            // The cluster is removed after the tests anyway.
            let _ = postgres::drop_database(name);
        }
    }
}

impl Database {
    /// A SQLite file in a folder of its own.
    ///
    /// # Errors
    /// When the folder cannot be made.
    pub fn sqlite() -> anyhow::Result<Self> {
        let folder = tempfile::tempdir()?;
        let path = folder.path().join("podium.db");
        let location = path.to_str().context("the temporary folder is UTF-8")?.to_owned();
        Ok(Self { location, keep: Keep::Folder(folder) })
    }

    /// A database in the cluster of this work tree.
    ///
    /// # Errors
    /// When the cluster does not run: start it with `cargo xtask postgres`.
    pub fn postgres() -> anyhow::Result<Self> {
        static COUNT: AtomicU64 = AtomicU64::new(0);
        let name = format!("t{}_{}", std::process::id(), COUNT.fetch_add(1, Ordering::Relaxed));
        // A test that was killed left its database behind under the number of a process that is gone.
        postgres::drop_database(&name)?;
        let location = postgres::create_database(&name)?;
        Ok(Self { location, keep: Keep::Postgres(name) })
    }

    /// Another empty one of the same engine.
    ///
    /// # Errors
    /// As when this one was made.
    pub fn another(&self) -> anyhow::Result<Self> {
        match &self.keep {
            Keep::Folder(_) => Self::sqlite(),
            Keep::Postgres(_) => Self::postgres(),
        }
    }

    /// What `Location::parse` takes: a path, or a `postgres://` URL.
    #[must_use]
    pub fn location(&self) -> &str {
        &self.location
    }

    /// Ends every connection to it, as a restart of PostgreSQL does; nothing on SQLite.
    ///
    /// # Errors
    /// When the cluster does not answer.
    pub fn disconnect_all(&self) -> anyhow::Result<()> {
        match &self.keep {
            Keep::Postgres(name) => postgres::disconnect_all(name),
            Keep::Folder(_) => Ok(()),
        }
    }
}

/// Writes two tests out of one: `NAME::sqlite` and `NAME::postgres`. The body gets a [`Database`] and may use `?`.
#[macro_export]
macro_rules! on_both_engines {
    ($($(#[$meta:meta])* async fn $name:ident($database:ident: Database) $body:block)*) => {$(
        mod $name {
            #[allow(unused_imports, reason = "the body may need what surrounds it")]
            use super::*;

            $(#[$meta])*
            async fn check($database: $crate::database::Database) -> $crate::anyhow::Result<()> {
                $body
                #[allow(unreachable_code, reason = "the body may return by itself")]
                Ok(())
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn sqlite() -> $crate::anyhow::Result<()> {
                check($crate::database::Database::sqlite()?).await
            }

            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn postgres() -> $crate::anyhow::Result<()> {
                check($crate::database::Database::postgres()?).await
            }
        }
    )*};
}
