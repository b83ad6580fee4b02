//! The settings of a run, validated: numbers in range, files that exist, names that mean something.

use c1z::{Limits, Reader};
use camino::Utf8PathBuf;
use proto::c1::connector::v2::resource_type::Trait;

use super::config::Config;
use super::default_fields::{
    C1Z_TEMP_DIR, EXTERNAL_C1Z, EXTERNAL_ENTITLEMENT, EXTERNAL_TRAITS, FILE, HTTP_TIMEOUT, INVOKE_RESOURCE_ACTION,
    KEEP_PREVIOUS, LIST_RESOURCE_ACTIONS, OTEL_ENDPOINT, PARALLEL_SYNC, SKIP_ENTITLEMENTS_AND_GRANTS, SKIP_GRANTS,
    STORAGE_ENGINE, SYNC_RESOURCE_TYPES, SYNC_RESOURCES, TASK_CONCURRENCY, WORKERS,
};
use super::failure::Failure;
use super::logging::Logging;
use super::mode::Mode;
use crate::bid;
use crate::sync::{Depth, ExternalSource, StorageEngine, SyncOptions, Workers};

/// The settings of a run.
pub(super) struct Settings {
    /// What to do.
    pub(super) mode: Mode,
    /// What to log.
    pub(super) logging: Logging,
    /// The file, and how to sync into it.
    pub(super) sync: SyncOptions,
    /// All settings, for the connector.
    pub(super) config: Config,
}

impl Settings {
    /// Validates the settings.
    ///
    /// # Errors
    /// The first check that fails.
    pub(super) fn new(
        config: Config,
        environment: impl Fn(&str) -> Option<String>,
        warnings: &mut Vec<String>,
    ) -> Result<Self, Failure> {
        let mode = Mode::of(&config, &environment)?;
        let file = config.text(&FILE);
        if file.is_empty() {
            return Err(Failure::usage("the c1z path is empty; hint: leave out --file, or name a file"));
        }
        let mut sync = SyncOptions::new(file).with_environment(environment)?;
        sync.temp_dir = temp_dir(&config)?;
        sync.external = external(&config, &sync.limits)?;
        for field in [HTTP_TIMEOUT, STORAGE_ENGINE, TASK_CONCURRENCY] {
            config.check_rule(&field).map_err(Failure::usage)?;
        }
        sync.storage_engine = match config.text(&STORAGE_ENGINE).as_str() {
            "sqlite" => StorageEngine::Sqlite,
            "pebble" => StorageEngine::Pebble,
            _ => StorageEngine::Default,
        };
        let targets = config.list(&SYNC_RESOURCES);
        let targets = targets.iter().map(|text| bid::parse_resource(text)).collect::<Result<_, _>>();
        sync.targets = targets.map_err(|error| Failure::usage(error.to_string()))?;
        sync.resource_types = config.list(&SYNC_RESOURCE_TYPES);
        sync.depth = depth(&config)?;
        sync.workers = match config.int(&WORKERS) {
            0 if config.is_on(&PARALLEL_SYNC) => Workers::Auto,
            workers => Workers::from_flag(workers),
        };
        warn_of_inert(&config, warnings);
        Ok(Self { mode, logging: Logging::new(&config), sync, config })
    }
}

fn temp_dir(config: &Config) -> Result<Option<Utf8PathBuf>, Failure> {
    let folder = Utf8PathBuf::from(config.text(&C1Z_TEMP_DIR));
    if folder.as_str().is_empty() {
        return Ok(None);
    }
    if folder.is_dir() {
        return Ok(Some(folder));
    }
    Err(Failure::usage(format!("c1z-temp-dir `{folder}` is no folder; hint: make it first")))
}

fn external(config: &Config, limits: &Limits) -> Result<Option<ExternalSource>, Failure> {
    let traits = config.list(&EXTERNAL_TRAITS).iter().map(|word| trait_named(word)).collect::<Result<Vec<_>, _>>();
    let file = Utf8PathBuf::from(config.text(&EXTERNAL_C1Z));
    if file.as_str().is_empty() {
        return traits.map(|_| None);
    }
    Reader::open(&file, limits)
        .map_err(|error| Failure::usage(format!("external-resource-c1z cannot be opened: {error}")))?;
    let entitlement_id = Some(config.text(&EXTERNAL_ENTITLEMENT)).filter(|id| !id.is_empty());
    Ok(Some(ExternalSource { file, entitlement_id, traits: traits? }))
}

/// The trait of this name: `user`, `TRAIT_USER`, in any case.
fn trait_named(word: &str) -> Result<Trait, Failure> {
    let upper = word.trim().to_ascii_uppercase();
    let name = if upper.starts_with("TRAIT_") { upper } else { format!("TRAIT_{upper}") };
    Trait::from_str_name(&name).filter(|found| *found != Trait::Unspecified).ok_or_else(|| {
        Failure::usage(format!("external-resource-traits: unknown trait '{word}'; hint: user, group, role or app"))
    })
}

fn depth(config: &Config) -> Result<Depth, Failure> {
    let skips_grants = config.is_on(&SKIP_GRANTS);
    if skips_grants && config.list(&SYNC_RESOURCES).is_empty() {
        return Err(Failure::usage("skip-grants can only be used together with sync-resources"));
    }
    Ok(if config.is_on(&SKIP_ENTITLEMENTS_AND_GRANTS) {
        Depth::SkipEntitlementsAndGrants
    } else if skips_grants {
        Depth::SkipGrants
    } else {
        Depth::Everything
    })
}

fn warn_of_inert(config: &Config, warnings: &mut Vec<String>) {
    for field in [LIST_RESOURCE_ACTIONS, INVOKE_RESOURCE_ACTION] {
        if config.is_set(&field) {
            warnings.push(format!("--{} has no effect", field.name));
        }
    }
    if config.is_on(&KEEP_PREVIOUS) {
        warnings.push(format!("--{} has no effect in this version", KEEP_PREVIOUS.name));
    }
    if config.is_on(&PARALLEL_SYNC) {
        warnings.push("--parallel-sync is deprecated; use --workers=-1".to_owned());
    }
    if config.is_set(&OTEL_ENDPOINT) {
        warnings.push(format!("--{}: this build exports no traces and logs to a collector", OTEL_ENDPOINT.name));
    }
}
