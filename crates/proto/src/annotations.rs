//! The annotations of a message: typed extras in a list of `google.protobuf.Any`.
//!
//! An annotation has the type URL `type.googleapis.com/FULL.NAME`; readers go by the part after
//! the last `/`. Annotations of other types, also unknown ones, stay as they are.

use prost::{DecodeError, Name};
use prost_types::Any;

/// Returns `message` as an annotation.
#[must_use]
pub fn pack<M: Name>(message: &M) -> Any {
    Any { type_url: M::type_url(), value: message.encode_to_vec() }
}

/// Adds `message` at the end, whatever is there already.
pub fn append<M: Name>(annotations: &mut Vec<Any>, message: &M) {
    annotations.push(pack(message));
}

/// Puts `message` in place of **every** annotation of its type, or at the end if there is none.
///
/// Each place keeps an annotation, so what was there twice is there twice afterwards; upstream
/// does the same.
pub fn update<M: Name>(annotations: &mut Vec<Any>, message: &M) {
    let mut is_new = true;
    for annotation in annotations.iter_mut().filter(|annotation| is::<M>(annotation)) {
        *annotation = pack(message);
        is_new = false;
    }
    if is_new {
        append(annotations, message);
    }
}

/// Returns the first annotation of the type `M`, or `None` when there is none.
///
/// # Errors
/// When that annotation is not an encoded `M`.
pub fn pick<M: Name + Default>(annotations: &[Any]) -> Result<Option<M>, DecodeError> {
    annotations.iter().find(|annotation| is::<M>(annotation)).map(unpack_value).transpose()
}

/// Returns whether there is an annotation of the type `M`.
#[must_use]
pub fn contains<M: Name>(annotations: &[Any]) -> bool {
    annotations.iter().any(is::<M>)
}

/// Returns whether `annotation` is of the type `M`.
#[must_use]
pub fn is<M: Name>(annotation: &Any) -> bool {
    let name = type_name(annotation).strip_prefix(M::PACKAGE).and_then(|rest| rest.strip_prefix('.'));
    name == Some(M::NAME)
}

/// Returns the full name of the type of an annotation: what stands after the last `/`.
#[must_use]
pub fn type_name(annotation: &Any) -> &str {
    annotation.type_url.rsplit('/').next().unwrap_or_default()
}

fn unpack_value<M: Name + Default>(annotation: &Any) -> Result<M, DecodeError> {
    M::decode(annotation.value.as_slice())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::c1::connector::v2::{ChildResourceType, RawId, SkipGrants};

    fn raw_id(id: &str) -> RawId {
        RawId { id: id.to_owned() }
    }

    fn child(id: &str) -> ChildResourceType {
        ChildResourceType { resource_type_id: id.to_owned() }
    }

    #[test]
    fn the_type_url_is_the_one_of_go() {
        let annotation = pack(&SkipGrants {});
        assert_eq!(annotation.type_url, "type.googleapis.com/c1.connector.v2.SkipGrants");
        assert_eq!(type_name(&annotation), "c1.connector.v2.SkipGrants");
    }

    #[test]
    fn append_always_adds() {
        let mut annotations = vec![pack(&child("one"))];
        append(&mut annotations, &child("two"));
        assert_eq!(annotations, [pack(&child("one")), pack(&child("two"))]);
        assert_eq!(pick(&annotations), Ok(Some(child("one"))), "the first one is picked");
    }

    #[test]
    fn update_replaces_every_annotation_of_its_type() {
        let mut annotations = vec![pack(&raw_id("a")), pack(&SkipGrants {}), pack(&raw_id("b"))];
        update(&mut annotations, &raw_id("c"));
        assert_eq!(annotations, [pack(&raw_id("c")), pack(&SkipGrants {}), pack(&raw_id("c"))]);
        update(&mut annotations, &child("new"));
        assert_eq!(annotations.last(), Some(&pack(&child("new"))));
    }

    #[test]
    fn any_prefix_of_the_type_url_will_do() {
        for url in ["c1.connector.v2.RawId", "/c1.connector.v2.RawId", "a.b/c/c1.connector.v2.RawId"] {
            let mut annotations = vec![Any { type_url: url.to_owned(), ..pack(&raw_id("a")) }];
            assert!(contains::<RawId>(&annotations), "{url}");
            assert_eq!(pick(&annotations), Ok(Some(raw_id("a"))), "{url}");
            update(&mut annotations, &raw_id("b"));
            assert_eq!(annotations, [pack(&raw_id("b"))], "{url}");
        }
        for url in ["", "c1.connector.v2.RawI", "x.c1.connector.v2.RawId", "c1.connector.v2.RawId/"] {
            let annotations = [Any { type_url: url.to_owned(), value: Vec::new() }];
            assert!(!contains::<RawId>(&annotations), "{url}");
            assert_eq!(pick::<RawId>(&annotations), Ok(None), "{url}");
        }
    }

    #[test]
    fn a_damaged_annotation_is_an_error_only_when_picked() {
        let broken = Any { value: vec![0x0a], ..pack(&raw_id("a")) };
        assert!(contains::<RawId>(std::slice::from_ref(&broken)));
        assert!(pick::<RawId>(std::slice::from_ref(&broken)).is_err());
        assert_eq!(pick(&[broken, pack(&child("one"))]), Ok(Some(child("one"))));
    }
}
