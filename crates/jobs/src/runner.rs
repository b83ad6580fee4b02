//! Does what is due.

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use ids::JobId;
use jiff::{SignedDuration, Timestamp};
use store::Store;
use store::job::{self, Ending, Job};
use tokio::sync::Notify;
use tokio::task::{Id, JoinSet};
use tokio_util::sync::CancellationToken;

use crate::handler::{Context, Failure, Handler, Next};

/// How long a job belongs to its process without a sign of life.
const LEASE: Duration = Duration::from_secs(30);
/// How long to wait before looking again when nobody wakes the runner.
const POLL: Duration = Duration::from_millis(500);
/// The longest pause between two tries of a job.
const LONGEST_PAUSE: SignedDuration = SignedDuration::from_mins(10);
/// How long runs may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the jobs of registered kinds.
pub struct Runner {
    store: Store,
    owner: String,
    lease: Duration,
    poll: Duration,
    wake: Arc<Notify>,
    kinds: Vec<Registered>,
}

struct Registered {
    kind: &'static str,
    concurrency: usize,
    handler: Arc<dyn Handler>,
}

impl Runner {
    /// A runner of no jobs yet. `owner` names this process among all that run on the database; `wake` may be notified to
    /// let it look at once.
    #[must_use]
    pub fn new(store: Store, owner: String, wake: Arc<Notify>) -> Self {
        Self { store, owner, lease: LEASE, poll: POLL, wake, kinds: Vec::new() }
    }

    /// Lets jobs of this kind be done by this handler, at most `concurrency` at the same time in this process.
    #[must_use]
    pub fn register(mut self, kind: &'static str, concurrency: usize, handler: Arc<dyn Handler>) -> Self {
        self.kinds.push(Registered { kind, concurrency: concurrency.max(1), handler });
        self
    }

    /// With another lease and another pause between looks; for tests.
    #[must_use]
    pub fn with_times(mut self, lease: Duration, poll: Duration) -> Self {
        self.lease = lease;
        self.poll = poll;
        self
    }

    /// Does whatever is due until `cancel`; then lets running jobs end for a moment, and leaves the rest to their lease.
    ///
    /// A database that is away is waited for.
    pub async fn run(self, cancel: CancellationToken) {
        let mut running = Running::default();
        let mut first = 0;
        let stop = CancellationToken::new();
        while !cancel.is_cancelled() {
            // Another kind goes first each time: a kind with much to do starves no other.
            let mut is_full_of_work = false;
            for offset in 0..self.kinds.len() {
                let Some(registered) = self.kinds.get((first + offset) % self.kinds.len()) else { continue };
                let free = registered.concurrency.saturating_sub(running.of(registered.kind));
                if free == 0 {
                    continue;
                }
                let limit = u32::try_from(free).unwrap_or(u32::MAX);
                match job::claim(&self.store, &self.owner, registered.kind, self.until(), limit).await {
                    Ok(jobs) => {
                        is_full_of_work |= jobs.len() == free;
                        for job in jobs {
                            running.spawn(registered.kind, self.one(registered, job, stop.child_token()));
                        }
                    }
                    Err(error) => tracing::warn!(error = %chain(&error), "jobs cannot be claimed at the moment"),
                }
            }
            first = first.wrapping_add(1);
            let pause = if is_full_of_work { Duration::ZERO } else { self.poll };
            tokio::select! {
                () = cancel.cancelled() => {}
                () = running.ended(), if !running.is_empty() => {}
                () = self.wake.notified() => {}
                () = tokio::time::sleep(pause), if !is_full_of_work || running.is_empty() => {}
            }
        }
        stop.cancel();
        if tokio::time::timeout(GRACE, running.all_ended()).await.is_err() {
            tracing::warn!("jobs that run on at the end of the process are left to another, after their lease");
        }
    }

    fn until(&self) -> Timestamp {
        self.store.now().checked_add(SignedDuration::try_from(self.lease).unwrap_or_default()).unwrap_or(Timestamp::MAX)
    }

    /// One run with its lease, as a future of its own.
    fn one(
        &self,
        registered: &Registered,
        job: Job,
        cancel: CancellationToken,
    ) -> impl Future<Output = ()> + Send + 'static {
        let (store, owner, lease) = (self.store.clone(), self.owner.clone(), self.lease);
        let handler = Arc::clone(&registered.handler);
        async move {
            let id = job.id;
            let context = Context { job, cancel: cancel.clone() };
            // Its own task: a panic in a handler must not end the runner.
            let run = tokio::spawn(async move {
                let result = handler.run(&context).await;
                (result, context)
            });
            let result = tokio::select! {
                result = run => result,
                () = keep(&store, &owner, id, lease) => {
                    cancel.cancel();
                    tracing::warn!(job.id = %id, "the lease of a job was lost; whoever has it now does it again");
                    return;
                }
            };
            let ending = match result {
                Ok((result, context)) => ending(&store, &context.job, result),
                Err(panic) => Ending::Dead { error: format!("the handler panicked: {panic}") },
            };
            if let Ending::Again { error: Some(error), .. } | Ending::Dead { error } = &ending {
                tracing::warn!(job.id = %id, error, "a job failed");
            }
            write_down(&store, &owner, id, &ending).await;
        }
    }
}

/// Keeps the lease; returns when it is lost.
async fn keep(store: &Store, owner: &str, id: JobId, lease: Duration) {
    loop {
        tokio::time::sleep(lease / 3).await;
        let span = SignedDuration::try_from(lease).unwrap_or_default();
        let until = store.now().checked_add(span).unwrap_or(Timestamp::MAX);
        match job::renew(store, owner, &[id], until).await {
            Ok(0) => return,
            Ok(_) => {}
            // The lease outlives a short absence of the database; a long one lets it end, and the run with it.
            Err(error) => {
                tracing::warn!(job.id = %id, error = %chain(&error), "a lease cannot be renewed at the moment");
            }
        }
    }
}

fn ending(store: &Store, job: &Job, result: Result<Next, Failure>) -> Ending {
    match result {
        Ok(Next::Done) => Ending::Done,
        Ok(Next::At(at)) => Ending::Again { at, error: None },
        Err(Failure::Passing(error)) if job.attempts < job.max_attempts => {
            let exponent = u32::try_from(job.attempts.clamp(0, 10)).unwrap_or(10);
            let pause = SignedDuration::from_secs(2_i64.saturating_pow(exponent)).min(LONGEST_PAUSE);
            Ending::Again { at: store.now().checked_add(pause).unwrap_or(Timestamp::MAX), error: Some(error) }
        }
        Err(Failure::Passing(error) | Failure::Lasting(error)) => Ending::Dead { error },
    }
}

/// Tries for a while: the work is done, and doing it again costs more.
async fn write_down(store: &Store, owner: &str, id: JobId, ending: &Ending) {
    for pause_ms in [100, 400, 1_600, 6_400, 0] {
        let written = async {
            let mut tx = store.begin().await?;
            let is_ours = job::end(&mut tx, owner, id, ending).await?;
            tx.commit().await?;
            Ok::<_, store::Error>(is_ours)
        };
        match written.await {
            Ok(_) => return,
            Err(error) => {
                tracing::warn!(job.id = %id, error = %chain(&error), "the end of a job cannot be written down");
            }
        }
        tokio::time::sleep(Duration::from_millis(pause_ms)).await;
    }
}

fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

/// The runs under way, counted by kind.
#[derive(Default)]
struct Running {
    set: JoinSet<()>,
    kinds: HashMap<Id, &'static str>,
}

impl Running {
    fn of(&self, kind: &str) -> usize {
        self.kinds.values().filter(|running| **running == kind).count()
    }

    fn is_empty(&self) -> bool {
        self.set.is_empty()
    }

    fn spawn(&mut self, kind: &'static str, run: impl Future<Output = ()> + Send + 'static) {
        let handle = self.set.spawn(run);
        self.kinds.insert(handle.id(), kind);
    }

    /// Returns after a run has ended. Cancel safe: a run that ended is counted out at the next call at the latest.
    async fn ended(&mut self) {
        if let Some(ended) = self.set.join_next_with_id().await {
            let id = ended.map_or_else(|error| error.id(), |(id, ())| id);
            self.kinds.remove(&id);
        }
    }

    async fn all_ended(&mut self) {
        while !self.is_empty() {
            self.ended().await;
        }
    }
}
