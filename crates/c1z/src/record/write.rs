//! How a message becomes a row.

use prost::Message;
use std::fmt::Write as _;

use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceId, ResourceType};
use rusqlite::{Result, Statement};

use super::grant::split_expansion;

/// What to do when a row of the same sync has the same id already.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Conflict {
    /// There is no unique index now; rows of one id are united when it is built.
    Append,
    /// The new message replaces the old one; the other columns keep their first values.
    Replace,
    /// Like `Replace`, and the expansion of a grant stays as it is too.
    PreserveExpansion,
}

/// Memory that the rows of a batch share.
#[derive(Debug, Default)]
pub struct Scratch {
    message: Vec<u8>,
    key: String,
}

/// The half of [`super::Record`] that callers do not see.
pub trait Writer: Message {
    /// The columns besides the sync, the time, the id and the message.
    const EXTRA_COLUMNS: &'static [&'static str];

    /// Returns what a normal put updates besides the message when the row exists, as SQL.
    fn also_replaced() -> &'static str {
        ""
    }

    /// Binds the id, the message and the extra columns, from `?3` on.
    ///
    /// # Errors
    /// What SQLite says.
    fn bind(&self, statement: &mut Statement<'_>, scratch: &mut Scratch) -> Result<()>;
}

/// Returns the statement that writes one row into `table`; `?1` is the sync and `?2` the time.
pub(crate) fn insert_sql<R: Writer>(table: &str, conflict: Conflict) -> String {
    let mut columns = String::new();
    let mut values = String::new();
    for (place, column) in (5..).zip(R::EXTRA_COLUMNS) {
        let _ = write!(columns, ", {column}");
        let _ = write!(values, ", ?{place}");
    }
    let update = match conflict {
        Conflict::Append => String::new(),
        Conflict::Replace => format!("{UPDATE}{}", R::also_replaced()),
        Conflict::PreserveExpansion => UPDATE.to_owned(),
    };
    format!(
        "INSERT INTO {table} (sync_id, discovered_at, external_id, data{columns}) VALUES (?1, ?2, ?3, ?4{values}){update}"
    )
}

const UPDATE: &str = " ON CONFLICT (external_id, sync_id) DO UPDATE SET data = excluded.data";

fn message<'s>(message: &impl Message, buffer: &'s mut Vec<u8>) -> &'s [u8] {
    buffer.clear();
    message.encode_raw(buffer);
    buffer
}

/// Returns the type and the id of a resource; empty texts when it has none.
fn parts(id: Option<&ResourceId>) -> (&str, &str) {
    id.map_or(("", ""), |id| (&id.resource_type, &id.resource))
}

impl Writer for ResourceType {
    const EXTRA_COLUMNS: &'static [&'static str] = &[];

    fn bind(&self, statement: &mut Statement<'_>, scratch: &mut Scratch) -> Result<()> {
        statement.raw_bind_parameter(3, &self.id)?;
        statement.raw_bind_parameter(4, message(self, &mut scratch.message))
    }
}

impl Writer for Resource {
    const EXTRA_COLUMNS: &'static [&'static str] =
        &["resource_type_id", "parent_resource_type_id", "parent_resource_id"];

    fn bind(&self, statement: &mut Statement<'_>, scratch: &mut Scratch) -> Result<()> {
        let (resource_type, resource) = parts(self.id.as_ref());
        let key = &mut scratch.key;
        key.clear();
        key.extend([resource_type, ":", resource]);
        statement.raw_bind_parameter(3, key.as_str())?;
        statement.raw_bind_parameter(4, message(self, &mut scratch.message))?;
        statement.raw_bind_parameter(5, resource_type)?;
        let parent = self.parent_resource_id.as_ref();
        statement.raw_bind_parameter(6, parent.map(|id| &id.resource_type))?;
        statement.raw_bind_parameter(7, parent.map(|id| &id.resource))
    }
}

impl Writer for Entitlement {
    const EXTRA_COLUMNS: &'static [&'static str] = &["resource_type_id", "resource_id"];

    fn bind(&self, statement: &mut Statement<'_>, scratch: &mut Scratch) -> Result<()> {
        let (resource_type, resource) = parts(self.resource.as_ref().and_then(|on| on.id.as_ref()));
        statement.raw_bind_parameter(3, &self.id)?;
        statement.raw_bind_parameter(4, message(self, &mut scratch.message))?;
        statement.raw_bind_parameter(5, resource_type)?;
        statement.raw_bind_parameter(6, resource)
    }
}

impl Writer for Grant {
    const EXTRA_COLUMNS: &'static [&'static str] = &[
        "resource_type_id",
        "resource_id",
        "entitlement_id",
        "principal_resource_type_id",
        "principal_resource_id",
        "expansion",
        "needs_expansion",
    ];

    fn also_replaced() -> &'static str {
        ", expansion = excluded.expansion, needs_expansion = CASE \
         WHEN excluded.expansion IS NULL OR length(excluded.expansion) = 0 THEN 0 \
         WHEN v1_grants.expansion IS NOT excluded.expansion THEN 1 \
         ELSE v1_grants.needs_expansion END"
    }

    fn bind(&self, statement: &mut Statement<'_>, scratch: &mut Scratch) -> Result<()> {
        let (stored, expansion) = split_expansion(self);
        let entitlement = self.entitlement.as_ref();
        let on = entitlement.and_then(|entitlement| entitlement.resource.as_ref());
        let (resource_type, resource) = parts(on.and_then(|on| on.id.as_ref()));
        let (principal_type, principal) = parts(self.principal.as_ref().and_then(|by| by.id.as_ref()));
        statement.raw_bind_parameter(3, &self.id)?;
        statement.raw_bind_parameter(4, message(stored.as_ref(), &mut scratch.message))?;
        statement.raw_bind_parameter(5, resource_type)?;
        statement.raw_bind_parameter(6, resource)?;
        statement.raw_bind_parameter(7, entitlement.map_or("", |entitlement| &entitlement.id))?;
        statement.raw_bind_parameter(8, principal_type)?;
        statement.raw_bind_parameter(9, principal)?;
        statement.raw_bind_parameter(10, expansion.as_deref())?;
        statement.raw_bind_parameter(11, i64::from(expansion.is_some()))
    }
}
