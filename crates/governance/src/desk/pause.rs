//! A connector whose tasks fail one after the other is left alone for a while.
//!
//! Source: governance R-B-4.

use domain::task::{Outcome, pause_after};
use ids::ConnectorId;
use store::Tx;
use store::connector::{self, Level};
use store::task::pause;

use super::Desk;
use crate::Result;

impl Desk {
    /// Counts what came of a task of a connector.
    pub(super) async fn count_outcome(&self, tx: &mut Tx, id: ConnectorId, outcome: Outcome) -> Result<()> {
        if !outcome.is_failure() {
            return Ok(pause::clear(tx, id).await?);
        }
        let failures = pause::count_failure(tx, id).await?;
        let Some(span) = pause_after(failures) else { return Ok(()) };
        let until = tx.now().checked_add(span).unwrap_or(jiff::Timestamp::MAX);
        pause::set(tx, id, Some(until)).await?;
        let words = format!(
            "{failures} tasks failed in a row: the connector gets none for {} minutes, then one to try",
            span.as_mins()
        );
        Ok(connector::write_line(tx, id, None, Level::Error, &words).await?)
    }
}
