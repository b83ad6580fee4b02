//! Signing in at an OpenID provider: authorization code with PKCE.
//!
//! Start at [`Client::begin`], which says where to send the browser; [`Client::finish`] takes what it brings back. What
//! has to be remembered in between is [`Pending`], which the caller keeps sealed in the browser itself.
//!
//! Ours and no library's: the one that the field uses brings a second set of cryptography (ADR 5).
//!
//! Source: OpenID Connect Core 1.0 §3.1, Discovery 1.0; RFC 6749, RFC 7636 (PKCE), RFC 9207 (`iss`), RFC 9700.

mod discovery;
mod token;

use std::time::Duration;

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ids::Rng;
use jiff::Timestamp;
use secrecy::{ExposeSecret as _, SecretString};
use serde::{Deserialize, Serialize};
use serde_json::Value;
use sha2::{Digest as _, Sha256};
use url::Url;

use discovery::{Discovered, Found};

/// How long a provider may take to answer.
const TIME_OUT: Duration = Duration::from_secs(10);
/// The longest answer that is read, in bytes.
const LONGEST_ANSWER: usize = 1 << 20;
/// The longest code that is passed on, in bytes.
const LONGEST_CODE: usize = 4096;

/// What Podium is at a provider.
#[derive(Debug, Clone)]
pub struct Registration {
    /// The issuer, as its tokens name it.
    pub issuer: String,
    /// The id that Podium has there.
    pub client_id: String,
    /// The secret that Podium has there; none for a public client.
    pub client_secret: Option<SecretString>,
    /// Where the provider sends the browser back to.
    pub redirect_uri: String,
    /// What is asked for beside `openid`.
    pub scopes: Vec<String>,
}

/// What is remembered between the two halves of a sign-in.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Pending {
    state: String,
    nonce: String,
    verifier: String,
}

/// What the provider's answer carries in the address of the browser.
#[derive(Debug, Default, Clone, Deserialize)]
#[serde(default)]
pub struct Callback {
    /// The code to ask for tokens with.
    pub code: Option<String>,
    /// What was sent along.
    pub state: Option<String>,
    /// Who answers (RFC 9207).
    pub iss: Option<String>,
    /// Why there is no code.
    pub error: Option<String>,
    /// That in words.
    pub error_description: Option<String>,
}

/// Who has signed in, as the provider says.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Identity {
    /// Whom the provider means; never another person at this provider.
    pub subject: String,
    /// The address of mail.
    pub email: Option<String>,
    /// Whether the provider says that the address is theirs.
    pub email_verified: bool,
    /// The name.
    pub name: Option<String>,
}

/// Why nobody has signed in.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The provider is not reachable, or answers what nobody can read.
    #[error("the sign-in provider {issuer} {what}")]
    Provider {
        /// Which.
        issuer: String,
        /// What it does.
        what: String,
    },
    /// The provider has refused, or the person has gone back.
    #[error("the sign-in provider answered: {0}")]
    Refused(String),
    /// The answer belongs to no sign-in of this browser.
    #[error("this answer belongs to no sign-in that was begun in this browser")]
    Stray,
    /// The token does not prove who somebody is.
    #[error("the sign-in provider's token is not right: {0}")]
    Token(&'static str),
}

/// Speaks to OpenID providers. Clones share what was found out about them.
#[derive(Debug, Clone, Default)]
pub struct Client {
    found: Discovered,
}

impl Client {
    /// Checks that the issuer is one: its description can be read and has what a sign-in needs.
    ///
    /// # Errors
    /// [`Error::Provider`] in words for an administrator.
    pub async fn check(&self, issuer: &str) -> Result<(), Error> {
        self.found.read(issuer).await.map(drop)
    }

    /// Where to send the browser, and what to remember until it comes back.
    ///
    /// # Errors
    /// [`Error::Provider`].
    pub async fn begin(&self, at: &Registration, rng: &dyn Rng) -> Result<(Url, Pending), Error> {
        let found = self.found.of(&at.issuer).await?;
        let pending = Pending { state: random(rng), nonce: random(rng), verifier: random(rng) };
        let challenge = URL_SAFE_NO_PAD.encode(Sha256::digest(&pending.verifier));
        let scopes: Vec<&str> = std::iter::once("openid").chain(at.scopes.iter().map(String::as_str)).collect();
        let mut url = found.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("client_id", &at.client_id)
            .append_pair("redirect_uri", &at.redirect_uri)
            .append_pair("scope", &scopes.join(" "))
            .append_pair("state", &pending.state)
            .append_pair("nonce", &pending.nonce)
            .append_pair("code_challenge", &challenge)
            .append_pair("code_challenge_method", "S256");
        Ok((url, pending))
    }

    /// Who has signed in.
    ///
    /// # Errors
    /// See [`Error`].
    pub async fn finish(
        &self,
        at: &Registration,
        pending: &Pending,
        callback: &Callback,
        now: Timestamp,
    ) -> Result<Identity, Error> {
        let is_ours = |state: &String| crate::secret::same(state, &pending.state);
        if !callback.state.as_ref().is_some_and(is_ours) {
            return Err(Error::Stray);
        }
        if callback.iss.as_ref().is_some_and(|issuer| *issuer != at.issuer) {
            return Err(Error::Token("another issuer answers"));
        }
        if let Some(error) = &callback.error {
            let words = callback.error_description.as_deref().unwrap_or(error);
            return Err(Error::Refused(shown(words)));
        }
        let code = callback.code.as_deref().filter(|code| code.len() <= LONGEST_CODE).ok_or(Error::Stray)?;
        let found = self.found.of(&at.issuer).await?;
        let tokens = self.tokens(at, &found, code, &pending.verifier).await?;
        let header = token::header(&tokens.id_token)?;
        let key = self.found.key(&at.issuer, &found, &header).await?;
        let claims = token::verify(&tokens.id_token, &header, &key, at, &pending.nonce, now)?;
        let mut identity = identity(&claims)?;
        if identity.email.is_none()
            && let (Some(endpoint), Some(access)) = (&found.userinfo_endpoint, &tokens.access_token)
        {
            let request = self.found.http(&at.issuer)?.get(endpoint.clone()).bearer_auth(access.expose_secret());
            let more: Value = discovery::ask(request, &at.issuer, "of who has signed in").await?;
            // An answer about somebody else would be a mix-up of tokens (Core §5.3.2).
            if more.get("sub").and_then(Value::as_str) != Some(&identity.subject) {
                return Err(Error::Token("its account of the person is about somebody else"));
            }
            identity = self::identity(&more)?;
        }
        Ok(identity)
    }

    async fn tokens(&self, at: &Registration, found: &Found, code: &str, verifier: &str) -> Result<Tokens, Error> {
        let mut form = vec![
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", &at.redirect_uri),
            ("code_verifier", verifier),
        ];
        let mut request = self.found.http(&at.issuer)?.post(found.token_endpoint.clone());
        match &at.client_secret {
            Some(secret) if found.takes_secret_in_header => {
                // RFC 6749 §2.3.1: both are form-encoded before they become a header.
                let encoded = |text: &str| url::form_urlencoded::byte_serialize(text.as_bytes()).collect::<String>();
                request = request.basic_auth(encoded(&at.client_id), Some(encoded(secret.expose_secret())));
            }
            Some(secret) => form.extend([("client_id", &*at.client_id), ("client_secret", secret.expose_secret())]),
            None => form.push(("client_id", &at.client_id)),
        }
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let request = request
            .header(reqwest::header::CONTENT_TYPE, "application/x-www-form-urlencoded")
            .header(reqwest::header::ACCEPT, "application/json")
            .body(body);
        discovery::ask(request, &at.issuer, "for a token").await
    }
}

#[derive(Deserialize)]
struct Tokens {
    id_token: String,
    access_token: Option<SecretString>,
}

/// Who the claims are about.
fn identity(claims: &Value) -> Result<Identity, Error> {
    let text = |name: &str| claims.get(name).and_then(Value::as_str).filter(|text| !text.is_empty());
    let subject = text("sub").filter(|subject| subject.len() <= 255).ok_or(Error::Token("it names nobody"))?;
    let name = text("name").map(ToOwned::to_owned).or_else(|| {
        let names: Vec<&str> = [text("given_name"), text("family_name")].into_iter().flatten().collect();
        (!names.is_empty()).then(|| names.join(" "))
    });
    Ok(Identity {
        subject: subject.to_owned(),
        email: text("email").map(|email| email.trim().to_lowercase()),
        // Some providers say it as a text.
        email_verified: claims.get("email_verified").is_some_and(|said| *said == true || *said == "true"),
        name,
    })
}

/// 256 random bits as text.
fn random(rng: &dyn Rng) -> String {
    let mut bytes = [0; 32];
    rng.fill(&mut bytes);
    URL_SAFE_NO_PAD.encode(bytes)
}

/// Outside text as it can be shown: short, on one line.
fn shown(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control()).take(200).collect()
}
