//! The log of one task, for the server: JSON lines in a file.
//!
//! Every task that asks for it has a file of its own, so that no sync brings along what another task left.
//!
//! Source: baton-service-mode §9 (`Task.debug`); §16, client item 12.

use std::fs::File;
use std::future::Future;
use std::io::Write;
use std::sync::{Arc, Mutex, PoisonError};

use camino::{Utf8Path, Utf8PathBuf};
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::instrument::WithSubscriber;
use tracing::{Dispatch, Event, Level, Subscriber, dispatcher};
use tracing_subscriber::Registry;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

use crate::error::{Error, Result};

/// The log ends after so many bytes.
const MAX_BYTES: usize = 16 * 1024 * 1024;
/// Libraries whose debug lines might show more than they should.
const FOREIGN: [&str; 7] = ["h2", "hyper", "hyper_util", "reqwest", "rustls", "tonic", "tower"];

/// The log of a task.
pub(super) struct DebugLog {
    path: Utf8PathBuf,
    file: Arc<Mutex<Bounded>>,
}

struct Bounded {
    file: File,
    left: usize,
}

impl DebugLog {
    /// Begins the file.
    ///
    /// # Errors
    /// When it can't be made.
    pub(super) fn open(path: Utf8PathBuf) -> Result<Self> {
        let file = File::create(&path).map_err(|error| Error::unknown(format!("make `{path}`: {error}")))?;
        Ok(Self { path, file: Arc::new(Mutex::new(Bounded { file, left: MAX_BYTES })) })
    }

    /// Where it is.
    pub(super) fn path(&self) -> &Utf8Path {
        &self.path
    }

    /// Does the work; what it logs goes into the file, and where it would have gone anyway.
    pub(super) fn record<F: Future>(&self, work: F) -> impl Future<Output = F::Output> + use<F> {
        let usual = dispatcher::get_default(Dispatch::clone);
        let copy = Copy { file: Arc::clone(&self.file), usual };
        work.with_subscriber(Registry::default().with(copy))
    }
}

/// Writes events down and passes them on.
struct Copy {
    file: Arc<Mutex<Bounded>>,
    usual: Dispatch,
}

impl<S: Subscriber> Layer<S> for Copy {
    fn on_event(&self, event: &Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        if self.usual.enabled(metadata) {
            self.usual.event(event);
        }
        let crate_name = metadata.target().split("::").next().unwrap_or_default();
        let level = *metadata.level();
        if level > Level::DEBUG || level > Level::WARN && FOREIGN.contains(&crate_name) {
            return;
        }
        let mut line = Map::new();
        line.insert("level".to_owned(), level.as_str().to_ascii_lowercase().into());
        let mut fields = Fields(&mut line);
        event.record(&mut fields);
        if let Ok(mut text) = serde_json::to_vec(&line) {
            text.push(b'\n');
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.left = file.left.saturating_sub(text.len());
            if file.left > 0 {
                // A full disk must not stop the work.
                let _ = file.file.write_all(&text);
            }
        }
    }
}

struct Fields<'a>(&'a mut Map<String, Value>);

impl Fields<'_> {
    fn add(&mut self, field: &Field, value: Value) {
        let name = if field.name() == "message" { "msg" } else { field.name() };
        self.0.insert(name.to_owned(), value);
    }
}

impl Visit for Fields<'_> {
    fn record_debug(&mut self, field: &Field, value: &dyn std::fmt::Debug) {
        self.add(field, format!("{value:?}").into());
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.add(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.add(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.add(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.add(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.add(field, value.into());
    }
}
