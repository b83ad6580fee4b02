//! The claim `htu`: which URLs are the same.
//!
//! Source: RFC 9449 §4.3 item 9; RFC 3986 §§6.2.2, 6.2.3.

use url::Url;

/// A text that is not an http or https URL with a host.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{0}` is not an http or https URL")]
pub struct InvalidUrl(String);

/// The URL without query, fragment and user, its scheme and host in small letters, its default port left out.
///
/// Two URLs are the same target exactly if these are equal.
pub(super) fn normal(text: &str) -> Result<String, InvalidUrl> {
    let wrong = || InvalidUrl(text.chars().take(200).collect());
    let mut url = Url::parse(text).map_err(|_| wrong())?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err(wrong());
    }
    url.set_query(None);
    url.set_fragment(None);
    url.set_username("").and_then(|()| url.set_password(None)).map_err(|()| wrong())?;
    Ok(url.into())
}
