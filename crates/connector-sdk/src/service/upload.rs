//! Sends a file to the server, in pieces, with its digest at the end.
//!
//! Source: baton-service-mode §10.

use std::fs::File;
use std::io::Read;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use aws_lc_rs::digest::{self, SHA256};
use camino::Utf8Path;
use futures_util::stream::{self, Stream};
use proto::c1::connectorapi::baton::v1::BatonServiceUploadAssetRequest;
use proto::c1::connectorapi::baton::v1::baton_service_upload_asset_request::{
    Msg, UploadData, UploadEof, UploadMetadata,
};
use tokio::sync::watch;

use super::api::Api;
use crate::error::{Code, Error, Result};
use crate::runtime::Runtime;

/// The length of a piece, in bytes.
const CHUNK: usize = 512 * 1024;
/// The pauses before the second and the third attempt.
const PAUSES: [Duration; 2] = [Duration::ZERO, Duration::from_secs(1)];
/// How long the server may take nothing, or leave us without an answer in the end: it may have gigabytes to check.
const MAX_STALL: Duration = Duration::from_mins(5);
/// The most that all calls of one attempt may take.
const MAX_ATTEMPT: Duration = Duration::from_hours(24);

/// Uploads the file as an asset of the task: up to three times, each from its first byte.
///
/// Memory holds a few pieces. Cancelling drops the upload; the server has stored nothing then.
///
/// # Errors
/// The last error of the server, or `Unknown` when the file can't be read.
pub(super) async fn upload(api: &Api, task_id: &str, file: &Utf8Path, runtime: &Runtime) -> Result<()> {
    let mut pauses = PAUSES.into_iter();
    loop {
        let error = match attempt(api, task_id, file).await {
            Ok(()) => return Ok(()),
            Err(error) => error,
        };
        let Some(pause) = pauses.next() else { return Err(error) };
        tracing::warn!(error = %error, task_id, "the upload failed; starting it again");
        runtime.sleeper.sleep(pause).await;
    }
}

/// What the two ends of an attempt tell each other.
#[derive(Default)]
struct Shared {
    sent_all: AtomicBool,
    fault: std::sync::Mutex<Option<Error>>,
}

async fn attempt(api: &Api, task_id: &str, file: &Utf8Path) -> Result<()> {
    let shared = Arc::new(Shared::default());
    let (progress, mut moved) = watch::channel(());
    let sending = api.call(MAX_ATTEMPT, |mut client| {
        let pieces = pieces(api.host_id(), task_id, file, Arc::clone(&shared), progress.clone());
        async move { client.upload_asset(pieces).await }
    });
    let stalled = async {
        while tokio::time::timeout(MAX_STALL, moved.changed()).await.is_ok() {}
        Err(Error::new(Code::DeadlineExceeded, "the server stopped reading the upload, or gives no answer"))
    };
    let answer = tokio::select! {
        answer = sending => answer,
        stalled = stalled => stalled,
    };
    let fault = shared.fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
    match (answer, fault) {
        (_, Some(fault)) => Err(fault),
        (Err(error), None) => Err(error),
        (Ok(_), None) if shared.sent_all.load(Ordering::Relaxed) => Ok(()),
        (Ok(_), None) => Err(Error::unknown("the server ended the upload before it had everything")),
    }
}

/// Where reading stands.
enum Reading {
    Start,
    Data(File, digest::Context),
    End,
}

/// The messages of one attempt.
fn pieces(
    host_id: &str,
    task_id: &str,
    file: &Utf8Path,
    shared: Arc<Shared>,
    progress: watch::Sender<()>,
) -> impl Stream<Item = BatonServiceUploadAssetRequest> + Send + 'static {
    let metadata = UploadMetadata { host_id: host_id.to_owned(), task_id: task_id.to_owned(), annotations: Vec::new() };
    let file = file.to_owned();
    stream::unfold((Reading::Start, Some(metadata)), move |(reading, metadata)| {
        let (file, shared, progress) = (file.clone(), Arc::clone(&shared), progress.clone());
        async move {
            progress.send_replace(());
            if let Some(metadata) = metadata {
                return Some((message(Msg::Metadata(metadata)), (reading, None)));
            }
            let step = tokio::task::spawn_blocking(move || match reading {
                Reading::Start => read(File::open(&file)?, digest::Context::new(&SHA256)),
                Reading::Data(file, digest) => read(file, digest),
                Reading::End => Ok(None),
            });
            match step.await.unwrap_or_else(|error| Err(std::io::Error::other(error))) {
                Ok(Some((piece, reading))) => {
                    let is_last = matches!(reading, Reading::End);
                    shared.sent_all.store(is_last, Ordering::Relaxed);
                    Some((message(piece), (reading, None)))
                }
                Ok(None) => None,
                Err(error) => {
                    let fault = Error::unknown(format!("read the file to upload: {error}"));
                    *shared.fault.lock().unwrap_or_else(std::sync::PoisonError::into_inner) = Some(fault);
                    None
                }
            }
        }
    })
}

/// The next piece; the digest when there is no more.
fn read(mut file: File, mut digest: digest::Context) -> std::io::Result<Option<(Msg, Reading)>> {
    let mut data = Vec::with_capacity(CHUNK);
    let most = u64::try_from(CHUNK).map_err(std::io::Error::other)?;
    Read::by_ref(&mut file).take(most).read_to_end(&mut data)?;
    if data.is_empty() {
        let sha256_checksum = digest.finish().as_ref().to_vec();
        return Ok(Some((Msg::Eof(UploadEof { sha256_checksum, annotations: Vec::new() }), Reading::End)));
    }
    digest.update(&data);
    Ok(Some((Msg::Data(UploadData { data }), Reading::Data(file, digest))))
}

fn message(msg: Msg) -> BatonServiceUploadAssetRequest {
    BatonServiceUploadAssetRequest { msg: Some(msg) }
}
