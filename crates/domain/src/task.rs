//! Work for a connector: leases, attempts, and what a report makes of it.
//!
//! Start at [`verdict`], which decides what a report of a connector means, and [`after_lease`], which decides what
//! happens to work whose connector fell silent.
//!
//! Source: baton-service-mode §§8, 9, 15 (D3), 16 (items 17–24); governance §1.14, §3.12.

use std::fmt;
use std::str::FromStr;
use std::time::Duration;

use ids::Rng;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use svix_ksuid::{Ksuid, KsuidLike as _};

use crate::vocabulary;
use crate::vocabulary::Unknown;

/// The id of a task as connectors see it: 27 letters and digits, sorting by time.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(transparent)]
pub struct TaskId(String);

impl TaskId {
    /// A new id; sorts after those of earlier seconds.
    #[must_use]
    pub fn new(now: Timestamp, rng: &dyn Rng) -> Self {
        let mut payload = [0; 16];
        rng.fill(&mut payload);
        Self(Ksuid::from_seconds(Some(now.as_second()), Some(&payload)).to_string())
    }

    /// The text.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for TaskId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl FromStr for TaskId {
    type Err = Unknown;

    fn from_str(text: &str) -> Result<Self, Unknown> {
        let fits = text.len() == 27 && text.bytes().all(|byte| byte.is_ascii_alphanumeric());
        if fits { Ok(Self(text.to_owned())) } else { Err(Unknown::new("the id of a task", text)) }
    }
}

vocabulary! {
    /// What a connector is asked to do.
    pub enum Kind: "a kind of task" {
        /// List everything and upload it.
        SyncFull => "sync_full",
        /// Say Hello again.
        Hello => "hello",
        /// Give an entitlement to an account.
        Grant => "grant",
        /// Take a grant away.
        Revoke => "revoke",
        /// Create an account.
        CreateAccount => "create_account",
        /// Delete an account, or another resource.
        DeleteResource => "delete_resource",
    }
}

vocabulary! {
    /// Where a task stands.
    pub enum State: "a state of a task" {
        /// It waits for its connector.
        Queued => "queued",
        /// A connector has it.
        Leased => "leased",
        /// It was done.
        Done => "done",
        /// It failed.
        Failed => "failed",
        /// It was called off.
        Cancelled => "cancelled",
    }
}

vocabulary! {
    /// What came of a task.
    pub enum Outcome: "an outcome of a task" {
        /// It was done.
        Success => "success",
        /// There was nothing to do: granted or revoked already.
        Already => "already",
        /// The app accepted the account and waits for somebody to act.
        ActionRequired => "action_required",
        /// The account was there.
        AlreadyExists => "already_exists",
        /// The app is still at it.
        InProgress => "in_progress",
        /// The app decided against it; nothing went wrong.
        Declined => "declined",
        /// The connector is not allowed to write.
        WritesRefused => "writes_refused",
        /// The connector cannot do this.
        Unsupported => "unsupported",
        /// It failed.
        Failed => "failed",
        /// The connector fell silent too often.
        LeaseLost => "lease_lost",
        /// It was called off.
        Cancelled => "cancelled",
    }
}

impl Kind {
    /// Whether the task changes the app.
    #[must_use]
    pub const fn is_write(self) -> bool {
        !matches!(self, Self::SyncFull | Self::Hello)
    }

    /// Which goes first when several wait: the lower. People's changes come before syncs.
    #[must_use]
    pub const fn priority(self) -> i64 {
        match self {
            Self::Hello => 0,
            Self::SyncFull => 20,
            _ => 10,
        }
    }

    /// How often it is offered before it fails.
    ///
    /// Source: T-S3 (three syncs), governance §3.12 (five tries of a job).
    #[must_use]
    pub const fn max_attempts(self) -> i64 {
        match self {
            Self::SyncFull | Self::Hello => 3,
            _ => 5,
        }
    }
}

impl State {
    /// Whether something can still come of it.
    #[must_use]
    pub const fn is_open(self) -> bool {
        matches!(self, Self::Queued | Self::Leased)
    }
}

/// How long a connector may keep a task without a sign of life: for syncs three heartbeats, for everything else, which
/// never sends any, a fixed time.
///
/// Source: baton-service-mode D3.
#[must_use]
pub fn lease(kind: Kind, heartbeat: Duration, other: Duration) -> Duration {
    match kind {
        Kind::SyncFull => heartbeat * 3,
        _ => other,
    }
}

/// How long a lost wish for an account waits for a sync that shows whether the account is there. After that it is offered
/// again without: the app itself refuses a second account.
///
/// Source: baton-service-mode D3; governance T-J7 (at most a day in all).
pub const LOOK_WITHIN: SignedDuration = SignedDuration::from_hours(24);

/// What happens to a task whose lease has run out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AfterLease {
    /// It is offered again.
    OfferAgain,
    /// It has failed.
    Fail,
    /// It was called off, and nobody said otherwise.
    Cancel,
}

/// What happens to a task of this kind that was offered `attempts` times and whose lease has run out.
#[must_use]
pub fn after_lease(kind: Kind, attempts: i64, cancel_asked: bool) -> AfterLease {
    if cancel_asked {
        AfterLease::Cancel
    } else if attempts < kind.max_attempts() {
        AfterLease::OfferAgain
    } else {
        AfterLease::Fail
    }
}

/// How many tasks of a connector may fail in a row before it is left alone for a while.
const FAILURES_IN_A_ROW: i64 = 10;
/// For how long.
const PAUSE: SignedDuration = SignedDuration::from_mins(15);

/// How long a connector is offered nothing after this many of its tasks failed in a row; then one is tried.
///
/// Source: governance R-B-4.
#[must_use]
pub const fn pause_after(failures: i64) -> Option<SignedDuration> {
    if failures >= FAILURES_IN_A_ROW { Some(PAUSE) } else { None }
}

impl Outcome {
    /// Whether it counts as a failure of the connector. What the app or the connector decided against is an answer.
    #[must_use]
    pub const fn is_failure(self) -> bool {
        matches!(self, Self::Failed | Self::LeaseLost)
    }
}

/// What a connector reports with `FinishTask`, freed of the wire.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Report {
    /// It went well.
    Success {
        /// What is special about it.
        note: SuccessNote,
    },
    /// It went wrong.
    Error {
        /// The canonical gRPC code.
        code: i32,
        /// The innermost text.
        message: String,
        /// Whether the detail `grant_cancelled` came along.
        is_declined: bool,
    },
}

/// What is special about a success.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SuccessNote {
    /// Nothing.
    Plain,
    /// `GrantAlreadyExists` or `GrantAlreadyRevoked`.
    Already,
    /// An account that somebody must finish.
    ActionRequired,
    /// An account that was there.
    AlreadyExists,
    /// An account that is not there yet.
    InProgress,
}

/// What a report makes of its task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Verdict {
    /// Where the task stands now.
    pub state: State,
    /// What came of it.
    pub outcome: Outcome,
}

const CANCELLED: i32 = 1;
const UNKNOWN: i32 = 2;
const FAILED_PRECONDITION: i32 = 9;
const UNIMPLEMENTED: i32 = 12;

/// What this report makes of a task that was or was not called off. The texts of errors decide nothing but whether
/// writes are refused or the type of the task is unknown, which have no code of their own.
///
/// Source: baton-service-mode §9, §16 items 18–24.
#[must_use]
pub fn verdict(report: &Report, cancel_asked: bool) -> Verdict {
    let (state, outcome) = match report {
        Report::Success { note } => (
            State::Done,
            match note {
                SuccessNote::Plain => Outcome::Success,
                SuccessNote::Already => Outcome::Already,
                SuccessNote::ActionRequired => Outcome::ActionRequired,
                SuccessNote::AlreadyExists => Outcome::AlreadyExists,
                SuccessNote::InProgress => Outcome::InProgress,
            },
        ),
        Report::Error { code: CANCELLED | UNKNOWN, .. } if cancel_asked => (State::Cancelled, Outcome::Cancelled),
        Report::Error { is_declined: true, .. } => (State::Failed, Outcome::Declined),
        Report::Error { code: FAILED_PRECONDITION, message, .. } if message.contains("provisioning is not enabled") => {
            (State::Failed, Outcome::WritesRefused)
        }
        Report::Error { code: UNIMPLEMENTED, .. } => (State::Failed, Outcome::Unsupported),
        Report::Error { code: UNKNOWN, message, .. } if message.contains("unsupported task type") => {
            (State::Failed, Outcome::Unsupported)
        }
        Report::Error { .. } => (State::Failed, Outcome::Failed),
    };
    Verdict { state, outcome }
}

/// The text of an error as a person should read it: without the wrappers that a connector puts around it.
///
/// `rpc error: code = X desc = …` is taken off, nested ones too, and so is the line that says it is not retryable.
///
/// Source: baton-service-mode §9.
#[must_use]
pub fn innermost(message: &str) -> String {
    let kept: Vec<&str> =
        message.lines().map(str::trim).filter(|line| *line != "task failed and is non-retryable").collect();
    let text = kept.join("\n");
    let inner = text.rsplit_once(" desc = ").map_or(text.as_str(), |(_, inner)| inner);
    inner.trim().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SeededRng;

    fn error(code: i32, message: &str) -> Report {
        Report::Error { code, message: message.to_owned(), is_declined: false }
    }

    #[test]
    fn ids_are_27_letters_and_digits() {
        let id = TaskId::new("2026-11-23T08:00:00Z".parse().unwrap(), &SeededRng::new(3));
        assert_eq!(id.as_str().parse(), Ok(id.clone()));
        for wrong in ["", "short", &"x".repeat(28), &"-".repeat(27)] {
            assert!(wrong.parse::<TaskId>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn item_17_a_lost_lease_is_offered_again_until_the_attempts_are_used() {
        assert_eq!(after_lease(Kind::SyncFull, 2, false), AfterLease::OfferAgain);
        assert_eq!(after_lease(Kind::SyncFull, 3, false), AfterLease::Fail);
        assert_eq!(after_lease(Kind::Grant, 4, false), AfterLease::OfferAgain);
        assert_eq!(after_lease(Kind::Grant, 5, false), AfterLease::Fail);
        assert_eq!(after_lease(Kind::SyncFull, 1, true), AfterLease::Cancel);
    }

    #[test]
    fn r_b_4_ten_failures_in_a_row_pause_a_connector() {
        assert_eq!(
            [1, 9, 10, 11].map(|n| pause_after(n).map(|pause| pause.as_mins())),
            [None, None, Some(15), Some(15)]
        );
        let failures: Vec<_> = Outcome::ALL.iter().filter(|outcome| outcome.is_failure()).collect();
        assert_eq!(failures, [&Outcome::Failed, &Outcome::LeaseLost]);
    }

    #[test]
    fn items_19_to_24_reports_mean_what_codes_and_details_say() {
        let success = |note| Report::Success { note };
        let declined = Report::Error { code: 9, message: "no seat is left".to_owned(), is_declined: true };
        for (report, cancel_asked, state, outcome) in [
            (success(SuccessNote::Plain), false, State::Done, Outcome::Success),
            (success(SuccessNote::Already), false, State::Done, Outcome::Already),
            (success(SuccessNote::ActionRequired), false, State::Done, Outcome::ActionRequired),
            (success(SuccessNote::AlreadyExists), false, State::Done, Outcome::AlreadyExists),
            (success(SuccessNote::InProgress), false, State::Done, Outcome::InProgress),
            // What was done although it was called off, was done.
            (success(SuccessNote::Plain), true, State::Done, Outcome::Success),
            (declined, false, State::Failed, Outcome::Declined),
            (error(9, "provisioning is not enabled"), false, State::Failed, Outcome::WritesRefused),
            (error(9, "something else"), false, State::Failed, Outcome::Failed),
            (error(12, "no provisioner"), false, State::Failed, Outcome::Unsupported),
            (error(2, "unsupported task type"), false, State::Failed, Outcome::Unsupported),
            (error(1, "context canceled"), true, State::Cancelled, Outcome::Cancelled),
            (error(2, "task was cancelled"), true, State::Cancelled, Outcome::Cancelled),
            (error(1, "context canceled"), false, State::Failed, Outcome::Failed),
            (error(14, "unavailable"), true, State::Failed, Outcome::Failed),
        ] {
            assert_eq!(verdict(&report, cancel_asked), Verdict { state, outcome }, "{report:?} {cancel_asked}");
        }
    }

    #[test]
    fn item_19_people_read_the_innermost_text() {
        for (text, inner) in [
            (
                "rpc error: code = FailedPrecondition desc = provisioning is not enabled\ntask failed and is non-retryable",
                "provisioning is not enabled",
            ),
            (
                "rpc error: code = Unknown desc = grant failed: rpc error: code = NotFound desc = no such user",
                "no such user",
            ),
            ("plain", "plain"),
            ("", ""),
        ] {
            assert_eq!(innermost(text), inner);
        }
    }
}
