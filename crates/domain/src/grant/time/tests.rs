use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};

use super::{TooLong, check, choices, extended, notice_at};

const WEEK: [Weekday; 5] = [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

fn at(text: &str) -> Timestamp {
    text.parse().unwrap()
}

fn hours(hours: i64) -> SignedDuration {
    SignedDuration::from_hours(hours)
}

#[test]
fn r_d_2_what_is_above_the_cap_is_not_offered_and_not_taken() {
    assert_eq!(choices(Some(hours(8))).collect::<Vec<_>>(), [hours(1), hours(4), hours(8)]);
    assert_eq!(choices(None).count(), 7);
    assert_eq!(check(Some(hours(8)), Some(hours(8))), Ok(()));
    assert_eq!(check(Some(hours(9)), Some(hours(8))), Err(TooLong::Cap(hours(8))));
    assert_eq!(check(None, Some(hours(8))), Err(TooLong::Permanent(hours(8))));
    assert_eq!(check(None, None), Ok(()));
    assert_eq!(TooLong::Cap(hours(8)).to_string(), "at most 8h may be asked for");
}

#[test]
fn r_d_3_the_notice_comes_by_the_length_of_the_grant() {
    let start = at("2026-11-23T09:06:03Z");
    for (end, notice) in [
        ("2026-11-23T12:06:03Z", Some("2026-11-23T11:21:03Z")),
        ("2026-11-23T10:06:02Z", None),
        ("2026-11-23T10:06:03Z", Some("2026-11-23T09:51:03Z")),
        // Ten days, ending on a Thursday: Wednesday, Tuesday, Monday.
        ("2026-12-03T09:06:03Z", Some("2026-11-30T09:06:03Z")),
        // Ending on a Monday: Friday, Thursday, Wednesday.
        ("2026-12-07T09:06:03Z", Some("2026-12-02T09:06:03Z")),
    ] {
        assert_eq!(notice_at(start, at(end), &WEEK, &TimeZone::UTC), notice.map(at), "until {end}");
    }
}

#[test]
fn r_d_3_working_days_are_those_of_the_tenants_zone() {
    let zone = TimeZone::posix("NZST-12NZDT,M9.5.0,M4.1.0/3").unwrap();
    // Sunday evening in UTC is Monday morning in New Zealand.
    let told = notice_at(at("2026-11-01T00:00:00Z"), at("2026-11-22T20:00:00Z"), &WEEK, &zone);
    assert_eq!(told, Some(at("2026-11-17T20:00:00Z")));
}

#[test]
fn r_d_4_an_extension_counts_from_the_old_end_up_to_three_caps() {
    let (start, end) = (at("2026-11-23T09:00:00Z"), at("2026-11-23T17:00:00Z"));
    assert_eq!(extended(start, end, hours(8), Some(hours(8))), Ok(at("2026-11-24T01:00:00Z")));
    assert_eq!(extended(start, end, hours(17), Some(hours(8))), Err(TooLong::Total(hours(24))));
    assert_eq!(extended(start, end, hours(1_000), None), Ok(at("2027-01-04T09:00:00Z")));
}
