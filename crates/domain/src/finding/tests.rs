use super::*;

#[test]
fn t_f_only_what_is_listed_is_possible() {
    use {State as S, Step as T};
    let steps = [T::Accept, T::Snooze, T::Suppress, T::Remedy, T::TimeOver, T::Absent, T::SeenAgain, T::Reopen];
    for (state, row) in [
        (S::Open, "acc sno sup rem - res - -"),
        (S::Accepted, "- - - - ope res - ope"),
        (S::Snoozed, "- - - - ope res - ope"),
        (S::Suppressed, "- - - - - - - ope"),
        (S::Remedied, "- - - - - res ope ope"),
        (S::Resolved, "- - - - - - ope ope"),
    ] {
        let found: Vec<&str> =
            steps.iter().map(|step| state.after(*step).map_or("-", |after| after.name().split_at(3).0)).collect();

        assert_eq!(found.join(" "), row, "{state}");
    }
}

#[test]
fn t_f2_a_finding_is_accepted_for_a_year_at_most() {
    let now: Timestamp = "2026-11-23T08:00:00Z".parse().unwrap();
    for (until, expected) in [
        ("2026-11-23T08:00:00Z", false),
        ("2026-11-23T09:00:00Z", true),
        ("2027-11-23T08:00:00Z", true),
        ("2027-12-01T08:00:00Z", false),
    ] {
        assert_eq!(may_accept_until(until.parse().unwrap(), now), expected, "{until}");
    }
}
