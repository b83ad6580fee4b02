//! The writer and prost-reflect agree on random messages of every type.

use proptest::prelude::*;
use prost_reflect::{DescriptorPool, DynamicMessage, MessageDescriptor};
use proto::Message as _;

mod generate;

use generate::Tape;

thread_local! {
    static TYPES: Vec<MessageDescriptor> = {
        let pool = DescriptorPool::decode(proto::FILE_DESCRIPTOR_SET).unwrap();
        pool.all_messages().filter(|message| !message.is_map_entry()).collect()
    };
}

/// Returns what the writer makes of `wire`.
fn ours(name: &str, wire: &[u8]) -> Result<serde_json::Value, proto::json::Error> {
    let mut text = b"before".to_vec();
    let outcome = proto::json::write(&mut text, proto::json::Type::named(name).unwrap(), wire);
    if outcome.is_err() {
        assert_eq!(text, b"before", "a failure leaves nothing behind");
    }
    outcome.map(|()| plain(serde_json::from_slice(&text[b"before".len()..]).unwrap()))
}

/// Returns what prost-reflect makes of `wire`, or `None` when it cannot.
fn theirs(message: &MessageDescriptor, wire: &[u8]) -> Option<serde_json::Value> {
    let message = DynamicMessage::decode(message.clone(), wire).ok()?;
    let text = serde_json::to_string(&message).ok()?;
    Some(plain(serde_json::from_str(&text).unwrap()))
}

/// Returns whether there is no number without digits; prost-reflect writes those of wrappers as
/// `null`.
fn is_finite(value: &serde_json::Value) -> bool {
    let text = value.to_string();
    !text.contains("\"NaN\"") && !text.contains("Infinity\"")
}

/// Gives numbers one form: `1` and `1.0` are the same in JSON, and `serde_json` reads long ones with
/// an error in the last place.
fn plain(mut value: serde_json::Value) -> serde_json::Value {
    match &mut value {
        serde_json::Value::Number(number) => {
            let number = number.as_f64().unwrap();
            let is_short = number.fract() == 0.0 && number.abs() < 1e15;
            return if is_short { number.to_string() } else { format!("{number:.12e}") }.into();
        }
        serde_json::Value::Array(items) => {
            for item in items {
                *item = plain(item.take());
            }
        }
        serde_json::Value::Object(fields) => {
            for item in fields.values_mut() {
                *item = plain(item.take());
            }
        }
        _ => {}
    }
    value
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 4_000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn random_messages_read_the_same(
        place in any::<prop::sample::Index>(),
        tape in prop::collection::vec(any::<u8>(), 0..600),
    ) {
        TYPES.with(|types| {
            let message = place.get(types);
            let wire = Tape::new(&tape).message(message);
            let theirs = theirs(message, &wire);
            prop_assert!(theirs.is_some(), "{} is not generated well", message.full_name());
            prop_assert_eq!(ours(message.full_name(), &wire).ok(), theirs, "{}", message.full_name());
            Ok(())
        })?;
    }

    #[test]
    fn damaged_messages_are_refused_or_read_the_same(
        place in any::<prop::sample::Index>(),
        tape in prop::collection::vec(any::<u8>(), 0..300),
        hits in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>()), 1..4),
    ) {
        TYPES.with(|types| {
            let message = place.get(types);
            let mut wire = Tape::new(&tape).message(message);
            for (at, byte) in hits.iter().filter(|_| !wire.is_empty()).collect::<Vec<_>>() {
                let at = at.index(wire.len());
                wire[at] = *byte;
            }
            let (ours, theirs) = (ours(message.full_name(), &wire), theirs(message, &wire));
            if let (Ok(ours), Some(theirs)) = (ours, theirs) && is_finite(&ours) {
                prop_assert_eq!(ours, theirs, "{}", message.full_name());
            }
            Ok(())
        })?;
    }

    #[test]
    fn random_bytes_do_no_harm(
        place in any::<prop::sample::Index>(),
        wire in prop::collection::vec(any::<u8>(), 0..100),
    ) {
        TYPES.with(|types| drop(ours(place.get(types).full_name(), &wire)));
    }
}

#[test]
fn every_type_can_be_written() {
    TYPES.with(|types| {
        for message in types {
            let empty = ours(message.full_name(), &[]);
            if message.full_name() == "google.protobuf.Any" {
                assert!(empty.is_err(), "an Any of no type has no JSON");
            } else {
                assert_eq!(empty.ok(), theirs(message, &[]), "{}", message.full_name());
            }
        }
    });
}

#[test]
fn what_is_written_can_be_read() {
    let name = "c1.connector.v2.Resource";
    TYPES.with(|types| {
        let message = types.iter().find(|message| message.full_name() == name).unwrap();
        for seed in 0..200_u8 {
            let tape: Vec<u8> = (0..=255).map(|n: u8| n.wrapping_mul(seed) ^ seed).collect();
            let wire = Tape::new(&tape).message(message);
            let typed = proto::c1::connector::v2::Resource::decode(wire.as_slice()).unwrap();
            let text = proto::json::to_string(&typed).unwrap();
            let read: proto::c1::connector::v2::Resource = proto::json::from_str(&text).unwrap();
            assert_eq!(proto::json::to_string(&read).unwrap(), text);
        }
    });
}
