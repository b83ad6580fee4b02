//! Maps, as objects. All maps of the protocol have strings as keys.

use super::notes::Group;
use super::{Outcome, Transcoder};
use crate::json::table::{Field, Kind};
use crate::json::wire::{Cursor, Wire};
use crate::json::{Fault, text};

/// One entry of a map.
struct Entry<'a> {
    key: &'a [u8],
    value: Value<'a>,
}

/// The value of an entry.
enum Value<'a> {
    Sent(Wire<'a>),
    /// A message that was sent in several pieces.
    Joined(Vec<u8>),
}

impl Transcoder<'_, '_> {
    /// Writes a map by its keys, unless nothing is left in it.
    pub(in crate::json) fn map(&mut self, field: &'static Field, group: Group, depth: usize) -> Result<Outcome, Fault> {
        let kind = self.value_kind(field).ok_or(Fault::WireType)?;
        let mut entries = Vec::with_capacity(group.len());
        for place in group {
            let Some(Wire::Bytes(wire)) = self.noted(place) else {
                return Err(Fault::WireType);
            };
            entries.push(entry(kind, wire)?);
        }
        if !entries.is_sorted_by(|one: &Entry<'_>, next| one.key < next.key) {
            // Of several entries with one key the last counts: stable order, first one kept.
            entries.reverse();
            entries.sort_by_key(|entry| entry.key);
            entries.dedup_by_key(|entry| entry.key);
        }
        self.out.push(b'{');
        let mut outcome = Outcome::LeftOut;
        for entry in entries {
            let before = self.out.len();
            if outcome == Outcome::Written {
                self.out.push(b',');
            }
            text::string(self.out, entry.key)?;
            self.out.push(b':');
            let written = match entry.value {
                Value::Sent(wire) => self.value(kind, wire, depth)?,
                Value::Joined(bytes) => Transcoder::new(self.out).value(kind, Wire::Bytes(&bytes), depth)?,
            };
            match written {
                Outcome::Written => outcome = Outcome::Written,
                Outcome::LeftOut => self.out.truncate(before),
            }
        }
        self.out.push(b'}');
        Ok(outcome)
    }

    /// Returns of which kind the values of a map are.
    fn value_kind(&self, field: &'static Field) -> Option<Kind> {
        let Kind::Message(place) = field.kind else {
            return None;
        };
        self.tables.message(place)?.fields.last().map(|value| value.kind)
    }
}

/// Takes an entry apart. A part that was not sent has the default value.
fn entry(kind: Kind, wire: &[u8]) -> Result<Entry<'_>, Fault> {
    let mut entry = Entry { key: &[], value: Value::Sent(kind.zero()) };
    let mut cursor = Cursor::new(wire);
    while let Some((number, wire)) = cursor.field()? {
        match (number, wire, &mut entry.value) {
            (1, Wire::Bytes(key), _) => entry.key = key,
            (1, _, _) => return Err(Fault::WireType),
            (2, Wire::Bytes(piece), Value::Joined(pieces)) => pieces.extend_from_slice(piece),
            (2, Wire::Bytes(piece), Value::Sent(Wire::Bytes(earlier)))
                if matches!(kind, Kind::Message(_)) && !earlier.is_empty() =>
            {
                entry.value = Value::Joined([*earlier, piece].concat());
            }
            (2, wire, _) => entry.value = Value::Sent(wire),
            _ => {}
        }
    }
    Ok(entry)
}
