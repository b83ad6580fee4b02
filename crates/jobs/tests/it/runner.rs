//! The runner: due jobs run once, failures are tried again, a dead owner is replaced.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use anyhow::ensure;
use async_trait::async_trait;
use jiff::SignedDuration;
use jobs::{Context, Failure, Handler, Job, NewJob, Next, Runner};
use store::Store;
use store::job::Ending;
use tokio::sync::{Mutex, Notify, Semaphore};
use tokio_util::sync::CancellationToken;

use crate::scene::{KIND, count, job, open, until, wish};

/// Remembers what it ran and what was given up, and does what the payload says.
struct Counting {
    runs: Mutex<Vec<String>>,
    given_up: Mutex<Vec<(String, String)>>,
    at_once: AtomicUsize,
    most_at_once: AtomicUsize,
    /// What `wait` waits for.
    gate: Semaphore,
}

impl Counting {
    fn new() -> Arc<Self> {
        let (runs, given_up) = (Mutex::default(), Mutex::default());
        let (at_once, most_at_once) = (AtomicUsize::new(0), AtomicUsize::new(0));
        Arc::new(Self { runs, given_up, at_once, most_at_once, gate: Semaphore::new(0) })
    }
}

#[async_trait]
impl Handler for Counting {
    async fn run(&self, context: &Context) -> Result<Next, Failure> {
        let now = self.at_once.fetch_add(1, Ordering::SeqCst) + 1;
        self.most_at_once.fetch_max(now, Ordering::SeqCst);
        tokio::task::yield_now().await;
        self.runs.lock().await.push(context.job.payload.clone());
        let stopped = if context.job.payload.starts_with("wait") {
            let permit = context.cancel.run_until_cancelled(self.gate.acquire()).await;
            permit.map(|permit| permit.unwrap().forget()).is_none()
        } else {
            false
        };
        self.at_once.fetch_sub(1, Ordering::SeqCst);
        match context.job.payload.as_str() {
            _ if stopped => Err(Failure::Passing("stopped".to_owned())),
            "lasting" => Err(Failure::Lasting("no".to_owned())),
            "panic" => panic!("a handler's own fault"),
            "passing" if context.job.attempts == 1 => Err(Failure::Passing("not yet".to_owned())),
            _ => Ok(Next::Done),
        }
    }

    async fn give_up(&self, job: &Job, reason: &str) -> Result<(), Failure> {
        self.given_up.lock().await.push((job.payload.clone(), reason.to_owned()));
        Ok(())
    }
}

struct Going {
    handler: Arc<Counting>,
    cancel: CancellationToken,
    task: tokio::task::JoinHandle<()>,
}

impl Going {
    async fn end(&self) -> anyhow::Result<()> {
        self.cancel.cancel();
        until("the runner ends", async || Ok(self.task.is_finished())).await
    }
}

fn start(store: &Store, owner: &str) -> Going {
    start_with(store, owner, &[KIND])
}

fn start_with(store: &Store, owner: &str, kinds: &[&'static str]) -> Going {
    let handler = Counting::new();
    let cancel = CancellationToken::new();
    let mut runner = Runner::new(store.clone(), owner.to_owned(), Arc::new(Notify::new()))
        .with_times(Duration::from_millis(900), Duration::from_millis(20));
    for kind in kinds {
        runner = runner.register(kind, 4, Arc::clone(&handler) as Arc<dyn Handler>);
    }
    let task = tokio::spawn(runner.run(cancel.clone()));
    Going { handler, cancel, task }
}

testkit::on_both_engines! {
    async fn due_jobs_run_once_whatever_the_number_of_runners(database: Database) {
        let store = open(database.location()).await?;
        let now = store.now();
        let wishes: Vec<NewJob> = (0..600).map(|n| job(None, &n.to_string(), now)).collect();
        wish(&store, &wishes).await?;
        wish(&store, &[job(None, "later", now + SignedDuration::from_hours(1))]).await?;
        let runners = [start(&store, "a"), start(&store, "b")];
        until("all are done", async || Ok(count(&store, "done").await? == 600)).await?;
        let mut runs = Vec::new();
        for going in runners {
            going.end().await?;
            assert!(going.handler.most_at_once.load(Ordering::SeqCst) <= 4);
            runs.extend(going.handler.runs.lock().await.clone());
        }
        runs.sort_by_key(|run| run.parse::<u32>().unwrap_or(u32::MAX));
        assert_eq!(runs, (0..600).map(|n| n.to_string()).collect::<Vec<_>>());
        assert_eq!(count(&store, "queued").await?, 1);
    }

    async fn many_due_jobs_of_one_kind_do_not_starve_another(database: Database) {
        let store = open(database.location()).await?;
        let now = store.now();
        let waiting: Vec<NewJob> = (0..300).map(|n| job(None, &format!("wait {n}"), now)).collect();
        wish(&store, &waiting).await?;
        let going = start_with(&store, "a", &[KIND, "other"]);
        until("the first kind is full", async || Ok(going.handler.at_once.load(Ordering::SeqCst) == 4)).await?;
        wish(&store, &[NewJob { kind: "other", ..job(None, "other", now) }]).await?;
        until("the other is done", async || Ok(count(&store, "done").await? == 1)).await?;
        // Nobody takes more slow jobs than it can do.
        assert!(count(&store, "running").await? <= 8);
        going.end().await?;
        // What was stopped, and what was not begun, is there for another, and no try of it was counted.
        let mut conn = store.read().await?;
        let open = "SELECT COUNT(*) FROM job WHERE state = 'queued' AND attempts = 0 AND lease_owner IS NULL";
        assert_eq!(sqlx::query_scalar::<_, i64>(open).fetch_one(&mut *conn).await?, 300);
    }

    async fn the_urgent_go_first_and_nobody_waits_for_ever(database: Database) {
        let store = open(database.location()).await?;
        let now = store.now();
        let seconds = SignedDuration::from_secs;
        let with = |payload, ago, priority| NewJob { priority, ..job(None, payload, now - seconds(ago)) };
        wish(&store, &[with("late", 1, 50), with("old", 60, 50), with("urgent", 0, 0), with("plain", 0, 10)]).await?;
        let until = now + seconds(60);
        let order: Vec<String> =
            store::job::claim(&store, "a", KIND, until, 9).await?.into_iter().map(|job| job.payload).collect();
        assert_eq!(order, ["old", "urgent", "plain", "late"]);
    }

    async fn a_second_wish_with_the_key_is_folded_into_the_first(database: Database) {
        let store = open(database.location()).await?;
        let now = store.now();
        let key = || Some("k".to_owned());
        wish(&store, &[job(key(), "first", now + SignedDuration::from_hours(1)), job(key(), "second", now)]).await?;
        assert_eq!(count(&store, "queued").await?, 1);
        let going = start(&store, "a");
        until("it is done, at the earlier instant", async || Ok(count(&store, "done").await? == 1)).await?;
        // What is done is done: the same wish is a new one now.
        wish(&store, &[job(key(), "third", now)]).await?;
        until("both are done", async || Ok(count(&store, "done").await? == 2)).await?;
        going.end().await?;
        assert_eq!(*going.handler.runs.lock().await, ["first", "third"]);
    }

    async fn a_wish_while_its_job_runs_lets_it_run_again(database: Database) {
        let store = open(database.location()).await?;
        let now = store.now();
        let key = || Some("k".to_owned());
        wish(&store, &[job(key(), "wait", now)]).await?;
        let going = start(&store, "a");
        until("it runs", async || Ok(going.handler.runs.lock().await.len() == 1)).await?;
        // Two wishes come too late for the run under way, and are one.
        wish(&store, &[job(key(), "wait", now), job(key(), "wait", now)]).await?;
        going.handler.gate.add_permits(2);
        until("it ran again", async || Ok(going.handler.runs.lock().await.len() == 2 && count(&store, "done").await? == 1))
            .await?;
        assert_eq!(count(&store, "queued").await?, 0);
        going.end().await?;
    }

    async fn a_fault_of_a_handler_ends_its_job_and_nothing_else(database: Database) {
        let store = open(database.location()).await?;
        let now = store.now();
        let wishes = ["lasting", "panic", "passing", "fine"].map(|payload| job(None, payload, now));
        wish(&store, &wishes).await?;
        let going = start(&store, "a");
        until("each has ended", async || Ok(count(&store, "dead").await? == 2 && count(&store, "done").await? == 2)).await?;
        going.end().await?;
        let given_up = going.handler.given_up.lock().await;
        let mut settled: Vec<&str> = given_up.iter().map(|(payload, _)| payload.as_str()).collect();
        settled.sort_unstable();
        assert_eq!(settled, ["lasting", "panic"], "what failed for good is settled");
    }

    async fn what_a_dead_process_had_is_done_by_another_within_a_lease(database: Database) {
        let store = open(database.location()).await?;
        let now = store.now();
        wish(&store, &[job(None, "orphan", now)]).await?;
        let lease_end = now + SignedDuration::from_millis(300);
        let taken = store::job::claim(&store, "dead", KIND, lease_end, 10).await?;
        assert_eq!(taken.len(), 1);
        assert!(store::job::claim(&store, "other", KIND, lease_end, 10).await?.is_empty(), "the lease holds");
        let going = start(&store, "alive");
        until("it is done", async || Ok(count(&store, "done").await? == 1)).await?;
        // The dead one comes back and finds that it has nothing to say any more.
        let id = taken[0].id;
        assert_eq!(store::job::renew(&store, "dead", &[id], lease_end).await?, [id]);
        let mut tx = store.begin().await?;
        assert_eq!(store::job::end(&mut tx, "dead", &[(id, Ending::Dead { error: String::new() })]).await?, 0);
        drop(tx);
        going.end().await?;
        assert_eq!(*going.handler.runs.lock().await, ["orphan"]);
    }

    async fn a_job_that_ends_each_process_is_given_up(database: Database) {
        let store = open(database.location()).await?;
        let now = store.now();
        wish(&store, &[job(None, "poison", now)]).await?;
        for _ in 0..3 {
            assert_eq!(store::job::claim(&store, "dead", KIND, now, 1).await?.len(), 1);
            assert_eq!(store::job::release(&store).await?, 1);
        }
        let going = start(&store, "alive");
        until("it is dead", async || Ok(count(&store, "dead").await? == 1)).await?;
        going.end().await?;
        assert!(going.handler.runs.lock().await.is_empty());
        let given_up = going.handler.given_up.lock().await;
        assert_eq!(*given_up, [("poison".to_owned(), "each process that did it fell silent".to_owned())]);
    }

    async fn runners_wait_for_a_database_that_was_away(database: Database) {
        let store = open(database.location()).await?;
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
        until("all are done", async || Ok(count(&store, "done").await.unwrap_or(0) == 5)).await?;
        going.end().await?;
    }
}
