//! The timer of findings: what needs no sync to be seen, and what was accepted or put off for a while.
//!
//! Source: governance T-F1, T-F6.

use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::{Actor, Part};
use domain::audit::Via;
use domain::finding::Step;
use jiff::{SignedDuration, Timestamp};
use jobs::{Failure, Handler, Next};

use super::step;
use crate::context::{Caller, Governance};
use crate::error::Result;

/// The kind of the job.
pub(crate) const KIND: &str = "finding_check";
/// How often is looked.
const EVERY: SignedDuration = SignedDuration::from_secs(300);
/// How many findings are opened again in one turn.
const TURN: u32 = 200;

/// What looks.
pub(crate) fn handler(governance: Governance) -> (&'static str, Arc<dyn Handler>) {
    (KIND, Arc::new(Watch(governance)))
}

struct Watch(Governance);

#[async_trait]
impl Handler for Watch {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let looked = context.cancel.run_until_cancelled(self.0.watch_findings()).await;
        let looked = looked.ok_or_else(|| Failure::Passing("interrupted".to_owned()))?;
        looked.map_err(|error| Failure::Passing(error.to_string()))?;
        Ok(Next::At(self.0.store().now().checked_add(EVERY).unwrap_or(Timestamp::MAX)))
    }
}

impl Governance {
    /// Opens again what was accepted or put off until now, and notes what is not as it should be. Returns how many findings
    /// were opened again.
    ///
    /// # Errors
    /// When the database refuses; what was noted stays so.
    pub async fn watch_findings(&self) -> Result<usize> {
        let caller = Caller::new(Actor::System(Part::Timer), Via::Timer);
        let mut reopened = 0;
        loop {
            let due = store::finding::due(&mut *self.store().read().await?, self.store().now(), TURN).await?;
            for id in &due {
                let mut tx = self.store().begin().await?;
                let Some(mut finding) = store::finding::find_for_update(&mut tx, *id).await? else { continue };
                if finding.until.is_none_or(|until| until > tx.now()) {
                    continue;
                }
                step(&mut tx, &caller, &mut finding, Step::TimeOver, None)?;
                store::finding::update(tx.conn(), &mut finding).await?;
                tx.commit().await?;
                reopened += 1;
            }
            if due.len() < TURN as usize {
                break;
            }
        }
        self.check_findings(&caller).await?;
        Ok(reopened)
    }
}
