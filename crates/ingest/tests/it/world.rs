//! A connector, its files, and what is visible of them.

use std::collections::BTreeMap;
use std::sync::Arc;

use anyhow::Context as _;
use c1z::{Options, SyncType};
use camino::Utf8PathBuf;
use domain::sync::{Kind, State, Step, Trigger};
use ids::{AppId, ConnectorId, ManualClock, SeededRng, SyncId};
use ingest::{Context, Outcome};
use jiff::{SignedDuration, Timestamp};
use proto::c1::connector::v2::{
    Entitlement, Grant, Resource, ResourceId, ResourceType, UserTrait, resource_type, user_trait,
};
use store::file::{Files, Kind as FileKind, Place, Stored};
use store::sync::{NewSync, Sync};
use store::{Location, RowExt as _, Store, Surroundings};
use tempfile::TempDir;
use testkit::database::Database;

/// What an app holds: users with a name and their roles, and the roles themselves.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct App {
    pub(crate) users: BTreeMap<String, User>,
    pub(crate) roles: Vec<String>,
}

/// A user of an app.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct User {
    pub(crate) name: String,
    pub(crate) roles: Vec<String>,
}

impl App {
    /// This many users, each with the role `viewer`; there is a role `editor` too.
    pub(crate) fn of(users: usize) -> Self {
        let user = |n: usize| (id(n), User { name: format!("User {n}"), roles: vec!["viewer".to_owned()] });
        Self { users: (0..users).map(user).collect(), roles: vec!["editor".to_owned(), "viewer".to_owned()] }
    }

    pub(crate) fn remove(&mut self, users: std::ops::Range<usize>) {
        for n in users {
            self.users.remove(&id(n));
        }
    }

    pub(crate) fn user(&mut self, n: usize) -> &mut User {
        self.users.entry(id(n)).or_default()
    }
}

pub(crate) fn id(n: usize) -> String {
    format!("usr_{n:06}")
}

fn resource(resource_type: &str, id: &str, name: &str) -> Resource {
    let id = ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned(), ..ResourceId::default() };
    Resource { id: Some(id), display_name: name.to_owned(), ..Resource::default() }
}

fn account(id: &str, user: &User) -> Resource {
    let email = user_trait::Email { address: format!("{id}@Example.com"), is_primary: true };
    let person = UserTrait { login: format!("{id}@example.com"), emails: vec![email], ..UserTrait::default() };
    Resource { annotations: vec![proto::annotations::pack(&person)], ..resource("user", id, &user.name) }
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

fn grant(id: &str, user: &User, role: &str) -> Grant {
    Grant {
        id: format!("role:{role}:assigned:user:{id}"),
        entitlement: Some(entitlement(role)),
        principal: Some(account(id, user)),
        ..Grant::default()
    }
}

/// A store with one connector, and a clock that moves by hand.
pub(crate) struct World {
    pub(crate) context: Context,
    pub(crate) clock: ManualClock,
    pub(crate) connector: ConnectorId,
    folder: TempDir,
    _database: Arc<Database>,
}

impl World {
    pub(crate) async fn new(database: Database) -> anyhow::Result<Self> {
        Self::with_hold_rules(database, "{}").await
    }

    pub(crate) async fn with_hold_rules(database: Database, hold_rules: &str) -> anyhow::Result<Self> {
        let clock = ManualClock::new("2026-11-23T08:00:00Z".parse()?);
        let surroundings = Surroundings { clock: Arc::new(clock.clone()), rng: Arc::new(SeededRng::new(11)) };
        let store = Store::open(&Location::parse(database.location())?, surroundings).await?;
        let folder = tempfile::tempdir()?;
        let path = Utf8PathBuf::try_from(folder.path().join("files"))?;
        let files = Files::open(&Place::Folder(path), Arc::clone(store.rng())).await?;
        let connector = connector(&store, hold_rules).await?;
        let context = Context { store, files, temporary: None, limits: c1z::Limits::default() };
        Ok(Self { context, clock, connector, folder, _database: Arc::new(database) })
    }

    pub(crate) fn store(&self) -> &Store {
        &self.context.store
    }

    /// Writes the file of a sync of this kind.
    pub(crate) fn file(&self, app: &App, kind: SyncType) -> anyhow::Result<Vec<u8>> {
        let path = Utf8PathBuf::try_from(self.folder.path().join(format!("{:?}.c1z", std::thread::current().id())))?;
        let mut file = c1z::Store::open(&path, Options::default())?;
        let with_grants = kind != SyncType::ResourcesOnly;
        file.start_sync(kind, None)?;
        if !app.users.is_empty() || !app.roles.is_empty() {
            let types = [("role", resource_type::Trait::Role), ("user", resource_type::Trait::User)];
            file.put(&types.map(|(id, kind)| ResourceType {
                id: id.to_owned(),
                display_name: id.to_owned(),
                traits: vec![kind as i32],
                ..ResourceType::default()
            }))?;
        }
        file.put(&app.roles.iter().map(|role| resource("role", role, role)).collect::<Vec<_>>())?;
        file.put(&app.users.iter().map(|(id, user)| account(id, user)).collect::<Vec<_>>())?;
        if with_grants {
            file.put(&app.roles.iter().map(|role| entitlement(role)).collect::<Vec<_>>())?;
            let held = app.users.iter().flat_map(|(id, user)| user.roles.iter().map(move |role| grant(id, user, role)));
            file.put(&held.collect::<Vec<_>>())?;
        }
        file.end_sync()?;
        file.save()?;
        let bytes = std::fs::read(&path)?;
        std::fs::remove_file(&path)?;
        Ok(bytes)
    }

    /// Wishes for a sync and uploads its file, a minute after whatever was before.
    pub(crate) async fn upload(&self, file: &[u8]) -> anyhow::Result<SyncId> {
        self.clock.advance(SignedDuration::from_mins(1));
        let started_at = self.store().now();
        self.upload_of(file, started_at).await
    }

    /// As [`World::upload`], of a sync that started then.
    pub(crate) async fn upload_of(&self, file: &[u8], started_at: Timestamp) -> anyhow::Result<SyncId> {
        let mut upload = self.context.files.begin(1 << 30).await?;
        upload.write(file.to_vec().into()).await?;
        let Stored { digest, bytes } = upload.finish(None).await?;
        let mut tx = self.store().begin().await?;
        let new = NewSync {
            connector_id: self.connector,
            task_id: None,
            kind: Kind::Full,
            trigger: Trigger::Manual,
            wished_by: "system".to_owned(),
        };
        let (mut sync, is_new) = store::sync::wish(&mut tx, &new).await?;
        anyhow::ensure!(is_new, "another sync is open");
        let now = tx.now();
        store::file::record(tx.conn(), &Stored { digest, bytes }, FileKind::C1z, now).await?;
        sync.state = sync.state.after(Step::Uploaded)?;
        (sync.file, sync.file_bytes, sync.started_at) = (Some(digest), Some(bytes), Some(started_at));
        store::sync::update(tx.conn(), &mut sync).await?;
        tx.commit().await?;
        Ok(sync.id)
    }

    pub(crate) async fn run(&self, sync: SyncId) -> anyhow::Result<Outcome> {
        Ok(ingest::run(&self.context, sync).await?)
    }

    /// Uploads a full sync of the app and reads it; returns it as it ended.
    pub(crate) async fn sync(&self, app: &App) -> anyhow::Result<Sync> {
        self.sync_as(app, SyncType::Full).await
    }

    pub(crate) async fn sync_as(&self, app: &App, kind: SyncType) -> anyhow::Result<Sync> {
        let id = self.upload(&self.file(app, kind)?).await?;
        self.run(id).await?;
        self.found(id).await
    }

    /// As [`World::sync`], which must be applied.
    pub(crate) async fn applied(&self, app: &App) -> anyhow::Result<Sync> {
        let sync = self.sync(app).await?;
        anyhow::ensure!(sync.state == State::Applied, "{} {:?}", sync.state, sync.error);
        Ok(sync)
    }

    pub(crate) async fn found(&self, id: SyncId) -> anyhow::Result<Sync> {
        let found = store::sync::find(&mut *self.store().read().await?, self.store().tenant(), id).await?;
        found.context("the sync is there")
    }

    /// What is visible, as an app.
    pub(crate) async fn visible(&self) -> anyhow::Result<App> {
        let mut conn = self.store().read().await?;
        let mut app = App::default();
        let visible = "JOIN inventory i ON i.connector_id = x.connector_id AND x.first_seq <= i.applied_seq";
        let sql = format!("SELECT x.external_id, x.display_name FROM account x {visible} WHERE x.gone_at IS NULL");
        for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *conn).await? {
            let user = User { name: row.text("display_name")?, roles: Vec::new() };
            anyhow::ensure!(app.users.insert(row.text("external_id")?, user).is_none(), "an account twice");
        }
        let sql = format!("SELECT x.display_name FROM entitlement x {visible} WHERE x.gone_at IS NULL ORDER BY 1");
        for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *conn).await? {
            app.roles.push(row.text("display_name")?);
        }
        let sql = format!(
            "SELECT a.external_id, e.display_name FROM grant_period x {visible} JOIN account a ON a.id = x.account_id \
             JOIN entitlement e ON e.id = x.entitlement_id WHERE x.ended_at IS NULL ORDER BY 2"
        );
        for row in sqlx::query(sqlx::AssertSqlSafe(sql)).fetch_all(&mut *conn).await? {
            let user = app.users.get_mut(&row.text("external_id")?).context("a grant of nobody")?;
            user.roles.push(row.text("display_name")?);
        }
        Ok(app)
    }

    /// The app of the connector.
    pub(crate) async fn app(&self) -> anyhow::Result<AppId> {
        let row = sqlx::query("SELECT id FROM app").fetch_one(&mut *self.store().read().await?).await?;
        Ok(row.parsed("id")?)
    }

    /// One number out of the database.
    pub(crate) async fn number(&self, sql: &'static str) -> anyhow::Result<i64> {
        let row = sqlx::query(sql).fetch_one(&mut *self.store().read().await?).await?;
        Ok(sqlx::Row::try_get(&row, 0)?)
    }
}

async fn connector(store: &Store, hold_rules: &str) -> anyhow::Result<ConnectorId> {
    let mut tx = store.begin().await?;
    let (now, tenant) = (tx.now(), tx.tenant());
    let app = AppId::new(now, tx.rng());
    sqlx::query(
        "INSERT INTO app (id, tenant_id, name, description, state, settings, created_at, updated_at, version) \
         VALUES ($1, $2, 'App', '', 'managed', '{}', 0, 0, 1)",
    )
    .bind(app.to_string())
    .bind(tenant.to_string())
    .execute(tx.conn())
    .await?;
    let id = ConnectorId::new(now, tx.rng());
    sqlx::query(
        "INSERT INTO connector (id, tenant_id, app_id, catalog_id, hosting, display_name, config, config_version, \
         provisioning_enabled, require_dpop, schedule, hold_rules, attributes_sync, poll_interval_us, \
         failures_in_a_row, known_status, created_at, updated_at, version) \
         VALUES ($1, $2, $3, 'whimsical', 'hosted', 'Whimsical', '{}', 1, 0, 0, '{}', $4, '{}', 0, 0, '', 0, 0, 1)",
    )
    .bind(id.to_string())
    .bind(tenant.to_string())
    .bind(app.to_string())
    .bind(hold_rules.to_owned())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok(id)
}
