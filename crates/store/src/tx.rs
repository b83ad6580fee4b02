//! A change: everything in it becomes true at once, together with its audit rows.

use std::fmt;
use std::sync::Arc;

use domain::audit::Event;
use ids::{Rng, TenantId};
use jiff::Timestamp;
use sqlx::{Any, Transaction};

use crate::Connection;
use crate::audit;
use crate::engine::Engine;
use crate::error::Result;
use crate::watch::Watch;

/// A change under way. Dropping it undoes everything.
pub struct Tx {
    inner: Transaction<'static, Any>,
    engine: Engine,
    tenant: TenantId,
    now: Timestamp,
    rng: Arc<dyn Rng>,
    watch: Option<Arc<dyn Watch>>,
    events: Vec<Event>,
}

impl Tx {
    pub(crate) fn new(
        inner: Transaction<'static, Any>,
        engine: Engine,
        tenant: TenantId,
        now: Timestamp,
        rng: Arc<dyn Rng>,
        watch: Option<Arc<dyn Watch>>,
    ) -> Self {
        Self { inner, engine, tenant, now, rng, watch, events: Vec::new() }
    }

    /// The connection, for the functions of this crate's modules.
    pub fn conn(&mut self) -> &mut Connection {
        &mut self.inner
    }

    /// The engine behind it.
    #[must_use]
    pub const fn engine(&self) -> Engine {
        self.engine
    }

    /// The tenant that is changed.
    #[must_use]
    pub const fn tenant(&self) -> TenantId {
        self.tenant
    }

    /// The instant of the change: one for everything in it.
    #[must_use]
    pub const fn now(&self) -> Timestamp {
        self.now
    }

    /// Randomness for the ids of what is made.
    #[must_use]
    pub fn rng(&self) -> &dyn Rng {
        self.rng.as_ref()
    }

    /// Remembers what was done; written when the change is committed.
    pub fn audit(&mut self, event: Event) {
        self.events.push(event);
    }

    /// Makes the change true. Returns the place of its last audit row, if it has one.
    ///
    /// # Errors
    /// When the database refuses; nothing has happened then.
    pub async fn commit(mut self) -> Result<Option<i64>> {
        if let Some(watch) = self.watch.take().filter(|_| !self.events.is_empty()) {
            let events = std::mem::take(&mut self.events);
            watch.before_commit(&mut self, &events).await?;
            let more = std::mem::replace(&mut self.events, events);
            self.events.extend(more);
        }
        // The head of the chain is taken last, so that two changes wait for each other as briefly as can be.
        let seq = if self.events.is_empty() {
            None
        } else {
            Some(audit::append(&mut self.inner, self.engine, self.tenant, self.now, &self.events).await?)
        };
        self.inner.commit().await?;
        Ok(seq)
    }
}

impl fmt::Debug for Tx {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Tx").field("engine", &self.engine).field("now", &self.now).finish_non_exhaustive()
    }
}
