use State::{Applied, Cancelled, Discarded, Failed, Held, Ingesting, Queued, Running, Uploaded};

use super::*;

const STEPS: [Step; 10] = [
    Step::Offered,
    Step::LeaseLost { attempts: 1 },
    Step::LeaseLost { attempts: 3 },
    Step::Uploaded,
    Step::Ingesting,
    Step::Applied,
    Step::Held,
    Step::Discarded,
    Step::Failed,
    Step::Cancelled,
];

/// Checks every pair of state and step: those listed give what is listed, all others are refused.
#[test]
fn every_transition_is_listed_and_no_other_is_allowed() {
    let listed = [
        // T-S2, and the same again
        (Queued, Step::Offered, Running),
        (Running, Step::Offered, Running),
        // T-S3, T-S9 after the third loss
        (Running, Step::LeaseLost { attempts: 1 }, Queued),
        (Running, Step::LeaseLost { attempts: 3 }, Failed),
        (Queued, Step::LeaseLost { attempts: 1 }, Queued),
        (Queued, Step::LeaseLost { attempts: 3 }, Queued),
        // T-S4
        (Queued, Step::Uploaded, Uploaded),
        (Running, Step::Uploaded, Uploaded),
        (Uploaded, Step::Uploaded, Uploaded),
        // T-S5
        (Uploaded, Step::Ingesting, Ingesting),
        (Ingesting, Step::Ingesting, Ingesting),
        (Ingesting, Step::Applied, Applied),
        (Applied, Step::Applied, Applied),
        // T-S6, T-S7, T-S8
        (Ingesting, Step::Held, Held),
        (Held, Step::Held, Held),
        (Held, Step::Applied, Applied),
        (Held, Step::Discarded, Discarded),
        (Uploaded, Step::Discarded, Discarded),
        (Ingesting, Step::Discarded, Discarded),
        (Discarded, Step::Discarded, Discarded),
        // T-S9
        (Queued, Step::Failed, Failed),
        (Running, Step::Failed, Failed),
        (Uploaded, Step::Failed, Failed),
        (Ingesting, Step::Failed, Failed),
        (Held, Step::Failed, Failed),
        (Failed, Step::Failed, Failed),
        // T-S10
        (Queued, Step::Cancelled, Cancelled),
        (Running, Step::Cancelled, Cancelled),
        (Cancelled, Step::Cancelled, Cancelled),
    ];
    for &state in State::ALL {
        for step in STEPS {
            let expected = listed.iter().find(|(from, by, _)| (*from, *by) == (state, step)).map(|(_, _, to)| *to);
            assert_eq!(state.after(step), expected.ok_or(Refused { state }), "{state} + {step:?}");
        }
    }
}

#[test]
fn t_s1_at_most_one_open_sync_and_a_held_one_beside_it() {
    let open: Vec<_> = State::ALL.iter().filter(|state| state.is_open()).collect();
    assert_eq!(open, [&Queued, &Running, &Uploaded, &Ingesting]);
    assert!(State::ALL.iter().all(|state| !(state.is_open() && state.is_final())));
}

#[test]
fn a_refusal_names_the_state() {
    assert_eq!(Applied.after(Step::Cancelled).unwrap_err().to_string(), "the sync is applied");
}
