//! Log lines on stderr: text for people, JSON for collectors.

use std::str::FromStr as _;

use tracing::level_filters::LevelFilter;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

use crate::config::{Log, LogFormat};

/// Logs from now on, as the settings say. A second call changes nothing.
pub(crate) fn start(settings: &Log) {
    let level = LevelFilter::from_str(&settings.level).unwrap_or(LevelFilter::INFO);
    // Libraries talk of their own concerns: only their warnings are the administrator's.
    let targets = tracing_subscriber::filter::Targets::new().with_default(level).with_targets(
        ["sqlx", "hyper", "h2", "rustls", "tonic", "tower", "object_store", "reqwest"]
            .map(|library| (library, level.min(LevelFilter::WARN))),
    );
    let registry = tracing_subscriber::registry().with(targets);
    let layer = fmt::layer().with_writer(std::io::stderr).with_target(false);
    // Fails when a log is there already, which then is the one.
    let _ = match settings.format {
        LogFormat::Text => registry.with(layer).try_init(),
        LogFormat::Json => registry.with(layer.json()).try_init(),
    };
}
