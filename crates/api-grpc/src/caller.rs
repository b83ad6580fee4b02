//! Which connector makes a call, found out before the call is read.

use std::net::{IpAddr, SocketAddr};

use auth::ConnectorCaller;
use auth::authority::{Call, CallError};
use axum::extract::{ConnectInfo, Request, State};
use axum::middleware::Next;
use axum::response::Response;
use domain::audit::Via;
use governance::Caller;
use http::request::Parts;
use http::{HeaderMap, header};
use tonic::Status;
use tonic::metadata::MetadataMap;

use crate::Api;
use crate::token::NONCE;

/// The connector behind a call, and the address that it came from.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Signed {
    connector: ConnectorCaller,
    ip: Option<IpAddr>,
}

impl Signed {
    /// The caller of a use case, from the host that the call names.
    pub(crate) fn caller(self, host: &str) -> Caller {
        Caller::new(self.connector.actor(host), Via::Grpc).from_ip(self.ip.map(|ip| ip.to_string()))
    }

    /// What [`authenticate`] found out about this call.
    pub(crate) fn of<T>(request: &tonic::Request<T>) -> Result<Self, Status> {
        request.extensions().get().copied().ok_or_else(|| Status::unauthenticated(CallError::Missing.to_string()))
    }
}

/// Refuses calls without a valid token; the others carry their [`Signed`] on.
pub(crate) async fn authenticate(State(api): State<Api>, request: Request, next: Next) -> Response {
    let (mut parts, body) = request.into_parts();
    let ip = parts.extensions.get::<ConnectInfo<SocketAddr>>().map(|peer| peer.0.ip());
    let known = {
        let proofs = proofs(&parts.headers);
        let call = Call {
            authorization: parts.headers.get(header::AUTHORIZATION).and_then(|value| value.to_str().ok()),
            proofs: &proofs,
            authority: authority(&parts),
            path: parts.uri.path(),
            from: ip,
        };
        api.authority.authenticate(call).await
    };
    match known {
        Ok(connector) => {
            parts.extensions.insert(Signed { connector, ip });
            next.run(Request::from_parts(parts, body)).await
        }
        Err(error) => refused(&api, &error).into_http(),
    }
}

fn refused(api: &Api, error: &CallError) -> Status {
    if error.is_unavailable() {
        tracing::warn!(error = error as &dyn std::error::Error, "can't tell who calls");
        return Status::unavailable(error.to_string());
    }
    let mut metadata = MetadataMap::new();
    if error.wants_nonce()
        && let Ok(nonce) = api.authority.nonce().parse()
    {
        metadata.insert(NONCE, nonce);
    }
    Status::with_metadata(tonic::Code::Unauthenticated, error.to_string(), metadata)
}

/// `HOST` or `HOST:PORT` as the client called it: `:authority` of HTTP/2, `Host` of HTTP/1.1.
pub(crate) fn authority(parts: &Parts) -> &str {
    let host = || parts.headers.get(header::HOST).and_then(|host| host.to_str().ok());
    parts.uri.authority().map(http::uri::Authority::as_str).or_else(host).unwrap_or_default()
}

/// Every `DPoP` header; one that is no text counts as an empty one, which is no proof.
pub(crate) fn proofs(headers: &HeaderMap) -> Vec<&str> {
    headers.get_all("dpop").iter().map(|proof| proof.to_str().unwrap_or_default()).collect()
}
