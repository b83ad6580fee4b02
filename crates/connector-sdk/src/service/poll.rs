//! The loop that asks for work and hands it out.
//!
//! Start at [`run`]. Source: baton-service-mode §7, §15 D6.

use std::collections::VecDeque;
use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use proto::c1::connectorapi::baton::v1::Task;
use proto::c1::connectorapi::baton::v1::task::TaskType;
use tokio::task::JoinSet;

use super::api::Work;
use super::options::Polling;
use super::wait::{after_errors, asked};
use super::worker::Worker;
use crate::error::Result;
use crate::runtime::Runtime;

/// The longest wait between two questions.
const MAX_WAIT: Duration = Duration::from_mins(5);
/// The shortest wait when there was nothing to do: a server that names none must not be asked in a busy loop.
const MIN_IDLE: Duration = Duration::from_millis(100);
/// The most tasks to ask for. Source: the field rules of `BatonServiceGetTasksRequest`.
const MAX_PAGE: usize = 100;
/// How long an answer that is under way is waited for when asked to stop: it may bring a task.
const LAST_ANSWER: Duration = Duration::from_secs(5);
/// How long cancelled tasks have to say so.
const LAST_REPORTS: Duration = Duration::from_secs(4);

/// Works until asked to stop; then running tasks go on for the grace period, are cancelled, and report.
pub(super) async fn run(worker: Arc<Worker>) {
    let runtime = worker.context.runtime.clone();
    let mut desk = Desk { worker, queue: VecDeque::new(), running: JoinSet::new(), at_work: Vec::new(), errors: 0 };
    let mut timer: Option<Timer> = None;
    loop {
        desk.start_queued();
        tokio::select! {
            biased;
            () = runtime.cancel.cancelled() => break,
            done = desk.running.join_next(), if !desk.running.is_empty() => desk.ended(done),
            () = passed(&mut timer) => {
                if desk.wants_work() {
                    let Some(wait) = desk.ask(&runtime).await else { break };
                    timer = Some(sleep(&runtime, wait));
                } else {
                    // Nothing to ask for until a task ends.
                    let Some(done) = runtime.cancel.run_until_cancelled(desk.running.join_next()).await else { break };
                    desk.ended(done);
                }
            }
        }
    }
    desk.close(&runtime).await;
}

type Timer = Pin<Box<dyn Future<Output = ()> + Send>>;

fn sleep(runtime: &Runtime, wait: Duration) -> Timer {
    let sleeper = Arc::clone(&runtime.sleeper);
    Box::pin(async move {
        if !wait.is_zero() {
            sleeper.sleep(wait).await;
        }
    })
}

/// Returns when the timer has run out; at once from then on.
async fn passed(timer: &mut Option<Timer>) {
    if let Some(running) = timer {
        running.await;
        *timer = None;
    }
}

/// The tasks at hand.
struct Desk {
    worker: Arc<Worker>,
    queue: VecDeque<Task>,
    running: JoinSet<String>,
    at_work: Vec<String>,
    errors: u64,
}

impl Desk {
    /// Whether there is room for more. With all slots busy nobody asks.
    fn wants_work(&self) -> bool {
        self.at_work.len() + self.queue.len() < self.slots()
    }

    fn slots(&self) -> usize {
        self.worker.options.task_concurrency.max(1)
    }

    /// Starts what is queued, first in, first out, while there are slots.
    fn start_queued(&mut self) {
        while self.at_work.len() < self.slots() {
            let Some(task) = self.queue.pop_front() else { return };
            self.at_work.push(task.id.clone());
            let worker = Arc::clone(&self.worker);
            self.running.spawn(async move {
                let id = task.id.clone();
                worker.work(task).await;
                id
            });
        }
    }

    fn ended(&mut self, done: Option<Result<String, tokio::task::JoinError>>) {
        match done {
            Some(Ok(id)) => {
                if let Some(at) = self.at_work.iter().position(|known| *known == id) {
                    self.at_work.swap_remove(at);
                }
            }
            Some(Err(error)) => {
                tracing::error!(error = %error, "a task ended without a report");
                // Which one is not known: only when all have ended the list is right again.
                if self.running.is_empty() {
                    self.at_work.clear();
                }
            }
            None => {}
        }
    }

    /// Asks for work. Gives how long to wait before the next question; `None` when asked to stop meanwhile.
    async fn ask(&mut self, runtime: &Runtime) -> Option<Duration> {
        let answer = {
            let mut question = std::pin::pin!(self.question());
            match runtime.cancel.run_until_cancelled(question.as_mut()).await {
                Some(answer) => Some(answer),
                None => tokio::time::timeout(LAST_ANSWER, question).await.ok(),
            }
        };
        match answer? {
            Ok(work) => {
                self.errors = 0;
                let wait = asked(work.next_poll.as_ref(), MAX_WAIT);
                let least = if self.take(work.tasks) == 0 { MIN_IDLE } else { Duration::ZERO };
                Some(wait.max(least))
            }
            Err(error) => {
                self.errors += 1;
                let wait = after_errors(self.errors, runtime.rng.as_ref());
                tracing::warn!(error = %error, errors = self.errors, wait = wait.as_secs_f64(), "asking for work failed");
                Some(wait)
            }
        }
    }

    fn question(&self) -> impl Future<Output = Result<Work>> + use<> {
        let worker = Arc::clone(&self.worker);
        let known: Vec<String> = self.queue.iter().map(|task| &task.id).chain(&self.at_work).cloned().collect();
        let page = (2 * self.slots()).saturating_sub(known.len()).clamp(1, MAX_PAGE);
        async move {
            match worker.options.polling {
                Polling::Single => worker.api.get_task().await,
                Polling::Batched => worker.api.get_tasks(u32::try_from(page).unwrap_or(1), &known).await,
            }
        }
    }

    /// Queues the tasks; gives how many. One that is at hand already goes on, and is not begun again.
    fn take(&mut self, tasks: Vec<Task>) -> usize {
        let before = self.queue.len();
        for task in tasks {
            if matches!(task.task_type, Some(TaskType::None(_))) {
                continue;
            }
            let known = self.at_work.contains(&task.id) || self.queue.iter().any(|queued| queued.id == task.id);
            if known && !task.id.is_empty() {
                tracing::warn!(task_id = task.id, "the server offers a task that is at work already");
                continue;
            }
            self.queue.push_back(task);
        }
        self.queue.len() - before
    }

    /// Ends in order: what has no slot yet goes back, what runs has some time, and then none.
    async fn close(mut self, runtime: &Runtime) {
        self.start_queued();
        for task in std::mem::take(&mut self.queue) {
            let worker = Arc::clone(&self.worker);
            self.running.spawn(async move {
                worker.decline(&task.id).await;
                task.id
            });
        }
        let running = self.running.len();
        if running > 0 {
            let grace = self.worker.options.grace;
            tracing::info!(running, grace = grace.as_secs_f64(), "stopping; running tasks may end");
            let timer = sleep(runtime, grace);
            tokio::select! {
                () = all(&mut self.running) => {}
                () = timer => {
                    tracing::warn!(running = self.running.len(), "cancelling the tasks that are still running");
                    self.worker.abort.cancel();
                    let _ = tokio::time::timeout(LAST_REPORTS, all(&mut self.running)).await;
                }
            }
        }
        self.running.shutdown().await;
        tracing::info!("stopped");
    }
}

async fn all(running: &mut JoinSet<String>) {
    while running.join_next().await.is_some() {}
}
