//! How many requests a caller may send: a burst, then a steady rate.
//!
//! Answers say where the caller stands in `RateLimit-Limit`, `RateLimit-Remaining` and `RateLimit-Reset`.
//!
//! Source: governance §5.

use std::num::NonZeroU32;

use axum::extract::{Request, State};
use axum::http::HeaderValue;
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governance::{Caller, Code};
use governor::clock::{Clock as _, DefaultClock};
use governor::middleware::StateInformationMiddleware;
use governor::state::keyed::DefaultKeyedStateStore;
use governor::{Quota, RateLimiter};

use super::problem::Problem;
use crate::Api;

/// How many requests a second a caller may send in the long run.
const STEADY_PER_S: NonZeroU32 = NonZeroU32::new(100).unwrap();
/// How many at once.
const BURST: NonZeroU32 = NonZeroU32::new(500).unwrap();
/// From how many callers on those that have been quiet are forgotten.
const MOST_CALLERS: usize = 10_000;

/// The counts of all callers.
pub(crate) struct Limits {
    counts: RateLimiter<String, DefaultKeyedStateStore<String>, DefaultClock, StateInformationMiddleware>,
    clock: DefaultClock,
}

impl Limits {
    pub(crate) fn new() -> Self {
        let quota = Quota::per_second(STEADY_PER_S).allow_burst(BURST);
        let counts = RateLimiter::keyed(quota).with_middleware::<StateInformationMiddleware>();
        Self { counts, clock: DefaultClock::default() }
    }
}

/// Refuses what a caller sends beyond its limit, and tells every caller where it stands.
pub(crate) async fn limit(State(api): State<Api>, request: Request, next: Next) -> Response {
    let Some(who) = request.extensions().get::<Caller>().map(|caller| caller.actor.to_string()) else {
        return next.run(request).await;
    };
    let limits = api.limits();
    if limits.counts.len() > MOST_CALLERS {
        limits.counts.retain_recent();
    }
    let (mut response, remaining, reset_s) = match limits.counts.check_key(&who) {
        Ok(state) => {
            let remaining = state.remaining_burst_capacity();
            let missing = BURST.get().saturating_sub(remaining);
            (next.run(request).await, remaining, u64::from(missing.div_ceil(STEADY_PER_S.get())))
        }
        Err(refused) => {
            let wait_s = refused.wait_time_from(limits.clock.now()).as_secs().max(1);
            let mut problem = Problem::new(Code::ResourceExhausted, "this caller sends more requests than it may");
            problem.retry_after_s = Some(wait_s);
            (problem.into_response(), 0, wait_s)
        }
    };
    let headers = response.headers_mut();
    headers.insert("ratelimit-limit", HeaderValue::from(BURST.get()));
    headers.insert("ratelimit-remaining", HeaderValue::from(remaining));
    headers.insert("ratelimit-reset", HeaderValue::from(reset_s));
    response
}
