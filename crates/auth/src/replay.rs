//! Whether a proof is shown for the first time, at each call of a connector that uses DPoP.
//!
//! PostgreSQL is shared by several server processes, so proofs are remembered there. The embedded SQLite has one
//! process, and its one writer must not wait for each poll of each connector, so this process remembers by itself. What
//! it remembers is lost when it ends; therefore, for as long as a proof from before could still be good, it accepts only
//! proofs with a nonce that was made since.

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use dpop::Replay;
use jiff::{SignedDuration, Timestamp};
use store::{Engine, Store};

/// How long a proof can be good, at most, from when it was first seen; and more.
const WINDOW: SignedDuration = SignedDuration::from_mins(5);
/// How many proofs are remembered at most, twice: about 16 MB each, enough for 3,000 calls a second.
const MAX: usize = 1_000_000;

/// Why a proof is not let through.
#[derive(Debug, thiserror::Error)]
pub(crate) enum ReplayError {
    #[error("it was shown before")]
    Seen,
    #[error("too many proofs are remembered")]
    Full,
    #[error(transparent)]
    Store(#[from] store::Error),
}

/// Remembers proofs.
#[derive(Debug)]
pub(crate) enum Guard {
    /// In the database.
    Shared,
    /// In this process.
    Own(Own),
}

#[derive(Debug)]
pub(crate) struct Own {
    since: Timestamp,
    seen: Mutex<Seen>,
}

/// Two sets that take turns: what was seen stays for one turn at least, and for two at most.
#[derive(Debug)]
struct Seen {
    current: HashSet<[u8; 16]>,
    former: HashSet<[u8; 16]>,
    turned_at: Timestamp,
}

impl Guard {
    /// The guard for this store.
    pub(crate) fn new(store: &Store) -> Self {
        match store.engine() {
            Engine::Postgres => Self::Shared,
            Engine::Sqlite => Self::Own(Own::new(store.now())),
        }
    }

    /// The instant from which nonces count, if only proofs with a nonce are accepted now.
    pub(crate) fn nonce_since(&self, now: Timestamp) -> Option<Timestamp> {
        match self {
            Self::Own(own) if now.duration_since(own.since) <= WINDOW => Some(own.since),
            _ => None,
        }
    }

    /// Remembers the proof.
    pub(crate) async fn admit(&self, replay: Replay, store: &Store) -> Result<(), ReplayError> {
        match self {
            Self::Own(own) => own.admit(&replay.key, store.now()),
            Self::Shared => {
                let mut tx = store.begin().await?;
                let fresh = store::replay::remember(tx.conn(), &[(replay.key, replay.expires_at)]).await?;
                tx.commit().await?;
                if fresh == [true] { Ok(()) } else { Err(ReplayError::Seen) }
            }
        }
    }
}

impl Own {
    fn new(now: Timestamp) -> Self {
        // Nonces are exact to the millisecond; one that was made right after the start must not look older.
        let since = Timestamp::from_millisecond(now.as_millisecond()).unwrap_or(now);
        let seen = Seen { current: HashSet::new(), former: HashSet::new(), turned_at: now };
        Self { since, seen: Mutex::new(seen) }
    }

    fn admit(&self, key: &[u8; 32], now: Timestamp) -> Result<(), ReplayError> {
        let key: [u8; 16] = key.first_chunk().copied().unwrap_or_default();
        let mut seen = self.seen.lock().unwrap_or_else(PoisonError::into_inner);
        if now.duration_since(seen.turned_at) > WINDOW {
            let kept = std::mem::take(&mut seen.current);
            // After a pause of a whole turn nothing of before can be good any more, but keeping it costs nothing.
            seen.former = kept;
            seen.turned_at = now;
        }
        if seen.former.contains(&key) || seen.current.contains(&key) {
            return Err(ReplayError::Seen);
        }
        if seen.current.len() >= MAX {
            return Err(ReplayError::Full);
        }
        seen.current.insert(key);
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(seconds: i64) -> Timestamp {
        Timestamp::from_second(1_700_000_000 + seconds).unwrap()
    }

    #[test]
    fn a_proof_is_let_through_once_for_as_long_as_it_can_be_good() {
        let own = Own::new(at(0));
        let admitted = |key: u8, seconds: i64| own.admit(&[key; 32], at(seconds)).is_ok();
        assert!(admitted(1, 299));
        assert!(!admitted(1, 299));
        assert!(admitted(2, 301), "the sets take turns");
        for seconds in [301, 400, 599] {
            assert!(!admitted(1, seconds), "{seconds}");
        }
        assert!(admitted(3, 602));
        assert!(!admitted(2, 602));
        assert!(admitted(1, 603), "forgotten, when the proof itself is long over");
    }

    #[test]
    fn a_process_that_remembers_by_itself_asks_for_nonces_at_first() {
        let guard = Guard::Own(Own::new(at(0)));
        assert_eq!(guard.nonce_since(at(300)), Some(at(0)));
        assert_eq!(guard.nonce_since(at(301)), None);
        assert_eq!(Guard::Shared.nonce_since(at(0)), None);
    }
}
