//! Whether anything is going on at a connection, so that idle ones can be closed.

use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};
use tokio::time::Instant;

/// What goes on at one connection.
#[derive(Debug)]
pub(super) struct Activity {
    opened: Instant,
    /// Requests that are not yet answered to their end.
    open: AtomicUsize,
    /// Milliseconds from `opened` to the end of the last request; 0 before there was one.
    last: AtomicU64,
}

impl Activity {
    pub(super) fn new() -> Arc<Self> {
        Arc::new(Self { opened: Instant::now(), open: AtomicUsize::new(0), last: AtomicU64::new(0) })
    }

    /// A request begins; it ends when what is returned is dropped.
    pub(super) fn begin(self: &Arc<Self>) -> Request {
        self.open.fetch_add(1, Ordering::Relaxed);
        Request(Arc::clone(self))
    }

    /// How long nothing has gone on; `None` while something does.
    pub(super) fn idle(&self) -> Option<Idle> {
        if self.open.load(Ordering::Relaxed) > 0 {
            return None;
        }
        let last = self.last.load(Ordering::Relaxed);
        let since = self.opened.elapsed().saturating_sub(Duration::from_millis(last));
        Some(if last == 0 { Idle::Untouched(since) } else { Idle::Between(since) })
    }
}

/// How long nothing has gone on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Idle {
    /// Since the connection was opened: there was no request yet.
    Untouched(Duration),
    /// Since the last request.
    Between(Duration),
}

/// A request under way.
#[derive(Debug)]
pub(super) struct Request(Arc<Activity>);

impl Drop for Request {
    fn drop(&mut self) {
        let millis = self.0.opened.elapsed().as_millis();
        self.0.last.store(u64::try_from(millis).unwrap_or(u64::MAX).max(1), Ordering::Relaxed);
        self.0.open.fetch_sub(1, Ordering::Relaxed);
    }
}

/// The body of an answer; the request has ended when it was sent, or is dropped.
#[derive(Debug)]
pub(super) struct Answer {
    pub(super) body: Body,
    #[expect(dead_code, reason = "ends the request when dropped")]
    pub(super) request: Request,
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, context: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        Pin::new(&mut self.get_mut().body).poll_frame(context)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
