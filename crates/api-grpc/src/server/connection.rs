//! The life of one connection: TLS or not, HTTP/1.1 or HTTP/2, until it is idle or the server ends.

use std::net::SocketAddr;
use std::pin::pin;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::extract::ConnectInfo;
use http::{Request, Response};
use hyper::body::Incoming;
use hyper::rt::{Read, Write};
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use hyper_util::server::conn::auto;
use tokio::net::TcpStream;
use tokio::time::timeout;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;
use tower::Service as _;

use super::activity::{Activity, Answer, Idle};
use super::{Limits, Protection};

/// The first byte of a TLS connection: a handshake record. Source: RFC 8446 §5.1.
const TLS_HANDSHAKE: u8 = 22;

/// How often a connection looks whether it has been idle for too long: how many others are open changes meanwhile.
const LOOK: Duration = Duration::from_secs(5);
/// How long a closing connection without requests may take to end.
const LINGER: Duration = Duration::from_secs(5);
/// How often a client that is silent is asked whether it is still there.
const PING: Duration = Duration::from_mins(1);
/// How long it may take to say so.
const PONG: Duration = Duration::from_secs(20);
/// How much of an upload is on its way before the server has read it.
const STREAM_WINDOW_BYTES: u32 = 1 << 20;
/// The same for all streams of a connection.
const CONNECTION_WINDOW_BYTES: u32 = 2 << 20;
/// How many requests a connection carries at the same time.
const STREAMS: u32 = 128;
/// The longest headers of a request.
const HEADER_BYTES: u32 = 32 << 10;

type Error = Box<dyn std::error::Error + Send + Sync>;

/// What all connections of a listener share.
pub(super) struct Shared {
    tls: Option<TlsAcceptor>,
    plain: bool,
    router: Router,
    limits: Limits,
    cancel: CancellationToken,
    /// Those that are open.
    connections: TaskTracker,
    http: auto::Builder<TokioExecutor>,
}

impl Shared {
    pub(super) fn new(
        protection: Protection,
        router: Router,
        limits: Limits,
        cancel: CancellationToken,
        connections: TaskTracker,
    ) -> Self {
        let plain = !matches!(protection, Protection::Tls(_));
        let tls = match protection {
            Protection::Plain => None,
            Protection::Tls(certificate) | Protection::TlsOrPlain(certificate) => {
                Some(TlsAcceptor::from(certificate.config()))
            }
        };
        let mut http = auto::Builder::new(TokioExecutor::new());
        http.http1().timer(TokioTimer::new()).header_read_timeout(limits.first_request);
        http.http2()
            .timer(TokioTimer::new())
            .keep_alive_interval(PING)
            .keep_alive_timeout(PONG)
            .max_concurrent_streams(STREAMS)
            .max_header_list_size(HEADER_BYTES)
            .initial_stream_window_size(STREAM_WINDOW_BYTES)
            .initial_connection_window_size(CONNECTION_WINDOW_BYTES);
        Self { tls, plain, router, limits, cancel, connections, http }
    }

    /// How long the connection may go on without anything new; `None` when it has been idle for too long.
    fn left(&self, idle: Option<Idle>) -> Option<Duration> {
        left(idle, &self.limits, self.connections.len()).map(|left| left.min(LOOK))
    }
}

/// Answers one connection until it ends.
pub(super) async fn answer(stream: TcpStream, peer: SocketAddr, shared: &Arc<Shared>) -> Result<(), Error> {
    stream.set_nodelay(true)?;
    let acceptor = match &shared.tls {
        Some(acceptor) if !shared.plain || timeout(shared.limits.first_request, begins_tls(&stream)).await?? => {
            acceptor
        }
        _ => return requests(TokioIo::new(stream), peer, shared).await,
    };
    let stream = timeout(shared.limits.handshake, acceptor.accept(stream)).await??;
    requests(TokioIo::new(stream), peer, shared).await
}

async fn begins_tls(stream: &TcpStream) -> std::io::Result<bool> {
    let mut first = [0];
    Ok(stream.peek(&mut first).await? == 1 && first == [TLS_HANDSHAKE])
}

async fn requests(
    io: impl Read + Write + Unpin + 'static,
    peer: SocketAddr,
    shared: &Arc<Shared>,
) -> Result<(), Error> {
    let activity = Activity::new();
    let router = shared.router.clone();
    let service = hyper::service::service_fn(|mut request: Request<Incoming>| {
        let (mut router, request_under_way) = (router.clone(), activity.begin());
        async move {
            request.extensions_mut().insert(ConnectInfo(peer));
            let answer: Result<Response<_>, _> = router.call(request).await;
            answer.map(|answer| answer.map(|body| Answer { body, request: request_under_way }))
        }
    });
    let mut connection = pin!(shared.http.serve_connection(io, service));
    let mut closing = false;
    let mut look = shared.limits.first_request.min(LOOK);
    loop {
        tokio::select! {
            ended = connection.as_mut() => return ended,
            () = shared.cancel.cancelled(), if !closing => {
                closing = true;
                look = LINGER;
                connection.as_mut().graceful_shutdown();
            }
            () = tokio::time::sleep(look) => match shared.left(activity.idle()) {
                // The client was told to go, has nothing under way, and stays.
                _ if closing && activity.idle().is_some() => return Ok(()),
                _ if closing => {}
                Some(left) => look = left,
                None => {
                    closing = true;
                    look = LINGER;
                    connection.as_mut().graceful_shutdown();
                }
            },
        }
    }
}

/// [`Shared::left`] with this many connections open.
fn left(idle: Option<Idle>, limits: &Limits, open: usize) -> Option<Duration> {
    let (limit, idle) = match idle {
        None => return Some(limits.idle),
        Some(Idle::Untouched(idle)) => (limits.first_request, idle),
        Some(Idle::Between(idle)) if open >= limits.crowd => (limits.idle_in_a_crowd, idle),
        Some(Idle::Between(idle)) => (limits.idle, idle),
    };
    limit.checked_sub(idle).filter(|left| !left.is_zero())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn idle_connections_end_and_busy_ones_stay() {
        let secs = Duration::from_secs;
        let limits = Limits {
            first_request: secs(20),
            idle: secs(300),
            crowd: 10,
            idle_in_a_crowd: secs(5),
            ..Limits::default()
        };
        for (idle, open, expected) in [
            (None, 1, Some(secs(300))),
            (None, 10, Some(secs(300))),
            (Some(Idle::Untouched(secs(5))), 1, Some(secs(15))),
            (Some(Idle::Untouched(secs(5))), 10, Some(secs(15))),
            (Some(Idle::Untouched(secs(20))), 1, None),
            (Some(Idle::Between(secs(20))), 9, Some(secs(280))),
            (Some(Idle::Between(secs(4))), 10, Some(secs(1))),
            (Some(Idle::Between(secs(20))), 10, None),
            (Some(Idle::Between(secs(301))), 1, None),
        ] {
            assert_eq!(left(idle, &limits, open), expected, "{idle:?} among {open}");
        }
    }
}
