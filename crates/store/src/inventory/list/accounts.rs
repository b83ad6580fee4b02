//! Accounts.

use ids::{AccountId, AppId, ConnectorId, PersonId, SyncId, TenantId};
use jiff::Timestamp;
use serde_json::Value;
use sqlx::AssertSqlSafe;
use sqlx::any::AnyRow;

use super::{Place, SEEN, VISIBLE, connectors, containing, page, start_in};
use crate::Connection;
use crate::error::Result;
use crate::page::{Page, Paging};
use crate::row::RowExt as _;

const COLUMNS: &str = "x.id, x.app_id, x.connector_id, x.key, x.resource_type, x.external_id, x.login, x.display_name, \
     x.emails, x.type, x.status, x.status_detail, x.profile, x.last_login, x.is_external, x.owner_person_id, \
     x.owner_source, x.match_rule, x.gone_at, x.version";

/// An account as it is visible.
#[derive(Debug, Clone, PartialEq)]
pub struct Account {
    /// Its id.
    pub id: AccountId,
    /// The app that it is in.
    pub app_id: AppId,
    /// The connector that found it.
    pub connector_id: ConnectorId,
    /// Its resource type, as the connector calls it.
    pub resource_type: String,
    /// What the connector calls it.
    pub external_id: String,
    /// The name that its owner signs in with.
    pub login: String,
    /// What people call it.
    pub display_name: String,
    /// Folded addresses, the primary one first.
    pub emails: Vec<String>,
    /// `user`, `service` or `system`.
    pub kind: String,
    /// `pending`, `enabled`, `disabled` or `gone`.
    pub status: String,
    /// The app's words about the status.
    pub status_detail: String,
    /// What else the connector says about it.
    pub profile: Value,
    /// When its owner signed in last.
    pub last_login: Option<Timestamp>,
    /// Whether its addresses lie outside the trusted domains.
    pub is_external: bool,
    /// The person who answers for it.
    pub owner_person_id: Option<PersonId>,
    /// `matched`, `manual`, `cleared` or `none`.
    pub owner_source: String,
    /// The rule by which it was matched.
    pub match_rule: Option<String>,
    /// The sync that brought it.
    pub first_seen_sync: Option<SyncId>,
    /// The last sync that saw it.
    pub last_seen_sync: Option<SyncId>,
    /// When it was missed first.
    pub gone_at: Option<Timestamp>,
    /// Grows with each change.
    pub version: i64,
}

impl Account {
    fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            id: row.parsed("id")?,
            app_id: row.parsed("app_id")?,
            connector_id: row.parsed("connector_id")?,
            resource_type: row.text("resource_type")?,
            external_id: row.text("external_id")?,
            login: row.text("login")?,
            display_name: row.text("display_name")?,
            emails: row.json("emails")?,
            kind: row.text("type")?,
            status: row.text("status")?,
            status_detail: row.text("status_detail")?,
            profile: row.json("profile")?,
            last_login: row.instant_opt("last_login")?,
            is_external: row.flag("is_external")?,
            owner_person_id: row.parsed_opt("owner_person_id")?,
            owner_source: row.text("owner_source")?,
            match_rule: row.text_opt("match_rule")?,
            first_seen_sync: row.parsed_opt("first_seen_sync")?,
            last_seen_sync: row.parsed_opt("last_seen_sync")?,
            gone_at: row.instant_opt("gone_at")?,
            version: row.number("version")?,
        })
    }
}

/// Which accounts to list; what is not said does not matter.
#[derive(Debug, Clone, Copy, Default)]
pub struct AccountFilter<'a> {
    /// In this status. Those that are `gone` are listed only when they are asked for.
    pub status: Option<&'a str>,
    /// Of this type.
    pub kind: Option<&'a str>,
    /// External, or not.
    pub is_external: Option<bool>,
    /// Found by this connector.
    pub connector: Option<ConnectorId>,
    /// With this text in login, name or address.
    pub text: Option<&'a str>,
}

/// The account with this id.
///
/// # Errors
/// When the database refuses.
pub async fn account(conn: &mut Connection, tenant: TenantId, id: AccountId) -> Result<Option<Account>> {
    let sql = format!("SELECT {COLUMNS}, {SEEN} FROM account x {VISIBLE} WHERE x.tenant_id = $1 AND x.id = $2");
    let row =
        sqlx::query(AssertSqlSafe(sql)).bind(tenant.to_string()).bind(id.to_string()).fetch_optional(conn).await?;
    row.as_ref().map(Account::read).transpose()
}

/// The accounts that this person answers for, of one app or of all, the oldest first; what is gone is left out.
///
/// # Errors
/// When the database refuses.
pub async fn accounts_of(
    conn: &mut Connection,
    tenant: TenantId,
    person: PersonId,
    app: Option<AppId>,
) -> Result<Vec<Account>> {
    let sql = format!(
        "SELECT {COLUMNS}, {SEEN} FROM account x {VISIBLE} WHERE x.tenant_id = $1 AND x.owner_person_id = $2 \
         AND ($3 = '' OR x.app_id = $3) AND x.gone_at IS NULL ORDER BY x.id"
    );
    let rows = sqlx::query(AssertSqlSafe(sql))
        .bind(tenant.to_string())
        .bind(person.to_string())
        .bind(app.map(|id| id.to_string()).unwrap_or_default())
        .fetch_all(conn)
        .await?;
    rows.iter().map(Account::read).collect()
}

/// How many accounts an app has.
///
/// # Errors
/// When the database refuses.
pub async fn count_accounts(conn: &mut Connection, app: AppId) -> Result<u64> {
    let sql = format!("SELECT COUNT(*) AS accounts FROM account x {VISIBLE} WHERE x.app_id = $1 AND x.gone_at IS NULL");
    let row = sqlx::query(AssertSqlSafe(sql)).bind(app.to_string()).fetch_one(conn).await?;
    Ok(row.number("accounts")?.unsigned_abs())
}

/// The accounts of an app, in an order that is always the same.
///
/// # Errors
/// [`crate::Error::Cursor`], or when the database refuses.
pub async fn accounts(
    conn: &mut Connection,
    app: AppId,
    filter: AccountFilter<'_>,
    paging: Paging<'_>,
) -> Result<Page<Account>> {
    let place = Place::parse(paging)?;
    let gone = if filter.status == Some("gone") { "" } else { "AND x.gone_at IS NULL " };
    let mut conditions = String::from(gone);
    let mut values = Vec::new();
    let mut condition = |text: &str, value: String| {
        values.push(value);
        conditions.push_str(&text.replace("$n", &format!("${}", values.len() + 3)));
    };
    if let Some(status) = filter.status {
        condition("AND x.status = $n ", status.to_owned());
    }
    if let Some(kind) = filter.kind {
        condition("AND x.type = $n ", kind.to_owned());
    }
    if let Some(text) = filter.text {
        condition("AND x.search LIKE $n ESCAPE '!' ", containing(text));
    }
    if let Some(is_external) = filter.is_external {
        conditions.push_str(if is_external { "AND x.is_external = 1 " } else { "AND x.is_external = 0 " });
    }
    let sql = format!(
        "SELECT {COLUMNS}, {SEEN} FROM account x {VISIBLE} WHERE x.connector_id = $1 AND x.key > $2 {conditions}\
         ORDER BY x.key LIMIT $3"
    );
    let only = filter.connector.map(|id| id.to_string());
    let mut rows: Vec<(String, Account)> = Vec::new();
    for connector in connectors(&mut *conn, app).await? {
        if only.as_ref().is_some_and(|only| *only != connector) {
            continue;
        }
        let wanted = paging.fetch() - i64::try_from(rows.len()).unwrap_or(i64::MAX);
        let Some(after) = start_in(place.as_ref(), &connector).filter(|_| wanted > 0) else { continue };
        let mut query = sqlx::query(AssertSqlSafe(sql.clone())).bind(connector.clone()).bind(after).bind(wanted);
        for value in &values {
            query = query.bind(value.clone());
        }
        for row in query.fetch_all(&mut *conn).await? {
            rows.push((Place::cursor(&connector, &row.bytes("key")?), Account::read(&row)?));
        }
    }
    Ok(page(paging, rows))
}
