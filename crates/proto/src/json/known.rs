//! The messages of Google that have a form of their own in JSON.

use prost::Message as _;

use super::table::{Form, Kind, Message, Type};
use super::wire::{Cursor, Wire};
use super::write::{Outcome, Transcoder};
use super::{Fault, text};

/// The most seconds of a duration: 10,000 years. Source: `google/protobuf/duration.proto`.
const MAX_DURATION_SECONDS: u64 = 315_576_000_000;
/// The seconds of the years 1 to 9999. Source: `google/protobuf/timestamp.proto`.
const TIMESTAMP_SECONDS: std::ops::RangeInclusive<i64> = -62_135_596_800..=253_402_300_799;
const NANOS_PER_SECOND: i32 = 1_000_000_000;

impl<'a> Transcoder<'a, '_> {
    /// Writes a message that is not simply an object with its fields.
    pub(super) fn known(&mut self, message: &'static Message, wire: &'a [u8], depth: usize) -> Result<Outcome, Fault> {
        match message.form {
            Form::Any => return self.any(wire, depth),
            Form::Duration => self.duration(wire)?,
            Form::Empty | Form::Object => self.out.extend_from_slice(b"{}"),
            Form::FieldMask => self.field_mask(wire)?,
            Form::ListValue => self.only_field(message, wire, depth, b"[]")?,
            Form::Struct => self.only_field(message, wire, depth, b"{}")?,
            Form::Timestamp => self.timestamp(wire)?,
            Form::Value => self.dynamic_value(message, wire, depth)?,
            Form::Wrapper => self.wrapper(message, wire, depth)?,
        }
        Ok(Outcome::Written)
    }

    fn any(&mut self, wire: &'a [u8], depth: usize) -> Result<Outcome, Fault> {
        let (mut url, mut payload): (&[u8], &[u8]) = (&[], &[]);
        let mut cursor = Cursor::new(wire);
        while let Some((number, wire)) = cursor.field()? {
            match (number, wire) {
                (1, Wire::Bytes(bytes)) => url = bytes,
                (2, Wire::Bytes(bytes)) => payload = bytes,
                (1 | 2, _) => return Err(Fault::WireType),
                _ => {}
            }
        }
        let url = std::str::from_utf8(url).map_err(|_| Fault::Utf8)?;
        let name = url.rsplit('/').next().unwrap_or_default();
        let Some(Type(message)) = Type::named(name) else {
            return Ok(Outcome::LeftOut);
        };
        self.out.extend_from_slice(b"{\"@type\":");
        text::string(self.out, url.as_bytes())?;
        if message.form == Form::Object {
            self.fields(message, payload, depth.checked_sub(1).ok_or(Fault::TooDeep)?)?;
        } else {
            self.out.extend_from_slice(b",\"value\":");
            if self.message(message, payload, depth)? == Outcome::LeftOut {
                return Ok(Outcome::LeftOut);
            }
        }
        self.out.push(b'}');
        Ok(Outcome::Written)
    }

    /// Writes the one field of a message in place of the message.
    fn only_field(
        &mut self,
        message: &'static Message,
        wire: &'a [u8],
        depth: usize,
        empty: &[u8],
    ) -> Result<(), Fault> {
        let mut notes = self.note(message, wire)?;
        let start = notes.start;
        match self.next_group(message, &mut notes) {
            Some((field, group)) => _ = self.field(field, group, depth)?,
            None => self.out.extend_from_slice(empty),
        }
        self.forget(start);
        Ok(())
    }

    fn dynamic_value(&mut self, message: &'static Message, wire: &'a [u8], depth: usize) -> Result<(), Fault> {
        let mut notes = self.note(message, wire)?;
        let start = notes.start;
        match self.next_group(message, &mut notes) {
            Some((field, group)) => {
                if let (Kind::Double, Some(Wire::Fixed64(bits))) = (field.kind, self.last(group.clone()))
                    && !f64::from_bits(bits).is_finite()
                {
                    return Err(Fault::NotFinite);
                }
                _ = self.field(field, group, depth)?;
            }
            None => self.out.extend_from_slice(b"null"),
        }
        self.forget(start);
        Ok(())
    }

    fn wrapper(&mut self, message: &'static Message, wire: &'a [u8], depth: usize) -> Result<(), Fault> {
        let notes = self.note(message, wire)?;
        let Some(field) = message.fields.first() else {
            return Ok(());
        };
        let start = notes.start;
        let value = self.last(notes).unwrap_or(field.kind.zero());
        self.value(field.kind, value, depth)?;
        self.forget(start);
        Ok(())
    }

    fn timestamp(&mut self, wire: &[u8]) -> Result<(), Fault> {
        let time = prost_types::Timestamp::decode(wire).map_err(|_| Fault::WireType)?;
        if !TIMESTAMP_SECONDS.contains(&time.seconds) || !(0..NANOS_PER_SECOND).contains(&time.nanos) {
            return Err(Fault::Timestamp);
        }
        text::put(self.out, format_args!("\"{time}\""));
        Ok(())
    }

    fn duration(&mut self, wire: &[u8]) -> Result<(), Fault> {
        let span = prost_types::Duration::decode(wire).map_err(|_| Fault::WireType)?;
        let (seconds, nanos) = (span.seconds, i64::from(span.nanos));
        if seconds.unsigned_abs() > MAX_DURATION_SECONDS
            || span.nanos.unsigned_abs() >= NANOS_PER_SECOND.unsigned_abs()
            || seconds.signum() * nanos.signum() < 0
        {
            return Err(Fault::Duration);
        }
        text::put(self.out, format_args!("\"{span}\""));
        Ok(())
    }

    fn field_mask(&mut self, wire: &[u8]) -> Result<(), Fault> {
        let mask = prost_types::FieldMask::decode(wire).map_err(|_| Fault::WireType)?;
        let paths: Option<Vec<String>> = mask.paths.iter().map(|path| camel_case(path)).collect();
        text::string(self.out, paths.ok_or(Fault::FieldMask)?.join(",").as_bytes())
    }
}

/// Returns `None` when `path` could not be got back: it has capitals, or an underscore that no
/// small letter follows.
fn camel_case(path: &str) -> Option<String> {
    let mut camel = String::with_capacity(path.len());
    let mut letters = path.chars();
    while let Some(letter) = letters.next() {
        match letter {
            'A'..='Z' => return None,
            '_' => match letters.next() {
                Some(next @ 'a'..='z') => camel.push(next.to_ascii_uppercase()),
                _ => return None,
            },
            _ => camel.push(letter),
        }
    }
    Some(camel)
}
