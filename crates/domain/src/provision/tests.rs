use super::{Effect, State, Step};

/// The table of T-J, by hand: from, step, to.
const TABLE: &[(State, Step, State)] = &[
    (State::Queued, Step::Blocked, State::Blocked),
    (State::Queued, Step::Released, State::Queued),
    (State::Queued, Step::Leased, State::Leased),
    (State::Queued, Step::Cancelled, State::Cancelled),
    (State::Queued, Step::GivenToPerson, State::Manual),
    (State::Blocked, Step::Blocked, State::Blocked),
    (State::Blocked, Step::Released, State::Queued),
    (State::Blocked, Step::Cancelled, State::Cancelled),
    (State::Blocked, Step::GivenToPerson, State::Manual),
    (State::Leased, Step::OfferedAgain, State::Queued),
    (State::Leased, Step::Reported, State::Reported),
    (State::Leased, Step::Failed, State::Failed),
    (State::Leased, Step::Declined, State::Declined),
    (State::Leased, Step::WaitsForPerson, State::WaitingPerson),
    (State::Leased, Step::GivenToPerson, State::Manual),
    (State::Leased, Step::Unwanted, State::Leased),
    (State::Manual, Step::Reported, State::Reported),
    (State::Manual, Step::Declined, State::Declined),
    (State::Manual, Step::Cancelled, State::Cancelled),
    (State::WaitingPerson, Step::Confirmed, State::Confirmed),
    (State::WaitingPerson, Step::Cancelled, State::Cancelled),
    (State::WaitingPerson, Step::Superseded, State::Cancelled),
    (State::Reported, Step::Superseded, State::Cancelled),
    (State::Reported, Step::Confirmed, State::Confirmed),
    (State::Reported, Step::Contradicted, State::Contradicted),
];

#[test]
fn t_j_every_transition_of_the_table_and_no_other() {
    for from in State::ALL {
        for step in Step::ALL {
            let listed = TABLE.iter().find(|(state, with, _)| (state, *with) == (from, step)).map(|(_, _, to)| *to);
            assert_eq!(from.after(step).ok(), listed, "{from} after {step:?}");
        }
    }
}

#[test]
fn t_j18_a_write_that_a_connector_has_is_never_torn_off() {
    assert!(State::Leased.after(Step::Cancelled).is_err());
}

#[test]
fn r_v_4_accounts_are_made_first_and_deleted_last() {
    let mut effects = Effect::ALL.to_vec();
    effects.sort_by_key(|effect| effect.rank());
    assert_eq!(effects.first(), Some(&Effect::CreateAccount));
    assert!(matches!(effects.last(), Some(Effect::DisableAccount | Effect::DeleteAccount)));
    assert!(Effect::Grant.rank() < Effect::Revoke.rank());
}
