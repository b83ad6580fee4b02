//! What the server does for itself: it removes what is not kept any more, seals secrets anew after a new key, and signs what
//! the audit chain was at the end of each day.
//!
//! All are durable jobs, so that of several servers one does them, and a failure is seen.
//!
//! Source: governance §3.12 ("old sync file kept"), T-S8.

mod anchor;
mod clean;
mod reseal;

use std::sync::Arc;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use jobs::{Failure, Handler, NewJob, Next};
use store::Retry;

use crate::connector::watch;
use crate::context::Governance;
use crate::error::{Error, Result};
use crate::finding;

pub use clean::Cleaned;
pub use reseal::Resealed;

/// The kind of the job that cleans up.
const CLEAN: &str = "clean_up";
/// The kind of the job that seals anew.
const RESEAL: &str = "reseal";
/// How often is cleaned up.
const CLEAN_EVERY: SignedDuration = SignedDuration::from_hours(6);
/// How often each is tried before a person must look; the next start of a server begins anew.
const ATTEMPTS: i64 = 20;

impl Governance {
    /// Wishes for these jobs, and for those that look for silent connectors and findings, now. To be called at each start of a server.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn plan_upkeep(&self) -> Result<()> {
        let mut tx = self.store().begin().await?;
        for kind in [CLEAN, RESEAL, anchor::KIND, watch::KIND, finding::watch::KIND] {
            let job = NewJob {
                kind,
                key: Some(kind.to_owned()),
                payload: "{}".to_owned(),
                run_at: tx.now(),
                priority: store::job::LAST_PRIORITY,
                max_attempts: ATTEMPTS,
            };
            jobs::enqueue(&mut tx, &job).await?;
        }
        tx.commit().await?;
        self.job_queued().notify_waiters();
        Ok(())
    }

    pub(crate) fn upkeep_handlers(&self) -> [(&'static str, Arc<dyn Handler>); 3] {
        let clean: Arc<dyn Handler> = Arc::new(Clean(self.clone()));
        [(CLEAN, clean), (RESEAL, Arc::new(Reseal(self.clone()))), anchor::handler(self.clone())]
    }
}

struct Clean(Governance);

#[async_trait]
impl Handler for Clean {
    async fn run(&self, context: &jobs::Context) -> Result<Next, Failure> {
        let cleaned = context.cancel.run_until_cancelled(self.0.clean_up()).await;
        let cleaned =
            cleaned.ok_or_else(|| Failure::Passing("interrupted".to_owned()))?.map_err(|error| failed(&error))?;
        if cleaned != Cleaned::default() {
            tracing::info!(
                files = cleaned.files,
                differences = cleaned.differences,
                leftovers = cleaned.leftovers,
                jobs = cleaned.jobs,
                sessions = cleaned.sessions,
                notices = cleaned.notices,
                "removed what is not kept any more"
            );
        }
        Ok(Next::At(self.0.store().now().checked_add(CLEAN_EVERY).unwrap_or(Timestamp::MAX)))
    }
}

struct Reseal(Governance);

#[async_trait]
impl Handler for Reseal {
    async fn run(&self, context: &jobs::Context) -> Result<Next, Failure> {
        let resealed = context.cancel.run_until_cancelled(self.0.reseal_secrets()).await;
        let resealed =
            resealed.ok_or_else(|| Failure::Passing("interrupted".to_owned()))?.map_err(|error| failed(&error))?;
        match resealed.unreadable.first() {
            None => Ok(Next::Done),
            Some(first) => {
                let count = resealed.unreadable.len();
                Err(Failure::Lasting(format!("{count} secrets cannot be opened to seal them anew; the first: {first}")))
            }
        }
    }
}

fn failed(error: &Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    Failure::Passing(text)
}

/// What the storage of files says, for a job.
fn storage(error: store::file::Error) -> Error {
    match error.retry() {
        Retry::After(_) => Error::new(crate::Code::Unavailable, error.to_string()),
        Retry::Never => Error::internal(error),
    }
}
