//! Access tokens: one request for each, reused until shortly before its end.
//!
//! Start at [`Tokens::current`]. The first request of a process is the one that upstream sends. When the server shows
//! that it knows DPoP, by a nonce or by asking for a proof, the request is repeated with a proof, and the token is
//! bound to our key from then on: whoever steals it cannot use it.
//!
//! Source: baton-service-mode §3, §15 D2; RFC 9449.

mod answer;

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use dpop::proof;
use http::header::{ACCEPT_ENCODING, CONTENT_TYPE, USER_AGENT};
use http::{HeaderMap, HeaderName, HeaderValue, Request, StatusCode, Uri};
use jiff::{SignedDuration, Timestamp};
use secrecy::{ExposeSecret, SecretString};
use tonic::Status;
use tower::ServiceExt;

use super::link::{Body, Link};
use super::options::{Credentials, Server};
use crate::error::{Code, Error, Result};
use crate::runtime::Runtime;
use answer::{Answer, Refusal};

/// A token is not used in its last seconds. Source: baton-service-mode §3.
const MARGIN: SignedDuration = SignedDuration::from_secs(10);
/// How long a token request may take, once connected or not.
const PATIENCE: Duration = Duration::from_mins(1);
/// What the token endpoint knows us as.
const AGENT: HeaderValue = HeaderValue::from_static("baton-c1-credential-provider baton-sdk/v0.25.0");
const NONCE: HeaderName = HeaderName::from_static("dpop-nonce");
const PROOF: HeaderName = HeaderName::from_static("dpop");
/// The longest nonce that is kept.
const MAX_NONCE_BYTES: usize = 1024;

/// An access token.
#[derive(Clone)]
pub(super) struct Token {
    /// `SCHEME TOKEN`.
    authorization: HeaderValue,
    secret: SecretString,
    /// Whether calls need a proof.
    bound: bool,
    expires_at: Timestamp,
    serial: u64,
}

/// The tokens of one client.
pub(super) struct Tokens {
    link: Link,
    url: String,
    credentials: Credentials,
    runtime: Runtime,
    kept: tokio::sync::Mutex<Option<Token>>,
    /// Whether the server knows DPoP.
    dpop: AtomicBool,
    nonce: Mutex<Option<String>>,
}

impl Tokens {
    pub(super) fn new(link: Link, server: &Server, credentials: Credentials, runtime: Runtime) -> Self {
        let url = format!("https://{}/auth/v1/token", server.as_written());
        let (kept, dpop, nonce) = (tokio::sync::Mutex::default(), AtomicBool::default(), Mutex::default());
        Self { link, url, credentials, runtime, kept, dpop, nonce }
    }

    /// A token that is good for at least ten seconds; a new one if need be. Everybody waits for one request.
    ///
    /// # Errors
    /// `Unavailable` when the endpoint can't be reached or is overloaded, `DeadlineExceeded` when it does not answer in
    /// a minute, `Unauthenticated` when it refuses.
    pub(super) async fn current(&self) -> Result<Token> {
        let mut kept = self.kept.lock().await;
        let now = self.runtime.clock.now();
        if let Some(token) = kept.as_ref().filter(|token| now < later(token.expires_at, -MARGIN)) {
            return Ok(token.clone());
        }
        *kept = None;
        let fetched = tokio::time::timeout(PATIENCE, self.fetch()).await;
        let token = fetched.unwrap_or_else(|_| {
            Err(Error::new(Code::DeadlineExceeded, "failed to get token: the token endpoint does not answer"))
        })?;
        *kept = Some(token.clone());
        Ok(token)
    }

    /// Does not use this token any more: the server refuses it.
    pub(super) async fn forget(&self, token: &Token) {
        let mut kept = self.kept.lock().await;
        if kept.as_ref().is_some_and(|kept| kept.serial == token.serial) {
            *kept = None;
        }
    }

    /// Adds what proves to the server who calls.
    pub(super) fn sign(&self, token: &Token, url: &Uri, headers: &mut HeaderMap) -> Result<()> {
        headers.insert(http::header::AUTHORIZATION, token.authorization.clone());
        if token.bound {
            headers.insert(PROOF, self.proof(&url.to_string(), Some(token.secret.expose_secret()))?);
        }
        Ok(())
    }

    /// Keeps the nonce of an answer, if it brings one. Gives whether it is a new one.
    pub(super) fn note(&self, headers: &HeaderMap) -> bool {
        let nonce = headers.get(NONCE).and_then(|nonce| nonce.to_str().ok());
        let Some(nonce) = nonce.filter(|nonce| (1..=MAX_NONCE_BYTES).contains(&nonce.len())) else { return false };
        let mut kept = self.nonce.lock().unwrap_or_else(PoisonError::into_inner);
        let is_new = kept.as_deref() != Some(nonce);
        *kept = Some(nonce.to_owned());
        is_new
    }

    /// Asks without a proof first; with one when the server knows DPoP; again when it wants its nonce in it.
    async fn fetch(&self) -> Result<Token> {
        for _ in 0..3 {
            let with_proof = self.dpop.load(Ordering::Relaxed);
            let (status, headers, answer) = self.ask(with_proof).await?;
            let new_nonce = self.note(&headers);
            let advertised = headers.contains_key(NONCE);
            match answer {
                Answer::Token(token) if with_proof || !(advertised || token.is_bound()) => {
                    return self.token(&token, with_proof);
                }
                Answer::Refusal(refusal) if with_proof => {
                    if !(refusal.wants_nonce() && new_nonce) {
                        return Err(refused(status, &refusal));
                    }
                }
                Answer::Refusal(refusal)
                    if !(refusal.wants_nonce() || advertised && status == StatusCode::BAD_REQUEST) =>
                {
                    return Err(refused(status, &refusal));
                }
                Answer::Token(_) | Answer::Refusal(_) => self.dpop.store(true, Ordering::Relaxed),
            }
        }
        Err(Error::new(Code::Unauthenticated, "failed to get token: the server accepts no proof"))
    }

    /// One request. Source: baton-service-mode §3.
    async fn ask(&self, with_proof: bool) -> Result<(StatusCode, HeaderMap, Answer)> {
        let (clock, rng) = (&self.runtime.clock, self.runtime.rng.as_ref());
        let Credentials { client_id, key } = &self.credentials;
        let assertion = dpop::assertion::create(key, client_id, clock.now(), rng)
            .map_err(|error| Error::new(Code::Internal, "make a client assertion").with_source(error))?;
        let form = url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_assertion", &assertion)
            .append_pair("client_assertion_type", dpop::assertion::TYPE)
            .append_pair("client_id", client_id.as_str())
            .append_pair("grant_type", "client_credentials")
            .finish();
        let mut request = Request::post(&self.url)
            .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(USER_AGENT, AGENT)
            .header(ACCEPT_ENCODING, "gzip")
            .body(Body::new(form))
            .map_err(|error| Error::unknown("make a token request").with_source(error))?;
        if with_proof {
            request.headers_mut().insert(PROOF, self.proof(&self.url, None)?);
        }
        let response = self.link.clone().oneshot(request).await.map_err(|error| unreachable(&*error))?;
        let (parts, body) = response.into_parts();
        let answer = answer::read(parts.status, &parts.headers, body).await?;
        Ok((parts.status, parts.headers, answer))
    }

    fn token(&self, answer: &answer::Grant, with_proof: bool) -> Result<Token> {
        let secret = answer.access_token.expose_secret();
        if secret.is_empty() {
            return Err(Error::new(Code::Unauthenticated, "failed to get token: empty access token"));
        }
        let mut authorization = HeaderValue::try_from(format!("{} {secret}", answer.scheme()))
            .map_err(|_| Error::new(Code::Unauthenticated, "failed to get token: it cannot be sent in a header"))?;
        authorization.set_sensitive(true);
        let expires_at = later(self.runtime.clock.now(), SignedDuration::from_secs(answer.expires_in.max(0)));
        let serial = self.runtime.rng.next_u64();
        let bound = with_proof && answer.is_bound();
        tracing::debug!(expires_in = answer.expires_in, bound, "got an access token");
        Ok(Token { authorization, secret: answer.access_token.clone(), bound, expires_at, serial })
    }

    fn proof(&self, url: &str, access_token: Option<&str>) -> Result<HeaderValue> {
        let nonce = self.nonce.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let request = proof::Request { method: "POST", url, nonce: nonce.as_deref(), access_token };
        let proof = proof::create(&self.credentials.key, request, self.runtime.clock.now(), self.runtime.rng.as_ref());
        let proof = proof.map_err(|error| Error::new(Code::Internal, "make a proof").with_source(error))?;
        let mut value = HeaderValue::try_from(proof).map_err(|_| Error::new(Code::Internal, "make a proof"))?;
        value.set_sensitive(true);
        Ok(value)
    }
}

impl Token {
    /// Whether it is bound to our key.
    pub(super) fn is_bound(&self) -> bool {
        self.bound
    }
}

impl fmt::Debug for Token {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Token").field("expires_at", &self.expires_at).finish_non_exhaustive()
    }
}

/// The error of an endpoint that gave no token. Overload passes by; everything else will be the same next time.
///
/// Source: baton-service-mode §3; §16, client item 4.
fn refused(status: StatusCode, refusal: &Refusal) -> Error {
    let passes = status.is_server_error()
        || matches!(status, StatusCode::TOO_MANY_REQUESTS | StatusCode::REQUEST_TIMEOUT | StatusCode::TOO_EARLY);
    let code = if passes { Code::Unavailable } else { Code::Unauthenticated };
    Error::new(code, format!("failed to get token: {status}{}", refusal.text()))
}

/// The error of an endpoint that was not reached.
fn unreachable(error: &(dyn std::error::Error + Send + Sync + 'static)) -> Error {
    let (code, text) = match error.downcast_ref::<Status>() {
        Some(status) => (Code::from_number(status.code().into()), status.message().to_owned()),
        None => (Code::Unavailable, error.to_string()),
    };
    Error::new(code, format!("failed to get token: {text}"))
}

/// The instant so much later, or the end of time.
fn later(at: Timestamp, by: SignedDuration) -> Timestamp {
    at.checked_add(by).unwrap_or(if by.is_negative() { Timestamp::MIN } else { Timestamp::MAX })
}
