//! The file: its columns and its lines.

use super::Faults;
use crate::person::Details;

/// How many people a file holds at most.
const MOST_ROWS: usize = 5_000;

/// The columns.
const COLUMNS: [&str; 11] = [
    "primaryEmail",
    "displayName",
    "emails",
    "username",
    "givenName",
    "familyName",
    "employeeId",
    "department",
    "title",
    "employmentType",
    "managerEmail",
];

/// A line of the file.
pub(super) struct Row {
    pub(super) line: u64,
    pub(super) primary_email: String,
    pub(super) display_name: String,
    pub(super) details: Details,
    /// The folded address, where the file has the column.
    pub(super) manager: Option<Option<String>>,
}

/// The lines of the file; what is wrong with its form is a fault.
pub(super) fn rows(text: &str, faults: &mut Faults) -> Vec<Row> {
    // Spreadsheets begin a file with a mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let mut reader = csv::ReaderBuilder::new().trim(csv::Trim::All).from_reader(text.as_bytes());
    let header = match reader.headers() {
        Ok(header) => header.clone(),
        Err(error) => {
            faults.add(1, &error);
            return Vec::new();
        }
    };
    for (place, name) in header.iter().enumerate() {
        if !COLUMNS.contains(&name) {
            faults.add(1, &format!("`{name}` is none of the columns {}", COLUMNS.join(", ")));
        }
        if header.iter().take(place).any(|before| before == name) {
            faults.add(1, &format!("the column `{name}` is there twice"));
        }
    }
    for name in ["primaryEmail", "displayName"] {
        if !header.iter().any(|column| column == name) {
            faults.add(1, &format!("the column `{name}` is missing"));
        }
    }
    let mut rows = Vec::new();
    for record in reader.records() {
        let record = match record {
            Ok(record) => record,
            Err(error) => {
                let line = error.position().map_or(0, csv::Position::line);
                let words = match error.kind() {
                    csv::ErrorKind::UnequalLengths { expected_len, len, .. } => {
                        format!("it has {len} fields, and the first line has {expected_len}")
                    }
                    _ => error.to_string(),
                };
                faults.add(line, &words);
                continue;
            }
        };
        let line = record.position().map_or(0, csv::Position::line);
        if rows.len() == MOST_ROWS {
            faults.add(line, &format!("a file holds at most {MOST_ROWS} people"));
            break;
        }
        let field = |name: &str| {
            let place = header.iter().position(|column| column == name)?;
            record.get(place).map(ToOwned::to_owned)
        };
        let optional = |name: &str| field(name).map(|text| Some(text).filter(|text| !text.is_empty()));
        rows.push(Row {
            line,
            primary_email: field("primaryEmail").unwrap_or_default(),
            display_name: field("displayName").unwrap_or_default(),
            details: Details {
                emails: field("emails").map(|text| text.split_whitespace().map(ToOwned::to_owned).collect()),
                username: optional("username"),
                given_name: optional("givenName"),
                family_name: optional("familyName"),
                employee_id: optional("employeeId"),
                department: optional("department"),
                title: optional("title"),
                employment_type: optional("employmentType"),
                manager_id: None,
            },
            manager: optional("managerEmail").map(|text| text.map(|text| domain::email::fold(&text))),
        });
    }
    rows
}
