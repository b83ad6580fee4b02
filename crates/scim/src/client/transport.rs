//! One HTTP exchange: the token, time-outs, the bound on the answer, and the hold after a 429 or 503.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use ids::{Clock as _, SystemClock};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION};
use reqwest::{Method, Response, StatusCode, Url};
use secrecy::{ExposeSecret as _, SecretString};
use serde_json::Value;
use tokio::time::{Instant, sleep_until};

use super::Settings;
use super::egress::{Egress, PublicOnly};
use super::error::{Error, Fault};
use super::rate::{RateLimit, retry_after};
use super::retry::{Attempts, Patience};

/// The most that is read of one answer.
const BODY_LIMIT_BYTES: usize = 16 * 1024 * 1024;
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);
/// The most that is shown of what a service says.
const DETAIL_LIMIT_CHARS: usize = 200;

/// Sends requests to one service.
#[derive(Debug)]
pub(super) struct Transport {
    http: reqwest::Client,
    timeout: Duration,
    /// No request is sent before this instant.
    held_until: Mutex<Option<Instant>>,
}

/// A 2xx answer.
pub(super) struct Answer {
    pub(super) body: Vec<u8>,
    pub(super) location: Option<String>,
}

impl Transport {
    pub(super) fn new(settings: &Settings) -> Result<Self, Error> {
        let set_up = |_| Error::new(Fault::SetUp);
        let url = settings.address.users();
        settings.egress.check(&url).map_err(|refused| Error::new(Fault::SetUp).with_source(refused))?;
        let mut headers = HeaderMap::new();
        headers.insert(AUTHORIZATION, bearer(&settings.token).map_err(set_up)?);
        headers.insert(ACCEPT, HeaderValue::from_static("application/scim+json, application/json"));
        let builder = match settings.egress {
            Egress::Anywhere => reqwest::Client::builder(),
            Egress::PublicOnly => reqwest::Client::builder().no_proxy().dns_resolver(Arc::new(PublicOnly)),
        };
        let http = builder
            .default_headers(headers)
            .user_agent(&settings.user_agent)
            .connect_timeout(CONNECT_TIMEOUT)
            .timeout(settings.timeout)
            // The token must not follow a redirect to another place.
            .redirect(reqwest::redirect::Policy::none())
            .build()
            .map_err(|source| Error::new(Fault::SetUp).with_source(source))?;
        Ok(Self { http, timeout: settings.timeout, held_until: Mutex::new(None) })
    }

    /// Sends a request and reads its answer.
    pub(super) async fn send(
        &self,
        method: Method,
        url: Url,
        body: Option<&Value>,
        patience: Patience,
    ) -> Result<Answer, Error> {
        let mut attempts = Attempts::new();
        loop {
            let error = match self.send_once(method.clone(), url.clone(), body).await {
                Ok(answer) => return Ok(answer),
                Err(error) => error,
            };
            match patience {
                Patience::Once => return Err(error),
                Patience::Retry => attempts.wait(&error, self.held_until()).await.ok_or(error)?,
            }
        }
    }

    async fn send_once(&self, method: Method, url: Url, body: Option<&Value>) -> Result<Answer, Error> {
        if let Some(instant) = self.held_until() {
            sleep_until(instant).await;
        }
        let mut request = self.http.request(method, url);
        if let Some(body) = body {
            request = request.header(CONTENT_TYPE, "application/scim+json").body(body.to_string());
        }
        let response = request.send().await.map_err(|error| self.fault_of(error))?;
        let status = response.status();
        if status.is_success() {
            let location = response.headers().get(LOCATION).and_then(|value| value.to_str().ok()).map(str::to_owned);
            return Ok(Answer { body: self.read(response).await?, location });
        }
        Err(self.refusal(status, response).await)
    }

    /// Returns the instant before which nothing is sent.
    pub(super) fn held_until(&self) -> Option<Instant> {
        *self.held_until.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Reads a whole body, up to the limit.
    async fn read(&self, mut response: Response) -> Result<Vec<u8>, Error> {
        let too_large = || Error::new(Fault::TooLarge { limit_bytes: BODY_LIMIT_BYTES });
        let announced = usize::try_from(response.content_length().unwrap_or(0)).unwrap_or(usize::MAX);
        if announced > BODY_LIMIT_BYTES {
            return Err(too_large());
        }
        let mut body = Vec::with_capacity(announced);
        while let Some(chunk) = response.chunk().await.map_err(|error| self.fault_of(error))? {
            if body.len() + chunk.len() > BODY_LIMIT_BYTES {
                return Err(too_large());
            }
            body.extend_from_slice(&chunk);
        }
        Ok(body)
    }

    /// Returns the error of an answer that is not 2xx; a 429 or 503 that says when to come back holds all requests.
    async fn refusal(&self, status: StatusCode, response: Response) -> Error {
        if status.is_redirection() {
            return Error::new(Fault::Redirect { status: status.as_u16() });
        }
        let now = SystemClock.now();
        let rate_limit = RateLimit::read(status.as_u16(), response.headers(), now);
        if matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::SERVICE_UNAVAILABLE)
            && let Some(wait) = retry_after(response.headers(), now)
        {
            *self.held_until.lock().unwrap_or_else(PoisonError::into_inner) = Some(Instant::now() + wait);
        }
        // What is wrong with the body of an error is not worth an error of its own.
        let body = self.read(response).await.unwrap_or_default();
        let (scim_type, detail) = said(&body);
        let reason = status.canonical_reason().unwrap_or("");
        Error::new(Fault::Status { status: status.as_u16(), reason, scim_type, detail }).with_rate_limit(rate_limit)
    }

    fn fault_of(&self, error: reqwest::Error) -> Error {
        let fault = if error.is_connect() {
            Fault::Unreachable
        } else if error.is_timeout() {
            Fault::TimedOut(self.timeout)
        } else {
            Fault::Broken
        };
        Error::new(fault).with_source(error.without_url())
    }
}

fn bearer(token: &SecretString) -> Result<HeaderValue, reqwest::header::InvalidHeaderValue> {
    let mut value = HeaderValue::from_str(&format!("Bearer {}", token.expose_secret()))?;
    value.set_sensitive(true);
    Ok(value)
}

/// Returns the `scimType` and the detail of a SCIM error, or what other JSON or text says; nothing of a web page.
fn said(body: &[u8]) -> (Option<Box<str>>, Option<Box<str>>) {
    match serde_json::from_slice::<Value>(body) {
        Ok(json) => {
            let member = |name: &str| json.get(name)?.as_str();
            let text = ["detail", "message", "error", "title"].into_iter().find_map(member);
            (member("scimType").and_then(shown), text.and_then(shown))
        }
        Err(_) => (None, shown(&String::from_utf8_lossy(body))),
    }
}

/// Returns text fit to be part of a message: short, on one line, without its full stop; `None` for a web page.
fn shown(text: &str) -> Option<Box<str>> {
    let text = text.trim().trim_end_matches('.');
    if text.is_empty() || text.starts_with('<') {
        return None;
    }
    Some(text.chars().filter(|letter| !letter.is_control()).take(DETAIL_LIMIT_CHARS).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_detail_is_short_and_never_a_web_page() {
        for (body, expected) in [
            (r#"{"schemas":[],"status":"409","detail":"It is taken."}"#, Some("It is taken")),
            (r#"{"error":"no"}"#, Some("no")),
            ("<html><body>secret</body></html>", None),
            ("plain\u{1b} text", Some("plain text")),
            ("", None),
            ("[1]", None),
        ] {
            assert_eq!(said(body.as_bytes()).1.as_deref(), expected, "{body}");
        }
        assert_eq!(said("x".repeat(1000).as_bytes()).1.map(|text| text.len()), Some(DETAIL_LIMIT_CHARS));
        assert_eq!(said(br#"{"scimType":"uniqueness"}"#), (Some("uniqueness".into()), None));
    }
}
