//! A store with jobs in it, and a way to wait for what becomes of them.

use std::time::Duration;

use anyhow::ensure;
use jiff::Timestamp;
use jobs::{NewJob, enqueue};
use store::{Location, Store, Surroundings};

/// The kind of all jobs but those that a test names.
pub(crate) const KIND: &str = "count";

const DEADLINE: Duration = Duration::from_mins(1);

pub(crate) async fn open(location: &str) -> anyhow::Result<Store> {
    Ok(Store::open(&Location::parse(location)?, Surroundings::default()).await?)
}

pub(crate) fn job(key: Option<String>, payload: &str, run_at: Timestamp) -> NewJob {
    NewJob { kind: KIND, key, payload: payload.to_owned(), run_at, priority: 10, max_attempts: 3 }
}

pub(crate) async fn wish(store: &Store, jobs: &[NewJob]) -> anyhow::Result<()> {
    let mut tx = store.begin().await?;
    for job in jobs {
        enqueue(&mut tx, job).await?;
    }
    tx.commit().await?;
    Ok(())
}

/// Waits until it holds; fails when it does not for a long time.
pub(crate) async fn until(what: &str, mut holds: impl AsyncFnMut() -> anyhow::Result<bool>) -> anyhow::Result<()> {
    let end = tokio::time::Instant::now() + DEADLINE;
    while !holds().await? {
        ensure!(tokio::time::Instant::now() < end, "it did not come true in time: {what}");
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
    Ok(())
}

/// How many jobs are in this state.
pub(crate) async fn count(store: &Store, state: &str) -> anyhow::Result<i64> {
    let statement = "SELECT COUNT(*) FROM job WHERE state = $1";
    Ok(sqlx::query_scalar(statement).bind(state.to_owned()).fetch_one(&mut *store.read().await?).await?)
}
