//! A server's use cases on a database of their own, with a clock that stands still.

use std::sync::Arc;
use std::time::Duration;

use domain::actor::{Actor, Role};
use domain::audit::Via;
use governance::connector::{AppChoice, NewConnector};
use governance::notice::Mailer;
use governance::{Caller, Governance, Settings};
use ids::{ConnectorId, ManualClock, PersonId, SeededRng, SystemRng};
use jiff::SignedDuration;
use jobs::Next;
use store::file::{Files, Place};
use store::job::Ending;
use store::person::Person;
use store::seal::{SealKey, Sealer};
use store::{Location, Paging, Store, Surroundings};
use testkit::database::Database;
use tokio_util::sync::CancellationToken;

pub(crate) struct World {
    pub(crate) clock: ManualClock,
    pub(crate) governance: Governance,
    /// Holds the stored files in `files`.
    pub(crate) folder: tempfile::TempDir,
    /// Those of the servers before.
    folders: Vec<tempfile::TempDir>,
}

impl World {
    pub(crate) async fn new(database: &Database) -> anyhow::Result<Self> {
        let clock = ManualClock::new("2026-11-23T08:00:00Z".parse()?);
        let governance = server(database, &clock, &[SealKey::generate(&SeededRng::new(1))], None).await?;
        Ok(Self { clock, governance: governance.0, folder: governance.1, folders: Vec::new() })
    }

    /// Another server process on the same database.
    pub(crate) async fn another(&self, database: &Database) -> anyhow::Result<Self> {
        self.with_keys(database, &[SealKey::generate(&SeededRng::new(1))]).await
    }

    /// Another server process on the same database, with these keys.
    pub(crate) async fn with_keys(&self, database: &Database, keys: &[SealKey]) -> anyhow::Result<Self> {
        let (governance, folder) = server(database, &self.clock, keys, None).await?;
        Ok(Self { clock: self.clock.clone(), governance, folder, folders: Vec::new() })
    }

    /// The server starts anew, with mail through this server.
    pub(crate) async fn set_mail_up(&mut self, database: &Database, url: &str) -> anyhow::Result<()> {
        let mailer = Mailer::new(&url.into(), "Podium <podium@example.com>")?;
        let keys = [SealKey::generate(&SeededRng::new(1))];
        let (governance, folder) = server(database, &self.clock, &keys, Some(mailer)).await?;
        self.governance = governance;
        self.folders.push(folder);
        Ok(())
    }

    pub(crate) fn store(&self) -> &Store {
        self.governance.store()
    }

    /// Somebody new with these roles.
    pub(crate) async fn person(&self, roles: &[Role]) -> anyhow::Result<Caller> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let (tenant, id) = (tx.tenant(), PersonId::new(now, &SystemRng));
        let person = Person::new(id, format!("{id}@example.com"), "Ada".to_owned(), now);
        store::person::insert(tx.conn(), tenant, &person).await?;
        for role in roles {
            store::person::add_role(tx.conn(), id, *role, "system", now).await?;
        }
        tx.commit().await?;
        let actor = Actor::Person { id, roles: roles.iter().copied().collect(), token: None };
        Ok(Caller::new(actor, Via::Rest))
    }

    /// A connector that somebody else runs.
    pub(crate) async fn connector(&self) -> anyhow::Result<ConnectorId> {
        let caller = self.person(&[Role::SuperAdministrator]).await?;
        let new = NewConnector {
            catalog_id: "baton".to_owned(),
            hosting: None,
            display_name: None,
            app: AppChoice::New { name: caller.actor.person().map(|id| id.to_string()) },
            owners: Vec::new(),
        };
        Ok(self.governance.create_connector(&caller, new).await?.value.connector.id)
    }

    /// Does every durable job that is due, until none is.
    pub(crate) async fn run_due_jobs(&self) -> anyhow::Result<()> {
        let store = self.store();
        loop {
            let mut done = 0;
            for (kind, handler) in self.governance.job_handlers() {
                let until = store.now() + SignedDuration::from_secs(30);
                for job in store::job::claim(store, "test", kind, until, 50).await? {
                    let id = job.id;
                    let ending = match handler.run(&jobs::Context { job, cancel: CancellationToken::new() }).await {
                        Ok(Next::Done) => Ending::Done,
                        Ok(Next::At(at)) => Ending::Again { at, error: None },
                        Err(failure) => anyhow::bail!("a job of the kind `{kind}` failed: {failure:?}"),
                    };
                    let mut tx = store.begin().await?;
                    store::job::end(&mut tx, "test", &[(id, ending)]).await?;
                    tx.commit().await?;
                    done += 1;
                }
            }
            if done == 0 {
                return Ok(());
            }
        }
    }

    /// Every audit row as it is hashed, the oldest first.
    pub(crate) async fn audit(&self) -> anyhow::Result<Vec<String>> {
        let (scope, paging) = (store::audit::Scope::All, Paging { after: None, limit: 200 });
        let mut conn = self.store().read().await?;
        let filter = store::audit::Filter::default();
        let order = store::audit::Order::Oldest;
        let page = store::audit::list(&mut conn, self.store().tenant(), scope, &filter, order, paging).await?;
        Ok(page.rows.into_iter().map(|stored| stored.canonical).collect())
    }
}

async fn server(
    database: &Database,
    clock: &ManualClock,
    keys: &[SealKey],
    mail: Option<Mailer>,
) -> anyhow::Result<(Governance, tempfile::TempDir)> {
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), rng: Arc::new(SystemRng) };
    let store = Store::open(&Location::parse(database.location())?, surroundings).await?;
    let sealer = Sealer::new(keys)?;
    let folder = tempfile::tempdir()?;
    let place = Place::Folder(folder.path().join("files").try_into()?);
    let files = Files::open(&place, Arc::new(SystemRng)).await?;
    let settings = Settings {
        base_url: "https://localhost".to_owned(),
        connector_host: "localhost".to_owned(),
        poll_interval: Duration::from_secs(15),
        heartbeat_interval: Duration::from_secs(30),
        task_lease: Duration::from_mins(15),
        upload_limit_bytes: 1 << 20,
        mail,
    };
    Ok((Governance::new(store, sealer, files, settings), folder))
}
