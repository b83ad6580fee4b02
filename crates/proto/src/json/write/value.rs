//! Single values, and lists of them.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::notes::Group;
use super::{Outcome, Transcoder};
use crate::json::table::{Field, Kind};
use crate::json::wire::{Cursor, Wire};
use crate::json::{Fault, text};

impl<'a> Transcoder<'a, '_> {
    /// Writes one value.
    pub(in crate::json) fn value(&mut self, kind: Kind, wire: Wire<'a>, depth: usize) -> Result<Outcome, Fault> {
        let out = &mut *self.out;
        match (kind, wire) {
            (Kind::Message(place), Wire::Bytes(bytes)) => {
                let Some(message) = self.tables.message(place) else {
                    return Ok(Outcome::LeftOut);
                };
                return self.message(message, bytes, depth);
            }
            (Kind::String, Wire::Bytes(bytes)) => text::string(out, bytes)?,
            (Kind::Bytes, Wire::Bytes(bytes)) => {
                text::put(out, format_args!("\"{}\"", STANDARD.encode(bytes)));
            }
            (Kind::Bool, Wire::Varint(bits)) => text::put(out, format_args!("{}", bits != 0)),
            (Kind::Enum(place), Wire::Varint(bits)) => {
                self.enumeration(place, low_half(bits).cast_signed());
            }
            (Kind::Int32, Wire::Varint(bits)) => {
                text::put(out, format_args!("{}", low_half(bits).cast_signed()));
            }
            (Kind::Uint32, Wire::Varint(bits)) => {
                text::put(out, format_args!("{}", low_half(bits)));
            }
            (Kind::Sint32, Wire::Varint(bits)) => {
                let bits = low_half(bits);
                let number = (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed();
                text::put(out, format_args!("{number}"));
            }
            (Kind::Int64, Wire::Varint(bits)) | (Kind::Sfixed64, Wire::Fixed64(bits)) => {
                text::put(out, format_args!("\"{}\"", bits.cast_signed()));
            }
            (Kind::Uint64, Wire::Varint(bits)) | (Kind::Fixed64, Wire::Fixed64(bits)) => {
                text::put(out, format_args!("\"{bits}\""));
            }
            (Kind::Sint64, Wire::Varint(bits)) => {
                let number = (bits >> 1).cast_signed() ^ -(bits & 1).cast_signed();
                text::put(out, format_args!("\"{number}\""));
            }
            (Kind::Fixed32, Wire::Fixed32(bits)) => text::put(out, format_args!("{bits}")),
            (Kind::Sfixed32, Wire::Fixed32(bits)) => {
                text::put(out, format_args!("{}", bits.cast_signed()));
            }
            (Kind::Double, Wire::Fixed64(bits)) => text::float(out, f64::from_bits(bits)),
            (Kind::Float, Wire::Fixed32(bits)) => text::float32(out, f32::from_bits(bits)),
            _ => return Err(Fault::WireType),
        }
        Ok(Outcome::Written)
    }

    /// Writes the name of a value of an enum, or its number when it has none.
    fn enumeration(&mut self, place: usize, number: i32) {
        match self.tables.enumeration(place) {
            Some(values) if values.is_null => self.out.extend_from_slice(b"null"),
            values => match values.and_then(|values| values.name(number)) {
                Some(name) => self.out.extend_from_slice(name.as_bytes()),
                None => text::put(self.out, format_args!("{number}")),
            },
        }
    }

    /// Writes a list, unless nothing is left in it.
    pub(in crate::json) fn list(
        &mut self,
        field: &'static Field,
        group: Group,
        depth: usize,
    ) -> Result<Outcome, Fault> {
        self.out.push(b'[');
        let mut outcome = Outcome::LeftOut;
        for place in group {
            let Some(wire) = self.noted(place) else { break };
            if let (Some(width), Wire::Bytes(packed)) = (field.kind.packed(), wire) {
                let mut cursor = Cursor::new(packed);
                while !cursor.is_at_end() {
                    outcome = self.element(outcome, field.kind, width(&mut cursor)?, depth)?;
                }
            } else {
                outcome = self.element(outcome, field.kind, wire, depth)?;
            }
        }
        self.out.push(b']');
        Ok(outcome)
    }

    /// Writes one more element of a list, and returns what has become of the list.
    fn element(&mut self, list: Outcome, kind: Kind, wire: Wire<'a>, depth: usize) -> Result<Outcome, Fault> {
        let before = self.out.len();
        if list == Outcome::Written {
            self.out.push(b',');
        }
        if self.value(kind, wire, depth)? == Outcome::Written {
            return Ok(Outcome::Written);
        }
        self.out.truncate(before);
        Ok(list)
    }
}

/// Returns the 32 bits of a number that count in a field of 32 bits.
#[expect(clippy::cast_possible_truncation, reason = "readers must ignore the higher bits")]
fn low_half(bits: u64) -> u32 {
    bits as u32
}

/// Reads one number of a packed list.
type Packed = for<'a> fn(&mut Cursor<'a>) -> Result<Wire<'a>, Fault>;

impl Kind {
    /// Returns how to read a packed list of this kind, or `None` when there is no such list.
    fn packed(self) -> Option<Packed> {
        match self {
            Self::Bytes | Self::Message(_) | Self::String => None,
            Self::Double | Self::Fixed64 | Self::Sfixed64 => Some(|cursor| cursor.fixed64().map(Wire::Fixed64)),
            Self::Fixed32 | Self::Float | Self::Sfixed32 => Some(|cursor| cursor.fixed32().map(Wire::Fixed32)),
            _ => Some(|cursor| cursor.varint().map(Wire::Varint)),
        }
    }

    /// Returns whether this is the value that a field has when it is not sent.
    ///
    /// Negative zero is not: it has bits of its own.
    pub(super) fn is_zero(self, wire: Wire<'_>) -> bool {
        match (self, wire) {
            (Self::Bytes | Self::String, Wire::Bytes(bytes)) => bytes.is_empty(),
            (Self::Enum(_) | Self::Int32 | Self::Sint32 | Self::Uint32, Wire::Varint(bits)) => low_half(bits) == 0,
            (Self::Bool | Self::Int64 | Self::Sint64 | Self::Uint64, Wire::Varint(bits))
            | (Self::Double | Self::Fixed64 | Self::Sfixed64, Wire::Fixed64(bits)) => bits == 0,
            (Self::Fixed32 | Self::Float | Self::Sfixed32, Wire::Fixed32(bits)) => bits == 0,
            _ => false,
        }
    }

    /// Returns the value that a field has when it is not sent.
    pub(in crate::json) fn zero(self) -> Wire<'static> {
        match self {
            Self::Bytes | Self::Message(_) | Self::String => Wire::Bytes(&[]),
            Self::Double | Self::Fixed64 | Self::Sfixed64 => Wire::Fixed64(0),
            Self::Fixed32 | Self::Float | Self::Sfixed32 => Wire::Fixed32(0),
            _ => Wire::Varint(0),
        }
    }
}
