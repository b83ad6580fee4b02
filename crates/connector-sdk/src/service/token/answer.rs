//! What the token endpoint answers.

use std::io::Read;

use flate2::read::GzDecoder;
use http::header::CONTENT_ENCODING;
use http::{HeaderMap, StatusCode};
use http_body_util::{BodyExt, Limited};
use secrecy::SecretString;
use serde::{Deserialize, Deserializer};

use super::Body;
use crate::error::{Code, Error, Result};

/// The longest answer that is read, in bytes, packed or not.
const MAX_BYTES: usize = 64 * 1024;
/// How much of the server's explanation is shown.
const MAX_TEXT_CHARS: usize = 300;

/// An answer.
pub(super) enum Answer {
    /// A token.
    Token(Grant),
    /// None.
    Refusal(Refusal),
}

/// The token, as the endpoint describes it. A duplicated key, or a lifetime that is no integer, is an error.
#[derive(Deserialize)]
pub(super) struct Grant {
    #[serde(default = "nothing", deserialize_with = "secret")]
    pub(super) access_token: SecretString,
    #[serde(default)]
    token_type: String,
    #[serde(default)]
    pub(super) expires_in: i64,
}

fn nothing() -> SecretString {
    SecretString::from(String::new())
}

fn secret<'de, D: Deserializer<'de>>(value: D) -> Result<SecretString, D::Error> {
    String::deserialize(value).map(SecretString::from)
}

/// Why there is no token.
#[derive(Default, Deserialize)]
pub(super) struct Refusal {
    #[serde(default)]
    error: String,
    #[serde(default)]
    error_description: String,
}

impl Grant {
    /// Whether calls with it need proofs.
    pub(super) fn is_bound(&self) -> bool {
        self.token_type.eq_ignore_ascii_case("dpop")
    }

    /// The word before the token. Source: baton-service-mode §4.
    pub(super) fn scheme(&self) -> &str {
        match self.token_type.to_ascii_lowercase().as_str() {
            "" | "bearer" => "Bearer",
            "mac" => "MAC",
            "basic" => "Basic",
            _ => &self.token_type,
        }
    }
}

impl Refusal {
    /// Whether the same request with a proof that holds the server's nonce may succeed.
    pub(super) fn wants_nonce(&self) -> bool {
        self.error == "use_dpop_nonce"
    }

    /// What the server says, to be put behind the status.
    pub(super) fn text(&self) -> String {
        let said = if self.error_description.is_empty() { &self.error } else { &self.error_description };
        let said: String = said.chars().filter(|letter| !letter.is_control()).take(MAX_TEXT_CHARS).collect();
        if said.is_empty() { said } else { format!(": {said}") }
    }
}

/// Reads the answer. Only status 200 brings a token.
pub(super) async fn read(status: StatusCode, headers: &HeaderMap, body: Body) -> Result<Answer> {
    let broken = |what: String| Error::new(Code::Unavailable, format!("failed to get token: {what}"));
    let bytes = Limited::new(body, MAX_BYTES).collect().await.map_err(|error| broken(error.to_string()))?.to_bytes();
    let is_packed = headers.get(CONTENT_ENCODING).is_some_and(|encoding| encoding.as_bytes() == b"gzip");
    let text = if is_packed { unpacked(&bytes) } else { Some(bytes.to_vec()) };
    if status != StatusCode::OK {
        let refusal = text.and_then(|text| serde_json::from_slice(&text).ok());
        return Ok(Answer::Refusal(refusal.unwrap_or_default()));
    }
    let grant = text.and_then(|text| serde_json::from_slice(&text).ok());
    // What the answer was stays unsaid: it may hold a token.
    grant
        .map(Answer::Token)
        .ok_or_else(|| Error::new(Code::Unauthenticated, "failed to get token: the answer is not the JSON of a token"))
}

fn unpacked(bytes: &[u8]) -> Option<Vec<u8>> {
    let most = u64::try_from(MAX_BYTES).ok()?;
    let mut plain = Vec::new();
    let read = GzDecoder::new(bytes).take(most + 1).read_to_end(&mut plain).ok()?;
    (read <= MAX_BYTES).then_some(plain)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;
    use secrecy::ExposeSecret;

    use super::*;

    fn packed(text: &[u8]) -> Vec<u8> {
        let mut writer = GzEncoder::new(Vec::new(), Compression::fast());
        writer.write_all(text).unwrap();
        writer.finish().unwrap()
    }

    async fn check(body: Vec<u8>, expect: Option<(&str, &str, i64)>) {
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_ENCODING, http::HeaderValue::from_static("gzip"));
        let body = Body::new(http_body_util::Full::from(body));
        let got = match read(StatusCode::OK, &headers, body).await {
            Ok(Answer::Token(grant)) => {
                Some((grant.access_token.expose_secret().to_owned(), grant.scheme().to_owned(), grant.expires_in))
            }
            _ => None,
        };
        assert_eq!(got.as_ref().map(|(token, scheme, life)| (token.as_str(), scheme.as_str(), *life)), expect);
    }

    #[tokio::test]
    async fn packed_answers_are_read_within_bounds() {
        check(packed(br#"{"access_token":"t","expires_in":5}"#), Some(("t", "Bearer", 5))).await;
        check(packed(br#"{"access_token":"t","token_type":"BEARER","x":[1]}"#), Some(("t", "Bearer", 0))).await;
        check(packed(br#"{"access_token":"t","token_type":"mac"}"#), Some(("t", "MAC", 0))).await;
        check(packed(br#"{"access_token":"t","token_type":"Other"}"#), Some(("t", "Other", 0))).await;
        check(br#"{"access_token":"t"}"#.to_vec(), None).await;
        let bomb = format!(r#"{{"access_token":"t","x":"{}"}}"#, "y".repeat(MAX_BYTES));
        check(packed(bomb.as_bytes()), None).await;
        check(bomb.into_bytes(), None).await;
    }
}
