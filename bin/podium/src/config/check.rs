//! Says what is wrong with the settings, and where each came from.

use std::fmt::Write as _;

use anyhow::{bail, ensure};
use figment::value::{Dict, Value};

use super::{Config, Flags, Span, TlsMode, figment};

/// The settings whose values are never shown.
const SECRET: &[&str] = &["database.url", "mail.smtp_url", "storage.secret_access_key"];

/// Checks what types cannot.
pub(super) fn check(config: &Config) -> anyhow::Result<()> {
    between("connectors.poll_interval", config.connectors.poll_interval, 1, 300)?;
    between("connectors.heartbeat_interval", config.connectors.heartbeat_interval, 1, 300)?;
    between("connectors.task_lease", config.connectors.task_lease, 60, 86_400)?;
    ensure!(config.hosted.concurrency <= 64, "hosted.concurrency is {}; at most 64", config.hosted.concurrency);
    ensure!(
        (1..=64).contains(&config.jobs.concurrency),
        "jobs.concurrency is {}; it must be between 1 and 64",
        config.jobs.concurrency
    );
    let given = |path: &camino::Utf8Path| !path.as_str().is_empty();
    if given(&config.tls.certificate) != given(&config.tls.key) {
        bail!("tls.certificate and tls.key belong together; hint: give both or neither");
    }
    ensure!(
        config.tls.mode == TlsMode::Auto || !given(&config.tls.certificate),
        "tls.certificate is given, but tls.mode is \"off\"; hint: leave one of them out"
    );
    if !config.base_url.is_empty() {
        let url: url::Url =
            config.base_url.parse().map_err(|error| anyhow::anyhow!("base_url `{}`: {error}", config.base_url))?;
        ensure!(
            matches!(url.scheme(), "https" | "http") && url.has_host() && url.path() == "/",
            "base_url `{}` must be https://HOST or https://HOST:PORT",
            config.base_url
        );
    }
    ensure!(
        config.storage.url.is_empty() || config.storage.url.starts_with("s3://"),
        "storage.url must begin with s3://; hint: leave it empty to keep files in the data folder"
    );
    let levels = ["error", "warn", "info", "debug", "trace"];
    ensure!(
        levels.contains(&config.log.level.as_str()),
        "log.level is `{}`; it must be one of {}",
        config.log.level,
        levels.join(", ")
    );
    Ok(())
}

fn between(key: &str, value: Span, least_s: u64, most_s: u64) -> anyhow::Result<()> {
    ensure!(
        (least_s..=most_s).contains(&value.get().as_secs()),
        "{key} is {value}; it must be between {least_s}s and {most_s}s"
    );
    Ok(())
}

/// An error of a setting that names the setting and its source.
pub(super) fn explained(error: figment::Error) -> anyhow::Error {
    let lines: Vec<String> = error
        .into_iter()
        .map(|error| {
            let key = error.path.join(".");
            let source = error.metadata.as_ref().map(|from| source(from, &key)).unwrap_or_default();
            let subject = if key.is_empty() { String::new() } else { format!("{key}: ") };
            format!("{subject}{}{source}", error.kind)
        })
        .collect();
    anyhow::anyhow!("{}\nhint: `podium config defaults` prints every setting with its meaning", lines.join("\n"))
}

fn source(from: &figment::Metadata, key: &str) -> String {
    if from.name.contains("environment") {
        return format!(" (from the environment: PODIUM_{})", key.to_uppercase().replace('.', "__"));
    }
    match &from.source {
        Some(figment::Source::File(path)) => format!(" (from `{}`)", path.display()),
        // The defaults are the only settings that come from a text.
        _ if from.name.contains("TOML") => " (default)".to_owned(),
        _ => " (from the command line)".to_owned(),
    }
}

/// Every setting with its value and where it came from, one per line; secrets are masked.
///
/// # Errors
/// As for [`Config::load`].
pub fn report(flags: &Flags) -> anyhow::Result<String> {
    Config::load(flags)?;
    let figment = figment(flags)?;
    let values: Dict = figment.extract().map_err(explained)?;
    let mut keys = Vec::new();
    leaves("", &values, &mut keys);
    let mut text = String::new();
    for (key, value) in keys {
        let from = figment.find_metadata(&key).map(|from| source(from, &key)).unwrap_or_default();
        let value = if SECRET.contains(&key.as_str()) && value != "\"\"" { "\"•\"".to_owned() } else { value };
        writeln!(text, "{key} = {value}{from}")?;
    }
    Ok(text)
}

fn leaves(prefix: &str, dict: &Dict, keys: &mut Vec<(String, String)>) {
    for (key, value) in dict {
        let path = if prefix.is_empty() { key.clone() } else { format!("{prefix}.{key}") };
        match value {
            Value::Dict(_, inner) => leaves(&path, inner, keys),
            value => keys.push((path, serde_json::to_string(value).unwrap_or_default())),
        }
    }
}
