//! The runner: due jobs run once, failures are tried again, a dead owner is replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use jobs::{Context, Failure, Handler, NewJob, Next, Runner, enqueue};
use store::{Location, Store, Surroundings};
use testkit::database::Database;
use tokio::sync::{Mutex, Notify};
use tokio_util::sync::CancellationToken;

const DEADLINE: Duration = Duration::from_secs(30);

async fn open(database: &Database) -> anyhow::Result<Store> {
    Ok(Store::open(&Location::parse(database.location())?, Surroundings::default()).await?)
}

fn job(key: Option<String>, payload: &str, run_at: Timestamp) -> NewJob {
    NewJob { kind: "count", key, payload: payload.to_owned(), run_at, priority: 10, max_attempts: 3 }
}

async fn wish(store: &Store, jobs: &[NewJob]) -> anyhow::Result<()> {
    let mut tx = store.begin().await?;
    for job in jobs {
        enqueue(&mut tx, job).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Remembers what it ran; fails as often as the payload says.
#[derive(Default)]
struct Counting {
    runs: Mutex<Vec<String>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
}

#[async_trait]
impl Handler for Counting {
    async fn run(&self, context: &Context) -> Result<Next, Failure> {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.runs.lock().await.push(context.job.payload.clone());
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        match context.job.payload.as_str() {
            "lasting" => Err(Failure::Lasting("no".to_owned())),
            "panic" => panic!("a handler's own fault"),
            _ => Ok(Next::Done),
        }
    }
}

struct Going {
    handler: Arc<Counting>,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

fn start(store: &Store, owner: &str) -> Going {
    let handler = Arc::new(Counting::default());
    let cancel = CancellationToken::new();
    let runner = Runner::new(store.clone(), owner.to_owned(), Arc::new(Notify::new()))
        .register("count", 4, Arc::clone(&handler) as Arc<dyn Handler>)
        .with_times(Duration::from_millis(600), Duration::from_millis(20));
    let task = tokio::spawn(runner.run(cancel.clone()));
    Going { handler, cancel, task }
}

async fn until(mut holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let end = tokio::time::Instant::now() + DEADLINE;
    while !holds().await? {
        ensure!(tokio::time::Instant::now() < end, "it did not come true in time");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

async fn count(store: &Store, state: &str) -> anyhow::Result<i64> {
    let statement = "SELECT COUNT(*) FROM job WHERE state = $1";
    Ok(sqlx::query_scalar(statement).bind(state.to_owned()).fetch_one(&mut *store.read().await?).await?)
}

testkit::on_both_engines! {
    async fn due_jobs_run_once_whatever_the_number_of_runners(database: Database) {
        let store = open(&database).await?;
        let now = store.now();
        let wishes: Vec<NewJob> = (0..200).map(|n| job(None, &n.to_string(), now)).collect();
        wish(&store, &wishes).await?;
        wish(&store, &[job(None, "later", now + SignedDuration::from_hours(1))]).await?;
        let runners = [start(&store, "a"), start(&store, "b")];
        until(async || Ok(count(&store, "done").await? == 200)).await?;
        let mut runs = Vec::new();
        for going in runners {
            going.cancel.cancel();
            going.task.await?;
            assert!(going.handler.most_at_once.load(Ordering::SeqCst) <= 4);
            runs.extend(going.handler.runs.lock().await.clone());
        }
        runs.sort_by_key(|run| run.parse::<u32>().unwrap_or(u32::MAX));
        assert_eq!(runs, (0..200).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(count(&store, "queued").await?, 1);
    }

    async fn a_second_wish_with_the_key_is_folded_into_the_first(database: Database) {
        let store = open(&database).await?;
        let now = store.now();
        let key = || Some("k".to_owned());
        wish(&store, &[job(key(), "first", now), job(key(), "second", now)]).await?;
        assert_eq!(count(&store, "queued").await?, 1);
        let going = start(&store, "a");
        until(async || Ok(count(&store, "done").await? == 1)).await?;
        // What is done is done: the same wish is a new one now.
        wish(&store, &[job(key(), "third", now)]).await?;
        until(async || Ok(count(&store, "done").await? == 2)).await?;
        going.cancel.cancel();
        going.task.await?;
        assert_eq!(*going.handler.runs.lock().await, ["first", "third"]);
    }

    async fn a_fault_of_a_handler_ends_its_job_and_nothing_else(database: Database) {
        let store = open(&database).await?;
        let now = store.now();
        wish(&store, &[job(None, "lasting", now), job(None, "panic", now), job(None, "fine", now)]).await?;
        let going = start(&store, "a");
        until(async || Ok(count(&store, "dead").await? == 2 && count(&store, "done").await? == 1)).await?;
        going.cancel.cancel();
        going.task.await?;
    }

    async fn what_a_dead_process_had_is_done_by_another_within_a_lease(database: Database) {
        let store = open(&database).await?;
        let now = store.now();
        wish(&store, &[job(None, "orphan", now)]).await?;
        let lease_end = now + SignedDuration::from_millis(300);
        let taken = store::job::claim(&store, "dead", "count", lease_end, 10).await?;
        assert_eq!(taken.len(), 1);
        assert!(store::job::claim(&store, "other", "count", lease_end, 10).await?.is_empty(), "the lease holds");
        let going = start(&store, "alive");
        until(async || Ok(count(&store, "done").await? == 1)).await?;
        // The dead one comes back and finds that it has nothing to say any more.
        let mut tx = store.begin().await?;
        assert!(!store::job::end(&mut tx, "dead", taken[0].id, &store::job::Ending::Done).await?);
        drop(tx);
        going.cancel.cancel();
        going.task.await?;
        assert_eq!(*going.handler.runs.lock().await, ["orphan"]);
    }

    async fn runners_wait_for_a_database_that_was_away(database: Database) {
        let store = open(&database).await?;
        let going = start(&store, "a");
        for round in 0..5 {
            database.disconnect_all()?;
            let mut tries = 0;
            // The pool notices broken connections one by one.
            while let Err(error) = wish(&store, &[job(None, &round.to_string(), store.now())]).await {
                tries += 1;
                ensure!(tries < 40, "{error:#}");
            }
        }
        until(async || Ok(count(&store, "done").await.unwrap_or(0) == 5)).await?;
        going.cancel.cancel();
        going.task.await?;
    }
}
