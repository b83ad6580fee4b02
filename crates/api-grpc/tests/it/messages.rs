//! Messages as connectors send them.

use proto::c1::connector::v2::ConnectorMetadata;
use proto::c1::connectorapi::baton::v1::{
    BatonServiceFinishTaskRequest, BatonServiceHelloRequest, BatonServiceUploadAssetRequest,
    baton_service_finish_task_request as finish, baton_service_hello_request as hello,
    baton_service_upload_asset_request as upload,
};
use proto::google::rpc;
use proto::{Any, annotations};
use sha2::{Digest as _, Sha256};

pub(crate) fn hello_from(host: &str) -> BatonServiceHelloRequest {
    BatonServiceHelloRequest {
        host_id: host.to_owned(),
        build_info: Some(hello::BuildInfo {
            lang_version: "go1.25.2".to_owned(),
            package: "example.com/baton-demo".to_owned(),
            package_version: "v1.2.3".to_owned(),
        }),
        os_info: Some(hello::OsInfo {
            hostname: host.to_owned(),
            os: "linux".to_owned(),
            platform: "debian".to_owned(),
            platform_version: "12".to_owned(),
            kernel_arch: "x86_64".to_owned(),
            ..Default::default()
        }),
        connector_metadata: Some(ConnectorMetadata { display_name: "Demo".to_owned(), ..Default::default() }),
        ..Default::default()
    }
}

/// The messages of an upload in chunks of 512 KiB, with this digest.
pub(crate) fn upload_of(task: &str, content: &[u8], digest: &[u8]) -> Vec<BatonServiceUploadAssetRequest> {
    use upload::{Msg, UploadData, UploadEof, UploadMetadata};
    let metadata = UploadMetadata { host_id: "pod-1".to_owned(), task_id: task.to_owned(), annotations: Vec::new() };
    let pieces = content.chunks(524_288).map(|piece| Msg::Data(UploadData { data: piece.to_vec() }));
    let eof = UploadEof { sha256_checksum: digest.to_vec(), annotations: Vec::new() };
    std::iter::once(Msg::Metadata(metadata))
        .chain(pieces)
        .chain([Msg::Eof(eof)])
        .map(|msg| BatonServiceUploadAssetRequest { msg: Some(msg) })
        .collect()
}

/// A file that begins as a sync does.
pub(crate) fn sync_file(bytes: usize) -> Vec<u8> {
    let noise = (0..bytes).map(|at| u8::try_from(at * 7 % 251).unwrap_or(0));
    b"C1ZF\0".iter().copied().chain(noise).collect()
}

pub(crate) fn success(task: &str) -> BatonServiceFinishTaskRequest {
    BatonServiceFinishTaskRequest {
        host_id: "pod-1".to_owned(),
        task_id: task.to_owned(),
        final_state: Some(finish::FinalState::Success(finish::Success::default())),
        ..Default::default()
    }
}

/// The messages of an upload as it should be.
pub(crate) fn whole_upload(task: &str, content: &[u8]) -> Vec<BatonServiceUploadAssetRequest> {
    upload_of(task, content, &Sha256::digest(content))
}

/// A success with this response and these remarks.
pub(crate) fn success_with(task: &str, response: Option<Any>, remarks: Vec<Any>) -> BatonServiceFinishTaskRequest {
    let success = finish::Success { annotations: remarks, response };
    BatonServiceFinishTaskRequest { final_state: Some(finish::FinalState::Success(success)), ..success_of(task) }
}

fn success_of(task: &str) -> BatonServiceFinishTaskRequest {
    success(task)
}

/// A failure, worded as Go connectors do.
pub(crate) fn failure(task: &str, code: i32, text: &str, non_retryable: bool) -> BatonServiceFinishTaskRequest {
    let message = format!("rpc error: code = Whatever desc = {text}\ntask failed and is non-retryable");
    BatonServiceFinishTaskRequest {
        status: Some(rpc::Status { code, message, details: Vec::new() }),
        final_state: Some(finish::FinalState::Error(finish::Error { non_retryable, ..Default::default() })),
        ..success(task)
    }
}

/// A change that the app decided against.
pub(crate) fn declined(task: &str, reason: &str) -> BatonServiceFinishTaskRequest {
    let info = rpc::ErrorInfo {
        reason: "grant_cancelled".to_owned(),
        domain: "github.com/conductorone/baton-sdk".to_owned(),
        metadata: [("reason".to_owned(), reason.to_owned())].into(),
    };
    let mut report = failure(task, 9, "grant was cancelled", true);
    if let Some(status) = &mut report.status {
        status.details = vec![annotations::pack(&info)];
    }
    report
}
