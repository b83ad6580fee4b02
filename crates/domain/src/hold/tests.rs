use super::*;

fn of_type(resource_type: &str, is_account: bool, before: u64, lost: u64, after: u64) -> OfType {
    OfType { resource_type: resource_type.to_owned(), is_account, count: Count { before, lost, after } }
}

fn change(types: Vec<OfType>) -> Change {
    let resources_in_file = types.iter().map(|of| of.count.after).sum();
    Change { full: true, resources_in_file, types, ..Change::default() }
}

fn users(before: u64, lost: u64, after: u64) -> Change {
    change(vec![of_type("user", true, before, lost, after)])
}

fn grants(before: u64, lost: u64) -> Change {
    let count = Count { before, lost, after: before - lost };
    let entitlements = vec![OfEntitlement { entitlement: "role:editor:assigned".to_owned(), count }];
    Change { entitlements, ..users(1000, 0, 1000) }
}

fn moved(accounts: u64, moved: u64) -> Change {
    Change { sets: vec![OfSet { set: "role".to_owned(), accounts, moved }], ..users(1000, 0, 1000) }
}

fn rules(change: &Change) -> Vec<Rule> {
    Limits::default().judge(change).iter().map(|reason| reason.rule).collect()
}

#[test]
fn r_h_1_accounts_lost_at_least_five_and_a_fifth() {
    for (before, lost, held) in
        [(10, 4, false), (20, 4, false), (25, 5, true), (26, 5, false), (1000, 199, false), (1000, 200, true)]
    {
        assert_eq!(
            rules(&users(before, lost, before - lost)).contains(&Rule::AccountsLost),
            held,
            "{lost} of {before}"
        );
    }
}

#[test]
fn r_h_1_a_type_of_ten_or_more_lost_half() {
    let groups = |before, lost| {
        change(vec![of_type("user", true, 50, 0, 50), of_type("group", false, before, lost, before - lost)])
    };
    for (before, lost, held) in [(9, 8, false), (10, 4, false), (10, 5, true), (100, 49, false), (100, 50, true)] {
        assert_eq!(rules(&groups(before, lost)).contains(&Rule::ResourcesLost), held, "{lost} of {before}");
    }
}

#[test]
fn r_h_1_grants_of_one_entitlement_lost_at_least_five_and_half() {
    for (before, lost, held) in [(4, 4, false), (8, 4, false), (10, 5, true), (11, 5, false), (500, 250, true)] {
        assert_eq!(
            rules(&grants(before, lost)),
            if held { vec![Rule::GrantsLost] } else { vec![] },
            "{lost} of {before}"
        );
    }
}

#[test]
fn r_h_1_an_exclusive_role_moved_for_ten_and_three_tenths() {
    for (accounts, count, held) in [(20, 9, false), (20, 10, true), (100, 29, false), (100, 30, true)] {
        assert_eq!(
            rules(&moved(accounts, count)),
            if held { vec![Rule::RolesMoved] } else { vec![] },
            "{count} of {accounts}"
        );
    }
}

#[test]
fn r_h_1_a_type_went_to_zero() {
    let emptied = change(vec![of_type("user", true, 50, 0, 50), of_type("group", false, 1, 1, 0)]);
    assert_eq!(rules(&emptied), [Rule::TypeEmptied]);
}

#[test]
fn r_h_1_no_account_in_common() {
    // Three accounts are too few for every other rule.
    assert_eq!(rules(&users(3, 3, 4)), [Rule::NoneInCommon]);
    assert_eq!(rules(&users(3, 2, 5)), []);
}

#[test]
fn r_h_1_the_connector_said_partial() {
    let said = Change { partial: true, ..users(100, 0, 100) };
    assert_eq!(rules(&said), [Rule::Partial]);
}

#[test]
fn r_h_2_never_on_the_first_sync_but_when_it_is_empty() {
    assert_eq!(rules(&Change { first: true, partial: true, ..users(0, 0, 10) }), []);
    assert_eq!(rules(&Change { first: true, ..users(0, 0, 0) }), [Rule::Empty]);
}

#[test]
fn r_h_2_not_for_exempt_types() {
    let limits = Limits { exempt_types: vec!["invitation".to_owned()], ..Limits::default() };
    let swing = change(vec![of_type("user", true, 50, 0, 50), of_type("invitation", false, 100, 100, 0)]);
    assert_eq!(limits.judge(&swing), []);
}

#[test]
fn r_h_2_explained_removals_do_not_count() {
    // Ten of forty go, six of them by our own jobs.
    assert_eq!(rules(&users(40, 4, 30)), []);
    assert_eq!(rules(&users(40, 10, 30)), [Rule::AccountsLost]);
}

#[test]
fn an_empty_full_sync_is_held_even_when_the_rules_are_off() {
    let off = Limits { enabled: false, ..Limits::default() };
    let reasons = off.judge(&users(30, 30, 0));
    assert_eq!(reasons, [Reason { rule: Rule::Empty, resource_type: String::new(), before: 30, after: 0, share: 100 }]);
    assert_eq!(off.judge(&users(30, 29, 1)), []);
    let partial_kind = Change { full: false, resources_in_file: 0, ..users(0, 0, 0) };
    assert_eq!(rules(&partial_kind), []);
}

#[test]
fn limits_are_read_back_and_unknown_ones_refused() {
    let limits = Limits::default();
    let json = serde_json::to_string(&limits).unwrap();
    assert_eq!(serde_json::from_str::<Limits>(&json).unwrap(), limits);
    assert_eq!(serde_json::from_str::<Limits>("{}").unwrap(), limits);
    assert!(serde_json::from_str::<Limits>(r#"{"acounts":{"at_least":1,"percent":1}}"#).is_err());
}

#[test]
fn t_h_every_transition_is_listed_and_no_other_is_allowed() {
    use State::{Confirmed, Open, Rejected, Superseded};
    let listed = [
        (Open, Step::Confirm, Confirmed),
        (Confirmed, Step::Confirm, Confirmed),
        (Open, Step::Reject, Rejected),
        (Rejected, Step::Reject, Rejected),
        (Open, Step::Supersede, Superseded),
        (Superseded, Step::Supersede, Superseded),
        (Open, Step::Renew, Open),
    ];
    for &state in State::ALL {
        for step in [Step::Confirm, Step::Reject, Step::Supersede, Step::Renew] {
            let expected = listed.iter().find(|(from, by, _)| (*from, *by) == (state, step)).map(|(_, _, to)| *to);
            assert_eq!(state.after(step), expected.ok_or(Refused { state }), "{state} + {step:?}");
        }
    }
}
