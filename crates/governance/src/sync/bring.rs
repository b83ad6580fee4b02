//! A sync file that a person brings (T-S1, T-S4).

use bytes::Bytes;
use domain::access::Action;
use domain::audit::Object;
use domain::sync::{Kind, State, Step, Trigger};
use ids::ConnectorId;
use serde_json::{Value, json};
use store::Tx;
use store::connector::Level;
use store::file::{self, Digest, Upload};
use store::sync::{NewSync, Sync};

use super::cancel::stop;
use super::enqueue_reading;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::{Written, access};

/// What the two forms of sync files begin with.
const FORMS: [(&[u8], &str); 2] = [(b"C1ZF\0", "v1"), (b"C1Z3\0", "v3")];
/// How many of the first bytes tell the form.
const MAGIC_BYTES: usize = 5;

/// A file on its way in. Dropping it leaves nothing.
#[derive(Debug)]
pub struct BroughtFile {
    governance: Governance,
    caller: Caller,
    connector: ConnectorId,
    first: Vec<u8>,
    upload: Upload,
}

impl Governance {
    /// Begins a file that takes the place of what a connector would have found.
    ///
    /// # Errors
    /// `FailedPrecondition` while a sync of the connector is under way; `PermissionDenied`; `NotFound`; `Unavailable`
    /// when the storage does not answer.
    pub async fn bring_file(&self, caller: &Caller, connector: ConnectorId) -> Result<BroughtFile> {
        {
            let mut conn = self.store().read().await?;
            let tenant = self.store().tenant();
            access::connector(&mut conn, tenant, caller, connector, Action::EditConnector).await?;
            check_open(store::sync::open_of(&mut conn, connector).await?.as_ref())?;
        }
        let upload = self.files().begin(self.settings().upload_limit_bytes).await.map_err(storage)?;
        Ok(BroughtFile { governance: self.clone(), caller: caller.clone(), connector, first: Vec::new(), upload })
    }
}

impl BroughtFile {
    /// Adds a piece at the end.
    ///
    /// # Errors
    /// `ResourceExhausted` when the file is too large; `InvalidArgument` when it is no sync file; `Unavailable` when the
    /// storage is full or does not answer.
    pub async fn write(&mut self, piece: Bytes) -> Result<()> {
        let missing = MAGIC_BYTES.saturating_sub(self.first.len());
        self.first.extend(piece.iter().take(missing));
        if self.first.len() == MAGIC_BYTES {
            form(&self.first)?;
        }
        self.upload.write(piece).await.map_err(storage)
    }

    /// The file is whole: it is kept, and read soon. `expected` is its digest, if its bringer told it.
    ///
    /// # Errors
    /// `InvalidArgument` when it is no sync file, or another than its bringer said; `FailedPrecondition` when a sync has
    /// begun meanwhile.
    pub async fn finish(self, expected: Option<Digest>) -> Result<Written<Sync>> {
        let Self { governance, caller, connector, first, upload } = self;
        let engine = form(&first)?;
        let stored = upload.finish(expected).await.map_err(storage)?;
        let mut tx = governance.store().begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let found = access::connector(tx.conn(), tenant, &caller, connector, Action::EditConnector).await?;
        let open = store::sync::open_of(tx.conn(), connector).await?;
        check_open(open.as_ref())?;
        if let Some(mut open) = open {
            stop(&mut tx, &caller, &mut open, "a file was brought in its place").await?;
        }
        super::keep(&governance, &mut tx, &stored, file::Kind::C1z).await?;
        let mut sync = wish(&mut tx, &caller, connector).await?;
        sync.state = sync.state.after(Step::Uploaded).map_err(Error::internal)?;
        sync.uploaded_at = Some(now);
        sync.file = Some(stored.digest);
        sync.file_bytes = Some(stored.bytes);
        sync.engine = Some(engine.to_owned());
        store::sync::update(tx.conn(), &mut sync).await?;
        let after = json!({
            "connectorId": connector,
            "trigger": sync.trigger.name(),
            "state": sync.state.name(),
            "fileSha256": stored.digest.to_string(),
            "fileBytes": stored.bytes,
        });
        let event = caller.event("sync.uploaded", Object::new("sync", sync.id)).with_app(found.app_id);
        tx.audit(event.with_change(Value::Null, after));
        enqueue_reading(&mut tx, sync.id).await?;
        let words = format!("a file was brought by hand: {} bytes", stored.bytes);
        store::connector::write_line(&mut tx, connector, Some(sync.id), Level::Info, &words).await?;
        let seq = tx.commit().await?;
        governance.job_queued().notify_waiters();
        Ok(Written::new(sync, seq))
    }
}

async fn wish(tx: &mut Tx, caller: &Caller, connector: ConnectorId) -> Result<Sync> {
    let new = NewSync {
        connector_id: connector,
        task_id: None,
        kind: Kind::FileImport,
        trigger: Trigger::Upload,
        wished_by: caller.actor.to_string(),
    };
    let busy = || Error::new(Code::FailedPrecondition, "a sync of the connector has begun at this moment");
    match store::sync::wish(tx, &new).await {
        Ok((sync, true)) => Ok(sync),
        Ok((_, false)) => Err(busy()),
        Err(error) if error.is_conflict() => Err(busy()),
        Err(error) => Err(error.into()),
    }
}

/// A sync that nobody has begun gives way; others do not.
fn check_open(open: Option<&Sync>) -> Result<()> {
    match open {
        Some(sync) if sync.state != State::Queued => {
            Err(Error::new(Code::FailedPrecondition, format!("a sync of the connector is {}", sync.state))
                .with_hint("wait until it has ended, or stop it"))
        }
        _ => Ok(()),
    }
}

fn form(first: &[u8]) -> Result<&'static str> {
    let found = FORMS.iter().find(|(magic, _)| *magic == first);
    found.map(|(_, engine)| *engine).ok_or_else(|| {
        Error::invalid("body", "this is no sync file (C1ZF, C1Z3)")
            .with_hint("bring the c1z file that a connector wrote")
    })
}

/// What the storage says, for the caller.
pub(super) fn storage(error: file::Error) -> Error {
    let text = error.to_string();
    match error {
        file::Error::TooLarge { .. } => Error::new(Code::ResourceExhausted, format!("{text}; nothing was stored"))
            .with_hint("raise connectors.upload_limit, or sync less"),
        file::Error::Mismatch { .. } => Error::invalid("sha256", format!("{text}; nothing was stored")),
        file::Error::Full => {
            Error::new(Code::Unavailable, "the server has no space left for files; nothing was stored")
        }
        file::Error::Unavailable | file::Error::Interrupted | file::Error::Refused => {
            Error::new(Code::Unavailable, "the server's file storage is not available at the moment")
        }
        error => Error::internal(error),
    }
}
