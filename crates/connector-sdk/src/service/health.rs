//! The health server: plain HTTP for the probes of containers.
//!
//! Source: connector-cli §6.

use std::convert::Infallible;
#[cfg(test)]
use std::net::SocketAddr;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;

use futures_util::FutureExt;
use http::header::CONTENT_TYPE;
use http::{HeaderValue, Request, Response, StatusCode};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use ids::Clock;
use jiff::Timestamp;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;
use tokio::task::JoinHandle;

use super::options::HealthAddress;
use crate::connector::Connector;
use crate::error::{Error, Result};
use crate::runtime::Runtime;

/// How long a client may take to send its question.
const HEAD: Duration = Duration::from_secs(10);
/// How long the connector may take to check its credentials.
const VALIDATE: Duration = Duration::from_secs(30);
/// How long a connection may last.
const CONNECTION: Duration = Duration::from_mins(1);
/// How many connections at a time.
const MAX_CONNECTIONS: usize = 32;

/// A running health server; ends when dropped.
pub(super) struct Health {
    #[cfg(test)]
    address: SocketAddr,
    server: JoinHandle<()>,
}

struct Answers {
    connector: Arc<dyn Connector>,
    clock: Arc<dyn Clock>,
}

impl Health {
    /// Listens.
    ///
    /// # Errors
    /// When the address is taken, or none of this machine.
    pub(super) async fn start(
        address: &HealthAddress,
        connector: Arc<dyn Connector>,
        runtime: &Runtime,
    ) -> Result<Self> {
        let HealthAddress { host, port } = address;
        let host = host.trim_start_matches('[').trim_end_matches(']');
        let failed = |error: std::io::Error| {
            let hint = "hint: choose another --health-check-port or --health-check-bind-address";
            Error::unknown(format!("listen for health checks on {host}:{port}: {error}\n{hint}"))
        };
        let listener = TcpListener::bind((host, *port)).await.map_err(failed)?;
        let address = listener.local_addr().map_err(failed)?;
        let answers = Arc::new(Answers { connector, clock: Arc::clone(&runtime.clock) });
        tracing::info!(address = %address, "answering health checks");
        let server = tokio::spawn(serve(listener, answers));
        Ok(Self {
            #[cfg(test)]
            address,
            server,
        })
    }

    /// Where it listens.
    #[cfg(test)]
    pub(super) fn address(&self) -> SocketAddr {
        self.address
    }
}

impl Drop for Health {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, answers: Arc<Answers>) {
    let slots = Arc::new(Semaphore::new(MAX_CONNECTIONS));
    let mut connections = tokio::task::JoinSet::new();
    loop {
        while connections.try_join_next().is_some() {}
        let Ok(slot) = Arc::clone(&slots).acquire_owned().await else { return };
        let stream = match listener.accept().await {
            Ok((stream, _)) => stream,
            Err(error) => {
                tracing::warn!(error = %error, "health checks: accept failed");
                // Usually there are too many open files; trying at once would only use up the processor.
                tokio::time::sleep(Duration::from_millis(100)).await;
                continue;
            }
        };
        let answers = Arc::clone(&answers);
        connections.spawn(async move {
            let _slot = slot;
            let answer = service_fn(|request: Request<Incoming>| {
                let answers = Arc::clone(&answers);
                async move { Ok::<_, Infallible>(answers.answer(request.uri().path()).await) }
            });
            let connection = http1::Builder::new()
                .timer(TokioTimer::new())
                .header_read_timeout(HEAD)
                .serve_connection(TokioIo::new(stream), answer);
            // A client that goes away, or says nothing, is no event.
            let _ = tokio::time::timeout(CONNECTION, connection).await;
        });
    }
}

impl Answers {
    async fn answer(&self, path: &str) -> Response<String> {
        match path {
            "/live" => self.body(StatusCode::OK, "alive", None),
            "/ready" => self.body(StatusCode::OK, "ready", None),
            "/health" => match self.validate().await {
                Ok(()) => self.body(StatusCode::OK, "healthy", None),
                Err(error) => self.body(StatusCode::SERVICE_UNAVAILABLE, "unhealthy", Some(&error)),
            },
            _ => {
                let mut response = Response::new("404 page not found\n".to_owned());
                *response.status_mut() = StatusCode::NOT_FOUND;
                response
            }
        }
    }

    async fn validate(&self) -> Result<(), String> {
        let check = AssertUnwindSafe(self.connector.validate()).catch_unwind();
        match tokio::time::timeout(VALIDATE, check).await {
            Ok(Ok(Ok(_))) => Ok(()),
            Ok(Ok(Err(error))) => Err(error.to_string()),
            Ok(Err(_)) => Err("Internal Server Error".to_owned()),
            Err(_) => Err(format!("no answer within {} s", VALIDATE.as_secs())),
        }
    }

    fn body(&self, status: StatusCode, word: &str, error: Option<&str>) -> Response<String> {
        let mut body = json!({"status": word, "timestamp": seconds(self.clock.now())});
        if let (Some(error), Some(body)) = (error, body.as_object_mut()) {
            body.insert("details".to_owned(), json!({"error": "validation failed", "validation_error": error}));
        }
        let mut response = Response::new(format!("{body}\n"));
        *response.status_mut() = status;
        response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        response
    }
}

/// The instant in RFC 3339, to the second.
fn seconds(at: Timestamp) -> String {
    Timestamp::from_second(at.as_second()).unwrap_or(at).to_string()
}

#[cfg(test)]
mod tests;
