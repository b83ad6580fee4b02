//! Real processes on one database: one is killed while it holds leases, and nothing is lost or done twice.

use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;
use jiff::SignedDuration;
use jobs::{Context, Failure, Handler, Next, Runner};
use store::Store;
use tokio::sync::Notify;
use tokio_util::sync::CancellationToken;

use crate::scene::{KIND, count, job, open, until, wish};

/// Names the database and the process to [`worker`].
const DATABASE: &str = "JOBS_TEST_DATABASE";
const OWNER: &str = "JOBS_TEST_OWNER";

/// Writes down that it ran, and does its effect once, as every handler must.
struct Effect {
    store: Store,
    owner: String,
}

#[async_trait]
impl Handler for Effect {
    async fn run(&self, context: &Context) -> Result<Next, Failure> {
        let done = async {
            // Long enough to be killed in.
            tokio::time::sleep(Duration::from_millis(15)).await;
            let mut tx = self.store.begin().await?;
            let effect = "INSERT INTO effect (job, owner, runs) VALUES ($1, $2, 1) \
                 ON CONFLICT (job) DO UPDATE SET runs = effect.runs + 1";
            let query = sqlx::query(effect).bind(context.job.payload.clone()).bind(self.owner.clone());
            query.execute(tx.conn()).await?;
            tx.commit().await?;
            anyhow::Ok(())
        };
        done.await.map_err(|error| Failure::Passing(format!("{error:#}")))?;
        Ok(Next::Done)
    }
}

/// Not a test of its own: the other tests start this program again to run only this, as a process that they can kill.
#[test]
fn worker() -> anyhow::Result<()> {
    let (Ok(location), Ok(owner)) = (std::env::var(DATABASE), std::env::var(OWNER)) else { return Ok(()) };
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        let store = open(&location).await?;
        let handler = Arc::new(Effect { store: store.clone(), owner: owner.clone() });
        let runner = Runner::new(store, owner, Arc::new(Notify::new()))
            .register(KIND, 8, handler)
            .with_times(Duration::from_millis(2_500), Duration::from_millis(20));
        runner.run(CancellationToken::new()).await;
        Ok(())
    })
}

/// A process; killed when dropped.
struct Process(Child);

impl Process {
    fn start(location: &str, owner: &str) -> anyhow::Result<Self> {
        let mut command = Command::new(std::env::current_exe()?);
        command.args(["--exact", "crash::worker"]).env(DATABASE, location).env(OWNER, owner);
        Ok(Self(command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null()).spawn()?))
    }

    /// `kill -9`.
    fn kill(&mut self) -> anyhow::Result<()> {
        self.0.kill()?;
        self.0.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        let _ = self.kill();
    }
}

async fn number(store: &Store, statement: &'static str) -> anyhow::Result<i64> {
    Ok(sqlx::query_scalar(statement).fetch_one(&mut *store.read().await?).await?)
}

testkit::on_both_engines! {
    async fn a_killed_process_loses_nothing_and_the_other_takes_over(database: Database) {
        const JOBS: i64 = 400;
        let store = open(database.location()).await?;
        let mut tx = store.begin().await?;
        let table = "CREATE TABLE effect (job TEXT PRIMARY KEY, owner TEXT NOT NULL, runs BIGINT NOT NULL)";
        sqlx::query(table).execute(tx.conn()).await?;
        tx.commit().await?;
        // Half of them are timers that become due while the processes run.
        let now = store.now();
        let at = |n: i64| if n % 2 == 0 { now } else { now + SignedDuration::from_millis(5 * n) };
        let wishes: Vec<_> = (0..JOBS).map(|n| job(None, &n.to_string(), at(n))).collect();
        wish(&store, &wishes).await?;

        let mut first = Process::start(database.location(), "first")?;
        let _second = Process::start(database.location(), "second")?;
        let begun = "SELECT COUNT(DISTINCT owner) FROM effect";
        until("both work", async || Ok(number(&store, begun).await? == 2)).await?;
        let held = "SELECT COUNT(*) FROM job WHERE state = 'running' AND lease_owner = 'first'";
        until("the first holds leases", async || Ok(number(&store, held).await? > 0)).await?;
        first.kill()?;

        until("all are done", async || Ok(count(&store, "done").await.unwrap_or(0) == JOBS)).await?;
        let mut conn = store.read().await?;
        let effects: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM effect").fetch_one(&mut *conn).await?;
        assert_eq!(effects, JOBS, "each job had its effect");
        // What nobody was killed over ran once.
        let twice = "SELECT COUNT(*) FROM effect WHERE runs > 1 AND owner <> 'first'";
        assert_eq!(sqlx::query_scalar::<_, i64>(twice).fetch_one(&mut *conn).await?, 0);
        let left: i64 = sqlx::query_scalar("SELECT COUNT(*) FROM job WHERE state <> 'done'").fetch_one(&mut *conn).await?;
        assert_eq!(left, 0);
    }
}
