//! What REST shows of the inventory, in pages that stay quick however long the list is.
//!
//! Only visible rows are listed. Each list goes along an index and remembers where it was; none counts or skips rows.

mod access;
mod accounts;
mod differences;
mod entitlements;
pub(crate) mod exclusive;
mod grants;
mod resources;

pub use access::{Access, access_of};
pub use accounts::{Account, AccountFilter, account, accounts, accounts_of, count_accounts};
pub use differences::{DifferenceFilter, differences, forget_discarded};
pub use entitlements::{Entitlement, EntitlementFilter, entitlement, entitlements};
pub use exclusive::{Member, exclusive_set};
pub use grants::{Grant, GrantFilter, When, grant, grants};
pub use resources::{Resource, ResourceFilter, ResourceType, resource, resource_types, resources};

use ids::AppId;

use crate::Connection;
use crate::error::{Error, Result};
use crate::page::{Page, Paging};
use crate::row::RowExt as _;

/// The part of a query that leaves out what is not visible; the table is called `x`.
const VISIBLE: &str = "JOIN inventory i ON i.connector_id = x.connector_id AND x.first_seq <= i.applied_seq";

/// When a row was seen first and last: the sync that brought it; the last applied one, or the one before it was gone.
const SEEN: &str = "(SELECT s.sync_id FROM sync_seq s WHERE s.connector_id = x.connector_id AND s.seq = x.first_seq) \
     AS first_seen_sync, CASE WHEN x.gone_seq IS NULL THEN i.applied_sync_id ELSE (SELECT s.sync_id FROM sync_seq s \
     WHERE s.connector_id = x.connector_id AND s.seq < x.gone_seq ORDER BY s.seq DESC LIMIT 1) END AS last_seen_sync";

/// The connectors of an app, in the order in which lists go through them.
async fn connectors(conn: &mut Connection, app: AppId) -> Result<Vec<String>> {
    let rows = sqlx::query("SELECT connector_id FROM inventory WHERE app_id = $1 ORDER BY connector_id LIMIT 1000")
        .bind(app.to_string())
        .fetch_all(conn)
        .await?;
    rows.iter().map(|row| row.text("connector_id")).collect()
}

/// A place in a list that goes along keys: the connector and the key of a row.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Place {
    connector: String,
    key: Vec<u8>,
}

impl Place {
    fn parse(paging: Paging<'_>) -> Result<Option<Self>> {
        let Some([connector, key]) = paging.parts::<2>()? else { return Ok(None) };
        let digit = |digit: u8| char::from(digit).to_digit(16).and_then(|digit| u8::try_from(digit).ok());
        let (pairs, []) = key.as_bytes().as_chunks::<2>() else { return Err(Error::Cursor) };
        let key = pairs.iter().map(|[high, low]| Some(digit(*high)? << 4 | digit(*low)?)).collect::<Option<_>>();
        Ok(Some(Self { connector: connector.to_owned(), key: key.ok_or(Error::Cursor)? }))
    }

    fn cursor(connector: &str, key: &[u8]) -> String {
        format!("{connector} {}", crate::hex(key))
    }
}

/// Where a list that goes through connectors begins in this one; none when it is past it.
fn start_in(place: Option<&Place>, connector: &str) -> Option<Vec<u8>> {
    match place {
        None => Some(Vec::new()),
        Some(place) if place.connector.as_str() == connector => Some(place.key.clone()),
        Some(place) => (place.connector.as_str() < connector).then(Vec::new),
    }
}

/// What a text must contain, as a pattern of `LIKE … ESCAPE '!'`.
fn containing(text: &str) -> String {
    let folded = domain::email::fold(text);
    let mut pattern = String::with_capacity(folded.len() + 2);
    pattern.push('%');
    for letter in folded.chars() {
        if matches!(letter, '%' | '_' | '!') {
            pattern.push('!');
        }
        pattern.push(letter);
    }
    pattern.push('%');
    pattern
}

/// The page out of rows that carry their places.
fn page<T>(paging: Paging<'_>, rows: Vec<(String, T)>) -> Page<T> {
    let page = paging.page(rows, |(place, _)| place.clone());
    Page { rows: page.rows.into_iter().map(|(_, row)| row).collect(), next: page.next }
}
