//! Syncs, as people see them: their history, log, differences and files; stopped, or brought as a file.
//!
//! Source: governance §1.6, §2.2 (T-S).

mod bring;
mod cancel;

use domain::access::Action;
use futures_util::stream::BoxStream;
use ids::{ConnectorId, SyncId};
use store::connector::LogLine;
use store::file::{Digest, Stored};
use store::sync::Sync;
use store::{Connection, Page, Paging, Tx};

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};

pub use bring::BroughtFile;

pub(crate) use cancel::discard;

/// The file of a sync, on its way out.
pub struct SyncFile {
    /// Its digest.
    pub digest: Digest,
    /// Its size.
    pub bytes: u64,
    /// Its content, in pieces.
    pub content: BoxStream<'static, Result<bytes::Bytes, store::file::Error>>,
}

impl std::fmt::Debug for SyncFile {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SyncFile").field("digest", &self.digest).field("bytes", &self.bytes).finish_non_exhaustive()
    }
}

impl Governance {
    /// The syncs of a connector, the newest first.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the connector.
    pub async fn syncs(&self, caller: &Caller, connector: ConnectorId, paging: Paging<'_>) -> Result<Page<Sync>> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        access::connector(&mut conn, tenant, caller, connector, Action::SeeConnectors).await?;
        Ok(store::sync::list(&mut conn, tenant, connector, paging).await?)
    }

    /// The sync with this id.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see its connector.
    pub async fn sync(&self, caller: &Caller, id: SyncId) -> Result<Sync> {
        let mut conn = self.store().read().await?;
        find(&mut conn, self, caller, id, Action::SeeConnectors).await
    }

    /// What happened in a sync, the newest line first.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see its connector.
    pub async fn sync_log(&self, caller: &Caller, id: SyncId, paging: Paging<'_>) -> Result<Page<LogLine>> {
        let mut conn = self.store().read().await?;
        let sync = find(&mut conn, self, caller, id, Action::SeeConnectors).await?;
        Ok(store::connector::lines(&mut conn, sync.connector_id, Some(id), paging).await?)
    }

    /// The file of a sync.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see its connector, and when the sync has no file or it was removed; `Unavailable`
    /// when the storage does not answer.
    pub async fn sync_file(&self, caller: &Caller, id: SyncId) -> Result<SyncFile> {
        let sync = self.sync(caller, id).await?;
        let (Some(digest), Some(bytes)) = (sync.file, sync.file_bytes) else {
            return Err(Error::new(Code::NotFound, "this sync has no file"));
        };
        let content = self.files().stream(&digest).await.map_err(|error| match error {
            store::file::Error::Missing { .. } => {
                Error::new(Code::NotFound, "the file of this sync is not kept any more")
            }
            error => bring::storage(error),
        })?;
        Ok(SyncFile { digest, bytes, content })
    }
}

/// The sync, for a caller that may see its connector and do this to it.
async fn find(
    conn: &mut Connection,
    governance: &Governance,
    caller: &Caller,
    id: SyncId,
    action: Action,
) -> Result<Sync> {
    let tenant = governance.store().tenant();
    let sync = store::sync::find(conn, tenant, id).await?.ok_or_else(|| Error::not_found("sync", id))?;
    let seen = access::connector(conn, tenant, caller, sync.connector_id, action).await;
    seen.map(|_| sync)
        .map_err(|error| if error.code() == Code::NotFound { Error::not_found("sync", id) } else { error })
}

/// Notes that a file was stored; no clean-up takes it away before the change is committed.
pub(crate) async fn keep(governance: &Governance, tx: &mut Tx, stored: &Stored, kind: store::file::Kind) -> Result<()> {
    let now = tx.now();
    store::file::record(tx.conn(), stored, kind, now).await?;
    // An older file with the same content may have been cleaned up between its coming and now.
    if !governance.files().contains(&stored.digest).await.map_err(bring::storage)? {
        return Err(Error::new(Code::Unavailable, "the file was just being cleaned up; send it again"));
    }
    Ok(())
}

/// Has the file of a sync read.
pub(crate) async fn enqueue_reading(tx: &mut Tx, sync: SyncId) -> Result<()> {
    let job = jobs::NewJob {
        kind: "ingest",
        key: Some(sync.to_string()),
        payload: serde_json::json!({"syncId": sync}).to_string(),
        run_at: tx.now(),
        priority: 0,
        max_attempts: 5,
    };
    jobs::enqueue(tx, &job).await?;
    Ok(())
}
