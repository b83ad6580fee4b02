//! Makes encoded messages out of random bytes, in all the orders and forms that readers must take.

use prost::encoding::{WireType, encode_key, encode_varint};
use prost_reflect::{Cardinality, FieldDescriptor, Kind, MessageDescriptor};

/// How deep messages are nested.
const DEPTH: usize = 5;
/// Types that an `Any` holds.
const IN_ANY: [&str; 8] = [
    "c1.connector.v2.UserTrait",
    "c1.connector.v2.GrantExpandable",
    "c1.connector.v2.SkipGrants",
    "c1.connector.v2.TicketCustomField",
    "google.protobuf.Any",
    "google.protobuf.Duration",
    "google.protobuf.Struct",
    "google.protobuf.BoolValue",
];
const TEXTS: [&str; 8] =
    ["", "a", "editor", "\"q\" \\ \n\r\t\u{8}\u{c}\u{0}\u{1f}", "käse", "日本", "</s>\u{2028}", "🦀"];
const NUMBERS: [u64; 8] = [0, 1, 2, 127, 300, 0x7fff_ffff, 0xffff_ffff_ffff_ffff, 0x8000_0000_0000_0000];
const FLOATS: [f64; 10] = [0.0, 1.0, -1.0, 0.1, 1e20, 1e21, 1e-6, 1e-7, 123_456.75, f64::MAX];

/// Random bytes that decide what comes next; zeros once they are used up.
pub(super) struct Tape<'a> {
    bytes: std::slice::Iter<'a, u8>,
}

impl<'a> Tape<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self { bytes: bytes.iter() }
    }

    /// Returns an encoded message of this type.
    pub(super) fn message(&mut self, message: &MessageDescriptor) -> Vec<u8> {
        self.nested(message, DEPTH)
    }

    fn below(&mut self, limit: usize) -> usize {
        usize::from(*self.bytes.next().unwrap_or(&0)) % limit
    }

    fn pick<T: Copy>(&mut self, from: &[T]) -> T {
        from[self.below(from.len())]
    }

    fn nested(&mut self, message: &MessageDescriptor, depth: usize) -> Vec<u8> {
        let mut out = Vec::new();
        match message.full_name() {
            "google.protobuf.Any" => self.any(message, depth, &mut out),
            "google.protobuf.Timestamp" => {
                let seconds = [0, 1, -1, 1_700_000_000, -62_135_596_800, 253_402_300_799];
                self.seconds(&seconds, &[0, 1, 500_000_000, 1_000, 999_999_999], &mut out);
            }
            "google.protobuf.Duration" if self.below(2) == 0 => {
                self.seconds(&[0, 1, 90, 315_576_000_000], &[0, 1, 500_000_000, 10_000], &mut out);
            }
            "google.protobuf.Duration" => {
                self.seconds(&[0, -1, -90], &[0, -1, -500_000_000], &mut out);
            }
            "google.protobuf.FieldMask" => {
                for _ in 0..self.below(4) {
                    let path = self.pick(&["a", "a_b", "user.display_name", "x.y.z_z"]);
                    bytes(1, path.as_bytes(), &mut out);
                }
            }
            _ => self.fields(message, depth, &mut out),
        }
        out
    }

    fn any(&mut self, any: &MessageDescriptor, depth: usize, out: &mut Vec<u8>) {
        // At the bottom the payload is empty, so it must not be an `Any` of no type.
        let names = if depth == 0 { &IN_ANY[..3] } else { &IN_ANY[..] };
        let name = self.pick(names);
        let payload = any.parent_pool().get_message_by_name(name).unwrap();
        let payload = self.nested(&payload, depth.saturating_sub(1));
        let url = format!("{}/{name}", self.pick(&["type.googleapis.com", "example.com/x"]));
        if self.below(4) == 0 {
            bytes(2, &payload, out);
            bytes(1, url.as_bytes(), out);
        } else {
            bytes(1, url.as_bytes(), out);
            bytes(2, &payload, out);
        }
    }

    fn seconds(&mut self, seconds: &[i64], nanos: &[i32], out: &mut Vec<u8>) {
        encode_key(1, WireType::Varint, out);
        encode_varint(self.pick(seconds).cast_unsigned(), out);
        encode_key(2, WireType::Varint, out);
        encode_varint(i64::from(self.pick(nanos)).cast_unsigned(), out);
    }

    fn fields(&mut self, message: &MessageDescriptor, depth: usize, out: &mut Vec<u8>) {
        let fields: Vec<FieldDescriptor> = message.fields().collect();
        if fields.is_empty() {
            return;
        }
        // An entry without its value would hold an `Any` of no type.
        let holds_any =
            matches!(fields[fields.len() - 1].kind(), Kind::Message(m) if m.full_name() == "google.protobuf.Any");
        if message.is_map_entry() && holds_any {
            return fields.iter().for_each(|field| self.field(field, depth.max(1), out));
        }
        // In order as encoders write them, or any which way.
        if self.below(3) > 0 {
            for field in &fields {
                if self.below(2) == 0 {
                    self.field(field, depth, out);
                }
            }
        } else {
            for _ in 0..self.below(12) {
                let place = self.below(fields.len());
                self.field(&fields[place], depth, out);
                if self.below(8) == 0 {
                    self.unknown_field(out);
                }
            }
        }
    }

    fn field(&mut self, field: &FieldDescriptor, depth: usize, out: &mut Vec<u8>) {
        let is_message = matches!(field.kind(), Kind::Message(_));
        if is_message && depth == 0 {
            return;
        }
        if field.cardinality() != Cardinality::Repeated {
            return self.value(field, depth, out);
        }
        let count = self.below(4);
        let can_be_packed = !is_message && !matches!(field.kind(), Kind::String | Kind::Bytes);
        if can_be_packed && self.below(2) == 0 {
            let mut packed = Vec::new();
            (0..count).for_each(|_| _ = self.number(&field.kind(), &mut packed));
            bytes(field.number(), &packed, out);
        } else {
            (0..count).for_each(|_| self.value(field, depth, out));
        }
    }

    fn value(&mut self, field: &FieldDescriptor, depth: usize, out: &mut Vec<u8>) {
        match field.kind() {
            Kind::Message(message) => {
                let payload = self.nested(&message, depth.saturating_sub(1));
                bytes(field.number(), &payload, out);
            }
            Kind::String | Kind::Bytes => bytes(field.number(), self.pick(&TEXTS).as_bytes(), out),
            kind => {
                let mut number = Vec::new();
                let wire_type = self.number(&kind, &mut number);
                encode_key(field.number(), wire_type, out);
                out.extend(number);
            }
        }
    }

    fn number(&mut self, kind: &Kind, out: &mut Vec<u8>) -> WireType {
        match kind {
            Kind::Double => {
                out.extend(self.pick(&FLOATS).to_le_bytes());
                WireType::SixtyFourBit
            }
            Kind::Float => {
                let number = self.pick(&[0.0_f32, 1.0, -2.5, 0.1, 1e-9, 3e38]);
                out.extend(number.to_le_bytes());
                WireType::ThirtyTwoBit
            }
            Kind::Fixed64 | Kind::Sfixed64 => {
                out.extend(self.pick(&NUMBERS).to_le_bytes());
                WireType::SixtyFourBit
            }
            Kind::Fixed32 | Kind::Sfixed32 => {
                out.extend(self.pick(&[0_u32, 1, u32::MAX]).to_le_bytes());
                WireType::ThirtyTwoBit
            }
            Kind::Enum(_) => {
                encode_varint(self.pick(&[0, 1, 2, 3, 99, u64::MAX]), out);
                WireType::Varint
            }
            _ => {
                encode_varint(self.pick(&NUMBERS), out);
                WireType::Varint
            }
        }
    }

    /// A number that no message of the protocol uses, for fields or for extensions.
    fn unknown_field(&mut self, out: &mut Vec<u8>) {
        const UNKNOWN: u32 = 77_777;
        match self.below(3) {
            0 => {
                encode_key(UNKNOWN, WireType::Varint, out);
                encode_varint(self.pick(&NUMBERS), out);
            }
            1 => bytes(UNKNOWN, b"whatever", out),
            _ => {
                encode_key(UNKNOWN, WireType::StartGroup, out);
                bytes(1, b"inside", out);
                encode_key(UNKNOWN, WireType::EndGroup, out);
            }
        }
    }
}

fn bytes(number: u32, payload: &[u8], out: &mut Vec<u8>) {
    encode_key(number, WireType::LengthDelimited, out);
    encode_varint(payload.len() as u64, out);
    out.extend(payload);
}
