//! Does what is due.

mod run;
mod work;

use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use store::{Store, job};
use tokio::sync::Notify;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::handler::Handler;
use work::Work;

/// How long a job belongs to its process without a sign of life.
const LEASE: Duration = Duration::from_secs(30);
/// How long to wait at least before looking again when nobody wakes the runner; up to half as long again is added by
/// chance, so that processes spread.
const POLL: Duration = Duration::from_millis(400);
/// How long runs may go on after the end was asked for.
const GRACE: Duration = Duration::from_secs(10);

/// Runs the jobs of registered kinds.
///
/// No kind starves another: each has its own bound of runs at the same time, and due jobs are taken in small lots, kind
/// by kind in turn. The sum of these bounds is the bound of the process.
pub struct Runner {
    store: Store,
    owner: String,
    lease: Duration,
    poll: Duration,
    wake: Arc<Notify>,
    kinds: Vec<Registered>,
}

/// A kind of jobs that this process does.
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

    /// Does whatever is due until `cancel`; then asks running jobs to stop, waits for them for a moment, gives back what
    /// was not begun, and leaves the rest to its lease.
    ///
    /// A database that is away is waited for.
    pub async fn run(self, cancel: CancellationToken) {
        let stop = CancellationToken::new();
        let mut work = Work::new(&self.kinds, stop.clone());
        let (mut look_at, mut renew_at) = (Instant::now(), Instant::now() + self.lease / 3);
        while !cancel.is_cancelled() {
            // From here on no call to look is missed.
            let mut woken = pin!(self.wake.notified());
            woken.as_mut().enable();
            if Instant::now() >= renew_at {
                renew_at = Instant::now() + self.lease / 3;
                self.renew(&mut work).await;
            }
            if Instant::now() >= look_at {
                look_at = Instant::now() + self.pause();
                self.release().await;
                work.look_again();
            }
            self.write_endings(&mut work).await;
            self.claim(&mut work).await;
            work.start(&self.store);
            tokio::select! {
                () = cancel.cancelled() => {}
                () = work.ended() => {}
                () = woken => work.look_again(),
                () = tokio::time::sleep_until(look_at.min(renew_at)) => {}
            }
        }
        stop.cancel();
        self.drain(work).await;
    }

    /// Lets runs end, for a while.
    async fn drain(&self, mut work: Work<'_>) {
        let give_up_at = Instant::now() + GRACE;
        while work.is_running() && Instant::now() < give_up_at {
            let renew_at = Instant::now() + self.lease / 3;
            tokio::select! {
                () = work.ended() => {}
                () = tokio::time::sleep_until(renew_at.min(give_up_at)) => self.renew(&mut work).await,
            }
        }
        self.write_endings(&mut work).await;
        if let Err(error) = self.give_back(&mut work).await {
            tracing::warn!(
                error = &error as &dyn std::error::Error,
                "jobs are left to another process, after their lease"
            );
        }
        if work.is_running() {
            tracing::warn!("jobs that run on at the end of the process are left to another, after their lease");
        }
    }

    /// Takes what is due, kind by kind.
    async fn claim(&self, work: &mut Work<'_>) {
        for (index, kind, limit) in work.wanted(self.lease / 30) {
            match job::claim(&self.store, &self.owner, kind, self.until(), limit).await {
                Ok(jobs) => work.put(index, jobs, limit),
                Err(error) => {
                    let error = &error as &dyn std::error::Error;
                    tracing::warn!(error, job.kind = kind, "jobs cannot be claimed at the moment");
                    work.put(index, Vec::new(), limit);
                }
            }
        }
    }

    /// Says that this process lives, and lets go what it has lost.
    async fn renew(&self, work: &mut Work<'_>) {
        match job::renew(&self.store, &self.owner, &work.ids(), self.until()).await {
            Ok(lost) => work.lose(&lost),
            // The lease outlives a short absence of the database. After a long one it is seen who has the job.
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "leases cannot be renewed at the moment");
            }
        }
    }

    /// Frees what others had who fell silent.
    async fn release(&self) {
        match job::release(&self.store).await {
            Ok(0) => {}
            Ok(jobs) => tracing::warn!(jobs, "took over {jobs} jobs of a process that fell silent"),
            Err(error) => {
                let error = &error as &dyn std::error::Error;
                tracing::warn!(error, "lost leases cannot be looked for at the moment");
            }
        }
    }

    /// Writes down how runs ended, all at once; what cannot be written is kept, and its lease goes on.
    async fn write_endings(&self, work: &mut Work<'_>) {
        if work.endings().is_empty() {
            return;
        }
        let written = async {
            let mut tx = self.store.begin().await?;
            job::end(&mut tx, &self.owner, work.endings()).await?;
            tx.commit().await
        };
        match written.await {
            Ok(_) => work.forget_endings(),
            Err(error) => {
                tracing::warn!(error = &error as &dyn std::error::Error, "the end of jobs cannot be written down");
            }
        }
    }

    async fn give_back(&self, work: &mut Work<'_>) -> store::Result<()> {
        let ids = work.take_unfinished();
        if ids.is_empty() {
            return Ok(());
        }
        let mut tx = self.store.begin().await?;
        job::give_back(&mut tx, &self.owner, &ids).await?;
        tx.commit().await.map(drop)
    }

    fn until(&self) -> Timestamp {
        let lease = SignedDuration::try_from(self.lease).unwrap_or_default();
        self.store.now().checked_add(lease).unwrap_or(Timestamp::MAX)
    }

    fn pause(&self) -> Duration {
        let chance = u8::try_from(self.store.rng().next_u64() & 0xff).unwrap_or_default();
        self.poll.mul_f64(1.0 + f64::from(chance) / 512.0)
    }
}
