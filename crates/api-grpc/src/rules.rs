//! The rules that fields of requests follow. A broken one is `InvalidArgument` and names the field.
//!
//! At Hello that code ends an upstream connector, so that nothing but its three rules may cause it.
//!
//! Source: baton-messages, `BatonService`; baton-service-mode §5, §16 items 11, 14, 25.

use domain::task::TaskId;
use proto::Any;
use tonic::Status;

use crate::status::invalid;

/// The longest host id, in characters.
const HOST_ID: usize = 256;
/// The most annotations of a request.
const ANNOTATIONS: usize = 16;
/// The most ids of tasks in a request. A connector that works on a hundred tasks knows up to two hundred.
const TASK_IDS: usize = 200;

pub(crate) fn host_id(text: &str) -> Result<&str, Status> {
    if text.is_empty() || text.chars().nth(HOST_ID).is_some() {
        return Err(invalid("host_id", "must have 1 to 256 characters"));
    }
    Ok(text)
}

pub(crate) fn task_id(text: &str) -> Result<TaskId, Status> {
    text.parse().map_err(|_| invalid("task_id", "must be 27 letters and digits"))
}

/// As [`task_id`], for a field that may be empty.
pub(crate) fn task_id_opt(text: &str) -> Result<Option<TaskId>, Status> {
    if text.is_empty() { Ok(None) } else { task_id(text).map(Some) }
}

pub(crate) fn task_ids(field: &str, texts: &[String]) -> Result<Vec<TaskId>, Status> {
    if texts.len() > TASK_IDS {
        return Err(invalid(field, "must hold at most 200 ids"));
    }
    let ids: Result<_, _> = texts.iter().map(|text| text.parse()).collect();
    ids.map_err(|_| invalid(field, "must hold ids of 27 letters and digits"))
}

pub(crate) fn annotations(annotations: &[Any]) -> Result<(), Status> {
    if annotations.len() > ANNOTATIONS {
        return Err(invalid("annotations", "must hold at most 16 values"));
    }
    Ok(())
}
