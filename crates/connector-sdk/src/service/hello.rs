//! The first call: who we are and what we can do.
//!
//! Source: baton-service-mode §6.

use std::sync::Arc;
use std::time::Duration;

use proto::c1::connector::v2::ConnectorMetadata;

use super::api::Api;
use super::wait::jittered;
use crate::connector::{Connector, Ticketing, described};
use crate::error::{Code, Error, Result};
use crate::runtime::Runtime;

/// The wait after the first failure; each further one is twice as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// The longest wait.
const MAX_WAIT: Duration = Duration::from_mins(5);

/// Says hello until the server takes it; `false` when asked to stop meanwhile.
///
/// # Errors
/// What the server will not change its mind about; the process ends with that code. Not being reached is not among
/// them, other than upstream.
pub(super) async fn start(api: &Api, metadata: &ConnectorMetadata, runtime: &Runtime) -> Result<bool> {
    let mut wait = FIRST_WAIT;
    loop {
        let hello = runtime.cancel.run_until_cancelled(api.hello("", metadata.clone())).await;
        let error = match hello {
            None => return Ok(false),
            Some(Ok(())) => return Ok(true),
            Some(Err(error)) if is_final(error.code()) => return Err(error.context("startup Hello failed")),
            Some(Err(error)) => error,
        };
        let pause = jittered(wait, runtime.rng.as_ref());
        tracing::warn!(error = %error, wait = pause.as_secs_f64(), "startup Hello failed; trying again");
        if runtime.cancel.run_until_cancelled(runtime.sleeper.sleep(pause)).await.is_none() {
            return Ok(false);
        }
        wait = (wait * 2).min(MAX_WAIT);
    }
}

/// Whether another attempt would have the same end.
fn is_final(code: Code) -> bool {
    matches!(
        code,
        Code::Unauthenticated
            | Code::PermissionDenied
            | Code::InvalidArgument
            | Code::Unimplemented
            | Code::FailedPrecondition
            | Code::NotFound
    )
}

/// What the connector says of itself.
///
/// # Errors
/// `Internal` when the connector panics, `InvalidArgument` when it has no name.
pub(super) fn metadata(connector: &Arc<dyn Connector>, ticketing: Ticketing) -> Result<ConnectorMetadata> {
    let describe = std::panic::AssertUnwindSafe(|| described(connector.as_ref(), ticketing));
    let metadata = std::panic::catch_unwind(describe)
        .map_err(|_| Error::new(Code::Internal, "the connector panicked when it was asked who it is"))?;
    if metadata.display_name.is_empty() {
        return Err(Error::invalid_argument("the connector has no display name"));
    }
    Ok(metadata)
}
