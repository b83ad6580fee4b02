//! Service mode: the connector asks a server for tasks, works, and reports.
//!
//! Start at [`run`]. The way to the server is a [`Link`]; tokens (`token`) and calls (`api`) go over it. `poll` asks for
//! work, `worker` carries out one task; syncs are in `full_sync`, all other tasks in [`task`]. [`status`] says how errors
//! are reported, [`encryption`] seals and opens secrets.
//!
//! Source: baton-service-mode.

mod api;
mod debug_log;
pub mod encryption;
mod full_sync;
mod health;
mod heartbeat;
mod hello;
mod host;
mod link;
mod options;
mod poll;
pub mod status;
pub mod task;
mod token;
mod upload;
mod wait;
mod worker;

use std::sync::Arc;

use tokio_util::sync::CancellationToken;

pub use link::{Body, Link, Proxies, RootCertStore, system_roots};
pub use options::{Credentials, FullSync, GRACE, HealthAddress, Options, Polling, Program, Server};

use api::Api;
use health::Health;
use task::TaskContext;
use worker::Worker;

use crate::connector::Connector;
use crate::error::Result;
use crate::runtime::Runtime;

/// Says hello, then works on what the server asks for, until `runtime.cancel` is cancelled. Running tasks then have
/// [`Options::grace`] to end; after that they are cancelled, and reported as such.
///
/// # Errors
/// When the server refuses the connector at the start: its code says why. Once hello was said, only a health server
/// that can't listen is an error; everything else is retried for ever.
///
/// Source: baton-service-mode §§6, 7, 13, 15 D6.
pub async fn run(connector: Arc<dyn Connector>, options: Options, link: Link, runtime: Runtime) -> Result<()> {
    let api = Api::new(link, &options, &runtime)?;
    let metadata = hello::metadata(&connector, options.ticketing)?;
    if !hello::start(&api, &metadata, &runtime).await? {
        return Ok(());
    }
    tracing::info!(host_id = options.host_id, "connected to the server");
    let _health = match &options.health {
        Some(address) => Some(Health::start(address, Arc::clone(&connector), &runtime).await?),
        None => None,
    };
    let context = TaskContext {
        connector,
        runtime,
        provisioning: options.provisioning,
        ticketing: options.ticketing,
        client_key: Some(Arc::new(options.credentials.client_key()?)),
    };
    poll::run(Arc::new(Worker { api, context, options, abort: CancellationToken::new() })).await;
    Ok(())
}
