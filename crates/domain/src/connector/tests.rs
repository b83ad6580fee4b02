use super::*;

const NOW: &str = "2026-11-23T08:00:00Z";

fn now() -> Timestamp {
    NOW.parse().unwrap()
}

fn healthy() -> Facts {
    Facts {
        hosting: Hosting::SelfHosted,
        pause: None,
        missing_settings: Vec::new(),
        has_credential: true,
        first_contact: Some(now() - SignedDuration::from_hours(24)),
        last_contact: Some(now()),
        poll_interval: Duration::from_secs(15),
        open_hold: false,
        open_sync: None,
        is_applied: true,
        last_error: None,
    }
}

fn open(trigger: Trigger, seconds: i64) -> OpenSync {
    OpenSync { state: SyncState::Running, trigger, since: now() - SignedDuration::from_secs(seconds) }
}

#[test]
fn t_c_the_first_that_fits_is_the_status() {
    let check = |change: fn(&mut Facts), expected: Status| {
        let mut facts = healthy();
        change(&mut facts);
        let (status, reason) = status(&facts, now());
        assert_eq!(status, expected, "{facts:?}: {reason}");
        assert!(reason.ends_with('.') || status == Status::Error, "{reason}");
    };
    check(|_| {}, Status::Connected);
    check(|facts| facts.pause = Some(Some("holidays".to_owned())), Status::Disabled);
    check(|facts| (facts.pause, facts.open_hold) = (Some(None), true), Status::Disabled);
    check(|facts| facts.has_credential = false, Status::Incomplete);
    check(|facts| facts.first_contact = None, Status::Waiting);
    check(
        |facts| (facts.hosting, facts.missing_settings) = (Hosting::Hosted, vec!["Token".to_owned()]),
        Status::Incomplete,
    );
    check(|facts| (facts.hosting, facts.first_contact) = (Hosting::Hosted, None), Status::Connected);
    check(|facts| (facts.open_hold, facts.open_sync) = (true, Some(open(Trigger::Manual, 1))), Status::Held);
    check(|facts| facts.open_sync = Some(open(Trigger::Manual, 1)), Status::Syncing);
    check(|facts| facts.open_sync = Some(open(Trigger::Schedule, 1)), Status::Connected);
    check(|facts| facts.open_sync = Some(open(Trigger::Schedule, 6)), Status::Syncing);
    check(|facts| (facts.is_applied, facts.open_sync) = (false, Some(open(Trigger::Schedule, 1))), Status::Syncing);
    check(|facts| facts.last_error = Some("no such host".to_owned()), Status::Error);
    check(|facts| facts.last_contact = Some(now() - SignedDuration::from_mins(16)), Status::Silent);
    check(|facts| facts.last_contact = Some(now() - SignedDuration::from_mins(14)), Status::Connected);
    check(
        |facts| {
            facts.poll_interval = Duration::from_mins(10);
            facts.last_contact = Some(now() - SignedDuration::from_mins(29));
        },
        Status::Connected,
    );
    check(
        |facts| {
            facts.hosting = Hosting::Hosted;
            facts.last_contact = Some(now() - SignedDuration::from_hours(16));
        },
        Status::Connected,
    );
}

#[test]
fn labels_are_those_of_the_product_page() {
    assert_eq!(Status::Syncing.label(), "Syncing");
    assert_eq!(Status::Connected.label(), "Connected");
}

#[test]
fn catalog_ids_are_unique() {
    for entry in CATALOG {
        assert_eq!(catalog_entry(entry.id), Some(entry));
    }
    assert_eq!(catalog_entry("nothing"), None);
}
