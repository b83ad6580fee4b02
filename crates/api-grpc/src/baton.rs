//! `BatonService`: what connectors call.
//!
//! Source: baton-service-mode §§5–10, §16.

mod hello;
mod upload;

use std::time::Duration;

use axum::Router;
use domain::task::TaskId;
use governance::Desk;
use proto::c1::connectorapi::baton::v1::baton_service_server::{BatonService, BatonServiceServer, SERVICE_NAME};
use proto::c1::connectorapi::baton::v1::{
    BatonServiceFinishTaskRequest, BatonServiceFinishTaskResponse, BatonServiceGetTaskRequest,
    BatonServiceGetTaskResponse, BatonServiceGetTasksRequest, BatonServiceGetTasksResponse,
    BatonServiceHeartbeatRequest, BatonServiceHeartbeatResponse, BatonServiceHelloRequest, BatonServiceHelloResponse,
    BatonServiceUploadAssetRequest, BatonServiceUploadAssetResponse, StartDebuggingRequest, StartDebuggingResponse,
    baton_service_finish_task_request as finish,
};
use tonic::{Request, Response, Status, Streaming};

use crate::caller::Signed;
use crate::status::{invalid, refused};
use crate::{Api, rules};

/// The most tasks in one answer.
const TASKS: u32 = 100;

pub(crate) fn routes(api: &Api) -> Router {
    let baton = Baton { desk: api.desk.clone() };
    Router::new()
        .route_service(&format!("/{SERVICE_NAME}/Hello"), hello::Hello(baton.clone()))
        .route_service(&format!("/{SERVICE_NAME}/{{*method}}"), BatonServiceServer::new(baton))
}

/// The service on the use cases.
#[derive(Debug, Clone)]
pub(crate) struct Baton {
    desk: Desk,
}

#[tonic::async_trait]
impl BatonService for Baton {
    async fn hello(&self, _: Request<BatonServiceHelloRequest>) -> Result<Response<BatonServiceHelloResponse>, Status> {
        // `hello::Hello` stands before this route, because it needs the bytes of the message.
        Err(Status::unimplemented("Hello is answered elsewhere"))
    }

    async fn get_task(
        &self,
        request: Request<BatonServiceGetTaskRequest>,
    ) -> Result<Response<BatonServiceGetTaskResponse>, Status> {
        let caller = Signed::of(&request)?.caller(rules::host_id(&request.get_ref().host_id)?);
        let work = self.desk.next_tasks(&caller, 1, &[]).await.map_err(|error| refused(&error))?;
        Ok(Response::new(BatonServiceGetTaskResponse {
            task: work.tasks.into_iter().next(),
            next_poll: Some(duration(work.next_poll)),
            next_heartbeat: Some(duration(work.next_heartbeat)),
            annotations: Vec::new(),
        }))
    }

    async fn get_tasks(
        &self,
        request: Request<BatonServiceGetTasksRequest>,
    ) -> Result<Response<BatonServiceGetTasksResponse>, Status> {
        let signed = Signed::of(&request)?;
        let message = request.into_inner();
        let caller = signed.caller(rules::host_id(&message.host_id)?);
        rules::annotations(&message.annotations)?;
        let known = rules::task_ids("known_task_ids", &message.known_task_ids)?;
        if message.page_size == 0 {
            return Err(invalid("page_size", "must be at least 1"));
        }
        // Connectors ask for up to 200, against the rule; they are given what the rule allows.
        let limit = message.page_size.min(TASKS);
        let work = self.desk.next_tasks(&caller, limit, &known).await.map_err(|error| refused(&error))?;
        Ok(Response::new(BatonServiceGetTasksResponse {
            tasks: work.tasks,
            next_poll: Some(duration(work.next_poll)),
            next_heartbeat: Some(duration(work.next_heartbeat)),
            annotations: Vec::new(),
        }))
    }

    async fn heartbeat(
        &self,
        request: Request<BatonServiceHeartbeatRequest>,
    ) -> Result<Response<BatonServiceHeartbeatResponse>, Status> {
        let signed = Signed::of(&request)?;
        let message = request.into_inner();
        let caller = signed.caller(rules::host_id(&message.host_id)?);
        rules::annotations(&message.annotations)?;
        let id = rules::task_id(&message.task_id)?;
        let others = rules::task_ids("task_ids", &message.task_ids)?;
        let ids: Vec<TaskId> = std::iter::once(id.clone()).chain(others).collect();
        let pulse = self.desk.heartbeat(&caller, &ids).await.map_err(|error| refused(&error))?;
        Ok(Response::new(BatonServiceHeartbeatResponse {
            next_heartbeat: Some(duration(pulse.next)),
            cancelled: pulse.cancelled.contains(&id),
            cancelled_task_ids: pulse.cancelled.iter().map(ToString::to_string).collect(),
            annotations: Vec::new(),
        }))
    }

    async fn finish_task(
        &self,
        request: Request<BatonServiceFinishTaskRequest>,
    ) -> Result<Response<BatonServiceFinishTaskResponse>, Status> {
        let signed = Signed::of(&request)?;
        let message = request.into_inner();
        let caller = signed.caller(rules::host_id(&message.host_id)?);
        let id = rules::task_id(&message.task_id)?;
        let report = match message.final_state {
            Some(finish::FinalState::Success(success)) => {
                rules::annotations(&success.annotations)?;
                governance::Report::Success { response: success.response, annotations: success.annotations }
            }
            Some(finish::FinalState::Error(error)) => {
                rules::annotations(&error.annotations)?;
                let status = message.status.unwrap_or_default();
                governance::Report::Error { status, non_retryable: error.non_retryable, annotations: error.annotations }
            }
            None => return Err(invalid("final_state", "must be `error` or `success`")),
        };
        self.desk.finish(&caller, &id, report).await.map_err(|error| refused(&error))?;
        Ok(Response::new(BatonServiceFinishTaskResponse::default()))
    }

    async fn upload_asset(
        &self,
        request: Request<Streaming<BatonServiceUploadAssetRequest>>,
    ) -> Result<Response<BatonServiceUploadAssetResponse>, Status> {
        let signed = Signed::of(&request)?;
        upload::receive(&self.desk, signed, request.into_inner()).await?;
        Ok(Response::new(BatonServiceUploadAssetResponse::default()))
    }

    async fn start_debugging(
        &self,
        _: Request<StartDebuggingRequest>,
    ) -> Result<Response<StartDebuggingResponse>, Status> {
        Err(Status::unimplemented("this server starts no debugging"))
    }
}

/// A duration on the wire, in whole milliseconds.
fn duration(duration: Duration) -> proto::Duration {
    let nanos = i32::try_from(duration.subsec_millis()).unwrap_or(0) * 1_000_000;
    proto::Duration { seconds: i64::try_from(duration.as_secs()).unwrap_or(i64::MAX), nanos }
}
