use super::{State, Step};

/// The table of T-G, by hand: from, step, to.
const TABLE: &[(State, Step, State)] = &[
    (State::Requested, Step::Approved, State::Approved),
    (State::Requested, Step::CalledOff, State::Ended),
    (State::Requested, Step::AccountGone, State::Ended),
    (State::Approved, Step::Offered, State::Provisioning),
    (State::Approved, Step::Given, State::Active),
    (State::Approved, Step::NotGiven, State::Failed),
    (State::Approved, Step::CalledOff, State::Ended),
    (State::Approved, Step::AccountGone, State::Ended),
    (State::Provisioning, Step::Offered, State::Provisioning),
    (State::Provisioning, Step::Given, State::Active),
    (State::Provisioning, Step::NotGiven, State::Failed),
    (State::Provisioning, Step::CalledOff, State::Ended),
    (State::Provisioning, Step::AccountGone, State::Ended),
    (State::Active, Step::Proved, State::Active),
    (State::Active, Step::TimeOver, State::Expiring),
    (State::Active, Step::Extended, State::Active),
    (State::Active, Step::End, State::Ending),
    (State::Active, Step::Replaced, State::Ended),
    (State::Active, Step::Disappeared, State::Ended),
    (State::Active, Step::AccountGone, State::Ended),
    (State::Expiring, Step::Extended, State::Active),
    (State::Expiring, Step::Kept, State::Active),
    (State::Expiring, Step::End, State::Ending),
    (State::Expiring, Step::Taken, State::Ended),
    (State::Expiring, Step::Replaced, State::Ended),
    (State::Expiring, Step::Disappeared, State::Ended),
    (State::Expiring, Step::NotTaken, State::Stuck),
    (State::Expiring, Step::AccountGone, State::Ended),
    (State::Ending, Step::Kept, State::Active),
    (State::Ending, Step::Taken, State::Ended),
    (State::Ending, Step::Replaced, State::Ended),
    (State::Ending, Step::Disappeared, State::Ended),
    (State::Ending, Step::NotTaken, State::Stuck),
    (State::Ending, Step::AccountGone, State::Ended),
    (State::Stuck, Step::End, State::Ending),
    (State::Stuck, Step::Taken, State::Ended),
    (State::Stuck, Step::Replaced, State::Ended),
    (State::Stuck, Step::Disappeared, State::Ended),
    (State::Stuck, Step::NotTaken, State::Stuck),
    (State::Stuck, Step::AccountGone, State::Ended),
];

#[test]
fn t_g_every_transition_of_the_table_and_no_other() {
    for from in State::ALL {
        for step in Step::ALL {
            let listed = TABLE.iter().find(|(state, with, _)| (state, *with) == (from, step)).map(|(_, _, to)| *to);
            assert_eq!(from.after(step).ok(), listed, "{from} after {step:?}");
        }
    }
}

#[test]
fn access_that_is_held_ends_only_by_being_taken_or_gone() {
    for from in State::ALL.iter().filter(|state| state.is_held()) {
        for step in Step::ALL {
            if from.after(step) == Ok(State::Ended) {
                let ends = [Step::Taken, Step::Replaced, Step::Disappeared, Step::AccountGone];
                assert!(ends.contains(&step), "{from} after {step:?}");
            }
        }
    }
}
