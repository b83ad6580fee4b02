//! Writes encoded messages as JSON, without decoding them into Rust types.
//!
//! Each message is walked over once: what it holds of each known field is noted, put in the order
//! of the numbers if it was not, and written. The notes of all open messages share one stack.

mod map;
mod notes;
mod value;

use self::notes::{Group, Note};
use super::table::{Field, Form, Kind, Message, Shape, Tables, Type};
use super::wire::Wire;
use super::{Fault, MAX_DEPTH};

/// Whether a value has become text, or is an `Any` of an unknown type and must be left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Outcome {
    Written,
    LeftOut,
}

/// The text so far, and the notes of the messages that are open.
pub(super) struct Transcoder<'a, 'o> {
    pub(super) out: &'o mut Vec<u8>,
    pub(super) tables: &'static Tables,
    notes: Vec<Note<'a>>,
}

/// Appends the JSON of `wire` to `out`; leaves half of it there when it fails.
pub(super) fn transcode(out: &mut Vec<u8>, message: Type, wire: &[u8]) -> Result<(), Fault> {
    match Transcoder::new(out).message(message.0, wire, MAX_DEPTH)? {
        Outcome::Written => Ok(()),
        Outcome::LeftOut => Err(Fault::UnknownAny),
    }
}

impl<'a, 'o> Transcoder<'a, 'o> {
    fn new(out: &'o mut Vec<u8>) -> Self {
        Self { out, tables: Tables::get(), notes: Vec::new() }
    }

    /// Writes a message in its own form; `depth` is how many more may stand in each other.
    pub(super) fn message(
        &mut self,
        message: &'static Message,
        wire: &'a [u8],
        depth: usize,
    ) -> Result<Outcome, Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        if message.form != Form::Object {
            return self.known(message, wire, depth);
        }
        self.out.push(b'{');
        self.fields(message, wire, depth)?;
        self.out.push(b'}');
        Ok(Outcome::Written)
    }

    /// Writes the fields of a message, without braces, after whatever the open object holds.
    pub(super) fn fields(&mut self, message: &'static Message, wire: &'a [u8], depth: usize) -> Result<(), Fault> {
        let mut notes = self.note(message, wire)?;
        let start = notes.start;
        while let Some((field, group)) = self.next_group(message, &mut notes) {
            let before = self.out.len();
            if self.out.last() != Some(&b'{') {
                self.out.push(b',');
            }
            self.out.extend_from_slice(&field.key);
            if self.field(field, group, depth)? == Outcome::LeftOut {
                self.out.truncate(before);
            }
        }
        self.forget(start);
        Ok(())
    }

    /// Writes the value of a field, which may have been sent in several pieces.
    pub(super) fn field(&mut self, field: &'static Field, group: Group, depth: usize) -> Result<Outcome, Fault> {
        match field.shape {
            Shape::Map => return self.map(field, group, depth),
            Shape::Repeated => return self.list(field, group, depth),
            Shape::Explicit | Shape::Implicit => {}
        }
        if matches!(field.kind, Kind::Message(_)) && group.len() > 1 {
            let merged = self.joined(group)?;
            return Transcoder::new(self.out).value(field.kind, Wire::Bytes(&merged), depth);
        }
        match self.last(group) {
            Some(wire) if field.shape == Shape::Explicit || !field.kind.is_zero(wire) => {
                self.value(field.kind, wire, depth)
            }
            _ => Ok(Outcome::LeftOut),
        }
    }
}
