//! What an encoded message holds of each of its fields.

use std::ops::Range;

use super::Transcoder;
use crate::json::Fault;
use crate::json::table::{Field, Message};
use crate::json::wire::{Cursor, Wire};

/// One value of a field of an open message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Note<'a> {
    /// The place of the field in its message.
    field: usize,
    pub(super) wire: Wire<'a>,
}

/// The places of notes on the stack.
pub(in crate::json) type Group = Range<usize>;

impl<'a> Transcoder<'a, '_> {
    /// Notes every known field of `wire` on top of the stack, by number, and returns where.
    pub(in crate::json) fn note(&mut self, message: &'static Message, wire: &'a [u8]) -> Result<Group, Fault> {
        let start = self.notes.len();
        let mut cursor = Cursor::new(wire);
        let mut previous = 0;
        let mut is_in_order = true;
        while let Some((number, wire)) = cursor.field()? {
            let Some(field) = message.find(number, previous) else {
                continue;
            };
            is_in_order &= field >= previous;
            previous = field;
            self.notes.push(Note { field, wire });
        }
        for oneof in 0..message.oneofs {
            self.keep_last(message, oneof, start);
        }
        if !is_in_order && let Some(notes) = self.notes.get_mut(start..) {
            // Stable: the later value of a field stays the later one.
            notes.sort_by_key(|note| note.field);
        }
        Ok(start..self.notes.len())
    }

    /// Forgets what a later member of the same oneof has replaced.
    fn keep_last(&mut self, message: &'static Message, oneof: usize, start: usize) {
        let is_member =
            |note: &Note<'_>| message.fields.get(note.field).is_some_and(|field| field.oneof == Some(oneof));
        let notes = self.notes.get(start..).unwrap_or_default();
        let Some(winner) = notes.iter().rfind(|note| is_member(note)).map(|note| note.field) else {
            return;
        };
        let Some(last_loser) = notes.iter().rposition(|n| is_member(n) && n.field != winner) else {
            return;
        };
        let mut place = 0;
        self.notes.retain(|note| {
            let is_replaced = (start..=start + last_loser).contains(&place) && is_member(note);
            place += 1;
            !is_replaced
        });
    }

    /// Takes the notes of the next field from the front of `notes`.
    pub(in crate::json) fn next_group(
        &self,
        message: &'static Message,
        notes: &mut Group,
    ) -> Option<(&'static Field, Group)> {
        let rest = self.notes.get(notes.clone())?;
        let place = rest.first()?.field;
        let length = rest.iter().take_while(|note| note.field == place).count();
        let group = notes.start..notes.start + length;
        notes.start = group.end;
        Some((message.fields.get(place)?, group))
    }

    /// Takes a message off the stack, whose notes start where `notes` does or did.
    pub(in crate::json) fn forget(&mut self, start: usize) {
        self.notes.truncate(start);
    }

    /// Returns the note at `place` of the stack.
    pub(super) fn noted(&self, place: usize) -> Option<Wire<'a>> {
        self.notes.get(place).map(|note| note.wire)
    }

    /// Returns the last of the values of a group: the one that counts.
    pub(in crate::json) fn last(&self, group: Group) -> Option<Wire<'a>> {
        self.notes.get(group)?.last().map(|note| note.wire)
    }

    /// Joins the pieces of a message: what comes one after another is merged when it is read.
    pub(super) fn joined(&self, group: Group) -> Result<Vec<u8>, Fault> {
        let mut joined = Vec::new();
        for note in self.notes.get(group).unwrap_or_default() {
            let Wire::Bytes(piece) = note.wire else {
                return Err(Fault::WireType);
            };
            joined.extend_from_slice(piece);
        }
        Ok(joined)
    }
}
