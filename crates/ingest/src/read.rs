//! The thread that reads the file: finds what differs and sends it, in batches, to be written.

use std::collections::{BTreeMap, HashSet};

use c1z::{Entitlements, Grants, Limits, Reader, ResourceTypes, Resources, Selection, SyncRun, SyncType, View};
use camino::Utf8Path;
use ids::Rng;
use jiff::Timestamp;
use proto::c1::connector::v2::{Entitlement, Grant, Resource, ResourceType};
use store::inventory::{self, Baseline, Batch, Changed, Key, StagedGrant, Stored, Table};
use tokio::runtime::Handle;
use tokio::sync::mpsc;

use crate::compare::{Difference, Entry, StoredRows, sort};
use crate::decode::{self, Place, Rules};
use crate::error::{Error, Result};
use crate::fingerprint;
use crate::sequence::Sequence;

/// How many rows a batch has at least before it is sent.
const BATCH_ROWS: usize = 5_000;
/// How many rows of a file are sorted at a time: about 60 bytes each.
const SORTED_ROWS: u64 = 1_500_000;
/// How many pages of stored rows are fetched ahead.
const PAGES_AHEAD: usize = 4;

/// Stands for the row of a grant that says no more than who holds what; it need not be read again.
const PLAIN: i64 = -1;

/// What a file is, before its rows are read.
#[derive(Debug, Clone)]
pub(crate) struct Opened {
    /// The sync within the file.
    pub(crate) run: SyncRun,
    /// `v1` or `v3`.
    pub(crate) engine: &'static str,
    /// How many resources it has, accounts included.
    pub(crate) resources: u64,
}

/// What the rows of a file were, besides what differs.
#[derive(Debug, Default)]
pub(crate) struct Seen {
    /// How many resources of each type, accounts included.
    pub(crate) resources: BTreeMap<String, u64>,
    /// How many entitlements.
    pub(crate) entitlements: u64,
    /// How many grants of accounts.
    pub(crate) grants: u64,
    /// Grants of something that is no account.
    pub(crate) other_grants: u64,
    /// Grants that say again what another one says.
    pub(crate) repeated_grants: u64,
    /// The resource types, and whether their resources are accounts.
    pub(crate) types: Vec<inventory::ResourceType>,
    /// Entitlements of which grants come or go.
    pub(crate) holders: BTreeMap<Key, Holders>,
}

/// How the holders of an entitlement change.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Holders {
    /// Grants in the file.
    pub(crate) seen: u64,
    /// Grants that the store does not have.
    pub(crate) appeared: u64,
    /// Grants that the file does not have.
    pub(crate) disappeared: u64,
}

/// An open file.
pub(crate) struct File {
    reader: Reader,
    opened: Opened,
}

/// Opens the file and chooses the sync in it: the finished one that ended last.
///
/// # Errors
/// [`Error::File`] when it cannot be opened; the inner error when it has no finished sync.
pub(crate) fn open(path: &Utf8Path, limits: &Limits, folder: &Utf8Path) -> Result<Result<File, Unusable>> {
    let reader = match Reader::open_in(path, limits, Some(folder)) {
        Ok(reader) => reader,
        Err(error) => return unusable(error),
    };
    let runs = match reader.syncs() {
        Ok(runs) => runs,
        Err(error) => return unusable(error),
    };
    let Some(run) = Selection::new(&runs).latest_finished(None).cloned() else { return Ok(Err(Unusable::Unfinished)) };
    if matches!(run.kind, SyncType::PartialDeletions | SyncType::Other(_)) {
        return Ok(Err(Unusable::Kind(run.kind.to_string())));
    }
    let engine = match reader.format() {
        c1z::Format::V1 => "v1",
        c1z::Format::V3 => "v3",
    };
    let resources = match reader.view(&run.id).count(Resources::All) {
        Ok(count) => count,
        Err(error) => return unusable(error),
    };
    Ok(Ok(File { reader, opened: Opened { run, engine, resources } }))
}

/// Why a file cannot be used, whoever tries.
#[derive(Debug, thiserror::Error)]
pub(crate) enum Unusable {
    /// It is damaged, or too large.
    #[error(transparent)]
    File(c1z::Error),
    /// It has no finished sync.
    #[error("the file holds no finished sync; hint: let the connector sync again")]
    Unfinished,
    /// Its sync is of a kind that says only what differs.
    #[error("the file holds a sync of the kind `{0}`, which cannot be read; hint: upload a full sync")]
    Kind(String),
}

/// Sorts out whose fault an error is: that of the file, or that of this machine.
fn unusable<T>(error: c1z::Error) -> Result<Result<T, Unusable>> {
    match error {
        c1z::Error::DiskFull { .. } | c1z::Error::Io { .. } => Err(error.into()),
        _ => Ok(Err(Unusable::File(error))),
    }
}

/// What reading the rows needs.
pub(crate) struct Needs<'a> {
    pub(crate) baseline: Baseline,
    pub(crate) batches: mpsc::Sender<Batch>,
    pub(crate) handle: Handle,
    pub(crate) rules: &'a Rules,
    pub(crate) now: Timestamp,
    pub(crate) rng: &'a dyn Rng,
}

impl File {
    /// What it is.
    pub(crate) fn opened(&self) -> &Opened {
        &self.opened
    }

    /// Compares all rows with the stored ones and sends what differs.
    ///
    /// # Errors
    /// [`Error::Interrupted`] when nobody takes the batches any more; the inner error when the file is damaged.
    pub(crate) fn compare(&self, needs: Needs<'_>) -> Result<Result<Seen, Unusable>> {
        let kind = &self.opened.run.kind;
        let mut comparison = Comparison {
            view: self.reader.view(&self.opened.run.id),
            ids: Sequence::new(needs.now, needs.rng),
            needs,
            batch: Batch::default(),
            seen: Seen::default(),
            accounts: HashSet::new(),
            removes: matches!(kind, SyncType::Full | SyncType::ResourcesOnly),
        };
        let has_grants = *kind != SyncType::ResourcesOnly;
        match comparison.run(self.opened.resources, has_grants) {
            Ok(()) => Ok(Ok(comparison.seen)),
            Err(Error::File(error)) => unusable(error),
            Err(error) => Err(error),
        }
    }
}

struct Comparison<'a, 'f> {
    view: View<'f>,
    needs: Needs<'a>,
    ids: Sequence,
    batch: Batch,
    seen: Seen,
    /// Types whose resources are accounts.
    accounts: HashSet<String>,
    /// Whether what the file does not have is gone.
    removes: bool,
}

impl Comparison<'_, '_> {
    fn run(&mut self, resources: u64, has_grants: bool) -> Result<()> {
        let mut types = Vec::new();
        self.view.each(ResourceTypes::All, |row: c1z::Row<'_, ResourceType>| {
            types.push(row.decode()?);
            Ok::<_, Error>(())
        })?;
        self.accounts = types.iter().filter(|of| decode::is_account(of)).map(|of| of.id.clone()).collect();
        self.seen.types = types.into_iter().map(decode::resource_type).collect();
        self.resources(resources)?;
        if has_grants {
            self.entitlements()?;
            self.grants()?;
        }
        self.send(0)
    }

    /// Accounts and other resources stand in one table of the file, which is read once for both.
    fn resources(&mut self, count: u64) -> Result<()> {
        let mut stored_accounts = self.stored::<16>(Table::Accounts);
        let mut stored_resources = self.stored::<16>(Table::Resources);
        for part in Part::all(count) {
            let (mut accounts, mut resources): (Vec<Entry<16>>, Vec<Entry<16>>) = (Vec::new(), Vec::new());
            let (account_types, seen) = (&self.accounts, &mut self.seen.resources);
            self.view.each(Resources::All, |row: c1z::Row<'_, Resource>| {
                let of_type = row.columns()?.resource_type_id;
                let id = row.external_id()?.get(of_type.len() + 1..).unwrap_or_default();
                let key = fingerprint::resource_key(of_type, id).0;
                if part.has(&key) {
                    count_one(seen, of_type);
                    let entry = Entry { key, digest: fingerprint::resource(&row.bytes()?), row: row.id()? };
                    if account_types.contains(of_type) { accounts.push(entry) } else { resources.push(entry) }
                }
                Ok::<_, Error>(())
            })?;
            sort(&mut resources);
            stored_resources.merge(&resources, part.end(), |difference| self.resource(difference))?;
            drop(resources);
            sort(&mut accounts);
            stored_accounts.merge(&accounts, part.end(), |difference| self.account(difference))?;
        }
        Ok(())
    }

    fn resource(&mut self, difference: Difference<'_, 16>) -> Result<()> {
        match difference {
            Difference::Appeared(entry) => {
                let place = self.place(entry);
                self.batch.resources.push(decode::resource(place, self.at(Resources::All, entry.row)?));
            }
            Difference::Changed(entry, stored) => {
                let row = decode::resource(known(entry, &stored)?, self.at(Resources::All, entry.row)?);
                self.batch.changed_resources.push(Changed { row, is_back: stored.gone });
            }
            Difference::Disappeared(stored) if self.removes => self.batch.gone.resources.push(stored.id),
            Difference::Disappeared(_) => {}
        }
        self.send(BATCH_ROWS)
    }

    fn account(&mut self, difference: Difference<'_, 16>) -> Result<()> {
        match difference {
            Difference::Appeared(entry) => {
                let place = self.place(entry);
                let row = decode::account(place, self.at(Resources::All, entry.row)?, self.needs.rules);
                self.batch.accounts.push(row);
            }
            Difference::Changed(entry, stored) => {
                let message = self.at(Resources::All, entry.row)?;
                let row = decode::account(known(entry, &stored)?, message, self.needs.rules);
                self.batch.changed_accounts.push(Changed { row, is_back: stored.gone });
            }
            Difference::Disappeared(stored) if self.removes => self.batch.gone.accounts.push(stored.id),
            Difference::Disappeared(_) => {}
        }
        self.send(BATCH_ROWS)
    }

    fn entitlements(&mut self) -> Result<()> {
        let count = self.view.count(Entitlements::All)?;
        let mut stored = self.stored::<16>(Table::Entitlements);
        for part in Part::all(count) {
            let mut entries: Vec<Entry<16>> = Vec::new();
            self.view.each(Entitlements::All, |row: c1z::Row<'_, Entitlement>| {
                let key = fingerprint::entitlement_key(row.external_id()?).0;
                if part.has(&key) {
                    entries.push(Entry { key, digest: fingerprint::entitlement(&row.bytes()?), row: row.id()? });
                }
                Ok::<_, Error>(())
            })?;
            sort(&mut entries);
            self.seen.entitlements += entries.len() as u64;
            stored.merge(&entries, part.end(), |difference| {
                match difference {
                    Difference::Appeared(entry) => {
                        let place = self.place(entry);
                        let message = self.at(Entitlements::All, entry.row)?;
                        self.batch.entitlements.push(decode::entitlement(place, message, self.needs.rules));
                    }
                    Difference::Changed(entry, stored) => {
                        let message = self.at(Entitlements::All, entry.row)?;
                        let row = decode::entitlement(known(entry, &stored)?, message, self.needs.rules);
                        self.batch.changed_entitlements.push(Changed { row, is_back: stored.gone });
                    }
                    Difference::Disappeared(stored) if self.removes => self.batch.gone.entitlements.push(stored.id),
                    Difference::Disappeared(_) => {}
                }
                self.send(BATCH_ROWS)
            })?;
        }
        Ok(())
    }

    fn grants(&mut self) -> Result<()> {
        let count = self.view.count(Grants::All)?;
        let mut stored = self.stored::<32>(Table::Grants);
        for (number, part) in Part::all(count).enumerate() {
            let mut entries: Vec<Entry<32>> = Vec::new();
            let (accounts, mut others) = (&self.accounts, 0);
            self.view.each(Grants::All, |row: c1z::Row<'_, Grant>| {
                let columns = row.columns()?;
                if !accounts.contains(columns.other_type_id) {
                    others += 1;
                    return Ok(());
                }
                let key = decode::grant_key(columns.entitlement_id, columns.other_type_id, columns.other_id);
                if part.has(&key.account.0) {
                    let (digest, is_plain) = fingerprint::grant(row.stored()?);
                    entries.push(Entry { key: key.to_bytes(), digest, row: if is_plain { PLAIN } else { row.id()? } });
                }
                Ok::<_, Error>(())
            })?;
            if number == 0 {
                self.seen.other_grants = others;
            }
            self.seen.repeated_grants += sort(&mut entries) as u64;
            self.seen.grants += entries.len() as u64;
            for entry in &entries {
                self.seen.holders.entry(half(&entry.key)).or_default().seen += 1;
            }
            stored.merge(&entries, part.end(), |difference| {
                match difference {
                    Difference::Appeared(entry) => {
                        self.seen.holders.entry(half(&entry.key)).or_default().appeared += 1;
                        let key = inventory::GrantKey::from(entry.key);
                        let place = Place { id: self.ids.next(), key, digest: entry.digest };
                        let message = self.grant_at(entry.row)?;
                        self.batch.grants.push(decode::grant(place, &message));
                    }
                    Difference::Changed(entry, stored) => {
                        let message = self.grant_at(entry.row)?;
                        self.batch.changed_grants.push(StagedGrant {
                            id: parse(&stored.id)?,
                            digest: entry.digest,
                            sources: decode::sources(&message),
                            immutable: decode::is_immutable(&message),
                        });
                    }
                    Difference::Disappeared(stored) if self.removes => {
                        self.seen.holders.entry(half(&stored.key)).or_default().disappeared += 1;
                        self.batch.gone.grants.push(stored.id);
                    }
                    Difference::Disappeared(_) => {}
                }
                self.send(BATCH_ROWS)
            })?;
        }
        self.seen.holders.retain(|_, holders| holders.appeared + holders.disappeared > 0);
        Ok(())
    }

    fn place(&mut self, entry: &Entry<16>) -> Place<Key> {
        Place { id: self.ids.next(), key: Key(entry.key), digest: entry.digest }
    }

    /// The grant in this row of the file, as far as it says more than who holds what.
    fn grant_at(&self, row: i64) -> Result<Grant> {
        if row == PLAIN { Ok(Grant::default()) } else { self.at(Grants::All, row) }
    }

    /// The message in this row of the file.
    fn at<F: c1z::Filter>(&self, filter: F, row: i64) -> Result<F::Record> {
        let found = self.view.page(filter, row - 1, 1)?.pop();
        found.map(|stored| stored.message).ok_or(Error::Interrupted)
    }

    /// The stored rows, fetched ahead while the file is read.
    fn stored<const K: usize>(&self, table: Table) -> StoredRows<K, impl FnMut() -> Result<Vec<Stored<K>>> + use<K>> {
        let (pages, mut fetched) = mpsc::channel(PAGES_AHEAD);
        let baseline = self.needs.baseline.clone();
        self.needs.handle.spawn(async move {
            let mut after = None;
            loop {
                let page = baseline.page::<K>(table, after).await;
                after = page.as_ref().ok().and_then(|page| page.last()).map(|stored| stored.key);
                // An empty page is the last one; nobody takes more when the comparison ended early.
                if pages.send(page).await.is_err() || after.is_none() {
                    return;
                }
            }
        });
        StoredRows::new(move || match fetched.blocking_recv() {
            Some(page) => Ok(page?),
            None => Ok(Vec::new()),
        })
    }

    /// Sends the batch when it has more rows than this.
    fn send(&mut self, rows: usize) -> Result<()> {
        if self.batch.len() <= rows {
            return Ok(());
        }
        self.needs.batches.blocking_send(std::mem::take(&mut self.batch)).map_err(|_| Error::Interrupted)
    }
}

fn count_one(counts: &mut BTreeMap<String, u64>, of: &str) {
    match counts.get_mut(of) {
        Some(count) => *count += 1,
        None => drop(counts.insert(of.to_owned(), 1)),
    }
}

/// The place of a row that is stored already.
fn known(entry: &Entry<16>, stored: &Stored<16>) -> Result<Place<Key>> {
    Ok(Place { id: parse(&stored.id)?, key: Key(entry.key), digest: entry.digest })
}

fn parse<T: std::str::FromStr>(id: &str) -> Result<T> {
    id.parse().map_err(|_| {
        let source = "not an id".into();
        store::Error::Corrupt { column: "id".to_owned(), source }.into()
    })
}

/// The entitlement's half of the key of a grant.
fn half(key: &[u8; 32]) -> Key {
    inventory::GrantKey::from(*key).entitlement
}

/// A part of all keys: those whose first two bytes lie in a range.
#[derive(Debug, Clone, Copy)]
struct Part {
    first: u32,
    end: u32,
}

impl Part {
    /// Parts of about [`SORTED_ROWS`] keys each, in order.
    fn all(rows: u64) -> impl Iterator<Item = Self> {
        let parts = u32::try_from(rows.div_ceil(SORTED_ROWS)).unwrap_or(u32::MAX).clamp(1, 1 << 16);
        let bound = move |part: u32| u32::try_from((u64::from(part) << 16) / u64::from(parts)).unwrap_or(1 << 16);
        (0..parts).map(move |part| Self { first: bound(part), end: bound(part + 1) })
    }

    fn has(self, key: &[u8; 16]) -> bool {
        let [high, low, ..] = *key;
        let first = u32::from(u16::from_be_bytes([high, low]));
        (self.first..self.end).contains(&first)
    }

    /// The first key after the part; none after the last part.
    fn end<const K: usize>(self) -> Option<[u8; K]> {
        let end = u16::try_from(self.end).ok()?;
        let mut key = [0; K];
        key.iter_mut().zip(end.to_be_bytes()).for_each(|(to, from)| *to = from);
        Some(key)
    }
}
