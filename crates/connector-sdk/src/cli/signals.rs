//! SIGINT and SIGTERM end a run early and in order: what is done is saved, and the run fails with `Canceled`.
//!
//! Unlike the Go program, which ends with status 0 then, so that a script does not take half a sync for a whole one.
//! Source: connector-cli §5.7.

use tokio_util::sync::CancellationToken;

use crate::error::{Error, Result};

/// Cancels the token at the first signal. A second one has no further effect: saving is not interrupted.
///
/// # Errors
/// When the operating system gives no signal handlers.
pub(super) fn cancel_on_signal(cancel: &CancellationToken) -> Result<()> {
    use tokio::signal::unix::{SignalKind, signal};
    let listen = |kind| signal(kind).map_err(|error| Error::unknown(format!("listen for signals: {error}")));
    let (mut interrupt, mut terminate) = (listen(SignalKind::interrupt())?, listen(SignalKind::terminate())?);
    let cancel = cancel.clone();
    tokio::spawn(async move {
        let name = tokio::select! {
            _ = interrupt.recv() => "SIGINT",
            _ = terminate.recv() => "SIGTERM",
        };
        tracing::warn!(signal = name, "stopping");
        cancel.cancel();
    });
    Ok(())
}
