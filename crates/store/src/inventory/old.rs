//! What rows were before: for telling people what a sync changes.

use std::collections::HashMap;

use serde_json::{Map, Value, json};
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::difference::{Change, Difference, ObjectKind};
use super::row::{Account, Entitlement, Resource};
use crate::Connection;
use crate::error::{Error, Result};
use crate::row::RowExt as _;

/// How many rows a statement asks for.
const IDS: usize = 1_000;

/// A row that people are told about.
pub(super) trait Described {
    /// What it is.
    const KIND: ObjectKind;
    /// Its id, in text form.
    fn id(&self) -> String;
    /// What people know it by.
    fn label(&self) -> &str;
    /// Its resource type; empty for what has none.
    fn resource_type(&self) -> &str;
    /// The fields that people are told about.
    fn fields(&self) -> Map<String, Value>;
}

/// A row as it was.
pub(super) struct Old {
    pub(super) label: String,
    pub(super) resource_type: String,
    fields: Map<String, Value>,
}

/// The column that people know a row by, its resource type, and the columns that hold texts and documents.
type Columns =
    (&'static str, &'static str, &'static [(&'static str, &'static str)], &'static [(&'static str, &'static str)]);

const fn columns(kind: ObjectKind) -> (&'static str, Columns) {
    match kind {
        ObjectKind::Account => (
            "account",
            (
                "login",
                "resource_type",
                &[
                    ("login", "login"),
                    ("displayName", "display_name"),
                    ("type", "type"),
                    ("status", "status"),
                    ("statusDetail", "status_detail"),
                ],
                &[("emails", "emails"), ("profile", "profile")],
            ),
        ),
        ObjectKind::Entitlement => (
            "entitlement",
            (
                "display_name",
                "''",
                &[
                    ("slug", "slug"),
                    ("displayName", "display_name"),
                    ("description", "description"),
                    ("purpose", "purpose"),
                    ("exclusionSet", "exclusion_set"),
                ],
                &[("grantableTo", "grantable_to")],
            ),
        ),
        ObjectKind::Grant => {
            ("grant_period", ("''", "''", &[("entitlementId", "entitlement_id"), ("accountId", "account_id")], &[]))
        }
        ObjectKind::Resource | ObjectKind::ResourceType => (
            "resource",
            (
                "display_name",
                "resource_type",
                &[("parent", "parent"), ("displayName", "display_name"), ("description", "description")],
                &[("profile", "profile")],
            ),
        ),
    }
}

/// The rows with these ids as they are now.
pub(super) async fn read(conn: &mut Connection, kind: ObjectKind, ids: &[String]) -> Result<HashMap<String, Old>> {
    let (table, (label, resource_type, texts, documents)) = columns(kind);
    let selected: Vec<&str> = texts.iter().chain(documents).map(|(_, column)| *column).collect();
    let mut found = HashMap::with_capacity(ids.len());
    for some in ids.chunks(IDS) {
        let places: Vec<String> = (1..=some.len()).map(|place| format!("${place}")).collect();
        let sql = format!(
            "SELECT id, {label} AS label, {resource_type} AS of_type, {} FROM {table} WHERE id IN ({})",
            selected.join(", "),
            places.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for id in some {
            query = query.bind(id.clone());
        }
        for row in query.persistent(some.len() == IDS).fetch_all(&mut *conn).await? {
            let old = Old {
                label: row.text("label")?,
                resource_type: row.text("of_type")?,
                fields: fields(&row, texts, documents)?,
            };
            found.insert(row.text("id")?, old);
        }
    }
    Ok(found)
}

fn fields(row: &AnyRow, texts: &[(&str, &str)], documents: &[(&str, &str)]) -> Result<Map<String, Value>> {
    let mut fields = Map::new();
    for (name, column) in texts {
        fields.insert((*name).to_owned(), row.text_opt(column)?.map_or(Value::Null, Value::String));
    }
    for (name, column) in documents {
        fields.insert((*name).to_owned(), row.json(column)?);
    }
    Ok(fields)
}

impl Old {
    /// The difference that its end is.
    pub(super) fn gone(&self, kind: ObjectKind, id: String) -> Difference {
        Difference {
            kind,
            id,
            change: Change::Disappeared,
            label: self.label.clone(),
            before: Value::Object(self.fields.clone()).to_string(),
            after: "{}".to_owned(),
        }
    }
}

/// The difference that this row is when it appears.
pub(super) fn appeared<R: Described>(row: &R) -> Difference {
    Difference {
        kind: R::KIND,
        id: row.id(),
        change: Change::Appeared,
        label: row.label().to_owned(),
        before: "{}".to_owned(),
        after: Value::Object(row.fields()).to_string(),
    }
}

/// The difference between a row and what it was; none when people need not be told.
pub(super) fn changed<R: Described>(row: &R, old: &Old) -> Option<Difference> {
    let (mut before, mut after) = (Map::new(), Map::new());
    for (name, value) in row.fields() {
        let was = old.fields.get(&name).cloned().unwrap_or(Value::Null);
        if was != value {
            before.insert(name.clone(), was);
            after.insert(name, value);
        }
    }
    (!after.is_empty()).then(|| Difference {
        kind: R::KIND,
        id: row.id(),
        change: Change::Changed,
        label: row.label().to_owned(),
        before: Value::Object(before).to_string(),
        after: Value::Object(after).to_string(),
    })
}

fn document(text: &str) -> Value {
    serde_json::from_str(text).unwrap_or(Value::Null)
}

fn object(value: Value) -> Map<String, Value> {
    match value {
        Value::Object(map) => map,
        _ => Map::new(),
    }
}

impl Described for Account {
    const KIND: ObjectKind = ObjectKind::Account;

    fn id(&self) -> String {
        self.id.to_string()
    }
    fn label(&self) -> &str {
        &self.login
    }
    fn resource_type(&self) -> &str {
        &self.resource_type
    }
    /// The last sign-in is not among them: it changes all the time.
    fn fields(&self) -> Map<String, Value> {
        object(json!({
            "login": self.login, "displayName": self.display_name, "type": self.kind, "status": self.status,
            "statusDetail": self.status_detail, "emails": document(&self.emails), "profile": document(&self.profile),
        }))
    }
}

impl Described for Resource {
    const KIND: ObjectKind = ObjectKind::Resource;

    fn id(&self) -> String {
        self.id.to_string()
    }
    fn label(&self) -> &str {
        &self.display_name
    }
    fn resource_type(&self) -> &str {
        &self.resource_type
    }
    fn fields(&self) -> Map<String, Value> {
        object(json!({
            "parent": self.parent, "displayName": self.display_name, "description": self.description,
            "profile": document(&self.profile),
        }))
    }
}

impl Described for Entitlement {
    const KIND: ObjectKind = ObjectKind::Entitlement;

    fn id(&self) -> String {
        self.id.to_string()
    }
    fn label(&self) -> &str {
        &self.display_name
    }
    fn resource_type(&self) -> &'static str {
        ""
    }
    fn fields(&self) -> Map<String, Value> {
        object(json!({
            "slug": self.slug, "displayName": self.display_name, "description": self.description,
            "purpose": self.purpose, "exclusionSet": self.exclusion_set, "grantableTo": document(&self.grantable_to),
        }))
    }
}

/// What is there no more between looking and writing.
pub(super) fn missing(kind: ObjectKind) -> Error {
    Error::corrupt("id", format!("the {kind} went away"))
}
