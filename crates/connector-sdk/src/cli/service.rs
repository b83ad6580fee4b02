//! Service mode as the settings describe it, and its run.
//!
//! Source: connector-cli §§1.5, 2.1, 2.3, 4; baton-service-mode §2 (environment).

use std::sync::Arc;
use std::time::Duration;

use super::config::Config;
use super::default_fields::{
    CLIENT_ID, CLIENT_SECRET, HEALTH_CHECK, HEALTH_CHECK_ADDRESS, HEALTH_CHECK_PORT, PROVISIONING, SKIP_FULL_SYNC,
    TASK_CONCURRENCY, TICKETING,
};
use super::failure::Failure;
use super::literal::parse_bool;
use super::signals::cancel_on_signal;
use super::spec::ConnectorSpec;
use crate::connector::Ticketing;
use crate::error::{Error, Result};
use crate::runtime::Runtime;
use crate::service::task::Provisioning;
use crate::service::{
    Credentials, FullSync, HealthAddress, Link, Options, Polling, Program, Proxies, run, system_roots,
};
use crate::sync::SyncOptions;

/// How long running tasks may go on after a signal, in seconds; what upstream does not have has no flag either.
const GRACE_VARIABLE: &str = "BATON_SHUTDOWN_GRACE_SECONDS";
/// The longest grace, in seconds.
const MAX_GRACE: u64 = 3600;

/// The settings of service mode.
#[derive(Debug)]
pub(super) struct Service {
    options: Options,
    proxies: Proxies,
}

impl Service {
    /// What the settings and the environment say; `None` when they ask for something else.
    ///
    /// # Errors
    /// When client id and secret can't be what they should be, or a variable is none of its values.
    pub(super) fn new(config: &Config, environment: &impl Fn(&str) -> Option<String>) -> Result<Option<Self>, Failure> {
        let client_id = config.text(&CLIENT_ID);
        if client_id.is_empty() {
            return Ok(None);
        }
        let credentials = Credentials::parse(&client_id, &config.secret(&CLIENT_SECRET))?;
        let mut options = Options::new(credentials, Program { name: String::new(), version: String::new() });
        options.api_host = environment("BATON_C1_API_HOST");
        options.host_id = Options::host_id(environment("BATON_HOST_ID").as_deref());
        let batched = environment("BATON_GET_TASKS").and_then(|word| parse_bool(&word)).unwrap_or(false);
        options.polling = if batched { Polling::Batched } else { Polling::Single };
        options.task_concurrency = usize::try_from(config.int(&TASK_CONCURRENCY)).unwrap_or(1);
        if config.is_on(&PROVISIONING) {
            options.provisioning = Provisioning::Enabled;
        }
        if config.is_on(&TICKETING) {
            options.ticketing = Ticketing::Enabled;
        }
        if config.is_on(&SKIP_FULL_SYNC) {
            options.full_sync = FullSync::Skipped;
        }
        options.health = health(config)?;
        if let Some(text) = environment(GRACE_VARIABLE).filter(|text| !text.is_empty()) {
            let seconds = text.parse().ok().filter(|seconds| (0..=MAX_GRACE).contains(seconds));
            let wrong = || Failure::usage(format!("{GRACE_VARIABLE} must be 0 to {MAX_GRACE} seconds, not '{text}'"));
            options.grace = Duration::from_secs(seconds.ok_or_else(wrong)?);
        }
        options.server()?;
        Ok(Some(Self { options, proxies: Proxies::from_environment(environment) }))
    }

    /// Works for the server until a signal comes.
    ///
    /// # Errors
    /// When the connector can't be made, or the server refuses it.
    pub(super) fn run(mut self, spec: &ConnectorSpec, config: &Config, sync: SyncOptions) -> Result<(), Failure> {
        self.options.program = Program { name: spec.name.to_owned(), version: spec.version.to_owned() };
        self.options.sync = sync;
        // Two: a connector that keeps one busy must not keep heartbeats from being sent.
        let executor = tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build();
        let executor = executor.map_err(|error| Failure::usage(format!("start the async runtime: {error}")))?;
        let result = executor.block_on(async {
            let runtime = Runtime::default();
            cancel_on_signal(&runtime.cancel)?;
            let connector = (spec.connect)(config)?;
            let link = Link::https(&self.options.server()?, &self.proxies, system_roots()?, &runtime)?;
            run(Arc::clone(&connector), self.options, link, runtime).await
        });
        // Not for a thread that hangs in a call of the connector.
        executor.shutdown_timeout(Duration::from_secs(1));
        result.map_err(|error: Error| {
            tracing::error!(error = %error, "error running connector");
            Failure::from(error)
        })
    }
}

fn health(config: &Config) -> Result<Option<HealthAddress>, Failure> {
    if !config.is_on(&HEALTH_CHECK) {
        return Ok(None);
    }
    let port = config.int(&HEALTH_CHECK_PORT);
    let wrong = |_| Failure::usage(format!("invalid health-check-port: {port} (valid: 1 to 65535)"));
    Ok(Some(HealthAddress { host: config.text(&HEALTH_CHECK_ADDRESS), port: u16::try_from(port).map_err(wrong)? }))
}
