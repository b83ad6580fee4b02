//! What this process has: claimed, running, ended.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;
use std::time::Duration;

use ids::JobId;
use store::Store;
use store::job::{Ending, Job};
use tokio::task::{Id, JoinError, JoinSet};
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::Registered;
use super::run::{Outcome, run};

/// How many jobs are claimed at once when they are quickly done.
const LARGEST_LOT: usize = 256;

/// The jobs that this process has the leases of.
pub(super) struct Work<'a> {
    kinds: Vec<Lane<'a>>,
    stop: CancellationToken,
    runs: JoinSet<Outcome>,
    running: HashMap<Id, Running>,
    endings: Vec<(JobId, Ending)>,
    /// Stopped before their end, by the end of the process.
    stopped: Vec<JobId>,
}

/// The jobs of one kind.
struct Lane<'a> {
    registered: &'a Registered,
    waiting: VecDeque<Job>,
    running: usize,
    /// Whether more may be due than was claimed.
    is_hungry: bool,
    /// How many are claimed at once.
    lot: usize,
    /// Whether the last claim brought all that was wanted.
    was_full: bool,
    claimed_at: Instant,
}

struct Running {
    job: JobId,
    lane: usize,
    cancel: CancellationToken,
}

impl<'a> Work<'a> {
    pub(super) fn new(kinds: &'a [Registered], stop: CancellationToken) -> Self {
        let lane = |registered: &'a Registered| Lane {
            registered,
            waiting: VecDeque::new(),
            running: 0,
            is_hungry: true,
            lot: registered.concurrency,
            was_full: false,
            claimed_at: Instant::now(),
        };
        Self {
            kinds: kinds.iter().map(lane).collect(),
            stop,
            runs: JoinSet::new(),
            running: HashMap::new(),
            endings: Vec::new(),
            stopped: Vec::new(),
        }
    }

    /// Anything may be due now.
    pub(super) fn look_again(&mut self) {
        for lane in &mut self.kinds {
            lane.is_hungry = true;
        }
    }

    /// Which kinds to claim jobs of, and how many: as many as can run at once, and more when the last lot was done within
    /// `quick`, so that many small jobs cost few claims and nobody hoards long ones.
    pub(super) fn wanted(&mut self, quick: Duration) -> Vec<(usize, &'static str, u32)> {
        let mut wanted = Vec::new();
        for (index, lane) in self.kinds.iter_mut().enumerate() {
            let free = lane.registered.concurrency.saturating_sub(lane.running);
            if !lane.is_hungry || !lane.waiting.is_empty() || free == 0 {
                continue;
            }
            let is_quick = lane.was_full && lane.claimed_at.elapsed() < quick;
            lane.lot = if is_quick { (lane.lot * 2).min(LARGEST_LOT) } else { 0 }.max(lane.registered.concurrency);
            let lot = if lane.lot > lane.registered.concurrency { lane.lot } else { free };
            lane.claimed_at = Instant::now();
            wanted.push((index, lane.registered.kind, u32::try_from(lot).unwrap_or(u32::MAX)));
        }
        wanted
    }

    /// Takes in what was claimed of the lot that was wanted.
    pub(super) fn put(&mut self, index: usize, jobs: Vec<Job>, wanted: u32) {
        if let Some(lane) = self.kinds.get_mut(index) {
            lane.was_full = u32::try_from(jobs.len()).unwrap_or(u32::MAX) >= wanted;
            lane.is_hungry = lane.was_full;
            lane.waiting.extend(jobs);
        }
    }

    /// Begins what may run.
    pub(super) fn start(&mut self, store: &Store) {
        for (index, lane) in self.kinds.iter_mut().enumerate() {
            while lane.running < lane.registered.concurrency {
                let Some(job) = lane.waiting.pop_front() else { break };
                let (id, cancel) = (job.id, self.stop.child_token());
                let handler = Arc::clone(&lane.registered.handler);
                let run = self.runs.spawn(run(store.clone(), handler, job, cancel.clone()));
                self.running.insert(run.id(), Running { job: id, lane: index, cancel });
                lane.running += 1;
            }
        }
    }

    /// Returns after a run has ended, with all that ended meanwhile; never when nothing runs. Cancel safe.
    pub(super) async fn ended(&mut self) {
        let Some(first) = self.runs.join_next_with_id().await else { return std::future::pending().await };
        self.note(first);
        while let Some(next) = self.runs.try_join_next_with_id() {
            self.note(next);
        }
    }

    fn note(&mut self, ended: Result<(Id, Outcome), JoinError>) {
        let (id, outcome) = match ended {
            Ok((id, outcome)) => (id, outcome),
            Err(error) => (error.id(), Some(Ending::Dead { error: format!("the run broke off: {error}") })),
        };
        let Some(run) = self.running.remove(&id) else { return };
        if let Some(lane) = self.kinds.get_mut(run.lane) {
            lane.running = lane.running.saturating_sub(1);
        }
        match outcome {
            Some(ending) => self.endings.push((run.job, ending)),
            None if self.stop.is_cancelled() => self.stopped.push(run.job),
            None => {}
        }
    }

    pub(super) fn is_running(&self) -> bool {
        !self.runs.is_empty()
    }

    /// What ended and is not written down.
    pub(super) fn endings(&self) -> &[(JobId, Ending)] {
        &self.endings
    }

    pub(super) fn forget_endings(&mut self) {
        self.endings.clear();
    }

    /// All whose leases must go on.
    pub(super) fn ids(&self) -> Vec<JobId> {
        let waiting = self.kinds.iter().flat_map(|lane| lane.waiting.iter().map(|job| job.id));
        let running = self.running.values().map(|run| run.job);
        waiting.chain(running).chain(self.endings.iter().map(|(id, _)| *id)).collect()
    }

    /// These went to somebody else: what waits is dropped, what runs is asked to stop, what ended does not count.
    pub(super) fn lose(&mut self, lost: &[JobId]) {
        for lane in &mut self.kinds {
            lane.waiting.retain(|job| !lost.contains(&job.id));
        }
        for run in self.running.values().filter(|run| lost.contains(&run.job)) {
            tracing::warn!(job.id = %run.job, "the lease of a job was lost; whoever has it now does it again");
            run.cancel.cancel();
        }
        self.endings.retain(|(id, _)| !lost.contains(id));
    }

    /// What is left to others: all that was not begun, or was stopped before its end.
    pub(super) fn take_unfinished(&mut self) -> Vec<JobId> {
        let waiting = self.kinds.iter_mut().flat_map(|lane| lane.waiting.drain(..)).map(|job| job.id);
        waiting.chain(std::mem::take(&mut self.stopped)).collect()
    }
}
