//! The token endpoint: a client assertion for an access token.
//!
//! The client hears what helps it and nothing about credentials that it has not proved to hold: only who has signed
//! with the right key learns that the credential was revoked.

use std::net::IpAddr;
use std::time::Duration;

use dpop::assertion::{self, AssertionError};
use dpop::proof::{self, Expected, Nonce, ProofError};
use dpop::{PublicKey, Thumbprint};
use ids::ConnectorId;
use jiff::{SignedDuration, Timestamp};
use serde_json::json;
use store::Paging;
use store::connector::Level;

use super::{Authority, Ended, Error, Subject, TOKEN_LIFE};
use crate::signing::{Claims, Confirmation};

/// The longest form that is read, in bytes.
pub const MAX_FORM_BYTES: usize = 16 * 1024;

/// How often at most the log of a connector says that its sign-ins are refused.
const TELL_REFUSAL_EVERY: SignedDuration = SignedDuration::from_mins(10);

/// A request as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The body: a form, `application/x-www-form-urlencoded`.
    pub form: &'a [u8],
    /// Every `DPoP` header.
    pub proofs: &'a [&'a str],
    /// The URL that the client sent it to: `https://AUTHORITY/auth/v1/token`.
    pub url: &'a str,
    /// The address that it came from.
    pub from: Option<IpAddr>,
}

/// What to answer. Besides, send `content-type: application/json`, `cache-control: no-store`, and a `DPoP-Nonce` (see
/// [`Authority::nonce`]), which tells our own connectors that they can use DPoP here.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status. Only 200 brings a token.
    pub status: u16,
    /// The JSON body. It holds the token; keep it from logs.
    pub body: String,
    /// Why there is no token, for the log of the server.
    pub refusal: Option<Refusal>,
    /// How many seconds to wait before the next request, for the header `Retry-After`.
    pub retry_after: Option<u64>,
    /// Which credential of which connector the client claims to be, once it is found.
    pub subject: Option<Subject>,
}

/// Why there is no token. Its text is for the log of the server, and tells more than the client hears.
#[derive(Debug, thiserror::Error)]
pub enum Refusal {
    /// The request is not one for a token.
    #[error("{0}")]
    Form(&'static str),
    /// Another grant than the one that there is.
    #[error("`grant_type` must be `client_credentials`")]
    Grant,
    /// There is no such client id.
    #[error("the client id is unknown")]
    UnknownClient,
    /// The assertion does not hold.
    #[error(transparent)]
    Assertion(#[from] AssertionError),
    /// The credential does not work any more, or not from here.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// The assertion was shown before.
    #[error("the client assertion was shown before")]
    Replay,
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// There are several proofs.
    #[error("there is more than one `DPoP` header")]
    SeveralProofs,
    /// The proof was shown before.
    #[error("the proof was shown before")]
    ProofReplay,
    /// The connector's setting demands a proof.
    #[error("this connector accepts only tokens that are bound to a key; use a connector that supports DPoP")]
    ProofRequired,
    /// Too many requests came from this client or this address.
    #[error("too many requests for tokens; the next is answered in {} s", seconds(*.0))]
    TooMany(Duration),
    /// The server can't decide at the moment.
    #[error("the token endpoint can't decide at the moment")]
    Unavailable(#[source] Error),
}

impl Refusal {
    /// The status, the `error`, and the `error_description` for the client.
    ///
    /// Source: RFC 6749 §5.2; RFC 9449 §§5, 8.
    fn answer(&self) -> (u16, &'static str, String) {
        const NOT_ACCEPTED: &str = "the client id is unknown or the client assertion is not signed with its key; \
             use the client id and the client secret that were shown together";
        match self {
            Self::Form(_) => (400, "invalid_request", self.to_string()),
            Self::Grant => (400, "unsupported_grant_type", self.to_string()),
            Self::UnknownClient | Self::Assertion(AssertionError::Jws(_)) => {
                (401, "invalid_client", NOT_ACCEPTED.to_owned())
            }
            Self::Assertion(_) | Self::Ended(_) | Self::Replay => (401, "invalid_client", self.to_string()),
            Self::Proof(error) if error.wants_nonce() => (400, "use_dpop_nonce", self.to_string()),
            Self::Proof(_) | Self::SeveralProofs | Self::ProofReplay | Self::ProofRequired => {
                (400, "invalid_dpop_proof", self.to_string())
            }
            Self::TooMany(_) => (429, "slow_down", self.to_string()),
            Self::Unavailable(_) => (503, "temporarily_unavailable", "try again in a moment".to_owned()),
        }
    }
}

/// The seconds of a pause, rounded up.
fn seconds(wait: Duration) -> u64 {
    wait.as_secs() + u64::from(wait.subsec_nanos() > 0)
}

impl Refusal {
    /// Whether whoever asked has proved to hold the credential: what they did wrong is for the log of their connector.
    fn is_proved(&self) -> bool {
        match self {
            Self::Assertion(error) => !matches!(error, AssertionError::Jws(_)),
            Self::Ended(_) | Self::ProofRequired => true,
            _ => false,
        }
    }
}

impl From<store::Error> for Refusal {
    fn from(error: store::Error) -> Self {
        Self::Unavailable(error.into())
    }
}

impl From<Error> for Refusal {
    fn from(error: Error) -> Self {
        Self::Unavailable(error)
    }
}

/// What the form says.
struct Form {
    assertion: String,
    client_id: String,
}

impl Authority {
    /// Answers a request for an access token.
    pub async fn token(&self, request: Request<'_>) -> Answer {
        let mut subject = None;
        let refusal = match self.grant(request, &mut subject).await {
            Ok(body) => return Answer { status: 200, body, refusal: None, retry_after: None, subject },
            Err(refusal) => refusal,
        };
        let (status, error, description) = refusal.answer();
        let body = json!({"error": error, "error_description": description}).to_string();
        let connector = subject.map(|subject: Subject| subject.connector_id);
        if let Some(connector) = connector.filter(|_| refusal.is_proved())
            && let Err(error) = self.tell_connector(connector, &refusal, request.from).await
        {
            tracing::warn!(connector.id = %connector, error = &error as &dyn std::error::Error, "a refused token is in no log");
        }
        match &refusal {
            Refusal::Unavailable(cause) => {
                tracing::error!(error = cause as &dyn std::error::Error, "the token endpoint can't decide");
            }
            refusal => tracing::info!(
                connector.id = connector.map(tracing::field::display),
                status,
                "refused a token: {refusal}"
            ),
        }
        let retry_after = match &refusal {
            Refusal::TooMany(wait) => Some(seconds(*wait)),
            Refusal::Unavailable(_) => Some(1),
            _ => None,
        };
        Answer { status, body, refusal: Some(refusal), retry_after, subject }
    }

    /// Writes into the log of a connector why it gets no token, unless that is what was written there last.
    async fn tell_connector(
        &self,
        connector: ConnectorId,
        refusal: &Refusal,
        from: Option<IpAddr>,
    ) -> Result<(), store::Error> {
        const WORDS: &str = "a sign-in was refused";
        let recently = self.store.now().checked_sub(TELL_REFUSAL_EVERY).unwrap_or(Timestamp::MIN);
        let mut conn = self.store.read().await?;
        let last = store::connector::lines(&mut conn, connector, None, Paging { after: None, limit: 1 }).await?;
        drop(conn);
        if last.rows.first().is_some_and(|line| line.at > recently && line.message.starts_with(WORDS)) {
            return Ok(());
        }
        let from = from.map(|from| format!(" (from {from})")).unwrap_or_default();
        let mut tx = self.store.begin().await?;
        let words = format!("{WORDS}{from}: {refusal}");
        store::connector::write_line(&mut tx, connector, None, Level::Warning, &words).await?;
        tx.commit().await?;
        Ok(())
    }

    async fn grant(&self, request: Request<'_>, subject: &mut Option<Subject>) -> Result<String, Refusal> {
        let now = self.store.now();
        if let Some(from) = request.from {
            self.throttle.address(from).map_err(Refusal::TooMany)?;
        }
        let form = Form::read(request.form)?;
        self.throttle.client(&form.client_id).map_err(Refusal::TooMany)?;
        // Before anything is asked of the database: the proof costs its sender more than us.
        let proof = match request.proofs {
            [] => None,
            [proof] => Some(self.check_proof(proof, request.url, now)?),
            _ => return Err(Refusal::SeveralProofs),
        };
        let found = {
            let mut conn = self.store.read().await?;
            store::credential::caller_by_client_id(&mut conn, self.store.tenant(), &form.client_id).await?
        };
        let caller = found.ok_or(Refusal::UnknownClient)?;
        *subject = Some(Subject::from(&caller));
        let key = PublicKey::from_jwk(caller.credential.public_jwk.as_bytes()).map_err(Error::Key)?;
        let host = form.client_id.parse::<dpop::ClientId>().map_err(|_| Refusal::UnknownClient)?;
        let held = assertion::verify(&form.assertion, &key, &form.client_id, &[host.host()], now)?;
        if let Some(ended) = Self::ended(&caller, request.from, now) {
            if ended == Ended::Revoked {
                self.tell_use_after_revoke(&caller, request.from).await?;
            }
            return Err(ended.into());
        }
        if caller.require_dpop && proof.is_none() {
            return Err(Refusal::ProofRequired);
        }
        self.use_once(&caller.credential, held.replay, proof.map(|proof| proof.replay), request.from).await?;
        self.issue(&caller.credential, proof.map(|proof| proof.key), now)
    }

    fn check_proof(&self, proof: &str, url: &str, now: Timestamp) -> Result<proof::Verified, ProofError> {
        let nonce = Nonce::Since(&self.nonces, Timestamp::MIN);
        proof::verify(proof, &Expected { method: "POST", url, access_token: None, bound_to: None, nonce, now })
    }

    /// Remembers that assertion and proof were shown, in one change with the use of the credential.
    async fn use_once(
        &self,
        credential: &store::credential::Credential,
        assertion: dpop::Replay,
        proof: Option<dpop::Replay>,
        from: Option<IpAddr>,
    ) -> Result<(), Refusal> {
        let keys: Vec<_> =
            [Some(assertion), proof].into_iter().flatten().map(|once| (once.key, once.expires_at)).collect();
        let from = from.map(|from| from.to_string());
        let mut tx = self.store.begin().await?;
        let now = tx.now();
        let fresh = store::replay::remember(tx.conn(), &keys).await?;
        let refusal = match fresh.as_slice() {
            [true] | [true, true] => None,
            [false, ..] => Some(Refusal::Replay),
            _ => Some(Refusal::ProofReplay),
        };
        if refusal.is_none() {
            store::credential::touch(tx.conn(), credential.id, now, from.as_deref(), Timestamp::MAX).await?;
        }
        tx.commit().await?;
        refusal.map_or(Ok(()), Err)
    }

    fn issue(
        &self,
        credential: &store::credential::Credential,
        key: Option<Thumbprint>,
        now: Timestamp,
    ) -> Result<String, Refusal> {
        let iat = now.as_second();
        let claims = Claims {
            sub: credential.id,
            client_id: credential.connector_id,
            iat,
            exp: iat + TOKEN_LIFE.as_secs(),
            cnf: key.map(|jkt| Confirmation { jkt }),
        };
        let token = self.keys.sign(&claims)?;
        // An upstream connector that is told `DPoP` sends that word with its token, and no proof.
        let token_type = if key.is_some() { "DPoP" } else { "bearer" };
        Ok(json!({"access_token": token, "token_type": token_type, "expires_in": TOKEN_LIFE.as_secs()}).to_string())
    }
}

impl Form {
    fn read(form: &[u8]) -> Result<Self, Refusal> {
        if form.len() > MAX_FORM_BYTES {
            return Err(Refusal::Form("the form is longer than 16 KiB"));
        }
        let (mut grant, mut kind, mut assertion, mut client_id) = (None, None, None, None);
        for (name, value) in url::form_urlencoded::parse(form) {
            let field = match name.as_ref() {
                "grant_type" => &mut grant,
                "client_assertion_type" => &mut kind,
                "client_assertion" => &mut assertion,
                "client_id" => &mut client_id,
                _ => continue,
            };
            if field.replace(value.into_owned()).is_some() {
                return Err(Refusal::Form("a field of the form is there twice"));
            }
        }
        let grant = grant.ok_or(Refusal::Form("`grant_type` is missing; send a form, not JSON"))?;
        if grant != "client_credentials" {
            return Err(Refusal::Grant);
        }
        let assertion = assertion.ok_or(Refusal::Form("`client_assertion` is missing"))?;
        if kind.is_none_or(|kind| kind != assertion::TYPE) {
            return Err(Refusal::Form("`client_assertion_type` must be the one for JWT bearer assertions (RFC 7523)"));
        }
        let claimed = || assertion::claimed_client(&assertion).map_err(AssertionError::Jws);
        let client_id = match client_id {
            Some(client_id) => client_id,
            None => claimed()?,
        };
        Ok(Self { assertion, client_id })
    }
}
