//! Offboarding: the files of a removed member move to a private team after 72 hours.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use crate::model::id::{AccountId, JobId, UserId};

/// How long the files of a removed member wait. Source: Whimsical help, "Offboard a user".
pub const DELAY: SignedDuration = SignedDuration::from_hours(72);

/// What an administrator chooses for the files of a member removed by hand.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Deserialize)]
pub enum Files {
    /// Move them at once.
    #[serde(rename = "now")]
    Now,
    /// Move them after 72 hours, as SCIM does.
    #[serde(rename = "72h")]
    Later,
    /// Leave them.
    #[serde(rename = "leave")]
    Leave,
}

/// What has become of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JobState {
    /// Not due yet.
    Waiting,
    /// The files have moved.
    Done,
    /// The person came back in time.
    Cancelled,
}

/// The files of one removed member.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Job {
    /// The number.
    pub id: JobId,
    /// The person.
    pub account: AccountId,
    /// The SCIM user at the time of the removal.
    pub user: UserId,
    /// When the files move.
    pub due: Timestamp,
    /// The new folder: `Transferred from <name> (<e-mail>)`.
    pub folder: String,
    /// The team and the folder in it that get the new one.
    pub target: String,
    /// What has become of it.
    pub state: JobState,
}

/// All jobs, with the waiting ones by person and by time.
#[derive(Debug, Default)]
pub struct Jobs {
    rows: BTreeMap<JobId, Job>,
    waiting: HashMap<AccountId, JobId>,
    due: BTreeSet<(Timestamp, JobId)>,
}

impl Jobs {
    /// Returns the number for the next job.
    #[must_use]
    pub fn next_id(&self) -> JobId {
        JobId(self.rows.last_key_value().map_or(1, |(id, _)| id.0.saturating_add(1)))
    }

    /// Adds or replaces a job.
    pub fn put(&mut self, job: Job) {
        if let Some(old) = self.rows.get(&job.id) {
            self.due.remove(&(old.due, old.id));
            self.waiting.remove(&old.account);
        }
        if job.state == JobState::Waiting {
            self.due.insert((job.due, job.id));
            self.waiting.insert(job.account, job.id);
        }
        self.rows.insert(job.id, job);
    }

    /// Returns the waiting job of a person.
    #[must_use]
    pub fn waiting_for(&self, account: AccountId) -> Option<&Job> {
        self.rows.get(self.waiting.get(&account)?)
    }

    /// Returns the waiting jobs whose time has come.
    #[must_use]
    pub fn due(&self, now: Timestamp) -> Vec<Job> {
        self.due.iter().take_while(|(due, _)| *due <= now).filter_map(|(_, id)| self.rows.get(id).cloned()).collect()
    }

    /// Returns all jobs, the oldest first.
    pub fn iter(&self) -> impl Iterator<Item = &Job> {
        self.rows.values()
    }
}
