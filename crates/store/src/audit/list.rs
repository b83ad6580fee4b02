//! Audit rows in pages, for those who may see them.
//!
//! Source: governance §1.19, §1.20.

use std::fmt::Write as _;

use domain::audit::{Row, Via};
use ids::{AppId, PersonId, TenantId};
use jiff::Timestamp;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use crate::Connection;
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::{RowExt as _, micros};

/// What connectors and their syncs are called in audit rows.
const OF_CONNECTORS: &str = "'connector', 'credential', 'sync', 'hold', 'task'";

/// A row of the chain as it is stored.
#[derive(Debug, Clone, PartialEq)]
pub struct Stored {
    /// The row.
    pub row: Row,
    /// Its canonical JSON: the text that was hashed.
    pub canonical: String,
    /// The hash of the row before it.
    pub prev_hash: String,
    /// SHA-256 over `prev_hash` and `canonical`, in lower-case hex.
    pub hash: String,
}

impl Stored {
    fn read(row: &AnyRow) -> Result<Self> {
        let canonical = row.text("event")?;
        let parsed = serde_json::from_str(&canonical).map_err(|error| Error::corrupt("event", error))?;
        Ok(Self { row: parsed, canonical, prev_hash: row.text("prev_hash")?, hash: row.text("hash")? })
    }
}

/// Which rows somebody may see.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Scope {
    /// All.
    All,
    /// Some: those that one of these names.
    Some {
        /// Those about connectors, their credentials, syncs, holds and tasks.
        of_connectors: bool,
        /// Those about the apps that this person owns, and those about what the person did.
        person: Option<PersonId>,
    },
}

/// Which rows are wanted. An absent field wants all.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Filter {
    /// Of this action; `object.` ends with a point and wants all of its verbs.
    pub action: Option<String>,
    /// By this actor, as rows name actors.
    pub actor: Option<String>,
    /// About objects of this kind.
    pub object_kind: Option<String>,
    /// About the object with this id.
    pub object_id: Option<String>,
    /// About this app.
    pub app: Option<AppId>,
    /// That came in this way.
    pub via: Option<Via>,
    /// That belong together by this id.
    pub correlation_id: Option<String>,
    /// At this instant or later.
    pub from: Option<Timestamp>,
    /// Before this instant.
    pub to: Option<Timestamp>,
    /// At this place of the chain or before it.
    pub last: Option<i64>,
}

/// In which order rows come.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Order {
    /// The newest first.
    Newest,
    /// As they were written.
    Oldest,
}

/// The rows, in pages.
///
/// # Errors
/// [`Error::Cursor`]; or when the database refuses.
pub async fn list(
    conn: &mut Connection,
    tenant: TenantId,
    scope: Scope,
    filter: &Filter,
    order: Order,
    paging: Paging<'_>,
) -> Result<Page<Stored>> {
    let after: Option<i64> = paging.after.map(str::parse).transpose().map_err(|_| Error::Cursor)?;
    let (beyond, direction, start) = match order {
        Order::Newest => ("<", "DESC", i64::MAX),
        Order::Oldest => (">", "ASC", 0),
    };
    let (all, of_connectors, person) = match scope {
        Scope::All => (true, false, None),
        Scope::Some { of_connectors, person } => (false, of_connectors, person),
    };
    let actor = person.map(|person| format!("person:{person}")).unwrap_or_default();
    let person = person.map(|person| person.to_string()).unwrap_or_default();
    let owned = crate::app::OWNED.replace("$person", "$5").replace("$app", "audit_event.app_id");
    // Only the conditions that are wanted: an index can serve them then.
    let texts = [
        ("actor", filter.actor.clone()),
        ("object_kind", filter.object_kind.clone()),
        ("object_id", filter.object_id.clone()),
        ("app_id", filter.app.map(|app| app.to_string())),
        ("via", filter.via.map(|via| via.name().to_owned())),
        ("correlation_id", filter.correlation_id.clone()),
    ];
    let mut conditions = String::new();
    let mut wanted: Vec<String> = Vec::new();
    if let Some(action) = &filter.action {
        wanted.push(action.clone());
        conditions.push_str(if action.ends_with('.') {
            " AND substr(action, 1, length($11)) = $11"
        } else {
            " AND action = $11"
        });
    }
    for (column, text) in texts.into_iter().filter_map(|(column, text)| Some((column, text?))) {
        wanted.push(text);
        let _ = write!(conditions, " AND {column} = ${}", 10 + wanted.len());
    }
    let sql = format!(
        "SELECT event, prev_hash, hash FROM audit_event WHERE tenant_id = $1 AND seq {beyond} $2 \
         AND ($3 = 1 OR ($4 = 1 AND object_kind IN ({OF_CONNECTORS})) OR ($5 <> '' AND (actor = $6 OR {owned}))) \
         AND at >= $7 AND at < $8 AND seq <= $9{conditions} ORDER BY seq {direction} LIMIT $10"
    );
    let mut query = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(after.unwrap_or(start))
        .bind(i64::from(all))
        .bind(i64::from(of_connectors))
        .bind(person)
        .bind(actor)
        .bind(filter.from.map_or(i64::MIN, micros))
        .bind(filter.to.map_or(i64::MAX, micros))
        .bind(filter.last.unwrap_or(i64::MAX))
        .bind(paging.fetch());
    for text in wanted {
        query = query.bind(text);
    }
    let rows = query.fetch_all(conn).await?;
    let rows = rows.iter().map(Stored::read).collect::<Result<_>>()?;
    Ok(paging.page(rows, |stored: &Stored| stored.row.seq.to_string()))
}

/// The head of the chain.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Head {
    /// The place of the last row; 0 when there is none.
    pub seq: i64,
    /// Its hash.
    pub hash: String,
}

/// The place and the hash of the last row.
///
/// # Errors
/// When the database refuses.
pub async fn head(conn: &mut Connection, tenant: TenantId) -> Result<Head> {
    let row = sqlx::query("SELECT seq, hash FROM audit_head WHERE tenant_id = $1")
        .bind(tenant.to_string())
        .fetch_one(conn)
        .await?;
    Ok(Head { seq: row.number("seq")?, hash: row.text("hash")? })
}
