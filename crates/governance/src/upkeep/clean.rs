//! Removes what is not kept any more.

use domain::actor::{Actor, Part};
use domain::audit::{Object, Via};
use futures_util::TryStreamExt as _;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::file::{self, Digest, Keeping};
use store::inventory::list::forget_discarded;

use super::storage;
use crate::context::{Caller, Governance};
use crate::error::Result;

/// How long the file of a discarded sync is kept, and what it would have changed. Source: governance T-S8.
const DISCARDED: SignedDuration = SignedDuration::from_hours(30 * 24);
/// How long the file of any other sync is kept. Source: governance §3.12.
const ENDED: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How old something in the storage is that nobody works on any more. The longest uploads take less.
const LEFT_BEHIND: SignedDuration = SignedDuration::from_hours(48);
/// How long the row of a job that is done is kept.
const JOBS: SignedDuration = SignedDuration::from_hours(7 * 24);
/// How long what people were told is kept.
const NOTICES: SignedDuration = SignedDuration::from_hours(90 * 24);
/// How many files are looked up at once.
const FILES: u32 = 200;
/// How many rows go at once, so that nobody waits for it long.
const ROWS: u32 = 5_000;

/// How much was removed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Cleaned {
    /// Files of syncs whose time is over.
    pub files: usize,
    /// Differences of discarded syncs.
    pub differences: u64,
    /// What crashes left in the storage.
    pub leftovers: usize,
    /// Jobs that are done.
    pub jobs: u64,
    /// Sessions that are over.
    pub sessions: u64,
    /// What people were told long ago.
    pub notices: u64,
}

impl Governance {
    /// Removes what is not kept any more: files of syncs (30 days after they were discarded, 90 days after another end;
    /// what is visible or proves a change stays), what discarded syncs would have changed, and what crashes left behind.
    ///
    /// # Errors
    /// When database or storage refuse; what was removed stays so.
    pub async fn clean_up(&self) -> Result<Cleaned> {
        let now = self.store().now();
        let before = |age: SignedDuration| now.checked_sub(age).unwrap_or(Timestamp::MIN);
        let keeping = Keeping { discarded_before: before(DISCARDED), ended_before: before(ENDED) };
        Ok(Cleaned {
            files: self.clean_files(keeping).await?,
            differences: self.clean_differences(before(DISCARDED)).await?,
            leftovers: self.clean_leftovers(before(LEFT_BEHIND)).await?,
            jobs: self.clean_jobs(before(JOBS)).await?,
            sessions: self.clean_sessions(now).await?,
            notices: self.clean_notices(before(NOTICES)).await?,
        })
    }

    async fn clean_sessions(&self, over: Timestamp) -> Result<u64> {
        let mut tx = self.store().begin().await?;
        let removed = store::session::forget(tx.conn(), over).await?;
        tx.commit().await?;
        Ok(removed)
    }

    async fn clean_notices(&self, before: Timestamp) -> Result<u64> {
        let mut removed = 0;
        loop {
            let mut tx = self.store().begin().await?;
            let gone = store::notice::forget(tx.conn(), before, ROWS).await?;
            tx.commit().await?;
            removed += gone;
            if gone == 0 {
                return Ok(removed);
            }
        }
    }

    async fn clean_files(&self, keeping: Keeping) -> Result<usize> {
        let mut removed = 0;
        loop {
            let digests = file::removable(&mut *self.store().read().await?, keeping, FILES).await?;
            let before = removed;
            for digest in &digests {
                removed += usize::from(self.clean_file(digest, keeping).await?);
            }
            if removed == before {
                return Ok(removed);
            }
        }
    }

    async fn clean_file(&self, digest: &Digest, keeping: Keeping) -> Result<bool> {
        let mut tx = self.store().begin().await?;
        if !file::remove(&mut tx, digest, keeping).await? {
            return Ok(false);
        }
        self.files().delete(digest).await.map_err(storage)?;
        let timer = Caller::new(Actor::System(Part::Timer), Via::Timer);
        let event = timer.event("file.removed", Object::new("file", digest)).with_reason("it was kept long enough");
        tx.audit(event.with_change(json!({"kept": true}), json!({"kept": false})));
        tx.commit().await?;
        Ok(true)
    }

    async fn clean_differences(&self, before: Timestamp) -> Result<u64> {
        let mut removed = 0;
        loop {
            let mut tx = self.store().begin().await?;
            let gone = forget_discarded(&mut tx, before, ROWS).await?;
            tx.commit().await?;
            removed += gone;
            if gone == 0 {
                return Ok(removed);
            }
        }
    }

    async fn clean_leftovers(&self, before: Timestamp) -> Result<usize> {
        let mut removed = self.files().remove_unfinished(before).await.map_err(storage)?;
        // Whole files that nobody noted: the server died between the two.
        let mut all = self.files().stored_before(before);
        while let Some(digest) = all.try_next().await.map_err(storage)? {
            if !file::is_kept(&mut *self.store().read().await?, &digest).await? {
                self.files().delete(&digest).await.map_err(storage)?;
                removed += 1;
            }
        }
        Ok(removed)
    }

    async fn clean_jobs(&self, before: Timestamp) -> Result<u64> {
        let mut tx = self.store().begin().await?;
        let removed = store::job::forget(&mut tx, before).await?;
        tx.commit().await?;
        Ok(removed)
    }
}
