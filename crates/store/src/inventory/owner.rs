//! Who answers for an account, and of what type people say it is.
//!
//! Source: governance §1.7, §3.1.

use ids::{AccountId, AppId, ConnectorId, PersonId};

use crate::Connection;
use crate::error::Result;
use crate::row::RowExt as _;

/// Says who answers for an account, from where that is known, and by which rule.
///
/// # Errors
/// When the database refuses.
pub async fn set_account_owner(
    conn: &mut Connection,
    account: AccountId,
    owner: Option<PersonId>,
    source: &str,
    rule: Option<&str>,
) -> Result<()> {
    sqlx::query(
        "UPDATE account SET owner_person_id = $2, owner_source = $3, match_rule = $4, version = version + 1 WHERE id = $1",
    )
    .bind(account.to_string())
    .bind(owner.map(|id| id.to_string()))
    .bind(source.to_owned())
    .bind(rule.map(ToOwned::to_owned))
    .execute(conn)
    .await?;
    Ok(())
}

/// Says by hand of what type an account is; no sync changes it any more (R-I-4).
///
/// # Errors
/// When the database refuses.
pub async fn set_account_type(conn: &mut Connection, account: AccountId, kind: &str) -> Result<()> {
    sqlx::query("UPDATE account SET type = $2, type_by_hand = 1, version = version + 1 WHERE id = $1")
        .bind(account.to_string())
        .bind(kind.to_owned())
        .execute(conn)
        .await?;
    Ok(())
}

/// An account that nobody answers for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unowned {
    /// Its id.
    pub id: AccountId,
    /// Its addresses, folded, the primary one first.
    pub emails: Vec<String>,
    /// The name that its owner signs in with.
    pub login: String,
}

/// The visible user accounts of a connector that nobody answers for and that nobody took an owner from by hand, by their
/// ids.
///
/// # Errors
/// When the database refuses.
pub async fn unowned_accounts(
    conn: &mut Connection,
    connector: ConnectorId,
    after: Option<AccountId>,
    limit: u32,
) -> Result<Vec<Unowned>> {
    let rows = sqlx::query(
        "SELECT id, emails, login FROM account WHERE connector_id = $1 AND owner_source = 'none' AND id > $2 AND type = 'user' \
         AND gone_at IS NULL AND first_seq <= (SELECT applied_seq FROM inventory WHERE connector_id = $1) \
         ORDER BY id LIMIT $3",
    )
    .bind(connector.to_string())
    .bind(after.map(|id| id.to_string()).unwrap_or_default())
    .bind(i64::from(limit))
    .fetch_all(conn)
    .await?;
    let read = |row: &sqlx::any::AnyRow| {
        Ok(Unowned { id: row.parsed("id")?, emails: row.json("emails")?, login: row.text("login")? })
    };
    rows.iter().map(read).collect()
}

/// The app that the inventory of a connector belongs to.
///
/// # Errors
/// When the database refuses.
pub async fn app_of(conn: &mut Connection, connector: ConnectorId) -> Result<Option<AppId>> {
    let row = sqlx::query("SELECT app_id FROM inventory WHERE connector_id = $1")
        .bind(connector.to_string())
        .fetch_optional(conn)
        .await?;
    row.map(|row| row.parsed("app_id")).transpose()
}
