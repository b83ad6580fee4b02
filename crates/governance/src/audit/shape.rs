//! The shapes in which audit rows leave Podium. Exports and streams both write rows here, and nowhere else.

use domain::audit::ocsf;
use domain::spreadsheet::harmless;
use store::audit::Stored;

use crate::error::{Error, Result};

/// How rows are written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Shape {
    /// A JSON document a line: `event` exactly as it was hashed, `prevHash`, `hash`.
    Ndjson,
    /// An event of the Open Cybersecurity Schema Framework a line.
    Ocsf,
    /// Comma-separated values, with a line of names first.
    Csv,
}

/// The columns of [`Shape::Csv`].
const COLUMNS: [&str; 16] = [
    "seq",
    "at",
    "actor",
    "via",
    "action",
    "object_kind",
    "object_id",
    "app_id",
    "reason",
    "ip",
    "session_id",
    "correlation_id",
    "before",
    "after",
    "prev_hash",
    "hash",
];

impl Shape {
    /// Every shape.
    pub const ALL: [Self; 3] = [Self::Ndjson, Self::Ocsf, Self::Csv];

    /// The name in REST and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Ndjson => "ndjson",
            Self::Ocsf => "ocsf",
            Self::Csv => "csv",
        }
    }

    /// The shape with this name.
    #[must_use]
    pub fn named(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|shape| shape.name() == name)
    }

    /// The media type of the whole.
    #[must_use]
    pub const fn media_type(self) -> &'static str {
        match self {
            Self::Ndjson | Self::Ocsf => "application/x-ndjson",
            Self::Csv => "text/csv; charset=utf-8",
        }
    }

    /// What stands before the first row.
    #[must_use]
    pub fn head(self) -> String {
        match self {
            Self::Ndjson | Self::Ocsf => String::new(),
            Self::Csv => COLUMNS.join(",") + "\r\n",
        }
    }

    /// These rows, a line each.
    ///
    /// # Errors
    /// `Internal`, in practice never: every row has a JSON form.
    pub fn lines(self, rows: &[Stored]) -> Result<String> {
        let line = match self {
            Self::Csv => return records(rows),
            Self::Ndjson => hashed,
            Self::Ocsf => |stored: &Stored| format!("{}\n", ocsf::event(&stored.row, &stored.hash)),
        };
        let lines: Vec<String> = rows.iter().map(line).collect();
        Ok(lines.concat())
    }
}

/// The event stands there as it was hashed, letter for letter; hashes are hexadecimal digits.
fn hashed(stored: &Stored) -> String {
    let Stored { canonical, prev_hash, hash, .. } = stored;
    format!("{{\"event\":{canonical},\"prevHash\":\"{prev_hash}\",\"hash\":\"{hash}\"}}\n")
}

fn records(rows: &[Stored]) -> Result<String> {
    let mut writer = csv::WriterBuilder::new().terminator(csv::Terminator::CRLF).from_writer(Vec::new());
    for stored in rows {
        let event = &stored.row.event;
        let json = |value: &serde_json::Value| if value.is_null() { String::new() } else { value.to_string() };
        let id = |id: Option<String>| id.unwrap_or_default();
        let cells: [String; 16] = [
            stored.row.seq.to_string(),
            stored.row.at.to_string(),
            event.actor.clone(),
            event.via.name().to_owned(),
            event.action.clone(),
            event.object.kind.clone(),
            event.object.id.clone(),
            id(event.app_id.map(|id| id.to_string())),
            id(event.reason.clone()),
            id(event.ip.clone()),
            id(event.session_id.map(|id| id.to_string())),
            id(event.correlation_id.clone()),
            json(&event.before),
            json(&event.after),
            stored.prev_hash.clone(),
            stored.hash.clone(),
        ];
        writer.write_record(cells.iter().map(|cell| harmless(cell).into_owned())).map_err(Error::internal)?;
    }
    let bytes = writer.into_inner().map_err(|error| Error::internal(error.into_error()))?;
    String::from_utf8(bytes).map_err(Error::internal)
}
