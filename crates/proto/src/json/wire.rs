//! Walks over the fields of an encoded message.
//!
//! Source: <https://protobuf.dev/programming-guides/encoding/>.

use super::{Fault, MAX_DEPTH};

/// The undecoded value of one field.
#[derive(Debug, Clone, Copy)]
pub(super) enum Wire<'a> {
    Varint(u64),
    Fixed64(u64),
    Fixed32(u32),
    Bytes(&'a [u8]),
    /// A group; no known field has this form, so it is only ever skipped.
    Group,
}

/// What is left of an encoded message.
#[derive(Debug, Clone, Copy)]
pub(super) struct Cursor<'a> {
    rest: &'a [u8],
}

impl<'a> Cursor<'a> {
    pub(super) fn new(wire: &'a [u8]) -> Self {
        Self { rest: wire }
    }

    pub(super) fn is_at_end(self) -> bool {
        self.rest.is_empty()
    }

    /// Returns the number and the value of the next field, or `None` at the end.
    pub(super) fn field(&mut self) -> Result<Option<(u32, Wire<'a>)>, Fault> {
        if self.rest.is_empty() {
            return Ok(None);
        }
        let (number, wire_type) = self.tag()?;
        let value = match wire_type {
            0 => Wire::Varint(self.varint()?),
            1 => Wire::Fixed64(self.fixed64()?),
            2 => Wire::Bytes(self.bytes()?),
            3 => {
                self.skip_group(number, MAX_DEPTH)?;
                Wire::Group
            }
            5 => Wire::Fixed32(self.fixed32()?),
            _ => return Err(Fault::Tag),
        };
        Ok(Some((number, value)))
    }

    pub(super) fn varint(&mut self) -> Result<u64, Fault> {
        let mut value = 0;
        for shift in (0..64).step_by(7) {
            let (byte, rest) = self.rest.split_first().ok_or(Fault::Truncated)?;
            self.rest = rest;
            // Of the tenth byte only one bit fits.
            if shift == 63 && *byte > 1 {
                return Err(Fault::Varint);
            }
            value |= u64::from(byte & 0x7f) << shift;
            if *byte < 0x80 {
                return Ok(value);
            }
        }
        Err(Fault::Varint)
    }

    pub(super) fn fixed64(&mut self) -> Result<u64, Fault> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(u64::from_le_bytes(*bytes))
    }

    pub(super) fn fixed32(&mut self) -> Result<u32, Fault> {
        let (bytes, rest) = self.rest.split_first_chunk().ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(u32::from_le_bytes(*bytes))
    }

    fn bytes(&mut self) -> Result<&'a [u8], Fault> {
        let length = usize::try_from(self.varint()?).map_err(|_| Fault::Truncated)?;
        let (bytes, rest) = self.rest.split_at_checked(length).ok_or(Fault::Truncated)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// Returns the field number and the wire type of the next field.
    fn tag(&mut self) -> Result<(u32, u32), Fault> {
        let tag = u32::try_from(self.varint()?).map_err(|_| Fault::Tag)?;
        match (tag >> 3, tag & 7) {
            (0, _) => Err(Fault::Tag),
            tag => Ok(tag),
        }
    }

    fn skip_group(&mut self, number: u32, depth: usize) -> Result<(), Fault> {
        let depth = depth.checked_sub(1).ok_or(Fault::TooDeep)?;
        loop {
            match self.tag()? {
                (_, 0) => _ = self.varint()?,
                (_, 1) => _ = self.fixed64()?,
                (_, 2) => _ = self.bytes()?,
                (inner, 3) => self.skip_group(inner, depth)?,
                (end, 4) if end == number => return Ok(()),
                (_, 5) => _ = self.fixed32()?,
                _ => return Err(Fault::Tag),
            }
        }
    }
}
