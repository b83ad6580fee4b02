//! What a provider says about itself: its endpoints and its keys, kept for a while.

use std::sync::{Arc, OnceLock};
use std::time::Duration;

use jsonwebtoken::jwk::Jwk;
use moka::future::Cache;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::Value;
use url::{Host, Url};

use super::token::Header;
use super::{Error, LONGEST_ANSWER, TIME_OUT, shown};

/// How long a description and its keys are taken for true.
const KEPT: Duration = Duration::from_hours(1);
/// How many providers are remembered.
const PROVIDERS: u64 = 100;
/// Before this time has passed keys are not read again, however many tokens name keys that nobody knows.
const KEYS_EVERY: Duration = Duration::from_mins(1);

/// What is known about providers, and how they are reached.
#[derive(Debug, Clone)]
pub(super) struct Discovered {
    /// Made at the first use: whoever never signs in at a provider needs no TLS roots.
    http: Arc<OnceLock<reqwest::Client>>,
    found: Cache<String, Arc<Found>>,
    keys: Cache<String, Arc<Vec<Jwk>>>,
    just_read: Cache<String, ()>,
}

impl Default for Discovered {
    fn default() -> Self {
        Self { http: Arc::default(), found: kept(KEPT), keys: kept(KEPT), just_read: kept(KEYS_EVERY) }
    }
}

fn kept<T: Clone + Send + Sync + 'static>(time: Duration) -> Cache<String, T> {
    Cache::builder().max_capacity(PROVIDERS).time_to_live(time).build()
}

/// A provider's description, as far as a sign-in needs it.
#[derive(Debug)]
pub(super) struct Found {
    pub(super) authorization_endpoint: Url,
    pub(super) token_endpoint: Url,
    pub(super) userinfo_endpoint: Option<Url>,
    pub(super) takes_secret_in_header: bool,
    jwks_uri: Url,
}

#[derive(Deserialize)]
struct Document {
    issuer: String,
    authorization_endpoint: String,
    token_endpoint: String,
    userinfo_endpoint: Option<String>,
    jwks_uri: String,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
    response_types_supported: Option<Vec<String>>,
}

impl Discovered {
    /// The client to reach this provider with.
    pub(super) fn http(&self, issuer: &str) -> Result<&reqwest::Client, Error> {
        if let Some(http) = self.http.get() {
            return Ok(http);
        }
        let http = reqwest::Client::builder()
            .redirect(reqwest::redirect::Policy::none())
            .connect_timeout(TIME_OUT)
            .timeout(TIME_OUT)
            .build()
            .map_err(|error| {
                tracing::error!(error = &error as &dyn std::error::Error, "there can be no TLS to sign-in providers");
                Error::Provider { issuer: shown(issuer), what: "cannot be reached from this machine".to_owned() }
            })?;
        Ok(self.http.get_or_init(|| http))
    }

    /// The description of this provider, from the cache if it is there.
    pub(super) async fn of(&self, issuer: &str) -> Result<Arc<Found>, Error> {
        match self.found.get(issuer).await {
            Some(found) => Ok(found),
            None => self.read(issuer).await,
        }
    }

    /// The description of this provider, read afresh.
    pub(super) async fn read(&self, issuer: &str) -> Result<Arc<Found>, Error> {
        let refused = |what: &str| Error::Provider { issuer: shown(issuer), what: what.to_owned() };
        let url = format!("{}/.well-known/openid-configuration", issuer.trim_end_matches('/'));
        let url = Url::parse(&url).map_err(|_| refused("is not an address: give it as `https://HOST/PATH`"))?;
        let is_safe = |url: &Url| url.scheme() == "https" || (url.scheme() == "http" && is_loopback(url));
        if !is_safe(&url) {
            return Err(refused("is not reached by https"));
        }
        let found: Document = ask(self.http(issuer)?.get(url), issuer, "to describe itself").await?;
        if found.issuer != issuer {
            let what = format!("calls itself `{}`; the two must be the same", shown(&found.issuer));
            return Err(refused(&what));
        }
        let endpoint = |text: &str| {
            let url = Url::parse(text).ok().filter(is_safe);
            url.ok_or_else(|| refused("names an endpoint that is not reached by https"))
        };
        if found.response_types_supported.is_some_and(|types| types.iter().all(|kind| kind != "code")) {
            return Err(refused("does not offer the authorization code flow"));
        }
        // What is not said means `client_secret_basic` (Discovery §3).
        let takes_secret_in_header = found
            .token_endpoint_auth_methods_supported
            .is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"));
        let found = Arc::new(Found {
            authorization_endpoint: endpoint(&found.authorization_endpoint)?,
            token_endpoint: endpoint(&found.token_endpoint)?,
            userinfo_endpoint: found.userinfo_endpoint.as_deref().map(endpoint).transpose()?,
            takes_secret_in_header,
            jwks_uri: endpoint(&found.jwks_uri)?,
        });
        self.found.insert(issuer.to_owned(), found.clone()).await;
        Ok(found)
    }

    /// The key that this header names. A key that nobody knows yet is looked for once a minute.
    pub(super) async fn key(&self, issuer: &str, found: &Found, header: &Header) -> Result<Jwk, Error> {
        if let Some(key) = self.keys.get(issuer).await.and_then(|keys| header.choose(&keys)) {
            return Ok(key);
        }
        let unknown = Error::Token("it is signed with a key that the provider does not name");
        if self.just_read.get(issuer).await.is_some() {
            return Err(unknown);
        }
        self.just_read.insert(issuer.to_owned(), ()).await;
        let mut set: Value = ask(self.http(issuer)?.get(found.jwks_uri.clone()), issuer, "for its keys").await?;
        let keys = set.get_mut("keys").and_then(Value::as_array_mut).map(std::mem::take).unwrap_or_default();
        // Keys of kinds that we do not know are none of ours.
        let keys: Vec<Jwk> = keys.into_iter().filter_map(|key| serde_json::from_value(key).ok()).collect();
        let key = header.choose(&keys);
        self.keys.insert(issuer.to_owned(), Arc::new(keys)).await;
        key.ok_or(unknown)
    }
}

/// The answer to a request, as JSON.
pub(super) async fn ask<T: DeserializeOwned>(
    request: reqwest::RequestBuilder,
    issuer: &str,
    what: &str,
) -> Result<T, Error> {
    let refused = |words: String| Error::Provider { issuer: shown(issuer), what: words };
    let mut response = request.send().await.map_err(|error| {
        tracing::warn!(error = &error as &dyn std::error::Error, issuer, "a sign-in provider is not reachable");
        refused(format!("cannot be reached, when asked {what}"))
    })?;
    let status = response.status();
    let mut body = Vec::new();
    while let Some(chunk) =
        response.chunk().await.map_err(|_| refused(format!("broke off its answer, when asked {what}")))?
    {
        body.extend_from_slice(&chunk);
        if body.len() > LONGEST_ANSWER {
            return Err(refused(format!("answers too much, when asked {what}")));
        }
    }
    if !status.is_success() {
        #[derive(Default, Deserialize)]
        struct Said {
            error: Option<String>,
            error_description: Option<String>,
        }
        let said: Said = serde_json::from_slice(&body).unwrap_or_default();
        let words = said.error_description.or(said.error).map(|words| format!(": {}", shown(&words)));
        return Err(refused(format!("answers {status}, when asked {what}{}", words.unwrap_or_default())));
    }
    serde_json::from_slice(&body).map_err(|_| refused(format!("answers what cannot be read, when asked {what}")))
}

fn is_loopback(url: &Url) -> bool {
    match url.host() {
        Some(Host::Domain(name)) => name == "localhost",
        Some(Host::Ipv4(address)) => address.is_loopback(),
        Some(Host::Ipv6(address)) => address.is_loopback(),
        None => false,
    }
}
