use super::{State, Step};

/// The table of T-Q, by hand: from, step, to.
const TABLE: &[(State, Step, State)] = &[
    (State::Open, Step::Advanced, State::Open),
    (State::Open, Step::Approved, State::Approved),
    (State::Open, Step::Denied, State::Denied),
    (State::Open, Step::Cancelled, State::Cancelled),
    (State::Open, Step::Expired, State::Expired),
    (State::Open, Step::Emergency, State::Open),
    (State::Open, Step::Restarted, State::Open),
    (State::Open, Step::DurationChanged, State::Open),
    (State::Approved, Step::Fulfilled, State::Fulfilled),
    (State::Approved, Step::Failed, State::Failed),
    (State::Approved, Step::Cancelled, State::Cancelled),
    (State::Approved, Step::Expired, State::Expired),
    (State::Failed, Step::Retried, State::Approved),
    (State::Failed, Step::Fulfilled, State::Fulfilled),
    (State::Failed, Step::Cancelled, State::Cancelled),
];

#[test]
fn t_q_every_transition_of_the_table_and_no_other() {
    for from in State::ALL {
        for step in Step::ALL {
            let listed = TABLE.iter().find(|(state, with, _)| (state, *with) == (from, step)).map(|(_, _, to)| *to);
            assert_eq!(from.after(step).ok(), listed, "{from} after {step:?}");
        }
    }
}

#[test]
fn what_is_final_stays() {
    for state in State::ALL.iter().filter(|state| state.is_final()) {
        assert!(Step::ALL.iter().all(|step| state.after(*step).is_err()), "{state}");
        assert!(!state.is_open());
    }
}
