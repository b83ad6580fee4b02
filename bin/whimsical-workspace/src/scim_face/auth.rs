//! Who may use SCIM: the holder of the token, while SAML and SCIM are on.

use http::{HeaderMap, HeaderValue, StatusCode, header};
use jiff::Timestamp;
use scim::Error;

use super::answer::Answer;
use crate::model::Workspace;
use crate::model::switches::DisabledStatus;

/// Lets the request in.
///
/// # Errors
/// 401 with a challenge without exactly one valid token; 403 (switch `disabled_status`) with one while SCIM is off.
pub(super) fn check(workspace: &Workspace, headers: &HeaderMap, now: Timestamp) -> Result<(), Box<Answer>> {
    let mut sent = headers.get_all(header::AUTHORIZATION).iter();
    let (credentials, rest) = (sent.next(), sent.next());
    let Some(credentials) = credentials else {
        return Err(Box::new(challenge("Send the SCIM token as a bearer token.", r#"Bearer realm="whimsical-scim""#)));
    };
    if rest.is_some() {
        let invalid = r#"Bearer realm="whimsical-scim", error="invalid_request""#;
        return Err(Box::new(challenge("Send exactly one Authorization header.", invalid)));
    }
    let token = credentials.to_str().ok().and_then(bearer);
    if !token.is_some_and(|token| workspace.scim().accepts(token, now)) {
        let invalid = r#"Bearer realm="whimsical-scim", error="invalid_token""#;
        return Err(Box::new(challenge("The token is not valid; reveal it in the workspace settings.", invalid)));
    }
    if workspace.scim().enabled && workspace.saml().is_some() {
        return Ok(());
    }
    let detail = "SCIM provisioning is disabled for this workspace.";
    Err(match workspace.switches().disabled_status {
        DisabledStatus::Forbidden => Box::new(Error::new(StatusCode::FORBIDDEN, detail).into()),
        DisabledStatus::NotFound => Box::new(Error::not_found(detail).into()),
        DisabledStatus::Unauthorized => {
            Box::new(challenge(detail, r#"Bearer realm="whimsical-scim", error="invalid_token""#))
        }
    })
}

fn bearer(credentials: &str) -> Option<&str> {
    let (scheme, token) = credentials.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn challenge(detail: &str, challenge: &'static str) -> Answer {
    let error = Error::new(StatusCode::UNAUTHORIZED, detail);
    Answer::from(error).with(header::WWW_AUTHENTICATE, HeaderValue::from_static(challenge))
}
