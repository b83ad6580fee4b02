use super::{State, Step};

/// The table of T-A, by hand: from, step, to.
const TABLE: &[(State, Step, State)] = &[
    (State::Waiting, Step::Opened, State::Open),
    (State::Open, Step::FellBack, State::Open),
    (State::Open, Step::Approved, State::Approved),
    (State::Open, Step::AutoApproved, State::Approved),
    (State::Open, Step::AutoDenied, State::Denied),
    (State::Open, Step::Denied, State::Denied),
    (State::Open, Step::Reassigned, State::Open),
    (State::Open, Step::Delegated, State::Open),
    (State::Open, Step::Reminded, State::Open),
    (State::Open, Step::Escalated, State::Open),
    (State::Open, Step::CancelledBySla, State::Ended),
    (State::Open, Step::Skipped, State::Skipped),
    (State::Waiting, Step::Ended, State::Ended),
    (State::Open, Step::Ended, State::Ended),
];

#[test]
fn t_a_every_transition_of_the_table_and_no_other() {
    for from in State::ALL {
        for step in Step::ALL {
            let listed = TABLE.iter().find(|(state, with, _)| (state, *with) == (from, step)).map(|(_, _, to)| *to);
            assert_eq!(from.after(step).ok(), listed, "{from} after {step:?}");
        }
    }
}
