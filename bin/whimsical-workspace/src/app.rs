//! The running workspace: the model behind a lock, the data file, the clock, the faults.
//!
//! Every face calls [`App::read`] or [`App::write`] and nothing else to get at the model. A write returns after its
//! changes are on the disk, when there is a data file.

mod clock;
mod rate;

use std::sync::{Mutex, MutexGuard, PoisonError, RwLock};

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::{Clock as _, Rng, SystemRng};
use jiff::Timestamp;

use crate::lab_face::Faults;
use crate::model::{Act, Actor, Workspace};
use crate::store::{Journal, StoreError};

pub use clock::LabClock;
pub use rate::Bucket;

/// Whether the lab face is offered.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Lab {
    /// It isn't.
    #[default]
    Off,
    /// It is.
    On,
}

/// From where the settings may be used.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum AdminFrom {
    /// Only from this machine.
    #[default]
    Loopback,
    /// From everywhere.
    Anywhere,
}

/// Whether `X-Forwarded-Host` and `X-Forwarded-Proto` are believed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Forwarded {
    /// They aren't.
    #[default]
    Ignored,
    /// A proxy in front sets them.
    Trusted,
}

/// How the workspace is served.
#[derive(Debug, Clone, Default)]
pub struct Options {
    /// The base of all URLs, without a slash at its end; none: from the request.
    pub public_url: Option<String>,
    /// Whether the lab face is offered.
    pub lab: Lab,
    /// From where the settings may be used.
    pub admin_from: AdminFrom,
    /// Whether a proxy's headers are believed.
    pub forwarded: Forwarded,
    /// SCIM requests per second; none: no limit.
    pub rate_limit: Option<u32>,
}

/// The running workspace.
#[derive(Debug)]
pub struct App {
    workspace: RwLock<Workspace>,
    journal: Option<Journal>,
    options: Options,
    clock: LabClock,
    rng: SystemRng,
    faults: Mutex<Faults>,
    bucket: Option<Mutex<Bucket>>,
    form_token: String,
}

impl App {
    /// Returns the running workspace; without a journal nothing is saved.
    #[must_use]
    pub fn new(workspace: Workspace, journal: Option<Journal>, options: Options) -> Self {
        let rng = SystemRng;
        let mut form_token = [0; 24];
        rng.fill(&mut form_token);
        Self {
            workspace: RwLock::new(workspace),
            journal,
            clock: LabClock::default(),
            rng,
            faults: Mutex::default(),
            bucket: options.rate_limit.map(|per_second| Mutex::new(Bucket::new(per_second))),
            form_token: URL_SAFE_NO_PAD.encode(form_token),
            options,
        }
    }

    /// Returns how the workspace is served.
    #[must_use]
    pub fn options(&self) -> &Options {
        &self.options
    }

    /// Returns the clock.
    #[must_use]
    pub fn clock(&self) -> &LabClock {
        &self.clock
    }

    /// Returns the present instant in whole milliseconds, as SCIM writes it, so that times compare as they look.
    #[must_use]
    pub fn now(&self) -> Timestamp {
        let now = self.clock.now();
        Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now)
    }

    /// Returns the random source.
    #[must_use]
    pub fn rng(&self) -> &dyn Rng {
        &self.rng
    }

    /// Returns the word that every form of the settings page carries.
    #[must_use]
    pub fn form_token(&self) -> &str {
        &self.form_token
    }

    /// Returns the scripted faults.
    pub fn faults(&self) -> MutexGuard<'_, Faults> {
        self.faults.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes one request off the allowance; the error is how many seconds to wait.
    ///
    /// # Errors
    /// When the allowance is used up.
    pub fn take_allowance(&self) -> Result<(), u32> {
        match &self.bucket {
            Some(bucket) => bucket.lock().unwrap_or_else(PoisonError::into_inner).take(self.now()),
            None => Ok(()),
        }
    }

    /// Looks at the workspace.
    pub fn read<T>(&self, look: impl FnOnce(&Workspace) -> T) -> T {
        look(&self.workspace.read().unwrap_or_else(PoisonError::into_inner))
    }

    /// Changes the workspace, and returns when the change is on the disk.
    ///
    /// # Errors
    /// [`StoreError`] when the change could not be saved; the outer result. The inner one is `change`'s own.
    pub async fn write<T>(
        &self,
        actor: Actor,
        change: impl FnOnce(&mut Workspace, &Act<'_>) -> T,
    ) -> Result<T, StoreError> {
        let (result, ticket) = self.change(actor, change)?;
        if let (Some(journal), Some(ticket)) = (&self.journal, ticket) {
            journal.written(ticket).await?;
        }
        Ok(result)
    }

    fn change<T>(
        &self,
        actor: Actor,
        change: impl FnOnce(&mut Workspace, &Act<'_>) -> T,
    ) -> Result<(T, Option<crate::store::Ticket>), StoreError> {
        // A change is whole once it is recorded, so a poisoned lock still holds a good workspace.
        let mut workspace = self.workspace.write().unwrap_or_else(PoisonError::into_inner);
        let act = Act { now: self.now(), actor, rng: &self.rng };
        let result = change(&mut workspace, &act);
        let changes = workspace.take_unsaved();
        let ticket = match &self.journal {
            // Queued under the lock, so that the file has the order in which things happened.
            Some(journal) if !changes.is_empty() => Some(journal.push(&changes)?),
            _ => None,
        };
        Ok((result, ticket))
    }
}
