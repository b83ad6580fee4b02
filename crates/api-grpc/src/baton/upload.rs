//! `UploadAsset`: `metadata`, any number of `data`, `eof`; streamed to the object storage while its digest is taken.
//!
//! A client that is answered before it has half-closed reports `EOF` instead of our reason, so a fault is kept until
//! then; what comes after it is read and dropped, up to a bound.
//!
//! Source: baton-service-mode §10, §16 items 25–27, D5.

use std::time::Duration;

use governance::{Asset, Desk};
use proto::c1::connectorapi::baton::v1::BatonServiceUploadAssetRequest;
use proto::c1::connectorapi::baton::v1::baton_service_upload_asset_request::{Msg, UploadEof, UploadMetadata};
use tonic::{Status, Streaming};

use crate::caller::Signed;
use crate::rules;
use crate::status::{invalid, refused};

/// How long a client may send nothing.
const SILENCE: Duration = Duration::from_mins(2);
/// The largest piece, in bytes.
const PIECE_BYTES: usize = 1 << 20;
/// How much is read and dropped after a fault, so that the client can be told.
const DROPPED_BYTES: usize = 1 << 30;

/// Takes one asset.
pub(super) async fn receive(
    desk: &Desk,
    signed: Signed,
    mut stream: Streaming<BatonServiceUploadAssetRequest>,
) -> Result<(), Status> {
    let mut receiving = Receiving { desk, signed, part: Part::Start };
    let mut fault = None;
    let mut dropped = 0;
    loop {
        let next = tokio::time::timeout(SILENCE, stream.message()).await;
        let next = next.map_err(|_| Status::deadline_exceeded("the upload stopped; nothing was stored"))?;
        let Some(message) = next? else { break };
        match &fault {
            None => fault = receiving.take(message.msg).await.err(),
            Some(fault) => {
                // Also what is no data costs something.
                dropped += 64 + if let Some(Msg::Data(piece)) = &message.msg { piece.data.len() } else { 0 };
                if dropped > DROPPED_BYTES {
                    return Err(Status::clone(fault));
                }
            }
        }
        if fault.is_some() {
            receiving.part = Part::Start;
        }
    }
    match fault {
        Some(fault) => Err(fault),
        None => receiving.end().await,
    }
}

/// An upload on its way in.
struct Receiving<'a> {
    desk: &'a Desk,
    signed: Signed,
    part: Part,
}

/// What came last.
enum Part {
    Start,
    Content(Box<Asset>),
    Eof(Box<Asset>, [u8; 32]),
}

impl Receiving<'_> {
    async fn take(&mut self, message: Option<Msg>) -> Result<(), Status> {
        let part = std::mem::replace(&mut self.part, Part::Start);
        self.part = match (part, message) {
            (_, None) => return Err(invalid("msg", "must be `metadata`, `data` or `eof`")),
            (Part::Start, Some(Msg::Metadata(metadata))) => {
                Part::Content(Box::new(begin(self.desk, self.signed, metadata).await?))
            }
            (Part::Start, Some(_)) => return Err(invalid("msg", "must be `metadata` at first")),
            (_, Some(Msg::Metadata(_))) => return Err(invalid("msg", "must not be a second `metadata`")),
            (Part::Content(mut asset), Some(Msg::Data(piece))) => {
                if piece.data.is_empty() || piece.data.len() > PIECE_BYTES {
                    return Err(invalid("data", "must have 1 to 1048576 bytes"));
                }
                asset.write(piece.data.into()).await.map_err(|error| refused(&error))?;
                Part::Content(asset)
            }
            (Part::Content(asset), Some(Msg::Eof(eof))) => Part::Eof(asset, digest(&eof)?),
            (Part::Eof(..), Some(_)) => return Err(invalid("msg", "must not follow `eof`")),
        };
        Ok(())
    }

    /// The client has half-closed.
    async fn end(self) -> Result<(), Status> {
        match self.part {
            Part::Eof(asset, digest) => {
                let digest = store::file::Digest::new(digest);
                asset.finish(digest).await.map_err(|error| upload_refused(&error))
            }
            Part::Start | Part::Content(_) => Err(invalid("msg", "must be `eof` at last")),
        }
    }
}

async fn begin(desk: &Desk, signed: Signed, metadata: UploadMetadata) -> Result<Asset, Status> {
    let caller = signed.caller(rules::host_id(&metadata.host_id)?);
    rules::annotations(&metadata.annotations)?;
    let task = rules::task_id(&metadata.task_id)?;
    desk.begin_upload(caller, task).await.map_err(|error| refused(&error))
}

fn digest(eof: &UploadEof) -> Result<[u8; 32], Status> {
    rules::annotations(&eof.annotations)?;
    let digest = eof.sha256_checksum.as_slice().try_into();
    digest.map_err(|_| invalid("sha256_checksum", "must have 32 bytes"))
}

/// As [`refused`]; a wrong digest has a code of its own (D5).
fn upload_refused(error: &governance::UploadError) -> Status {
    match error {
        governance::UploadError::Mismatch(detail) => Status::data_loss(detail),
        governance::UploadError::Refused(error) => refused(error),
    }
}
