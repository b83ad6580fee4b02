use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{Overdue, Sla};

fn due(working_hours: bool, hours: i64, opened_at: &str) -> (String, String) {
    let zone = TimeZone::get("Europe/Zurich").unwrap();
    let after = SignedDuration::from_hours(hours);
    let sla = Sla { after, then: Overdue::Skip, comment: String::new(), working_hours };
    let opened_at: Timestamp = opened_at.parse().unwrap();
    (sla.reminder(opened_at, &zone).to_string(), sla.due(opened_at, &zone).to_string())
}

#[test]
fn r_p_7_the_reminder_comes_at_half_of_the_time() {
    let expect = ("2026-11-20T20:00:00Z".to_owned(), "2026-11-21T00:00:00Z".to_owned());
    assert_eq!(due(false, 8, "2026-11-20T16:00:00Z"), expect);
}

#[test]
fn r_p_7_working_hours_are_those_of_the_tenants_zone() {
    for (hours, opened_at, reminder, end) in [
        // A Friday afternoon at 15:00 in Zurich: two hours are left, the rest is on Monday.
        (8, "2026-11-20T14:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T14:00:00Z"),
        // Before work begins, after it, and on a Saturday.
        (4, "2026-11-23T05:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z"),
        (4, "2026-11-23T20:00:00Z", "2026-11-24T10:00:00Z", "2026-11-24T12:00:00Z"),
        (4, "2026-11-21T10:00:00Z", "2026-11-23T10:00:00Z", "2026-11-23T12:00:00Z"),
        // Exactly until the evening.
        (8, "2026-11-23T08:00:00Z", "2026-11-23T12:00:00Z", "2026-11-23T16:00:00Z"),
        // The clock goes forward on the Sunday between.
        (16, "2026-03-27T08:00:00Z", "2026-03-27T16:00:00Z", "2026-03-30T15:00:00Z"),
    ] {
        assert_eq!(due(true, hours, opened_at), (reminder.to_owned(), end.to_owned()), "{hours} h from {opened_at}");
    }
}
