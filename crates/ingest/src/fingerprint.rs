//! What a row of a file says, as 16 bytes: equal ones need not be looked at.

use store::inventory::Key;

/// The field of a grant that repeats its entitlement, and the one that repeats its principal.
const GRANT_REPEATS: &[u32] = &[1, 2];
/// The field of a grant that holds its id.
const GRANT_ID: &[u32] = &[3];
/// The field of an entitlement that repeats its resource.
const ENTITLEMENT_REPEATS: &[u32] = &[1];

/// The key of an account or resource.
pub(crate) fn resource_key(resource_type: &str, id: &str) -> Key {
    // The length keeps `a` + `bc` apart from `ab` + `c`.
    let mut name = Vec::with_capacity(8 + resource_type.len() + id.len());
    name.extend_from_slice(&(resource_type.len() as u64).to_le_bytes());
    name.extend_from_slice(resource_type.as_bytes());
    name.extend_from_slice(id.as_bytes());
    Key::of(&name)
}

/// The key of an entitlement.
pub(crate) fn entitlement_key(id: &str) -> Key {
    Key::of(id.as_bytes())
}

/// The fingerprint of a resource.
pub(crate) fn resource(bytes: &[u8]) -> Key {
    Key::of(bytes)
}

/// The fingerprint of an entitlement, without what it repeats of its resource.
pub(crate) fn entitlement(bytes: &[u8]) -> Key {
    Key::of(&without(bytes, ENTITLEMENT_REPEATS))
}

/// The fingerprint of a grant, without what it repeats of its entitlement and its principal: a person who signs in
/// changes their account, not all that they hold. Also tells whether the grant says nothing else but its id.
pub(crate) fn grant(bytes: &[u8]) -> (Key, bool) {
    let rest = without(bytes, GRANT_REPEATS);
    (Key::of(&rest), without(&rest, GRANT_ID).is_empty())
}

/// The message without these fields. Bytes that are no message stay as they are.
fn without(bytes: &[u8], fields: &[u32]) -> Vec<u8> {
    let mut kept = Vec::with_capacity(bytes.len().min(256));
    let mut rest = bytes;
    while !rest.is_empty() {
        let before = rest;
        let Ok((tag, wire)) = prost::encoding::decode_key(&mut rest) else { return bytes.to_vec() };
        let skipped = prost::encoding::skip_field(wire, tag, &mut rest, prost::encoding::DecodeContext::default());
        if skipped.is_err() {
            return bytes.to_vec();
        }
        if !fields.contains(&tag) {
            let (field, _) = before.split_at(before.len() - rest.len());
            kept.extend_from_slice(field);
        }
    }
    kept
}

#[cfg(test)]
mod tests {
    use proto::Message as _;
    use proto::c1::connector::v2::{Entitlement, Grant, Resource};

    use super::*;

    #[test]
    fn what_a_grant_repeats_does_not_count() {
        let named = |name: &str| Resource { display_name: name.to_owned(), ..Resource::default() };
        let held = |by: &str, id: &str| Grant {
            id: id.to_owned(),
            entitlement: Some(Entitlement { id: "e".to_owned(), resource: Some(named(by)), ..Entitlement::default() }),
            principal: Some(named(by)),
            ..Grant::default()
        };
        let of = |message: &Grant| grant(&message.encode_to_vec());
        assert_eq!(of(&held("a", "g")), of(&held("b", "g")));
        assert_ne!(of(&held("a", "g")), of(&held("a", "h")));
        let fixed = Grant { annotations: vec![proto::annotations::pack(&Grant::default())], ..held("a", "g") };
        assert_eq!((of(&held("a", "g")).1, of(&fixed).1), (true, false), "whether it says more than its id");
        assert_eq!(without(&[0xff, 0xff], &[1]), [0xff, 0xff], "no message");
    }

    #[test]
    fn keys_keep_type_and_id_apart() {
        assert_ne!(resource_key("a", "bc"), resource_key("ab", "c"));
        assert_eq!(resource_key("user", "1"), resource_key("user", "1"));
    }
}
