//! What to sync, from where to where, and how hard to try.

use std::time::Duration;

use c1z::{Limits, Retention};
use camino::Utf8PathBuf;
use proto::c1::connector::v2::ResourceId;
use proto::c1::connector::v2::resource_type::Trait;

use crate::bid::ResourceBid;
use crate::error::Result;

/// The settings of one run. [`SyncOptions::new`] is a full sync in one worker.
#[derive(Debug, Clone)]
pub struct SyncOptions {
    /// The `.c1z` file to extend, or to make.
    pub file: Utf8PathBuf,
    /// Where the unpacked database lives meanwhile; the folder of `file` or the system's, as the store decides.
    pub temp_dir: Option<Utf8PathBuf>,
    /// The storage engine asked for.
    pub storage_engine: StorageEngine,
    /// How much to read.
    pub depth: Depth,
    /// Only these resources, with what hangs on them; everything when empty.
    pub targets: Vec<ResourceBid>,
    /// Only these resource types; all when empty.
    pub resource_types: Vec<String>,
    /// Users and groups of another file that grants may point at.
    pub external: Option<ExternalSource>,
    /// How many listings run at the same time.
    pub workers: Workers,
    /// Whether and how expandable grants are followed.
    pub expansion: Expansion,
    /// Which earlier syncs stay in the file.
    pub retention: Retention,
    /// Bounds for the file that is there already.
    pub limits: Limits,
    /// How often the state is stored while pages come in.
    ///
    /// A killed run repeats at most what it fetched in this time.
    pub checkpoint_interval: Duration,
    /// After this time the run stops between two pages and leaves the rest to the next one; never when none.
    pub max_duration: Option<Duration>,
}

impl SyncOptions {
    /// A full sync into this file.
    #[must_use]
    pub fn new(file: impl Into<Utf8PathBuf>) -> Self {
        Self {
            file: file.into(),
            temp_dir: None,
            storage_engine: StorageEngine::Default,
            depth: Depth::Everything,
            targets: Vec::new(),
            resource_types: Vec::new(),
            external: None,
            workers: Workers::Fixed(1),
            expansion: Expansion::default(),
            retention: Retention::default(),
            limits: Limits::default(),
            checkpoint_interval: Duration::from_millis(500),
            max_duration: None,
        }
    }

    /// The same settings with the switches that have no flag: what [`Retention`] and [`Limits`] read, and
    /// `BATON_DONT_FIX_CYCLES` and `BATON_GRAPH_EXPAND_MAX_DEPTH`.
    ///
    /// `lookup` gives the value of an environment variable; empty values count as unset.
    ///
    /// # Errors
    /// When a limit is not a number.
    ///
    /// Source: sync.md §5, §11; c1z.md §3.7.
    pub fn with_environment(mut self, lookup: impl Fn(&str) -> Option<String>) -> Result<Self> {
        self.retention = Retention::from_env(&lookup);
        self.limits = Limits::from_env(&lookup)?;
        if let Expansion::Follow { cycles, max_depth } = &mut self.expansion {
            let refuse = lookup("BATON_DONT_FIX_CYCLES");
            if refuse.is_some_and(|value| matches!(value.as_str(), "1" | "t" | "T" | "true" | "TRUE" | "True")) {
                *cycles = Cycles::Refuse;
            }
            let depth = lookup("BATON_GRAPH_EXPAND_MAX_DEPTH").and_then(|value| value.trim().parse().ok());
            if let Some(depth) = depth.filter(|depth| *depth > 0) {
                *max_depth = depth;
            }
        }
        Ok(self)
    }
}

/// The storage engine that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum StorageEngine {
    /// That of an existing file, SQLite for a new one.
    Default,
    /// SQLite, file format v1.
    Sqlite,
    /// Pebble, file format v3: not written by this version.
    Pebble,
}

/// How much to read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Resources, entitlements and grants.
    Everything,
    /// No grants.
    SkipGrants,
    /// Resources only.
    SkipEntitlementsAndGrants,
    /// Nothing: the credentials are checked and an empty full sync is written.
    Nothing,
}

/// Another `.c1z` file whose principals may hold grants here.
#[derive(Debug, Clone)]
pub struct ExternalSource {
    /// The file; only read.
    pub file: Utf8PathBuf,
    /// Only principals that hold this entitlement of that file.
    pub entitlement_id: Option<String>,
    /// Only resource types with one of these traits; users and groups when empty.
    pub traits: Vec<Trait>,
}

/// How many listings run at the same time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Workers {
    /// One per processor, at most four.
    Auto,
    /// This many; 0 counts as 1.
    Fixed(usize),
}

impl Workers {
    /// The meaning of the `--workers` flag: -1 is automatic, anything else below 1 is one.
    ///
    /// Source: sync.md §3.
    #[must_use]
    pub fn from_flag(value: i64) -> Self {
        match usize::try_from(value) {
            Ok(count) => Self::Fixed(count.max(1)),
            Err(_) if value == -1 => Self::Auto,
            Err(_) => Self::Fixed(1),
        }
    }

    /// The number of listings, at least one.
    pub(crate) fn count(self) -> usize {
        match self {
            Self::Fixed(count) => count.max(1),
            Self::Auto => std::thread::available_parallelism().map_or(1, |count| count.get().min(4)),
        }
    }
}

/// Whether and how expandable grants are followed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Expansion {
    /// Not at all.
    Leave,
    /// To the end.
    Follow {
        /// What to do when groups contain each other.
        cycles: Cycles,
        /// The longest chain of groups within groups.
        max_depth: usize,
    },
}

impl Default for Expansion {
    fn default() -> Self {
        Self::Follow { cycles: Cycles::Merge, max_depth: 20 }
    }
}

/// What to do when entitlements lead to each other.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cycles {
    /// Warn and treat them as one.
    Merge,
    /// Fail the sync.
    Refuse,
}

/// The targets without repetitions and without those that the type filter excludes.
///
/// Source: sync.md §2, step 4.
pub(crate) fn wanted_targets(options: &SyncOptions) -> Vec<ResourceBid> {
    let key = |id: &ResourceId| (id.resource_type.clone(), id.resource.clone());
    let mut seen = std::collections::HashSet::new();
    options
        .targets
        .iter()
        .filter(|target| options.resource_types.is_empty() || options.resource_types.contains(&target.id.resource_type))
        .filter(|target| seen.insert((key(&target.id), target.parent.as_ref().map(key))))
        .cloned()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::bid::parse_resource;

    #[test]
    fn the_workers_flag_is_read_like_upstream() {
        for (flag, expect) in [(-2, 1), (0, 1), (1, 1), (7, 7)] {
            assert_eq!(Workers::from_flag(flag).count(), expect, "{flag}");
        }
        assert_eq!(Workers::from_flag(-1), Workers::Auto);
        assert!((1..=4).contains(&Workers::Auto.count()));
    }

    #[test]
    fn the_environment_fills_what_has_no_flag() {
        let environment = |name: &str| {
            let value = match name {
                "BATON_KEEP_SYNC_COUNT" => "5",
                "BATON_DONT_FIX_CYCLES" => "true",
                "BATON_GRAPH_EXPAND_MAX_DEPTH" => "3",
                _ => return None,
            };
            Some(value.to_owned())
        };
        let options = SyncOptions::new("a.c1z").with_environment(environment).unwrap();
        assert_eq!(options.retention, Retention::Keep(5));
        let expansion = Expansion::Follow { cycles: Cycles::Refuse, max_depth: 3 };
        assert_eq!(options.expansion, expansion);
        let nothing = SyncOptions::new("a.c1z").with_environment(|_| Some(String::new())).unwrap();
        assert_eq!(nothing.retention, Retention::default());
    }

    #[test]
    fn targets_are_taken_once_and_within_the_filter() {
        let parse = |text: &&str| parse_resource(text).unwrap();
        let all = ["bid:r:user/1", "bid:r:user/1", "bid:r:team/t/user/1", "bid:r:role/r"];
        let mut options = SyncOptions::new("a.c1z");
        options.targets = all.iter().map(parse).collect();
        assert_eq!(wanted_targets(&options).len(), 3);
        options.resource_types = vec!["user".to_owned()];
        let expect: Vec<_> = ["bid:r:user/1", "bid:r:team/t/user/1"].iter().map(parse).collect();
        assert_eq!(wanted_targets(&options), expect);
    }
}
