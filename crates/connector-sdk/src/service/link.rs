//! The way to the server: one HTTP service for the token request and for gRPC.
//!
//! Start at [`Link`]. [`Link::https`] is the network, [`Link::in_process`] is a server in the same process, which hosts
//! the connector by handing in its own routes.

mod dial;
mod https;
mod proxy;

use std::error::Error as StdError;
use std::fmt;
use std::task::{Context, Poll};

use bytes::Bytes;
use http::{Request, Response};
use tower::util::{BoxCloneSyncService, ServiceExt};
use tower::{BoxError, Service};

pub use dial::system_roots;
pub use proxy::Proxies;
pub use rustls::RootCertStore;
pub use tonic::body::Body;

use super::options::Server;
use crate::error::Result;
use crate::runtime::Runtime;

/// The way to the server. Clones share its connection.
#[derive(Clone)]
pub struct Link(BoxCloneSyncService<Request<Body>, Response<Body>, BoxError>);

impl Link {
    /// Over the network, with TLS, to a server whose certificate goes back to one of these roots
    /// ([`system_roots`]).
    ///
    /// One HTTP/2 connection is kept, and made anew when it is gone or was given up. Connects at the first request.
    ///
    /// # Errors
    /// When the server's name is none that a certificate could have, or the proxy's setting can't be read.
    ///
    /// Source: baton-service-mode §4, §15 D10.
    pub fn https(server: &Server, proxies: &Proxies, roots: RootCertStore, runtime: &Runtime) -> Result<Self> {
        Ok(Self(BoxCloneSyncService::new(https::Https::new(server, proxies, roots, runtime)?)))
    }

    /// To a server in this process.
    #[must_use]
    pub fn in_process<S, B>(service: S) -> Self
    where
        S: Service<Request<Body>, Response = Response<B>> + Clone + Send + Sync + 'static,
        S::Future: Send + 'static,
        S::Error: Into<BoxError>,
        B: http_body::Body<Data = Bytes> + Send + 'static,
        B::Error: Into<BoxError>,
    {
        let service = service.map_response(|response: Response<B>| response.map(Body::new)).map_err(Into::into);
        Self(BoxCloneSyncService::new(service))
    }
}

impl Service<Request<Body>> for Link {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = <BoxCloneSyncService<Request<Body>, Response<Body>, BoxError> as Service<Request<Body>>>::Future;

    fn poll_ready(&mut self, cx: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        self.0.poll_ready(cx)
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        self.0.call(request)
    }
}

impl fmt::Debug for Link {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Link").finish_non_exhaustive()
    }
}

/// The text of an error with its causes.
fn chain(error: &dyn StdError) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        let words = cause.to_string();
        if !text.ends_with(&words) {
            text.push_str(": ");
            text.push_str(&words);
        }
        source = cause.source();
    }
    text
}
