//! How often something may be asked for: by one client, and from one address.
//!
//! Connectors on the upstream SDK give up for good when they are refused here, so the limits are far above what any of
//! them needs; they end loops and guessing. Each server process counts for itself.

use std::hash::{BuildHasher as _, RandomState};
use std::net::{IpAddr, Ipv6Addr};
use std::num::NonZeroU32;
use std::time::Duration;

use governor::clock::{Clock, MonotonicClock};
use governor::middleware::NoOpMiddleware;
use governor::state::keyed::DashMapStateStore;
use governor::{Quota, RateLimiter};

/// How many clients and addresses are remembered; beyond that the quiet ones are forgotten.
const KEYS: usize = 100_000;

/// How many requests for a token are answered in a minute; as many may come at once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// Of one client id.
    pub per_client: NonZeroU32,
    /// From one address; from one /64 network of IPv6.
    pub per_address: NonZeroU32,
}

impl Default for Limits {
    fn default() -> Self {
        let of = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        Self { per_client: of(60), per_address: of(6_000) }
    }
}

type Keyed<C> = RateLimiter<u64, DashMapStateStore<u64>, C, NoOpMiddleware<<C as Clock>::Instant>>;

/// Who has asked lately.
#[derive(Debug)]
pub(crate) struct Throttle<C: Clock + Clone = MonotonicClock> {
    clients: Keyed<C>,
    addresses: Keyed<C>,
    clock: C,
    /// Keys are hashes under a secret of this process: nobody can choose texts that share one.
    hasher: RandomState,
}

impl<C: Clock + Clone> Throttle<C> {
    pub(crate) fn new(limits: Limits, clock: &C) -> Self {
        let limiter = |limit| RateLimiter::new(Quota::per_minute(limit), DashMapStateStore::default(), clock.clone());
        Self {
            clients: limiter(limits.per_client),
            addresses: limiter(limits.per_address),
            clock: clock.clone(),
            hasher: RandomState::new(),
        }
    }

    /// Counts a request from this address.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub(crate) fn address(&self, from: IpAddr) -> Result<(), Duration> {
        let network = match from.to_canonical() {
            IpAddr::V6(address) => IpAddr::V6(Ipv6Addr::from_bits(address.to_bits() >> 64 << 64)),
            address @ IpAddr::V4(_) => address,
        };
        self.count(&self.addresses, self.hasher.hash_one(network))
    }

    /// Counts a request of this client.
    ///
    /// # Errors
    /// How long to wait, when there were too many.
    pub(crate) fn client(&self, id: &str) -> Result<(), Duration> {
        self.count(&self.clients, self.hasher.hash_one(id))
    }

    fn count(&self, limiter: &Keyed<C>, key: u64) -> Result<(), Duration> {
        if limiter.len() > KEYS {
            limiter.retain_recent();
        }
        limiter.check_key(&key).map_err(|until| until.wait_time_from(self.clock.now()))
    }
}

#[cfg(test)]
mod tests {
    use governor::clock::FakeRelativeClock;

    use super::*;

    #[test]
    fn each_client_and_each_address_has_its_own_limit() {
        let of = |number| NonZeroU32::new(number).unwrap();
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::new(Limits { per_client: of(60), per_address: of(6) }, &clock);
        for _ in 0..60 {
            assert_eq!(throttle.client("a"), Ok(()));
        }
        assert_eq!(throttle.client("a"), Err(Duration::from_secs(1)));
        assert_eq!(throttle.client("b"), Ok(()));
        clock.advance(Duration::from_secs(1));
        assert_eq!(throttle.client("a"), Ok(()));
        assert!(throttle.client("a").is_err());

        for (same, last) in
            [(["192.0.2.1", "::ffff:192.0.2.1"], "192.0.2.1"), (["2001:db8::1", "2001:db8::ffff:1"], "2001:db8::2")]
        {
            for address in same.into_iter().cycle().take(6) {
                assert_eq!(throttle.address(address.parse().unwrap()), Ok(()), "{address}");
            }
            assert!(throttle.address(last.parse().unwrap()).is_err(), "{last}");
        }
        assert_eq!(throttle.address("2001:db8:0:1::1".parse().unwrap()), Ok(()));
    }

    #[test]
    fn who_is_quiet_is_forgotten() {
        let of = |number| NonZeroU32::new(number).unwrap();
        let clock = FakeRelativeClock::default();
        let throttle = Throttle::new(Limits { per_client: of(60), per_address: of(6) }, &clock);
        for number in 0..=KEYS {
            assert_eq!(throttle.client(&number.to_string()), Ok(()));
        }
        clock.advance(Duration::from_mins(2));
        assert_eq!(throttle.client("one more"), Ok(()));
        assert!(throttle.clients.len() < 10, "{}", throttle.clients.len());
    }
}
