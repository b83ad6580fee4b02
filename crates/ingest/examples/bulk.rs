//! Makes a file of N users with one grant each, or reads one into a database and prints what that took.
//!
//! `bulk make FILE USERS [CHANGED]`: the first CHANGED users get another name, so that two files differ in them.
//! `bulk read DATABASE FOLDER FILE`: DATABASE is a path or a `postgres://` URL; files are kept in FOLDER. The first
//! reading makes the connector. Used by `cargo xtask bench`.

#![expect(clippy::print_stdout, reason = "printing is what it is for")]

use std::sync::Arc;
use std::time::Instant;

use anyhow::{Context as _, bail};
use c1z::{Options, SyncType};
use camino::{Utf8Path, Utf8PathBuf};
use domain::sync::{Kind, Step, Trigger};
use ids::{AppId, ConnectorId, SystemRng};
use proto::c1::connector::v2::{
    Entitlement, Grant, Resource, ResourceId, ResourceType, UserTrait, resource_type, user_trait,
};
use proto::{Struct, Value, value};
use store::file::{Files, Kind as FileKind, Place};
use store::sync::NewSync;
use store::{Location, Store, Surroundings};
use tokio::io::AsyncReadExt as _;

/// The one of `podium`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// How many users are made at a time.
const PAGE: usize = 1_000;

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let args: Vec<String> = std::env::args().skip(1).collect();
    match args.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["make", file, users] => make(Utf8Path::new(file), users.parse()?, 0),
        ["make", file, users, changed] => make(Utf8Path::new(file), users.parse()?, changed.parse()?),
        ["read", database, folder, file] => read(database, folder.into(), file.into()).await,
        _ => bail!("usage: bulk make FILE USERS [CHANGED] | bulk read DATABASE FOLDER FILE"),
    }
}

fn make(path: &Utf8Path, users: usize, changed: usize) -> anyhow::Result<()> {
    let mut store = c1z::Store::open(path, Options::default())?;
    store.start_sync(SyncType::Full, None)?;
    let types = [("user", resource_type::Trait::User), ("role", resource_type::Trait::Role)];
    store.put(&types.map(|(id, kind)| ResourceType {
        id: id.to_owned(),
        display_name: id.to_owned(),
        traits: vec![kind as i32],
        ..ResourceType::default()
    }))?;
    store.put(&["editor", "viewer"].map(|role| resource("role", role, role)))?;
    store.put(&["editor", "viewer"].map(entitlement))?;
    for start in (0..users).step_by(PAGE) {
        let page = start..users.min(start + PAGE);
        store.put(&page.clone().map(|n| user(n, n < changed)).collect::<Vec<_>>())?;
        store.put(&page.map(|n| grant(n, n < changed)).collect::<Vec<_>>())?;
    }
    store.end_sync()?;
    store.save()?;
    Ok(())
}

fn resource(resource_type: &str, id: &str, name: &str) -> Resource {
    let id = ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned(), ..ResourceId::default() };
    Resource { id: Some(id), display_name: name.to_owned(), ..Resource::default() }
}

fn user_id(n: usize) -> String {
    // Spread, as ids that apps make are.
    format!("{:016x}", (n as u64).wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

fn user(n: usize, changed: bool) -> Resource {
    let text = |text: String| Value { kind: Some(value::Kind::StringValue(text)) };
    let fields = [
        ("userName", text(format!("first{n}.last{n}@example.com"))),
        ("displayName", text(format!("First{n} Last{n}"))),
        ("department", text(format!("Department {}", n % 50))),
        ("editor", Value { kind: Some(value::Kind::BoolValue(n.is_multiple_of(3))) }),
    ];
    let email = user_trait::Email { address: format!("first{n}.last{n}@example.com"), is_primary: true };
    let person =
        UserTrait { login: format!("first{n}.last{n}@example.com"), emails: vec![email], ..UserTrait::default() };
    let name = if changed { format!("First{n} Other{n}") } else { format!("First{n} Last{n}") };
    Resource {
        annotations: vec![proto::annotations::pack(&person)],
        profile: Some(Struct { fields: fields.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }),
        ..resource("user", &user_id(n), &name)
    }
}

fn entitlement(role: &str) -> Entitlement {
    Entitlement {
        id: format!("role:{role}:assigned"),
        display_name: role.to_owned(),
        slug: "assigned".to_owned(),
        resource: Some(resource("role", role, role)),
        ..Entitlement::default()
    }
}

fn grant(n: usize, changed: bool) -> Grant {
    let role = if n.is_multiple_of(3) { "editor" } else { "viewer" };
    Grant {
        id: format!("role:{role}:assigned:user:{}", user_id(n)),
        entitlement: Some(entitlement(role)),
        principal: Some(user(n, changed)),
        ..Grant::default()
    }
}

async fn read(database: &str, folder: Utf8PathBuf, file: Utf8PathBuf) -> anyhow::Result<()> {
    let store = Store::open(&Location::parse(database)?, Surroundings::default()).await?;
    let files = Files::open(&Place::Folder(folder), Arc::new(SystemRng)).await?;
    let connector = connector(&store).await?;
    let mut upload = files.begin(1 << 34).await?;
    let mut content = tokio::fs::File::open(&file).await?;
    loop {
        let mut piece = Vec::with_capacity(1 << 20);
        if content.read_buf(&mut piece).await? == 0 {
            break;
        }
        upload.write(piece.into()).await?;
    }
    let stored = upload.finish(None).await?;
    let mut tx = store.begin().await?;
    let new = NewSync {
        connector_id: connector,
        task_id: None,
        kind: Kind::FileImport,
        trigger: Trigger::Upload,
        wished_by: "system".to_owned(),
    };
    let (mut sync, _) = store::sync::wish(&mut tx, &new).await?;
    let now = tx.now();
    store::file::record(tx.conn(), &stored, FileKind::C1z, now).await?;
    sync.state = sync.state.after(Step::Uploaded)?;
    (sync.file, sync.uploaded_at) = (Some(stored.digest), Some(now));
    store::sync::update(tx.conn(), &mut sync).await?;
    tx.commit().await?;

    let limits = c1z::Limits::default();
    let needs = ingest::Context { store: store.clone(), files, temporary: None, limits };
    let start = Instant::now();
    let outcome = ingest::run(&needs, sync.id).await?;
    let took = start.elapsed().as_secs_f64();
    let found = store::sync::find(&mut *store.read().await?, store.tenant(), sync.id).await?.context("the sync")?;
    println!("{} {:.2} s, {} bytes, {}", outcome.state, took, stored.bytes, found.counts);
    if let Some(error) = found.error {
        bail!(error);
    }
    store.close().await;
    Ok(())
}

/// The one connector of the database, made when there is none.
async fn connector(store: &Store) -> anyhow::Result<ConnectorId> {
    let mut tx = store.begin().await?;
    let known = sqlx::query_scalar::<_, String>("SELECT id FROM connector LIMIT 1").fetch_optional(tx.conn()).await?;
    if let Some(id) = known {
        return Ok(id.parse()?);
    }
    let (now, tenant) = (tx.now(), tx.tenant());
    let (app, id) = (AppId::new(now, tx.rng()), ConnectorId::new(now, tx.rng()));
    sqlx::query(
        "INSERT INTO app (id, tenant_id, name, description, state, settings, created_at, updated_at, version) \
         VALUES ($1, $2, 'App', '', 'managed', '{}', 0, 0, 1)",
    )
    .bind(app.to_string())
    .bind(tenant.to_string())
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "INSERT INTO connector (id, tenant_id, app_id, catalog_id, hosting, display_name, config, config_version, \
         provisioning_enabled, require_dpop, schedule, hold_rules, attributes_sync, poll_interval_us, \
         failures_in_a_row, known_status, created_at, updated_at, version) \
         VALUES ($1, $2, $3, 'whimsical', 'hosted', 'App', '{}', 1, 0, 0, '{}', '{}', '{}', 0, 0, '', 0, 0, 1)",
    )
    .bind(id.to_string())
    .bind(tenant.to_string())
    .bind(app.to_string())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(id)
}
