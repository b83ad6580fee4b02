//! Files that connectors bring: what a sync found, and logs.
//!
//! Source: baton-service-mode §10, §16 items 25–28, D5; governance T-S4.

use bytes::Bytes;
use domain::sync::Step;
use domain::task::TaskId;
use ids::ConnectorId;
use store::connector::{self, Level};
use store::file::{self, Digest, Kind, Stored};

use super::{Desk, from_connector};
use crate::{Caller, Code, Error, Result};

/// What the two forms of sync files begin with.
const SYNC_FILES: [(&[u8], &str); 2] = [(b"C1ZF\0", "v1"), (b"C1Z3\0", "v3")];
/// How many of the first bytes tell what a file is.
const MAGIC_BYTES: usize = 5;

/// Why a file was not taken.
#[derive(Debug, thiserror::Error)]
pub enum UploadError {
    /// What came is not what the connector says it sent (D5).
    #[error("{0}")]
    Mismatch(String),
    /// Anything else.
    #[error(transparent)]
    Refused(#[from] Error),
}

/// A file on its way in. Dropping it leaves nothing.
#[derive(Debug)]
pub struct Asset {
    desk: Desk,
    caller: Caller,
    connector: ConnectorId,
    task: TaskId,
    first: Vec<u8>,
    upload: file::Upload,
}

impl Desk {
    /// Begins a file that belongs to this task of the connector.
    ///
    /// # Errors
    /// `NotFound` when this connector has no such task; `Unavailable` when the storage does not answer.
    pub async fn begin_upload(&self, caller: Caller, task: TaskId) -> Result<Asset> {
        let from = from_connector(&caller)?;
        self.heard(from);
        let connector = from.id;
        let found = store::task::get(&mut *self.governance.store().read().await?, &task).await?;
        if found.is_none_or(|found| found.connector_id != connector) {
            return Err(Error::not_found("task", task));
        }
        let limit = self.governance.settings().upload_limit_bytes;
        let upload = self.governance.files().begin(limit).await.map_err(storage)?;
        Ok(Asset { desk: self.clone(), caller, connector, task, first: Vec::new(), upload })
    }
}

impl Asset {
    /// Adds a piece at the end.
    ///
    /// # Errors
    /// `ResourceExhausted` when the file is too large; `Unavailable` when the storage is full or does not answer.
    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        let missing = MAGIC_BYTES.saturating_sub(self.first.len());
        self.first.extend(piece.iter().take(missing));
        self.upload.write(piece).await.map_err(storage)
    }

    /// The file is whole, and the connector says that this is its digest.
    ///
    /// The same file again changes nothing, nor does one that comes after its task has ended.
    ///
    /// # Errors
    /// [`UploadError::Mismatch`] when it is another; nothing is stored then. `InvalidArgument` when it is neither a sync
    /// nor a log.
    pub async fn finish(self, digest: Digest) -> Result<(), UploadError> {
        let Self { desk, caller, connector, task, first, upload } = self;
        let engine = SYNC_FILES.iter().find(|(magic, _)| *magic == first.as_slice()).map(|(_, engine)| *engine);
        let kind = match (engine, first.first()) {
            (Some(_), _) => Kind::C1z,
            (None, Some(b'{')) => Kind::Log,
            (None, _) => {
                // What it is counts only if it is what was sent.
                upload.check(digest).await.map_err(wrong)?;
                return Err(
                    Error::invalid("data", "the file is neither a sync (C1ZF, C1Z3) nor a log (JSON lines)").into()
                );
            }
        };
        let stored = upload.finish(Some(digest)).await.map_err(wrong)?;
        match (kind, engine) {
            (Kind::C1z, Some(engine)) => desk.sync_came(&caller, connector, &task, stored, engine).await?,
            _ => desk.log_came(connector, &task, stored).await?,
        }
        Ok(())
    }
}

impl Desk {
    /// T-S4.
    async fn sync_came(
        &self,
        caller: &Caller,
        from: ConnectorId,
        task: &TaskId,
        stored: Stored,
        engine: &str,
    ) -> Result<()> {
        let mut tx = self.governance.store().begin().await?;
        // The task is held, so that its end and this upload follow one another.
        store::task::get_for_update(&mut tx, task).await?;
        crate::sync::keep(&self.governance, &mut tx, &stored, Kind::C1z).await?;
        let found = store::sync::of_task(tx.conn(), from, task.as_str()).await?;
        let waits = |sync: &store::sync::Sync| sync.state.after(Step::Uploaded).is_ok() && sync.file.is_none();
        if let Some(mut sync) = found.filter(waits) {
            sync.file = Some(stored.digest);
            sync.file_bytes = Some(stored.bytes);
            sync.engine = Some(engine.to_owned());
            self.step(&mut tx, caller, &mut sync, Step::Uploaded).await?;
            crate::sync::enqueue_reading(&mut tx, sync.id).await?;
            let words = format!("the file of the sync came: {} bytes", stored.bytes);
            connector::write_line(&mut tx, from, Some(sync.id), Level::Info, &words).await?;
        }
        tx.commit().await?;
        self.governance.job_queued().notify_waiters();
        Ok(())
    }

    /// Item 27.
    async fn log_came(&self, from: ConnectorId, task: &TaskId, stored: Stored) -> Result<()> {
        let mut tx = self.governance.store().begin().await?;
        store::task::get_for_update(&mut tx, task).await?;
        crate::sync::keep(&self.governance, &mut tx, &stored, Kind::Log).await?;
        let found = store::sync::of_task(tx.conn(), from, task.as_str()).await?;
        if let Some(mut sync) = found.filter(|sync| sync.log != Some(stored.digest)) {
            sync.log = Some(stored.digest);
            store::sync::update(tx.conn(), &mut sync).await?;
        }
        tx.commit().await?;
        Ok(())
    }
}

fn wrong(error: file::Error) -> UploadError {
    match error {
        file::Error::Mismatch { .. } => UploadError::Mismatch(format!("{error}; nothing was stored")),
        error => UploadError::Refused(storage(error)),
    }
}

fn storage(error: file::Error) -> Error {
    let text = error.to_string();
    match error {
        file::Error::TooLarge { .. } => Error::new(Code::ResourceExhausted, format!("{text}; nothing was stored"))
            .with_hint("raise connectors.upload_limit, or sync less"),
        file::Error::Full => {
            Error::new(Code::Unavailable, "the server has no space left for files; nothing was stored")
        }
        file::Error::Unavailable | file::Error::Interrupted | file::Error::Refused => Error::new(
            Code::Unavailable,
            "the server's file storage is not available at the moment; nothing was stored",
        ),
        error => Error::internal(error),
    }
}
