//! The whole store: what its tables and logs say together.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BinaryHeap};
use std::fs::File;

use camino::{Utf8Path, Utf8PathBuf};

use super::batch::Memory;
use super::fault::{Fault, Result, unsupported};
use super::log;
use super::meter::Meter;
use super::scan::{Entry, Run, Span};
use super::table::{RangeDeletion, Table};
use super::version::{self, TableMeta, Version};
use crate::Error;

const DELETE: u8 = 0;
const SET: u8 = 1;
const SINGLE_DELETE: u8 = 7;
const SET_WITH_DELETE: u8 = 18;
const SIZED_DELETE: u8 = 23;
/// The most runs of tables: every one has a block in memory.
const MAX_RUNS: usize = 100;
/// The most bytes of range deletions, which are held in memory.
const MAX_DELETIONS: usize = 64 << 20;

/// An open store.
#[derive(Debug)]
pub(super) struct Store {
    folder: Utf8PathBuf,
    /// Tables whose keys do not overlap, sorted.
    runs: Vec<Vec<TableMeta>>,
    /// What stands in logs only.
    memory: Memory,
    /// Sorted by their start.
    deletions: Vec<RangeDeletion>,
    meter: Meter,
}

impl Store {
    /// Opens the store in `folder`, of which no more may be read than `meter` allows.
    pub(super) fn open(folder: &Utf8Path, meter: Meter) -> Result<Self> {
        let version = version::read(folder)?;
        let mut memory = read_logs(folder, version.first_log)?;
        let mut deletions = std::mem::take(&mut memory.deletions);
        let mut bytes = 0;
        for meta in version.tables.values() {
            for mut deletion in Table::open(folder, meta, &meter)?.range_deletions()? {
                deletion.sequence = meta.sequence.unwrap_or(deletion.sequence);
                let Some(deletion) = cut(deletion, meta) else { continue };
                bytes += deletion.start.len() + deletion.end.len() + size_of::<RangeDeletion>();
                deletions.push(deletion);
            }
            if bytes > MAX_DELETIONS {
                return Err(unsupported("it has too many range deletions"));
            }
        }
        deletions.sort_by(|a, b| a.start.cmp(&b.start));
        Ok(Self { folder: folder.into(), runs: runs(version)?, memory, deletions, meter })
    }

    /// Tells whether nothing was ever written.
    pub(super) fn is_empty(&self) -> bool {
        self.runs.is_empty() && self.memory.is_empty()
    }

    /// Calls `visit` with every key of `span` and its value, in order.
    pub(super) fn each(&self, span: &Span, mut visit: impl FnMut(&[u8], &[u8]) -> Result<()>) -> Result<()> {
        let mut memory = self.memory.range(span);
        let mut runs: Vec<_> =
            self.runs.iter().map(|tables| Run::new(&self.folder, tables, span, &self.meter)).collect();
        let mut next = |source: usize| match runs.get_mut(source) {
            Some(run) => run.next(),
            None => Ok(memory.next()),
        };
        let mut heap = BinaryHeap::new();
        for source in 0..=self.runs.len() {
            heap.extend(next(source)?.map(|entry| Head { entry, source }));
        }
        let mut last: Option<Vec<u8>> = None;
        let mut cover = Cover { ahead: &self.deletions, over: Vec::new() };
        while let Some(Head { entry, source }) = heap.pop() {
            heap.extend(next(source)?.map(|entry| Head { entry, source }));
            if last.as_ref() == Some(&entry.key) {
                continue;
            }
            self.meter.spend(cover.over.len() as u64)?;
            let is_deleted = cover.reaches(&entry);
            match entry.kind {
                SET | SET_WITH_DELETE if !is_deleted => visit(&entry.key, &entry.value)?,
                SET | SET_WITH_DELETE | DELETE | SINGLE_DELETE | SIZED_DELETE => {}
                kind => return Err(unsupported(format!("it has an entry of the kind {kind}"))),
            }
            last = Some(entry.key);
        }
        Ok(())
    }

    /// Returns the value of `key`.
    pub(super) fn get(&self, key: &[u8]) -> Result<Option<Vec<u8>>> {
        let span = Span { from: key.to_vec(), to: [key, &[0]].concat() };
        let mut found = None;
        self.each(&span, |_, value| {
            found = Some(value.to_vec());
            Ok(())
        })?;
        Ok(found)
    }
}

/// Arranges the tables: those of a level do not overlap, except on level 0, which needs as many runs as overlap there.
fn runs(version: Version) -> Result<Vec<Vec<TableMeta>>> {
    let mut levels: BTreeMap<u64, Vec<TableMeta>> = BTreeMap::new();
    for ((level, _), meta) in version.tables {
        levels.entry(level).or_default().push(meta);
    }
    let mut runs: Vec<Vec<TableMeta>> = Vec::new();
    for (level, mut tables) in levels {
        tables.sort_by(|a, b| a.bounds.smallest.cmp(&b.bounds.smallest));
        if level > 0 {
            runs.push(tables);
            continue;
        }
        for meta in tables {
            let ends =
                |run: &&mut Vec<TableMeta>| run.last().is_some_and(|last| last.bounds.largest < meta.bounds.smallest);
            match runs.iter_mut().find(ends) {
                Some(run) => run.push(meta),
                None => runs.push(vec![meta]),
            }
            if runs.len() > MAX_RUNS {
                return Err(unsupported("too many of its tables overlap"));
            }
        }
    }
    Ok(runs)
}

/// Cuts a range deletion to the bounds of its table; none when nothing is left.
fn cut(mut deletion: RangeDeletion, meta: &TableMeta) -> Option<RangeDeletion> {
    let bounds = &meta.bounds;
    if deletion.start < bounds.smallest {
        deletion.start.clone_from(&bounds.smallest);
    }
    if bounds.ends_before(&deletion.end) {
        deletion.end.clone_from(&bounds.largest);
        if !bounds.is_exclusive {
            deletion.end.push(0);
        }
    }
    (deletion.start < deletion.end).then_some(deletion)
}

/// Reads the logs in `folder` that are newer than the tables; files of finished syncs have empty ones.
fn read_logs(folder: &Utf8Path, first: u64) -> Result<Memory> {
    let unreadable = |error| Fault::Other(Error::io("read", folder, error));
    let mut logs = Vec::new();
    for entry in folder.read_dir_utf8().map_err(unreadable)? {
        let name = entry.map_err(unreadable)?.file_name().to_owned();
        let number = name.strip_suffix(".log").and_then(|number| number.parse::<u64>().ok());
        logs.extend(number.filter(|number| *number >= first).map(|number| (number, name)));
    }
    logs.sort();
    let mut memory = Memory::default();
    for (_, name) in logs {
        let file = File::open(folder.join(&name)).map_err(unreadable)?;
        log::each(&name, file, |record| memory.apply(record))?;
    }
    Ok(memory)
}

/// The next entry of a source. The greatest is the one that comes first.
struct Head {
    entry: Entry,
    source: usize,
}

impl Head {
    fn order(&self) -> Reverse<(&[u8], Reverse<u64>, usize)> {
        Reverse((&self.entry.key, Reverse(self.entry.sequence), self.source))
    }
}

impl PartialEq for Head {
    fn eq(&self, other: &Self) -> bool {
        self.order() == other.order()
    }
}

impl Eq for Head {}

impl PartialOrd for Head {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Head {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.order().cmp(&other.order())
    }
}

/// The range deletions that lie over the present key.
struct Cover<'d> {
    ahead: &'d [RangeDeletion],
    over: Vec<&'d RangeDeletion>,
}

impl Cover<'_> {
    /// Tells whether a range deletion newer than the entry lies over it. Keys must come in order.
    fn reaches(&mut self, entry: &Entry) -> bool {
        while let Some((first, rest)) = self.ahead.split_first()
            && first.start <= entry.key
        {
            self.over.push(first);
            self.ahead = rest;
        }
        self.over.retain(|deletion| deletion.end > entry.key);
        self.over.iter().any(|deletion| deletion.sequence > entry.sequence)
    }
}
