//! Waits between attempts.

use std::time::Duration;

use ids::Rng;

/// Something between half of the wait and all of it, so that not everybody comes back at the same moment.
pub(super) fn jittered(wait: Duration, rng: &dyn Rng) -> Duration {
    let part = rng.next_u64() % 1000;
    let millis = u64::try_from(wait.as_millis()).unwrap_or(u64::MAX);
    Duration::from_millis(millis - millis / 2 * part / 1000)
}

/// How long to wait for the next question after the `errors`-th error in a row: n² s, at most a minute.
///
/// Source: baton-service-mode §7.
pub(super) fn after_errors(errors: u64, rng: &dyn Rng) -> Duration {
    jittered(Duration::from_secs(errors.saturating_mul(errors).min(60)), rng)
}

/// What a server asks for, within bounds; nothing, and anything negative, is zero.
pub(super) fn asked(wait: Option<&proto::Duration>, most: Duration) -> Duration {
    let wait = wait.and_then(|wait| Some((u64::try_from(wait.seconds).ok()?, u32::try_from(wait.nanos).ok()?)));
    let (seconds, nanos) = wait.unwrap_or_default();
    Duration::from_secs(seconds).saturating_add(Duration::from_nanos(nanos.into())).min(most)
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SeededRng;

    #[test]
    fn waits_are_within_their_bounds() {
        let rng = SeededRng::new(1);
        for (errors, most) in [(1, 1), (2, 4), (3, 9), (7, 49), (8, 60), (u64::MAX, 60)] {
            let (least, most) = (Duration::from_millis(most * 500), Duration::from_secs(most));
            for _ in 0..50 {
                let wait = after_errors(errors, &rng);
                assert!((least..=most).contains(&wait), "{errors}: {wait:?}");
            }
        }
    }

    #[test]
    fn what_servers_ask_for_is_clamped() {
        let most = Duration::from_mins(5);
        for (seconds, nanos, expect) in [
            (15, 0, Duration::from_secs(15)),
            (0, 500_000_000, Duration::from_millis(500)),
            (-1, 0, Duration::ZERO),
            (301, 0, most),
            (i64::MAX, 0, most),
            (i64::MIN, 0, Duration::ZERO),
        ] {
            assert_eq!(asked(Some(&proto::Duration { seconds, nanos }), most), expect);
        }
        assert_eq!(asked(None, most), Duration::ZERO);
    }
}
