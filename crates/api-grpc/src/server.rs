//! One port for everything: the accept loop, and the life of a connection.
//!
//! Start at [`serve`]. Upstream connectors open a TLS connection for each call, so accepting one is cheap: sessions
//! resume, nothing is looked up per connection. Every wait has an end, and the number of connections has a bound.
//!
//! Source: baton-service-mode §4, §16 items 1, 6, 7.

mod activity;
pub mod certificate;
mod connection;
mod reload;

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::Semaphore;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use self::certificate::Certificate;
use self::connection::Shared;

/// How long to wait after the machine could not accept a connection, for example because files ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);

/// How connections are protected.
#[derive(Debug, Clone)]
pub enum Protection {
    /// Not at all: a proxy in front does it.
    Plain,
    /// By TLS.
    Tls(Certificate),
    /// By TLS, and plain connections are answered as well: for a server on a loopback address.
    TlsOrPlain(Certificate),
}

/// The bounds of the accept loop.
#[derive(Debug, Clone, Copy)]
pub struct Limits {
    /// How many connections are open at the same time; further ones wait to be accepted.
    pub connections: usize,
    /// How long a TLS handshake may take.
    pub handshake: Duration,
    /// How long a new connection may stay without a request.
    pub first_request: Duration,
    /// How long a connection may stay between two requests.
    pub idle: Duration,
    /// From how many open connections on they may stay for [`Limits::idle_in_a_crowd`] only: each costs about 50 KiB.
    pub crowd: usize,
    /// How long a connection may stay between two requests when many are open.
    pub idle_in_a_crowd: Duration,
    /// How long requests may go on after the end was asked for.
    pub drain: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connections: 20_000,
            handshake: Duration::from_secs(10),
            first_request: Duration::from_secs(20),
            idle: Duration::from_mins(6),
            crowd: 4_000,
            idle_in_a_crowd: Duration::from_secs(5),
            drain: Duration::from_secs(25),
        }
    }
}

/// Answers on this listener until `cancel`, then takes no more connections, tells the open ones to go (GOAWAY), and
/// waits for their requests, at most [`Limits::drain`].
///
/// Each request carries `ConnectInfo<SocketAddr>`, the address of whoever is connected, in its extensions.
pub async fn serve(
    listener: TcpListener,
    protection: Protection,
    router: Router,
    limits: Limits,
    cancel: CancellationToken,
) {
    let connections = TaskTracker::new();
    let abandon = CancellationToken::new();
    let reloads = match &protection {
        Protection::Plain => None,
        Protection::Tls(certificate) | Protection::TlsOrPlain(certificate) => {
            Some(tokio::spawn(certificate.clone().watch(cancel.clone())))
        }
    };
    let shared = Arc::new(Shared::new(protection, router, limits, cancel.clone(), connections.clone()));
    let places = Arc::new(Semaphore::new(limits.connections));
    loop {
        let place = tokio::select! {
            () = cancel.cancelled() => break,
            place = Arc::clone(&places).acquire_owned() => place,
        };
        let accepted = tokio::select! {
            () = cancel.cancelled() => break,
            accepted = listener.accept() => accepted,
        };
        match accepted {
            Ok((stream, peer)) => {
                let (shared, abandon) = (Arc::clone(&shared), abandon.clone());
                connections.spawn(async move {
                    abandon.run_until_cancelled(answer(stream, peer, shared)).await;
                    drop(place);
                });
            }
            Err(error) if concerns_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(error = &error as &dyn std::error::Error, "can't accept a connection");
                tokio::time::sleep(ACCEPT_PAUSE).await;
            }
        }
    }
    drop(listener);
    connections.close();
    if tokio::time::timeout(limits.drain, connections.wait()).await.is_err() {
        tracing::warn!(connections = connections.len(), "requests still run at the end of the server; they are cut");
        abandon.cancel();
        connections.wait().await;
    }
    if let Some(reloads) = reloads {
        // It ends with `cancel`, and has nothing to say.
        let _ = reloads.await;
    }
}

async fn answer(stream: TcpStream, peer: SocketAddr, shared: Arc<Shared>) {
    if let Err(error) = connection::answer(stream, peer, &shared).await {
        // What strangers send is no concern of whoever runs the server.
        tracing::debug!(peer.address = %peer, "a connection ended: {error}");
    }
}

fn concerns_one_connection(error: &std::io::Error) -> bool {
    use std::io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
