//! From keys to ids: what a grant or an entitlement refers to.

use std::collections::{BTreeSet, HashMap};

use sqlx::AssertSqlSafe;

use super::difference::{Change, Difference, ObjectKind};
use super::insert::{Bound, Insert};
use super::key::Key;
use super::reading::Reading;
use super::row::{Account, Entitlement, Grant, Resource};
use super::stored::from_hex;
use crate::Connection;
use crate::error::{Error, Result};
use crate::row::{RowExt as _, flag};

/// How many keys a statement asks for.
const KEYS: usize = 2_000;

/// The ids of the rows with these keys.
async fn ids(
    conn: &mut Connection,
    reading: &Reading,
    table: &str,
    keys: BTreeSet<Key>,
) -> Result<HashMap<Key, String>> {
    let keys: Vec<Key> = keys.into_iter().collect();
    let mut found = HashMap::with_capacity(keys.len());
    let engine = reading.store.engine();
    let hex = engine.hex("key");
    for some in keys.chunks(KEYS) {
        let places: Vec<String> = (1..=some.len()).map(|place| engine.place(place)).collect();
        let sql = format!(
            "SELECT string_agg({hex} || id, '') AS lines FROM {table} WHERE connector_id = ${} AND key IN ({})",
            some.len() + 1,
            places.join(", ")
        );
        let mut query = sqlx::query(AssertSqlSafe(sql));
        for key in some {
            query = query.bind(key.to_vec());
        }
        query = query.bind(reading.connector.to_string());
        let lines = query.persistent(some.len() == KEYS).fetch_one(&mut *conn).await?.text_opt("lines")?;
        for line in lines.unwrap_or_default().as_bytes().chunks(68) {
            let parsed = line
                .split_at_checked(32)
                .and_then(|(key, id)| Some((Key(from_hex(key)?), std::str::from_utf8(id).ok()?.to_owned())));
            let (key, id) = parsed.ok_or_else(|| Error::corrupt("key", "not a key"))?;
            found.insert(key, id);
        }
    }
    Ok(found)
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

    fn bind(self, query: Bound<'_>) -> Bound<'_> {
        query
            .bind(self.id.to_string())
            .bind(self.key.to_vec())
            .bind(self.digest.to_vec())
            .bind(self.resource_type)
            .bind(self.external_id)
            .bind(self.parent)
            .bind(self.display_name)
            .bind(self.description)
            .bind(self.profile)
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

    fn bind(self, query: Bound<'_>) -> Bound<'_> {
        query
            .bind(self.id.to_string())
            .bind(self.key.to_vec())
            .bind(self.digest.to_vec())
            .bind(self.resource_type)
            .bind(self.external_id)
            .bind(self.login)
            .bind(self.display_name)
            .bind(self.emails)
            .bind(self.search)
            .bind(self.kind)
            .bind(self.status)
            .bind(self.status_detail)
            .bind(self.profile)
            .bind(self.last_login)
            .bind(flag(self.is_external))
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

    fn bind(self, query: Bound<'_>) -> Bound<'_> {
        let row = self.entitlement;
        query
            .bind(row.id.to_string())
            .bind(self.resource_id)
            .bind(row.key.to_vec())
            .bind(row.digest.to_vec())
            .bind(row.external_id)
            .bind(row.slug)
            .bind(row.display_name)
            .bind(row.description)
            .bind(row.purpose)
            .bind(row.grantable_to)
            .bind(row.exclusion_set)
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

    fn bind(self, query: Bound<'_>) -> Bound<'_> {
        query
            .bind(self.grant.id.to_string())
            .bind(self.grant.key.to_vec())
            .bind(self.grant.digest.to_vec())
            .bind(self.entitlement_id)
            .bind(self.account_id)
            .bind(self.grant.sources)
            .bind(flag(self.grant.immutable))
    }
}
