//! `If-Match` and `If-None-Match`.

use http::{HeaderMap, HeaderName, StatusCode, header};
use scim::Error;
use scim::etag::EntityTags;

use super::resource::etag;
use crate::model::ScimUser;

/// Checks `If-Match` before a write. Weak tags compare as RFC 7644 §3.14 has it, lists and `*` count.
///
/// # Errors
/// 412 when the header is there and does not match.
pub(super) fn check_write(headers: &HeaderMap, user: &ScimUser) -> Result<(), Error> {
    if headers.contains_key(header::IF_MATCH) && !matches(headers, &header::IF_MATCH, user) {
        let detail = "The user has changed since; read it again.";
        return Err(Error::new(StatusCode::PRECONDITION_FAILED, detail));
    }
    Ok(())
}

/// Whether the client has this version already.
pub(super) fn is_known(headers: &HeaderMap, user: &ScimUser) -> bool {
    matches(headers, &header::IF_NONE_MATCH, user)
}

fn matches(headers: &HeaderMap, name: &HeaderName, user: &ScimUser) -> bool {
    let sent: Vec<&str> = headers.get_all(name).iter().filter_map(|value| value.to_str().ok()).collect();
    !sent.is_empty() && EntityTags::parse(&sent.join(",")).match_weakly(&etag(user))
}
