//! One kept HTTP/2 connection to the server.

use std::future::Future;
use std::pin::Pin;
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use http::{Request, Response};
use hyper::client::conn::http2::SendRequest;
use rustls::RootCertStore;
use tokio::time::Instant;
use tonic::Status;
use tower::{BoxError, Service};

use super::dial::Dialer;
use super::proxy::Proxies;
use super::{Body, chain};
use crate::error::Result;
use crate::runtime::Runtime;
use crate::service::options::Server;
use crate::service::wait::jittered;

/// How long is tried to connect before a call fails. Source: baton-service-mode §4.
const DIAL: Duration = Duration::from_secs(30);
/// The wait after the first failure to connect; each further one is 1.6 times as long.
const FIRST_WAIT: Duration = Duration::from_secs(1);
/// A connection that nobody used for so long may be dead without anybody knowing.
const MAX_QUIET: Duration = Duration::from_secs(90);

/// The way to the server over the network.
#[derive(Clone)]
pub(super) struct Https(Arc<Inner>);

struct Inner {
    dialer: Dialer,
    runtime: Runtime,
    kept: Mutex<Option<Kept>>,
    dialing: tokio::sync::Mutex<()>,
}

struct Kept {
    sender: SendRequest<Body>,
    serial: u64,
    used: Instant,
}

impl Https {
    pub(super) fn new(server: &Server, proxies: &Proxies, roots: RootCertStore, runtime: &Runtime) -> Result<Self> {
        let (kept, dialing) = (Mutex::default(), tokio::sync::Mutex::default());
        Ok(Self(Arc::new(Inner {
            dialer: Dialer::new(server, proxies, roots)?,
            runtime: runtime.clone(),
            kept,
            dialing,
        })))
    }
}

impl Service<Request<Body>> for Https {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let inner = Arc::clone(&self.0);
        Box::pin(async move { inner.send(request).await.map_err(BoxError::from) })
    }
}

impl Inner {
    async fn send(&self, mut request: Request<Body>) -> Result<Response<Body>, Status> {
        let mut again = true;
        loop {
            let (mut sender, serial) = self.connection().await?;
            // Also when the caller loses patience: the connection may be dead.
            let unless_answered = Discard { inner: self, serial };
            let error = match sender.try_send_request(request).await {
                Ok(response) => {
                    std::mem::forget(unless_answered);
                    return Ok(response.map(Body::new));
                }
                Err(error) => error,
            };
            drop(unless_answered);
            let mut error = error;
            match error.take_message() {
                // Nothing of it was sent: the connection was gone already.
                Some(unsent) if again => {
                    request = unsent;
                    again = false;
                }
                _ => return Err(Status::unavailable(format!("the connection broke: {}", chain(error.error())))),
            }
        }
    }

    /// The kept connection, or a new one.
    async fn connection(&self) -> Result<(SendRequest<Body>, u64), Status> {
        if let Some(kept) = self.usable() {
            return Ok(kept);
        }
        let _one_at_a_time = self.dialing.lock().await;
        if let Some(kept) = self.usable() {
            return Ok(kept);
        }
        let sender = self.dial().await?;
        let serial = self.runtime.rng.next_u64();
        *self.lock() = Some(Kept { sender: sender.clone(), serial, used: Instant::now() });
        Ok((sender, serial))
    }

    fn usable(&self) -> Option<(SendRequest<Body>, u64)> {
        let mut slot = self.lock();
        let now = Instant::now();
        let good = |kept: &Kept| !kept.sender.is_closed() && now.duration_since(kept.used) < MAX_QUIET;
        if !slot.as_ref().is_some_and(good) {
            *slot = None;
        }
        slot.as_mut().map(|kept| {
            kept.used = now;
            (kept.sender.clone(), kept.serial)
        })
    }

    /// Connects, again and again for 30 s; waits count in full even where they take no time.
    async fn dial(&self) -> Result<SendRequest<Body>, Status> {
        let mut left = DIAL;
        let mut wait = FIRST_WAIT;
        loop {
            let started = Instant::now();
            let error = match tokio::time::timeout(left, self.dialer.connect()).await {
                Ok(Ok(sender)) => return Ok(sender),
                Ok(Err(error)) => error,
                Err(_) => "it does not answer".to_owned(),
            };
            let pause = jittered(wait, self.runtime.rng.as_ref());
            left = left.saturating_sub(started.elapsed()).saturating_sub(pause);
            if left.is_zero() {
                let text = format!("connect to {}: {error}", self.dialer.goal());
                return Err(Status::unavailable(text));
            }
            tracing::debug!(error, wait = pause.as_secs_f64(), "cannot connect to the server; trying again");
            self.runtime.sleeper.sleep(pause).await;
            wait = wait.mul_f64(1.6);
        }
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Option<Kept>> {
        // Whatever is in it is whole.
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Forgets the connection when dropped; requests that are under way on it go on.
struct Discard<'a> {
    inner: &'a Inner,
    serial: u64,
}

impl Drop for Discard<'_> {
    fn drop(&mut self) {
        let mut slot = self.inner.lock();
        if slot.as_ref().is_some_and(|kept| kept.serial == self.serial) {
            *slot = None;
        }
    }
}
