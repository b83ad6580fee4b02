//! One sync, from *uploaded* to its end.

use std::sync::Arc;

use c1z::SyncType;
use camino::{Utf8Path, Utf8PathBuf};
use domain::hold::Rule;
use domain::switch::Switch;
use domain::sync::{Kind, State, Step};
use ids::{AppId, ConnectorId, SyncId};
use jiff::Timestamp;
use store::file::{Digest, Files};
use store::inventory::{self, Keep, Reading, Visible};
use store::sync::Sync;
use store::{RowExt as _, Store};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::change;
use crate::decode::Rules;
use crate::error::{Error, Result};
use crate::read::{self, File, Needs, Opened, Seen, Unusable};
use crate::settle;

/// How many batches wait for the writer.
const BATCHES_AHEAD: usize = 2;

/// What reading files needs. Clones are cheap.
#[derive(Debug, Clone)]
pub struct Context {
    /// Where what was found goes.
    pub store: Store,
    /// Where files are.
    pub files: Files,
    /// Where a file is while it is read; the folder of the system when there is none.
    pub temporary: Option<Utf8PathBuf>,
    /// What a file may ask of this machine.
    pub limits: c1z::Limits,
}

/// What became of a sync.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Outcome {
    /// The state that it is in now.
    pub state: State,
    /// Whether this run brought it there; not when it was there before.
    pub is_new: bool,
}

/// The connector as far as reading its file depends on it.
#[derive(Debug, Clone)]
pub(crate) struct Connector {
    pub(crate) id: ConnectorId,
    pub(crate) app: AppId,
    pub(crate) limits: domain::hold::Limits,
    /// Whether syncs are held at all, by the switch of the install.
    pub(crate) holds: bool,
    pub(crate) rules: Rules,
}

/// Reads the file of this sync and makes what it found visible, unless it has to wait for a person (T-S5…T-S9).
///
/// Does nothing when the sync is settled. A held sync is read again once its hold is confirmed. What is wrong with the
/// file makes the sync *failed*, which is no error of this function; after an error it can be called again.
///
/// # Errors
/// See [`Error::retry`] for whether calling again can help.
pub async fn run(context: &Context, id: SyncId) -> Result<Outcome> {
    let store = &context.store;
    let mut conn = store.read().await?;
    let sync = store::sync::find(&mut conn, store.tenant(), id).await?.ok_or(Error::NoSuchSync(id))?;
    let confirmed = settle::is_confirmed(&mut conn, store.tenant(), &sync).await?;
    drop(conn);
    let (Some(digest), true) = (sync.file, confirmed || sync.state.after(Step::Ingesting).is_ok()) else {
        return Ok(Outcome { state: sync.state, is_new: false });
    };
    let sync = if confirmed { sync } else { settle::begin(store, sync).await? };
    let connector = connector(store, sync.connector_id).await?;
    let mut conn = store.read().await?;
    let visible = inventory::visible(&mut conn, connector.id).await?;
    drop(conn);
    let work = Work { context, sync, connector, visible, confirmed };
    let state = work.read(&digest).await?;
    Ok(Outcome { state, is_new: true })
}

/// Makes a sync *failed* whose file will not be tried again, so that the next can begin (T-S9). Does nothing when the sync
/// is settled or waits for a person.
///
/// # Errors
/// When the store fails; it can be called again.
pub async fn give_up(context: &Context, id: SyncId, why: &str) -> Result<()> {
    let store = &context.store;
    let sync = store::sync::find(&mut *store.read().await?, store.tenant(), id).await?.ok_or(Error::NoSuchSync(id))?;
    if !sync.state.is_open() {
        return Ok(());
    }
    let connector = connector(store, sync.connector_id).await?;
    settle::gave_up(store, &connector, sync, why).await
}

pub(crate) struct Work<'a> {
    pub(crate) context: &'a Context,
    pub(crate) sync: Sync,
    pub(crate) connector: Connector,
    pub(crate) visible: Option<Visible>,
    pub(crate) confirmed: bool,
}

impl Work<'_> {
    async fn read(self, digest: &Digest) -> Result<State> {
        if self.visible.as_ref().is_some_and(|visible| visible.file == *digest) {
            return settle::applied_before(self, digest).await;
        }
        let folder = match &self.context.temporary {
            Some(folder) => tempfile::tempdir_in(folder),
            None => tempfile::tempdir(),
        };
        let folder = folder.map_err(Error::Temporary)?;
        let path = Utf8Path::from_path(folder.path()).map(|folder| folder.join("sync.c1z"));
        let path = path.ok_or_else(|| Error::Temporary(std::io::Error::other("its name is not UTF-8")))?;
        self.context.files.fetch(digest, &path).await?;
        let file = match open(&path, self.context.limits).await? {
            Ok(file) => file,
            Err(unusable) => return settle::failed(self, &unusable, &path).await,
        };
        let opened = file.opened().clone();
        let started_at = started_at(&self.sync, opened.run.started_at);
        if self.visible.as_ref().is_some_and(|visible| started_at < visible.started_at) {
            return settle::outdated(self, &opened).await;
        }
        let mut reading =
            Reading::begin(&self.context.store, self.connector.id, self.connector.app, self.sync.id).await?;
        let seen = match self.compare(file, &mut reading, started_at).await? {
            Ok(seen) => seen,
            Err(unusable) => {
                reading.withdraw(Keep::Nothing).await?;
                return settle::failed(self, &unusable, &path).await;
            }
        };
        self.finish(reading, &opened, seen, started_at, digest).await
    }

    /// Reads the file on a thread of its own and writes what it sends.
    async fn compare(&self, file: File, reading: &mut Reading, at: Timestamp) -> Result<Result<Seen, Unusable>> {
        let (batches, mut written) = mpsc::channel(BATCHES_AHEAD);
        let baseline = reading.baseline(at);
        let (handle, rng) = (Handle::current(), Arc::clone(self.context.store.rng()));
        let (rules, now) = (self.connector.rules.clone(), self.context.store.now());
        let comparing = tokio::task::spawn_blocking(move || {
            file.compare(Needs { baseline, batches, handle, rules: &rules, now, rng: rng.as_ref() })
        });
        let mut outcome = Ok(());
        while let Some(batch) = written.recv().await {
            outcome = reading.write(batch, at).await;
            if outcome.is_err() {
                break;
            }
        }
        // The thread ends by itself when nobody takes what it sends.
        drop(written);
        let compared = comparing.await.map_err(|_| Error::Interrupted)?;
        outcome?;
        compared
    }

    async fn finish(
        self,
        reading: Reading,
        opened: &Opened,
        seen: Seen,
        started_at: Timestamp,
        digest: &Digest,
    ) -> Result<State> {
        let names = reading.entitlement_names(seen.holders.keys().copied()).await?;
        let mut change = change::of(&reading, opened, &seen, &names);
        // Asked for everything, the connector brought a part of it.
        change.partial = self.sync.kind == Kind::Full && is_part(&opened.run.kind);
        let reasons = if self.confirmed { Vec::new() } else { self.connector.limits.judge(&change) };
        // The switch lets all pass but what is empty.
        let (passed, reasons): (Vec<_>, Vec<_>) =
            reasons.into_iter().partition(|reason| !self.connector.holds && reason.rule != Rule::Empty);
        if reasons.is_empty() {
            return settle::applied(self, &reading, opened, seen, started_at, digest, &passed).await;
        }
        reading.withdraw(Keep::Differences).await?;
        settle::held(self, &reading, opened, &seen, reasons).await
    }
}

const fn is_part(kind: &SyncType) -> bool {
    matches!(kind, SyncType::Partial | SyncType::PartialUpserts)
}

async fn open(path: &Utf8Path, limits: c1z::Limits) -> Result<Result<File, Unusable>> {
    let path = path.to_owned();
    let opening = tokio::task::spawn_blocking(move || {
        let folder = path.parent().map(Utf8Path::to_owned).unwrap_or_default();
        read::open(&path, &limits, &folder)
    });
    opening.await.map_err(|_| Error::Interrupted)?
}

/// When a sync started: as this server saw it, for clocks of connectors may be wrong and some write local time; as the
/// file tells, never in the future, for a file that somebody brought.
fn started_at(sync: &Sync, told: Timestamp) -> Timestamp {
    sync.started_at.unwrap_or_else(|| sync.uploaded_at.map_or(told, |uploaded| told.min(uploaded)))
}

async fn connector(store: &Store, id: ConnectorId) -> Result<Connector> {
    #[derive(Default, serde::Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct Settings {
        trusted_domains: Vec<String>,
    }
    let mut conn = store.read().await?;
    let holds = store::switch::is_on(&mut conn, store.tenant(), Switch::SyncHolds).await?;
    let row = store::inventory::connector(&mut conn, id).await?;
    let limits: domain::hold::Limits = row.json("hold_rules").unwrap_or_default();
    let settings: Settings = row.json("settings").unwrap_or_default();
    Ok(Connector {
        id,
        app: row.parsed("app_id").map_err(Error::Store)?,
        limits,
        holds,
        rules: Rules {
            catalog_id: row.text("catalog_id")?,
            trusted_domains: settings.trusted_domains.iter().map(|domain| domain::email::fold(domain)).collect(),
        },
    })
}
