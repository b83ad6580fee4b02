//! What this build does not know breaks nothing.

use std::sync::Arc;

use connector_sdk::service::task::{TaskOutcome, execute};
use proptest::prelude::*;
use proto::c1::connectorapi::baton::v1::Task;
use proto::c1::connectorapi::baton::v1::task::TaskType;
use proto::{Any, Message};

use super::allrounder::AllRounder;
use super::cases::{TASK_ID, all, context};

/// A field with a number that no message has, in each wire type.
fn unknown_field() -> impl Strategy<Value = Vec<u8>> {
    let number = 5_000_u64..500_000;
    prop_oneof![
        (number.clone(), any::<u64>()).prop_map(|(number, value)| [varint(number << 3), varint(value)].concat()),
        (number.clone(), any::<[u8; 8]>())
            .prop_map(|(number, value)| [varint(number << 3 | 1), value.to_vec()].concat()),
        (number.clone(), proptest::collection::vec(any::<u8>(), 0..40))
            .prop_map(|(number, value)| { [varint(number << 3 | 2), varint(value.len() as u64), value].concat() }),
        (number, any::<[u8; 4]>()).prop_map(|(number, value)| [varint(number << 3 | 5), value.to_vec()].concat()),
    ]
}

fn varint(mut value: u64) -> Vec<u8> {
    let mut bytes = Vec::new();
    while value > 0x7f {
        bytes.push(value.to_le_bytes()[0] | 0x80);
        value >>= 7;
    }
    bytes.push(value.to_le_bytes()[0]);
    bytes
}

fn annotation() -> impl Strategy<Value = Any> {
    ("[ -~]{0,40}", proptest::collection::vec(any::<u8>(), 0..40)).prop_map(|(type_url, value)| Any { type_url, value })
}

/// Puts unknown values of enums and strange annotations wherever a task has room for them.
fn spoil(task: &mut TaskType, number: i32, annotations: &[Any]) {
    match task {
        TaskType::Grant(task) => {
            task.annotations.extend_from_slice(annotations);
            let entitlement = task.entitlement.as_mut().unwrap();
            entitlement.purpose = number;
            entitlement.annotations.extend_from_slice(annotations);
            for one in &mut entitlement.grantable_to {
                one.traits = vec![number];
            }
        }
        TaskType::Revoke(task) => {
            let principal = task.grant.as_mut().unwrap().principal.as_mut().unwrap();
            principal.status = Some(proto::c1::connector::v2::Status { status: number, ..Default::default() });
            principal.annotations.extend_from_slice(annotations);
            principal.creation_source = number;
        }
        TaskType::CreateTicketTask(task) => task.annotations.extend_from_slice(annotations),
        TaskType::GetTicket(task) => task.annotations.extend_from_slice(annotations),
        TaskType::ActionInvoke(task) => task.annotations.extend_from_slice(annotations),
        TaskType::ListEvents(task) => task.annotations.extend_from_slice(annotations),
        _ => {}
    }
}

fn outcome(bytes: &[u8]) -> TaskOutcome {
    let task = Task::decode(bytes).unwrap();
    let runtime = tokio::runtime::Builder::new_current_thread().build().unwrap();
    runtime.block_on(execute(&context(Arc::new(AllRounder::default())), &task))
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn unknown_fields_enums_and_annotations_change_nothing(
        which in 0..all().len(),
        field in unknown_field(),
        number in any::<i32>(),
        annotations in proptest::collection::vec(annotation(), 0..4),
    ) {
        let case = all().swap_remove(which);
        let mut kind = case.task;
        spoil(&mut kind, number, &annotations);
        let task = Task { id: TASK_ID.to_owned(), status: number, task_type: Some(kind), ..Task::default() };
        let bytes = [field.clone(), task.encode_to_vec(), field].concat();
        let found = outcome(&bytes);
        prop_assert!(matches!(found, TaskOutcome::Success { .. }), "{}: {found:?}", case.name);
    }

    #[test]
    fn a_type_that_this_build_does_not_know_is_unsupported(field in unknown_field()) {
        let bytes = [Task { id: TASK_ID.to_owned(), ..Task::default() }.encode_to_vec(), field].concat();
        let found = outcome(&bytes);
        let TaskOutcome::Failure { status, non_retryable, .. } = found else {
            return Err(TestCaseError::fail(format!("{found:?}")));
        };
        prop_assert_eq!((status.code, status.message.as_str(), non_retryable), (2, "unsupported task type", false));
    }

    #[test]
    fn no_task_is_too_strange_to_answer(mut bytes in proptest::collection::vec(any::<u8>(), 0..60), kind in 100_u64..125) {
        // Mostly something inside of a known type, sometimes not even a task.
        let mut task = varint(kind << 3 | 2);
        task.extend(varint(bytes.len() as u64));
        task.append(&mut bytes);
        if Task::decode(task.as_slice()).is_ok() {
            outcome(&task);
        }
    }
}
