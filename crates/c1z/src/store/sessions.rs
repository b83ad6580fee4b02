//! The key-value store that a connector has during a sync.

use std::collections::BTreeMap;

use rusqlite::OptionalExtension;

use super::Store;
use crate::{Error, Result};

impl Store {
    /// Returns the value that the open sync keeps under `key`.
    ///
    /// # Errors
    /// [`Error::NoSync`] when no sync is open, or what SQLite says.
    pub fn session_get(&self, key: &str) -> Result<Option<Vec<u8>>> {
        let sync = self.current().ok_or(Error::NoSync)?;
        Ok(self
            .conn
            .prepare_cached("SELECT value FROM v1_connector_sessions WHERE sync_id = ?1 AND key = ?2")?
            .query_row([sync.as_str(), key], |row| row.get(0))
            .optional()?)
    }

    /// Returns up to `limit` entries of the open sync whose key starts with `prefix` and comes after `after`, by key.
    ///
    /// # Errors
    /// As [`Store::session_get`].
    pub fn session_page(&self, prefix: &str, after: &str, limit: u32) -> Result<BTreeMap<String, Vec<u8>>> {
        let sync = self.current().ok_or(Error::NoSync)?;
        Ok(self
            .conn
            .prepare_cached(
                "SELECT key, value FROM v1_connector_sessions \
                 WHERE sync_id = ?1 AND key > ?2 AND key >= ?3 AND substr(key, 1, length(?3)) = ?3 ORDER BY key LIMIT ?4",
            )?
            .query_map((sync.as_str(), after, prefix, limit), |row| Ok((row.get(0)?, row.get(1)?)))?
            .collect::<rusqlite::Result<_>>()?)
    }

    /// Keeps `value` under `key` in the open sync.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn session_set(&mut self, key: &str, value: &[u8]) -> Result<()> {
        self.write(|store, sync| {
            store
                .conn
                .prepare_cached(
                    "INSERT INTO v1_connector_sessions (sync_id, key, value) VALUES (?1, ?2, ?3) \
                     ON CONFLICT (sync_id, key) DO UPDATE SET value = excluded.value",
                )?
                .execute((sync, key, value))?;
            Ok(())
        })
    }

    /// Forgets what the open sync keeps under `key`.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn session_delete(&mut self, key: &str) -> Result<()> {
        self.write(|store, sync| {
            store
                .conn
                .prepare_cached("DELETE FROM v1_connector_sessions WHERE sync_id = ?1 AND key = ?2")?
                .execute([sync, key])?;
            Ok(())
        })
    }

    /// Forgets everything that the open sync keeps under keys that start with `prefix`.
    ///
    /// # Errors
    /// As [`Store::put`].
    pub fn session_clear(&mut self, prefix: &str) -> Result<()> {
        self.write(|store, sync| {
            store
                .conn
                .prepare_cached(
                    "DELETE FROM v1_connector_sessions WHERE sync_id = ?1 AND key >= ?2 AND substr(key, 1, length(?2)) = ?2",
                )?
                .execute([sync, prefix])?;
            Ok(())
        })
    }
}
