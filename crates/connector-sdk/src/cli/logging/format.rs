//! One log line, as JSON or for people. Source: connector-cli §7.1.

use std::fmt::{self, Write};
use std::sync::Arc;

use ids::Clock;
use jiff::Timestamp;
use serde_json::{Map, Value};
use tracing::field::{Field, Visit};
use tracing::{Event, Metadata, Subscriber};
use tracing_subscriber::fmt::format::Writer;
use tracing_subscriber::fmt::{FmtContext, FormatEvent, FormatFields};
use tracing_subscriber::registry::LookupSpan;

/// How a line looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    /// An object with `level`, `ts` (seconds), `caller`, `msg`, then the fields.
    Json,
    /// Time, level, caller and message between tabs, then the fields as an object.
    Console,
}

/// Writes events as lines.
#[derive(Debug)]
pub(super) struct Lines {
    format: Format,
    clock: Arc<dyn Clock>,
}

impl Lines {
    /// Lines of this format.
    pub(super) fn new(format: Format, clock: Arc<dyn Clock>) -> Self {
        Self { format, clock }
    }
}

impl<S, N> FormatEvent<S, N> for Lines
where
    S: Subscriber + for<'a> LookupSpan<'a>,
    N: for<'a> FormatFields<'a> + 'static,
{
    fn format_event(&self, _: &FmtContext<'_, S, N>, mut writer: Writer<'_>, event: &Event<'_>) -> fmt::Result {
        let mut fields = Fields::default();
        event.record(&mut fields);
        let now = self.clock.now();
        match self.format {
            Format::Json => writeln!(writer, "{}", json(now, event.metadata(), fields)),
            Format::Console => writeln!(writer, "{}", console(now, event.metadata(), fields)),
        }
    }
}

fn json(now: Timestamp, metadata: &Metadata<'_>, fields: Fields) -> Value {
    let mut line = Map::new();
    line.insert("level".to_owned(), metadata.level().as_str().to_ascii_lowercase().into());
    line.insert("ts".to_owned(), now.as_duration().as_secs_f64().into());
    line.insert("caller".to_owned(), caller(metadata).into());
    line.insert("msg".to_owned(), fields.message.into());
    line.extend(fields.others);
    Value::Object(line)
}

fn console(now: Timestamp, metadata: &Metadata<'_>, fields: Fields) -> String {
    let time = now.strftime("%Y-%m-%dT%H:%M:%S.%3fZ");
    let mut line = format!("{time}\t{}\t{}\t", metadata.level(), caller(metadata));
    for one in fields.message.chars() {
        // A line is a line, and a terminal is not to be steered by what an upstream says.
        match one {
            control if control.is_control() => line.extend(control.escape_default()),
            other => line.push(other),
        }
    }
    if !fields.others.is_empty() {
        // Writing to a string cannot fail.
        let _ = write!(line, "\t{}", Value::Object(fields.others));
    }
    line
}

/// The place of the event: folder, file and line. `src` is no folder that tells anything.
fn caller(metadata: &Metadata<'_>) -> String {
    let path = metadata.file().unwrap_or("unknown");
    let mut parts = path.rsplit(['/', '\\']).filter(|part| *part != "src");
    let file = parts.next().unwrap_or_default();
    let line = metadata.line().unwrap_or_default();
    match parts.next() {
        Some(folder) => format!("{folder}/{file}:{line}"),
        None => format!("{file}:{line}"),
    }
}

/// The fields of an event.
#[derive(Default)]
struct Fields {
    message: String,
    others: Map<String, Value>,
}

impl Fields {
    fn put(&mut self, field: &Field, value: Value) {
        match (field.name(), value) {
            ("message", Value::String(text)) => self.message = text,
            (name, value) => {
                self.others.insert(name.to_owned(), value);
            }
        }
    }
}

impl Visit for Fields {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        let text = format!("{value:?}");
        // Tracing has no lists; the debug text of one is JSON already.
        let list = text.starts_with('[').then(|| serde_json::from_str(&text).ok()).flatten();
        self.put(field, list.filter(|_| field.name() != "message").unwrap_or_else(|| text.into()));
    }

    fn record_str(&mut self, field: &Field, value: &str) {
        self.put(field, value.into());
    }

    fn record_bool(&mut self, field: &Field, value: bool) {
        self.put(field, value.into());
    }

    fn record_i64(&mut self, field: &Field, value: i64) {
        self.put(field, value.into());
    }

    fn record_u64(&mut self, field: &Field, value: u64) {
        self.put(field, value.into());
    }

    fn record_f64(&mut self, field: &Field, value: f64) {
        self.put(field, value.into());
    }

    fn record_error(&mut self, field: &Field, value: &(dyn std::error::Error + 'static)) {
        self.put(field, value.to_string().into());
    }
}
