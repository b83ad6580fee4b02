//! From keys to ids: what a grant or an entitlement refers to.

use std::collections::{BTreeSet, HashMap};

use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::array::Array;
use super::difference::{Change, Difference, ObjectKind};
use super::insert::{Insert, Values};
use super::key::Key;
use super::reading::Reading;
use super::row::{Account, Entitlement, Grant, Resource};
use super::stored::from_hex;
use crate::Connection;
use crate::engine::Engine;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, flag};

/// How many keys a statement of SQLite asks for.
const KEYS: usize = 2_000;

/// The ids of the rows with these keys.
async fn ids(
    conn: &mut Connection,
    reading: &Reading,
    table: &str,
    keys: BTreeSet<Key>,
) -> Result<HashMap<Key, String>> {
    let mut found = HashMap::with_capacity(keys.len());
    let connector = reading.connector.to_string();
    match reading.store.engine() {
        Engine::Sqlite => {
            let keys: Vec<Key> = keys.into_iter().collect();
            for some in keys.chunks(KEYS) {
                let sql = format!(
                    "SELECT string_agg(hex(key) || id, '') AS lines FROM {table} WHERE connector_id = ${} AND key IN (?{})",
                    some.len() + 1,
                    ", ?".repeat(some.len().saturating_sub(1))
                );
                let mut query = sqlx::query(AssertSqlSafe(sql)).persistent(some.len() == KEYS);
                for key in some {
                    query = query.bind(key.to_vec());
                }
                read_lines(&query.bind(connector.clone()).fetch_one(&mut *conn).await?, &mut found)?;
            }
        }
        Engine::Postgres => {
            let mut wanted = Array::default();
            for key in &keys {
                wanted.bytes(&key.0);
            }
            // One key after the other: it would rather read the whole table while it takes it for a small one.
            let sql = format!(
                "SELECT string_agg(line, '') AS lines FROM (SELECT (SELECT encode(key, 'hex') || id FROM {table} \
                 WHERE connector_id = $2 AND key = wanted.key) AS line FROM UNNEST({}) AS wanted (key)) AS rows",
                wanted.expression(1)
            );
            let query = sqlx::query(AssertSqlSafe(sql)).bind(wanted.into_text()).bind(connector);
            read_lines(&query.fetch_one(conn).await?, &mut found)?;
        }
    }
    Ok(found)
}

/// Reads the lines of a row, of a key and an id each.
fn read_lines(row: &AnyRow, found: &mut HashMap<Key, String>) -> Result<()> {
    for line in row.text_opt("lines")?.unwrap_or_default().as_bytes().chunks(68) {
        let parsed = line
            .split_at_checked(32)
            .and_then(|(key, id)| Some((Key(from_hex(key)?), std::str::from_utf8(id).ok()?.to_owned())));
        let (key, id) = parsed.ok_or_else(|| Error::corrupt("key", "not a key"))?;
        found.insert(key, id);
    }
    Ok(())
}

/// The entitlements with the ids of their resources.
pub(super) async fn resources_of(
    conn: &mut Connection,
    reading: &Reading,
    entitlements: Vec<Entitlement>,
) -> Result<Vec<PlacedEntitlement>> {
    if entitlements.is_empty() {
        return Ok(Vec::new());
    }
    let resources = ids(conn, reading, "resource", entitlements.iter().map(|row| row.resource).collect()).await?;
    let place = |entitlement: Entitlement| PlacedEntitlement {
        resource_id: resources.get(&entitlement.resource).cloned(),
        entitlement,
    };
    Ok(entitlements.into_iter().map(place).collect())
}

/// The grants with the ids of their entitlements and accounts, those left out for which there is none.
pub(super) async fn holders_of(
    conn: &mut Connection,
    reading: &Reading,
    grants: Vec<Grant>,
) -> Result<Vec<PlacedGrant>> {
    if grants.is_empty() {
        return Ok(Vec::new());
    }
    let entitlements = grants.iter().map(|grant| grant.key.entitlement).collect();
    let entitlements = ids(conn, reading, "entitlement", entitlements).await?;
    let accounts = ids(conn, reading, "account", grants.iter().map(|grant| grant.key.account).collect()).await?;
    let place = |grant: Grant| {
        let entitlement_id = entitlements.get(&grant.key.entitlement)?.clone();
        let account_id = accounts.get(&grant.key.account)?.clone();
        Some(PlacedGrant { entitlement_id, account_id, grant })
    };
    Ok(grants.into_iter().filter_map(place).collect())
}

/// An entitlement that knows its resource.
pub(super) struct PlacedEntitlement {
    resource_id: Option<String>,
    entitlement: Entitlement,
}

/// A grant that knows what is held by whom.
pub(super) struct PlacedGrant {
    entitlement_id: String,
    account_id: String,
    grant: Grant,
}

impl PlacedGrant {
    pub(super) fn difference(&self) -> Difference {
        Difference {
            kind: ObjectKind::Grant,
            id: self.grant.id.to_string(),
            change: Change::Appeared,
            label: String::new(),
            before: "{}".to_owned(),
            after: serde_json::json!({ "entitlementId": self.entitlement_id, "accountId": self.account_id })
                .to_string(),
        }
    }
}

const SHARED: &[(&str, &str)] =
    &[("tenant_id", "$1"), ("connector_id", "$2"), ("app_id", "$3"), ("first_seq", "$4"), ("version", "1")];

impl Insert for Resource {
    const TABLE: &'static str = "resource";
    const SHARED: &'static [(&'static str, &'static str)] = &[
        ("tenant_id", "$1"),
        ("connector_id", "$2"),
        ("app_id", "$3"),
        ("first_seq", "$4"),
        ("version", "1"),
        ("origin", "'synced'"),
    ];
    const COLUMNS: &'static [&'static str] =
        &["id", "key", "digest", "resource_type", "external_id", "parent", "display_name", "description", "profile"];

    fn give(self, to: &mut impl Values) {
        to.text(self.id.to_string());
        to.bytes(&self.key.0);
        to.bytes(&self.digest.0);
        to.text(self.resource_type);
        to.text(self.external_id);
        to.text_opt(self.parent);
        to.text(self.display_name);
        to.text(self.description);
        to.text(self.profile);
    }
}

impl Insert for Account {
    const TABLE: &'static str = "account";
    const SHARED: &'static [(&'static str, &'static str)] = SHARED;
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "key",
        "digest",
        "resource_type",
        "external_id",
        "login",
        "display_name",
        "emails",
        "search",
        "type",
        "status",
        "status_detail",
        "profile",
        "last_login",
        "is_external",
    ];

    fn give(self, to: &mut impl Values) {
        to.text(self.id.to_string());
        to.bytes(&self.key.0);
        to.bytes(&self.digest.0);
        to.text(self.resource_type);
        to.text(self.external_id);
        to.text(self.login);
        to.text(self.display_name);
        to.text(self.emails);
        to.text(self.search);
        to.text(self.kind);
        to.text(self.status);
        to.text(self.status_detail);
        to.text(self.profile);
        to.number_opt(self.last_login);
        to.number(flag(self.is_external));
    }
}

impl Insert for PlacedEntitlement {
    const TABLE: &'static str = "entitlement";
    const SHARED: &'static [(&'static str, &'static str)] = &[
        ("tenant_id", "$1"),
        ("connector_id", "$2"),
        ("app_id", "$3"),
        ("first_seq", "$4"),
        ("version", "1"),
        ("origin", "'synced'"),
    ];
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "resource_id",
        "key",
        "digest",
        "external_id",
        "slug",
        "display_name",
        "description",
        "purpose",
        "grantable_to",
        "exclusion_set",
    ];

    fn give(self, to: &mut impl Values) {
        let row = self.entitlement;
        to.text(row.id.to_string());
        to.text_opt(self.resource_id);
        to.bytes(&row.key.0);
        to.bytes(&row.digest.0);
        to.text(row.external_id);
        to.text(row.slug);
        to.text(row.display_name);
        to.text(row.description);
        to.text(row.purpose);
        to.text(row.grantable_to);
        to.text(row.exclusion_set);
    }
}

impl Insert for PlacedGrant {
    const TABLE: &'static str = "grant_period";
    const SHARED: &'static [(&'static str, &'static str)] = &[
        ("tenant_id", "$1"),
        ("connector_id", "$2"),
        ("app_id", "$3"),
        ("first_seq", "$4"),
        ("version", "1"),
        ("origin", "$5"),
        ("starts_at", "$6"),
        ("state", "'active'"),
    ];
    const COLUMNS: &'static [&'static str] =
        &["id", "key", "digest", "entitlement_id", "account_id", "sources", "immutable"];

    fn give(self, to: &mut impl Values) {
        to.text(self.grant.id.to_string());
        to.bytes(&self.grant.key.to_bytes());
        to.bytes(&self.grant.digest.0);
        to.text(self.entitlement_id);
        to.text(self.account_id);
        to.text(self.grant.sources);
        to.number(flag(self.grant.immutable));
    }
}
