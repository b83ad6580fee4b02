//! The header of a zstd frame, read before anything is decoded.
//!
//! Source: RFC 8878 §3.1.1.

/// What the header of a frame declares.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct FrameHeader {
    /// The memory that decoding needs, in bytes.
    pub(crate) window: u64,
    /// The decoded size, when the writer said it.
    pub(crate) content_size: Option<u64>,
    /// How long the header is, its magic included.
    pub(crate) length: u64,
    /// Whether a checksum of four bytes follows the blocks.
    pub(crate) has_checksum: bool,
}

/// Why there is no header.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NoHeader {
    /// The bytes end before the header does.
    Truncated,
    /// The bytes are something else.
    Other,
}

/// The most bytes that a header takes, its magic included.
pub(crate) const MAX_HEADER: usize = 18;
const MAGIC: [u8; 4] = 0xFD2F_B528_u32.to_le_bytes();

impl FrameHeader {
    /// Reads the header at the start of `bytes`.
    pub(crate) fn parse(bytes: &[u8]) -> Result<Self, NoHeader> {
        if bytes.len() < MAGIC.len() && MAGIC.starts_with(bytes) {
            return Err(NoHeader::Truncated);
        }
        let mut rest = bytes.strip_prefix(&MAGIC).ok_or(NoHeader::Other)?;
        let mut take = |length: usize| {
            let (field, tail) = rest.split_at_checked(length).ok_or(NoHeader::Truncated)?;
            rest = tail;
            Ok(field.iter().rev().fold(0_u64, |value, byte| value << 8 | u64::from(*byte)))
        };
        let descriptor = take(1)?;
        let single_segment = descriptor & 0x20 != 0;
        let window = if single_segment { None } else { Some(take(1)?) };
        take([0, 1, 2, 4].get((descriptor & 3) as usize).copied().unwrap_or_default())?;
        let content_size = match (descriptor >> 6, single_segment) {
            (0, false) => None,
            (0, true) => Some(take(1)?),
            (1, _) => Some(take(2)? + 256),
            (2, _) => Some(take(4)?),
            _ => Some(take(8)?),
        };
        let window = match window {
            None => content_size.unwrap_or_default(),
            Some(descriptor) => {
                let base = 1_u64 << (10 + (descriptor >> 3));
                base + base / 8 * (descriptor & 7)
            }
        };
        let length = (bytes.len() - rest.len()) as u64;
        Ok(Self { window, content_size, length, has_checksum: descriptor & 4 != 0 })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_say_what_they_declare() {
        for (rest, window, content_size) in [
            (&[0x00, 0x58][..], 2 << 20, None),
            (&[0x20, 0x07], 7, Some(7)),
            (&[0x60, 0x01, 0x01], 513, Some(513)),
            (&[0x84, 0x40, 0x00, 0x10, 0x02, 0x00], 256 << 10, Some(135_168)),
            (&[0xC0, 0x8A, 1, 0, 0, 0, 1, 0, 0, 0], (128 << 20) + (128 << 20) / 8 * 2, Some((1 << 32) + 1)),
        ] {
            let bytes = [&MAGIC[..], rest].concat();
            let header =
                FrameHeader { window, content_size, length: bytes.len() as u64, has_checksum: rest[0] & 4 != 0 };
            assert_eq!(FrameHeader::parse(&bytes), Ok(header), "{rest:x?}");
            for end in 0..bytes.len() {
                assert_eq!(FrameHeader::parse(&bytes[..end]), Err(NoHeader::Truncated), "{rest:x?} cut at {end}");
            }
        }
        assert_eq!(FrameHeader::parse(b"SQLite format 3\0"), Err(NoHeader::Other));
    }
}
