//! What people are told: queued in the transaction of what they are told of, shown in their inbox.
//!
//! No use case queues a notice itself: what watches the audit rows of every change does.
//!
//! Source: governance §1.18, §3.11.

mod about;
mod mail;
mod people;
pub(crate) mod queue;
mod recipients;
pub(crate) mod send;

use ids::{NoticeId, PersonId};
use store::Paging;
use store::notice as table;

use crate::Written;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

pub use mail::{Mailer, MailerError};
pub use store::notice::{Counts as NoticeCounts, Notice};

impl Governance {
    /// What is in the caller's inbox, the newest first.
    ///
    /// # Errors
    /// `PermissionDenied` for machines, which have no inbox; `InvalidArgument` for a cursor of another list.
    pub async fn notices(&self, caller: &Caller, unread_only: bool, paging: Paging<'_>) -> Result<store::Page<Notice>> {
        let me = me(caller)?;
        Ok(table::inbox(&mut *self.store().read().await?, me, unread_only, paging).await?)
    }

    /// How much is in the caller's inbox.
    ///
    /// # Errors
    /// `PermissionDenied` for machines, which have no inbox.
    pub async fn notice_counts(&self, caller: &Caller) -> Result<NoticeCounts> {
        let me = me(caller)?;
        Ok(table::counts(&mut *self.store().read().await?, me).await?)
    }

    /// The caller has read something in their inbox.
    ///
    /// # Errors
    /// `PermissionDenied` for machines, which have no inbox; `NotFound`.
    pub async fn read_notice(&self, caller: &Caller, id: NoticeId) -> Result<Written<Notice>> {
        let me = me(caller)?;
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        table::mark_read(tx.conn(), me, Some(id), now).await?;
        let notice = table::in_inbox(tx.conn(), me, id).await?.ok_or_else(|| Error::not_found("notice", id))?;
        let seq = tx.commit().await?;
        Ok(Written::new(notice, seq))
    }

    /// The caller has read everything in their inbox. Returns how much they had not read before.
    ///
    /// # Errors
    /// `PermissionDenied` for machines, which have no inbox.
    pub async fn read_all_notices(&self, caller: &Caller) -> Result<Written<u64>> {
        let me = me(caller)?;
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let read = table::mark_read(tx.conn(), me, None, now).await?;
        let seq = tx.commit().await?;
        Ok(Written::new(read, seq))
    }
}

fn me(caller: &Caller) -> Result<PersonId> {
    caller.actor.person().ok_or_else(|| Error::denied("machines have no inbox"))
}
