//! SIGINT and SIGTERM end the server in an orderly way.

use anyhow::Context as _;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;

/// Cancels the token at the first SIGINT or SIGTERM.
///
/// # Errors
/// When the signals cannot be watched.
pub fn cancel_on_signal(cancel: &CancellationToken) -> anyhow::Result<()> {
    let mut interrupt = signal(SignalKind::interrupt()).context("watch SIGINT")?;
    let mut terminate = signal(SignalKind::terminate()).context("watch SIGTERM")?;
    let cancel = cancel.clone();
    tokio::spawn(async move {
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
        }
        cancel.cancel();
    });
    Ok(())
}
