//! Carries out a run: makes the connector, does the operation, logs what came of it.
//!
//! Stdout stays empty. Source: connector-cli §5, §7.1.

mod change;
mod local;

use std::sync::Arc;

use super::bar::Bar;
use super::failure::Failure;
use super::mode::{Mode, Operation};
use super::settings::Settings;
use super::signals::cancel_on_signal;
use super::spec::ConnectorSpec;
use crate::error::{Error, Result};
use crate::provision::Provisioner;
use crate::runtime::Runtime;
use crate::sync;

/// Carries out what the settings ask for.
///
/// # Errors
/// What went wrong, as the last line of stderr says it. The log has it already.
pub(super) fn run(spec: &ConnectorSpec, settings: Settings, bar: &Bar) -> Result<(), Failure> {
    let Settings { mode, sync, config, logging: _ } = settings;
    let operation = match mode {
        Mode::OneShot(operation) => operation,
        Mode::Service(service) => return service.run(spec, &config, sync),
    };
    // One thread waits for the upstream, another stores: more of them only wake each other up.
    let executor = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .map_err(|error| Failure::usage(format!("start the async runtime: {error}")))?;
    let task_type = operation.task_type();
    let connect = || (spec.connect)(&config);
    let result = executor.block_on(async {
        let runtime = Runtime::default();
        cancel_on_signal(&runtime.cancel)?;
        perform(operation, connect, sync, &runtime, bar).await
    });
    bar.finish();
    result.map_err(|error| {
        tracing::error!(error = %error, task_id = "", task_type, "runner: error processing on-demand task");
        let text = format!("runner: error processing task: {error}");
        tracing::error!(error = text, "error running connector");
        Failure::new(error.code(), text)
    })
}

async fn perform(
    operation: Operation,
    connect: impl FnOnce() -> Result<Arc<dyn crate::connector::Connector>>,
    options: sync::SyncOptions,
    runtime: &Runtime,
    bar: &Bar,
) -> Result<()> {
    if matches!(operation, Operation::Sync) {
        // Found out at the end, after hours, it would cost all the work.
        local::check_writable(&options.file)?;
    }
    let connector = connect()?;
    let provisioner = Provisioner::new(Arc::clone(&connector), runtime.clone());
    match operation {
        Operation::Sync => sync::run(connector, options, runtime, Arc::new(bar.clone())).await.map(|_| ()),
        Operation::Grant { entitlement, principal_type, principal } => {
            change::grant(&provisioner, &options, entitlement, principal_type, principal).await
        }
        Operation::Revoke { grant } => change::revoke(&provisioner, &options, grant).await,
        Operation::CreateAccount { account, resource_type } => {
            change::create_account(&provisioner, &account, &resource_type).await
        }
        Operation::Delete { resource_type, id } => change::delete(&provisioner, &resource_type, &id).await,
        Operation::RotateCredentials { resource_type, id } => {
            change::rotate_credentials(&provisioner, &resource_type, &id).await
        }
        Operation::EventFeed { id } => Err(Error::not_found(format!("event feed '{id}' not found"))),
        Operation::InvokeAction { name, arguments } => local::invoke_action(&name, &arguments),
        Operation::ListActionSchemas => {
            tracing::info!(count = 0, schemas = ?[(); 0], "Action Schemas");
            Ok(())
        }
        Operation::Ticket { task_type, template } => local::ticket(task_type, template.as_deref()),
        Operation::DiffSyncs { base, applied } => local::diff_syncs(options, base, applied, runtime).await,
        Operation::CompactSyncs { files, sync_ids, output } => {
            local::compact_syncs(options.limits, files, sync_ids, output, runtime).await
        }
    }
}
