//! The store on both engines.
#![expect(clippy::unwrap_used, clippy::expect_used, reason = "a test may panic")]

mod audit;
mod file;
mod idempotency;
mod s3;
mod schema;
mod secrets;
mod task;

use std::sync::Arc;

use ids::{ManualClock, SeededRng};
use store::{Location, Store, Surroundings};
use testkit::database::Database;

/// An open store on the test's database, whose clock stands still.
async fn open(database: &Database) -> anyhow::Result<(Store, ManualClock)> {
    let clock = ManualClock::new("2026-11-23T08:00:00Z".parse()?);
    let surroundings = Surroundings { clock: Arc::new(clock.clone()), rng: Arc::new(SeededRng::new(7)) };
    Ok((Store::open(&Location::parse(database.location())?, surroundings).await?, clock))
}
