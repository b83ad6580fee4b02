//! Hello, read with its bytes: what this version does not know of a connector is kept all the same.

use std::convert::Infallible;
use std::task::{Context, Poll};

use axum::body::Body;
use axum::extract::Request;
use futures_util::FutureExt as _;
use futures_util::future::BoxFuture;
use proto::c1::connectorapi::baton::v1::{BatonServiceHelloRequest, BatonServiceHelloResponse};
use tonic::{Response, Status};
use tower::Service;

use super::Baton;
use crate::caller::Signed;
use crate::raw::{Raw, RawCodec};
use crate::rules;
use crate::status::{invalid, refused};

/// The route of Hello.
#[derive(Debug, Clone)]
pub(super) struct Hello(pub(super) Baton);

impl Service<Request<Body>> for Hello {
    type Response = http::Response<tonic::body::Body>;
    type Error = Infallible;
    type Future = BoxFuture<'static, Result<Self::Response, Infallible>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let said = Said(self.0.clone());
        async move { Ok(tonic::server::Grpc::new(RawCodec::default()).unary(said, request).await) }.boxed()
    }
}

struct Said(Baton);

impl Service<tonic::Request<Raw<BatonServiceHelloRequest>>> for Said {
    type Response = Response<BatonServiceHelloResponse>;
    type Error = Status;
    type Future = BoxFuture<'static, Result<Self::Response, Status>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Status>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Raw<BatonServiceHelloRequest>>) -> Self::Future {
        let baton = self.0.clone();
        async move {
            let signed = Signed::of(&request)?;
            let Raw { message, bytes } = request.into_inner();
            let caller = signed.caller(rules::host_id(&message.host_id)?);
            let task = rules::task_id_opt(&message.task_id)?;
            if message.connector_metadata.is_none() {
                return Err(invalid("connector_metadata", "must be there"));
            }
            baton.desk.hello(&caller, task.as_ref(), &message, bytes).await.map_err(|error| refused(&error))?;
            Ok(Response::new(BatonServiceHelloResponse::default()))
        }
        .boxed()
    }
}
