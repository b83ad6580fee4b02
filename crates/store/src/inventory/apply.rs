//! The one short transaction that makes a reading visible.

use jiff::Timestamp;
use sqlx::AssertSqlSafe;

use super::insert::{Insert, Values};
use super::reading::{Application, Reading};
use super::row::{Account, Entitlement, Resource, ResourceType, StagedGrant};
use crate::Tx;
use crate::error::Result;
use crate::row::{flag, micros};

/// The tables that wait, the columns that they bring, and the kind of difference that names what goes.
const STAGED: [(&str, &str, &[&str]); 4] = [
    ("resource", "staged_resource", &["digest", "parent", "display_name", "description", "profile"]),
    ("account", "staged_account", Staged::<Account>::COLUMNS_BROUGHT),
    (
        "entitlement",
        "staged_entitlement",
        &["digest", "slug", "display_name", "description", "purpose", "grantable_to", "exclusion_set"],
    ),
    ("grant_period", "staged_grant", &["digest", "sources", "immutable"]),
];

pub(super) async fn apply(reading: &Reading, tx: &mut Tx, application: &Application) -> Result<()> {
    let connector = reading.connector.to_string();
    if !reading.is_first() {
        for (table, staged, columns) in STAGED {
            let set: Vec<String> = columns.iter().map(|column| brought(column)).collect();
            let back = if table == "grant_period" { "" } else { ", gone_at = NULL, gone_seq = NULL" };
            let sql = format!(
                "UPDATE {table} SET {}{back}, version = {table}.version + 1 FROM {staged} AS s \
                 WHERE {table}.id = s.id AND s.connector_id = $1",
                set.join(", ")
            );
            sqlx::query(AssertSqlSafe(sql)).bind(connector.clone()).execute(tx.conn()).await?;
            let sql = format!("DELETE FROM {staged} WHERE connector_id = $1");
            sqlx::query(AssertSqlSafe(sql)).bind(connector.clone()).execute(tx.conn()).await?;
        }
        remove(reading, tx, application.started_at).await?;
    }
    resource_types(reading, tx, application).await?;
    sqlx::query(
        "UPDATE inventory SET applied_seq = $2, applied_sync_id = $3, applied_started_at = $4, applied_sha256 = $5, \
         staging_seq = NULL, staging_sync_id = NULL, staging_dirty = 0 WHERE connector_id = $1",
    )
    .bind(connector.clone())
    .bind(reading.seq)
    .bind(reading.sync.to_string())
    .bind(micros(application.started_at))
    .bind(application.file.to_string())
    .execute(tx.conn())
    .await?;
    sqlx::query("INSERT INTO sync_seq (connector_id, seq, sync_id) VALUES ($1, $2, $3)")
        .bind(connector)
        .bind(reading.seq)
        .bind(reading.sync.to_string())
        .execute(tx.conn())
        .await?;
    Ok(())
}

/// What a file brings for a column. The type of an account stays as people said it is (R-I-4).
fn brought(column: &str) -> String {
    match column {
        "type" => "type = CASE WHEN account.type_by_hand = 1 THEN account.type ELSE s.type END".to_owned(),
        _ => format!("{column} = s.{column}"),
    }
}

/// Ends what the differences say is gone.
async fn remove(reading: &Reading, tx: &mut Tx, at: Timestamp) -> Result<()> {
    let gone = |kind: &str| {
        format!(
            "id IN (SELECT object_id FROM sync_difference WHERE sync_id = $1 AND object_kind = '{kind}' \
             AND change = 'disappeared')"
        )
    };
    for (table, more) in [("resource", ""), ("account", ", status = 'gone'"), ("entitlement", "")] {
        let sql = format!(
            "UPDATE {table} SET gone_at = $2, gone_seq = $3{more}, version = version + 1 WHERE gone_at IS NULL AND {}",
            gone(table)
        );
        end(reading, tx, at, sql).await?;
    }
    // What an account held ends with it, whether the file says so or was silent about grants (T-G17); all else that is
    // missing was taken away outside of Podium (T-G14).
    for (reason, which) in [("account_gone", format!("account_{}", gone("account"))), ("outside", gone("grant"))] {
        let sql = format!(
            "UPDATE grant_period SET state = 'ended', ended_at = $2, end_reason = '{reason}', gone_seq = $3, \
             version = version + 1 WHERE ended_at IS NULL AND {which}"
        );
        end(reading, tx, at, sql).await?;
    }
    Ok(())
}

async fn end(reading: &Reading, tx: &mut Tx, at: Timestamp, sql: String) -> Result<()> {
    sqlx::query(AssertSqlSafe(sql))
        .bind(reading.sync.to_string())
        .bind(micros(at))
        .bind(reading.seq)
        .execute(tx.conn())
        .await?;
    Ok(())
}

async fn resource_types(reading: &Reading, tx: &mut Tx, application: &Application) -> Result<()> {
    let connector = reading.connector.to_string();
    if application.complete {
        // Those that are in the file come back just below.
        sqlx::query("UPDATE resource_type SET gone_at = $2, gone_seq = $3 WHERE connector_id = $1 AND gone_at IS NULL")
            .bind(connector.clone())
            .bind(micros(application.started_at))
            .bind(reading.seq)
            .execute(tx.conn())
            .await?;
    }
    for ResourceType { external_id, display_name, description, traits, is_account } in &application.resource_types {
        sqlx::query(
            "INSERT INTO resource_type (connector_id, external_id, tenant_id, app_id, display_name, description, traits, \
             is_account, first_seq) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9) \
             ON CONFLICT (connector_id, external_id) DO UPDATE SET display_name = $5, description = $6, traits = $7, \
             is_account = $8, gone_at = NULL, gone_seq = NULL",
        )
        .bind(connector.clone())
        .bind(external_id.clone())
        .bind(reading.tenant.to_string())
        .bind(reading.app.to_string())
        .bind(display_name.clone())
        .bind(description.clone())
        .bind(traits.clone())
        .bind(flag(*is_account))
        .bind(reading.seq)
        .execute(tx.conn())
        .await?;
    }
    Ok(())
}

/// New content for a row that is visible.
pub(super) struct Staged<R>(pub(super) R);

impl Staged<Account> {
    const COLUMNS_BROUGHT: &'static [&'static str] = &[
        "digest",
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
}

const SHARED: &[(&str, &str)] = &[("tenant_id", "$1"), ("connector_id", "$2")];

impl Insert for Staged<Resource> {
    const TABLE: &'static str = "staged_resource";
    const SHARED: &'static [(&'static str, &'static str)] = SHARED;
    const COLUMNS: &'static [&'static str] = &["id", "digest", "parent", "display_name", "description", "profile"];

    fn give(self, to: &mut impl Values) {
        let Self(row) = self;
        to.text(row.id.to_string());
        to.bytes(&row.digest.0);
        to.text_opt(row.parent);
        to.text(row.display_name);
        to.text(row.description);
        to.text(row.profile);
    }
}

impl Insert for Staged<Account> {
    const TABLE: &'static str = "staged_account";
    const SHARED: &'static [(&'static str, &'static str)] = SHARED;
    const COLUMNS: &'static [&'static str] = &[
        "id",
        "digest",
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
        let Self(row) = self;
        to.text(row.id.to_string());
        to.bytes(&row.digest.0);
        to.text(row.login);
        to.text(row.display_name);
        to.text(row.emails);
        to.text(row.search);
        to.text(row.kind);
        to.text(row.status);
        to.text(row.status_detail);
        to.text(row.profile);
        to.number_opt(row.last_login);
        to.number(flag(row.is_external));
    }
}

impl Insert for Staged<Entitlement> {
    const TABLE: &'static str = "staged_entitlement";
    const SHARED: &'static [(&'static str, &'static str)] = SHARED;
    const COLUMNS: &'static [&'static str] =
        &["id", "digest", "slug", "display_name", "description", "purpose", "grantable_to", "exclusion_set"];

    fn give(self, to: &mut impl Values) {
        let Self(row) = self;
        to.text(row.id.to_string());
        to.bytes(&row.digest.0);
        to.text(row.slug);
        to.text(row.display_name);
        to.text(row.description);
        to.text(row.purpose);
        to.text(row.grantable_to);
        to.text(row.exclusion_set);
    }
}

impl Insert for StagedGrant {
    const TABLE: &'static str = "staged_grant";
    const SHARED: &'static [(&'static str, &'static str)] = SHARED;
    const COLUMNS: &'static [&'static str] = &["id", "digest", "sources", "immutable"];

    fn give(self, to: &mut impl Values) {
        to.text(self.id.to_string());
        to.bytes(&self.digest.0);
        to.text(self.sources);
        to.number(flag(self.immutable));
    }
}
