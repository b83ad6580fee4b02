//! What came of a task, in the words of its connector.
//!
//! Source: baton-service-mode §9, §16 items 18–22, 24; governance R-V-7, T-S9, T-S10, T-J7.

use domain::audit::Object;
use domain::sync::{State as SyncState, Step};
use domain::task::{self, Outcome, State, SuccessNote, TaskId, innermost, verdict};
use jiff::{SignedDuration, Timestamp};
use proto::c1::connector::v2::{
    CreateAccountResponse, GrantAlreadyExists, GrantAlreadyRevoked, GrantReplaced, ResourceDeleted,
    create_account_response as account,
};
use proto::c1::connectorapi::baton::v1::baton_service_finish_task_request as wire;
use proto::google::rpc;
use proto::{Any, Message as _, annotations};
use serde_json::{Value, json};
use store::Tx;
use store::connector::{self, Level};
use store::host;
use store::task::{Ending, Task};

use super::{Connector, Desk, from_connector};
use crate::{Caller, Error, Result, provision};

/// The longest text of an error that is kept, in characters.
const TEXT: usize = 4_000;
/// The reason of a decision against a change. Source: baton-service-mode §9.
const DECLINED: &str = "grant_cancelled";
/// How long to wait before a write that may be repeated is offered again, doubled each time.
///
/// Source: governance T-J7.
const RETRY: SignedDuration = SignedDuration::from_secs(30);
/// The longest such pause.
const RETRY_MOST: SignedDuration = SignedDuration::from_hours(1);
/// How long after a change at the latest a sync shows whether it holds.
///
/// Source: governance R-V-3.
const SETTLE: SignedDuration = SignedDuration::from_secs(30);
/// What the owner of a connector has to do when it may not write.
///
/// Source: governance R-V-7.
const WRITES_REFUSED: &str = "the connector may not make changes: set BATON_PROVISIONING to \"true\" where it runs \
     (or start it with --provisioning), and restart it";

/// What a connector reports.
#[derive(Debug, Clone)]
pub enum Report {
    /// It went well.
    Success {
        /// What the connector answered.
        response: Option<Any>,
        /// What it remarked.
        annotations: Vec<Any>,
    },
    /// It went wrong.
    Error {
        /// The code, the text and the details.
        status: rpc::Status,
        /// Whether the connector says that trying again cannot help.
        non_retryable: bool,
        /// What it remarked.
        annotations: Vec<Any>,
    },
}

impl Desk {
    /// Takes the report of a task. A report of a task that is done already is acknowledged and ignored.
    ///
    /// # Errors
    /// `NotFound` when this connector has no such task; or when the database refuses.
    pub async fn finish(&self, caller: &Caller, id: &TaskId, report: Report) -> Result<()> {
        let from = from_connector(caller)?;
        self.heard(from);
        let mut tx = self.governance.store().begin().await?;
        let task = store::task::get_for_update(&mut tx, id).await?.filter(|task| task.connector_id == from.id);
        let task = task.ok_or_else(|| Error::not_found("task", id))?;
        if !task.state.is_open() {
            tracing::debug!(task.id = %id, connector.id = %from.id, "a report came after the task had ended");
            return Ok(());
        }
        let taken = Taken::of(&report);
        let verdict = verdict(&taken.report, task.cancel_asked_at.is_some());
        if verdict.outcome == Outcome::Failed && taken.may_repeat && task.kind.is_write() {
            let attempts = task.attempts;
            if attempts < task.kind.max_attempts() && !provision::is_unwanted(&mut tx, &task).await? {
                self.repeat(&mut tx, caller, &task, &taken.text).await?;
                tx.commit().await?;
                return Ok(());
            }
        }
        let ending = Ending {
            state: verdict.state,
            outcome: verdict.outcome,
            code: taken.code,
            message: (!taken.text.is_empty()).then(|| taken.text.clone()),
            response: taken.response.clone(),
            annotations: taken.annotations.clone(),
        };
        store::task::end(&mut tx, id, ending).await?;
        self.count_outcome(&mut tx, from.id, verdict.outcome).await?;
        provision::reported(&mut tx, caller, &task, verdict.outcome, taken.code, &taken.text).await?;
        if task.kind == task::Kind::SyncFull {
            self.sync_reported(&mut tx, caller, &task, verdict.state, &taken).await?;
        } else {
            self.log_outcome(&mut tx, &task, verdict.outcome, &taken).await?;
            let event = caller
                .event(&format!("task.{}", verdict.state), Object::new("task", id))
                .with_change(Value::Null, json!({"kind": task.kind, "outcome": verdict.outcome, "code": taken.code}));
            tx.audit(if taken.text.is_empty() { event } else { event.with_reason(taken.text.clone()) });
        }
        match verdict.outcome {
            Outcome::WritesRefused => self.refuse_writes(&mut tx, caller, from).await?,
            Outcome::Unsupported if task.kind.is_write() => self.miss(&mut tx, caller, from, task.kind).await?,
            _ => {}
        }
        if verdict.state == State::Done && task.kind.is_write() {
            let soon = tx.now().checked_add(SETTLE).unwrap_or(Timestamp::MAX);
            connector::sync_by(tx.conn(), from.id, soon).await?;
        }
        tx.commit().await?;
        self.governance.task_queued().notify_waiters();
        Ok(())
    }

    /// What the end of its task does to a sync.
    async fn sync_reported(
        &self,
        tx: &mut Tx,
        caller: &Caller,
        task: &Task,
        state: State,
        taken: &Taken,
    ) -> Result<()> {
        let found = store::sync::of_task(tx.conn(), task.connector_id, task.id.as_str()).await?;
        let Some(mut sync) = found else { return Ok(()) };
        let waits_for_file = matches!(sync.state, SyncState::Queued | SyncState::Running);
        match state {
            State::Done if waits_for_file => {
                let why = "the connector reported success without having uploaded a file";
                self.fail_sync(tx, caller, &mut sync, why).await
            }
            State::Cancelled if waits_for_file => {
                self.step(tx, caller, &mut sync, Step::Cancelled).await?;
                connector::write_line(tx, task.connector_id, Some(sync.id), Level::Info, "the sync was stopped")
                    .await?;
                Ok(())
            }
            State::Failed if waits_for_file => self.fail_sync(tx, caller, &mut sync, &taken.text_or_code()).await,
            State::Failed => {
                // Its file is here and counts; what failed came after it, for example the upload of a log.
                let words =
                    format!("the file of the sync has come; afterwards the connector said: {}", taken.text_or_code());
                connector::write_line(tx, task.connector_id, Some(sync.id), Level::Warning, &words).await?;
                Ok(())
            }
            _ => Ok(()),
        }
    }

    /// Offers a write again whose error passes by itself.
    async fn repeat(&self, tx: &mut Tx, caller: &Caller, task: &Task, text: &str) -> Result<()> {
        let doublings = u32::try_from(task.attempts.saturating_sub(1)).unwrap_or(0).min(16);
        let pause = RETRY.checked_mul(2_i32.saturating_pow(doublings)).unwrap_or(RETRY_MOST).min(RETRY_MOST);
        let at = tx.now().checked_add(pause).unwrap_or(jiff::Timestamp::MAX);
        store::task::offer_again(tx, &task.id, at).await?;
        provision::offered_again(tx, caller, task, text).await?;
        let words = format!("`{}` failed and is tried again in {} s: {text}", task.kind, pause.as_secs());
        connector::write_line(tx, task.connector_id, None, Level::Warning, &words).await?;
        tx.audit(caller.event("task.retry", Object::new("task", &task.id)).with_reason(text));
        Ok(())
    }

    async fn log_outcome(&self, tx: &mut Tx, task: &Task, outcome: Outcome, taken: &Taken) -> Result<()> {
        let what = task.kind.name();
        let text = taken.text_or_code();
        let (level, mut words) = match outcome {
            Outcome::Success => (Level::Info, format!("`{what}` is done")),
            Outcome::Already => (Level::Info, format!("`{what}`: there was nothing to do, it is so already")),
            Outcome::AlreadyExists => (Level::Info, format!("`{what}`: the account was there already")),
            Outcome::ActionRequired => (Level::Warning, format!("`{what}`: somebody must act in the app: {text}")),
            Outcome::InProgress => (Level::Info, format!("`{what}`: the app is still at it")),
            Outcome::Declined => (Level::Warning, format!("`{what}` was declined: {text}")),
            Outcome::WritesRefused => (Level::Error, format!("`{what}` was refused: {WRITES_REFUSED}")),
            Outcome::Unsupported => (Level::Warning, format!("the connector cannot do `{what}`: {text}")),
            Outcome::Cancelled => (Level::Info, format!("`{what}` was stopped")),
            Outcome::Failed | Outcome::LeaseLost => (Level::Error, format!("`{what}` failed: {text}")),
        };
        for note in &taken.notes {
            words.push_str("; ");
            words.push_str(note);
        }
        Ok(connector::write_line(tx, task.connector_id, None, level, &words).await?)
    }

    /// Item 21: a connector that cannot do something is not asked for it until it says Hello again.
    async fn miss(&self, tx: &mut Tx, caller: &Caller, from: Connector<'_>, kind: task::Kind) -> Result<()> {
        let Some(known) = connector::find_for_update(tx, from.id).await? else { return Ok(()) };
        let mut unsupported = known.unsupported;
        if !unsupported.insert(kind) {
            return Ok(());
        }
        host::set_unsupported(tx, from.id, &unsupported).await?;
        let why = format!("the connector cannot do `{kind}`");
        let ended = end_waiting(tx, caller, from, |waiting| waiting == kind, Outcome::Unsupported, &why).await?;
        let event = caller
            .event("connector.capability_missing", Object::new("connector", from.id))
            .with_app(known.app_id)
            .with_change(Value::Null, json!({"kind": kind, "waitingChanges": ended}))
            .with_reason(why);
        tx.audit(event);
        Ok(())
    }

    /// R-V-7: a connector that may not write is asked for no further changes until it says Hello again.
    async fn refuse_writes(&self, tx: &mut Tx, caller: &Caller, from: Connector<'_>) -> Result<()> {
        host::refuse_writes(tx, from.id, WRITES_REFUSED).await?;
        let ended = end_waiting(tx, caller, from, task::Kind::is_write, Outcome::WritesRefused, WRITES_REFUSED).await?;
        let tenant = tx.tenant();
        let mut event = caller
            .event("connector.writes_refused", Object::new("connector", from.id))
            .with_change(Value::Null, json!({"waitingChanges": ended}))
            .with_reason(WRITES_REFUSED);
        event.app_id = store::credential::app_of(tx.conn(), tenant, from.id).await?;
        tx.audit(event);
        Ok(())
    }
}

/// Ends the changes of these kinds that wait for the connector; returns how many did.
async fn end_waiting(
    tx: &mut Tx,
    caller: &Caller,
    from: Connector<'_>,
    is_it: impl Fn(task::Kind) -> bool,
    outcome: Outcome,
    why: &str,
) -> Result<usize> {
    let waiting = store::task::open_of(tx.conn(), from.id).await?;
    let mut ended = 0;
    for task in waiting.iter().filter(|task| is_it(task.kind) && task.state == State::Queued) {
        let (state, message) = (State::Failed, Some(why.to_owned()));
        let ending = Ending { state, outcome, code: None, message, response: None, annotations: None };
        store::task::end(tx, &task.id, ending).await?;
        provision::reported(tx, caller, task, outcome, None, why).await?;
        ended += 1;
    }
    Ok(ended)
}

/// A report, read.
#[derive(Debug)]
struct Taken {
    report: task::Report,
    code: Option<i32>,
    /// For people; empty when nothing went wrong.
    text: String,
    response: Option<Vec<u8>>,
    /// All annotations, as the wire has them: an encoded `Success`.
    annotations: Option<Vec<u8>>,
    /// Remarks of the connector, in words.
    notes: Vec<String>,
    may_repeat: bool,
}

impl Taken {
    fn of(report: &Report) -> Self {
        match report {
            Report::Success { response, annotations } => {
                let (note, text) = success(response.as_ref(), annotations);
                Self {
                    report: task::Report::Success { note },
                    code: None,
                    text,
                    response: response.as_ref().map(Any::encode_to_vec),
                    annotations: encoded(annotations),
                    notes: notes(annotations),
                    may_repeat: false,
                }
            }
            Report::Error { status, non_retryable, annotations } => {
                let declined = declined(status);
                let text =
                    declined.clone().filter(|words| !words.is_empty()).unwrap_or_else(|| innermost(&status.message));
                let text: String = text.chars().take(TEXT).collect();
                Self {
                    report: task::Report::Error {
                        code: status.code,
                        message: text.clone(),
                        is_declined: declined.is_some(),
                    },
                    code: Some(status.code),
                    text,
                    response: None,
                    annotations: encoded(annotations),
                    notes: notes(annotations),
                    may_repeat: !non_retryable,
                }
            }
        }
    }

    fn text_or_code(&self) -> String {
        match (self.text.as_str(), self.code) {
            ("", Some(code)) => format!("the connector gave no reason (code {code})"),
            ("", None) => "the connector gave no reason".to_owned(),
            (text, _) => text.to_owned(),
        }
    }
}

/// What is special about a success, and what the connector says about it.
fn success(response: Option<&Any>, remarks: &[Any]) -> (SuccessNote, String) {
    if annotations::contains::<GrantAlreadyExists>(remarks) || annotations::contains::<GrantAlreadyRevoked>(remarks) {
        return (SuccessNote::Already, String::new());
    }
    // A response of another type, or one that can't be read, is kept and does not fail the task (item 22).
    let response = response.filter(|response| annotations::is::<CreateAccountResponse>(response));
    let response = response.and_then(|response| CreateAccountResponse::decode(response.value.as_slice()).ok());
    match response.and_then(|response| response.result) {
        Some(account::Result::ActionRequired(result)) => (SuccessNote::ActionRequired, result.message),
        Some(account::Result::AlreadyExists(_)) => (SuccessNote::AlreadyExists, String::new()),
        Some(account::Result::InProgress(_)) => (SuccessNote::InProgress, String::new()),
        _ => (SuccessNote::Plain, String::new()),
    }
}

/// The words with which the app decided against it, if it did; they may be empty.
fn declined(status: &rpc::Status) -> Option<String> {
    let info = annotations::pick::<rpc::ErrorInfo>(&status.details).ok().flatten()?;
    (info.reason == DECLINED).then(|| info.metadata.get("reason").cloned().unwrap_or_default())
}

fn notes(remarks: &[Any]) -> Vec<String> {
    let mut notes = Vec::new();
    if let Ok(Some(deleted)) = annotations::pick::<ResourceDeleted>(remarks) {
        let id = deleted.resource_id.unwrap_or_default();
        notes.push(format!("the app says that `{}:{}` is gone", id.resource_type, id.resource));
    }
    if annotations::contains::<GrantReplaced>(remarks) {
        notes.push("the app replaced another grant by this one".to_owned());
    }
    notes
}

fn encoded(remarks: &[Any]) -> Option<Vec<u8>> {
    let all = wire::Success { annotations: remarks.to_vec(), response: None };
    (!remarks.is_empty()).then(|| all.encode_to_vec())
}
