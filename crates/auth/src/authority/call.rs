//! Which connector makes a call.

use std::net::IpAddr;

use domain::actor::Actor;
use dpop::proof::{self, Expected, Nonce, ProofError};
use ids::{ConnectorId, CredentialId};

use super::{Authority, Ended, Subject};
use crate::replay::ReplayError;
use crate::signing::TokenError;

/// A call as it came in.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// The header `authorization`.
    pub authorization: Option<&'a str>,
    /// Every `dpop` header.
    pub proofs: &'a [&'a str],
    /// The `:authority` that the client called: `HOST` or `HOST:PORT`.
    pub authority: &'a str,
    /// The path: `/package.Service/Method`.
    pub path: &'a str,
    /// The address that it came from.
    pub from: Option<IpAddr>,
}

/// The connector that makes a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ConnectorCaller {
    /// Which connector.
    pub connector_id: ConnectorId,
    /// With which credential.
    pub credential_id: CredentialId,
    /// Whether a person paused the connector.
    pub paused: bool,
    /// Whether the token is bound to a key, and the call proved it.
    pub bound: bool,
}

impl ConnectorCaller {
    /// The actor, with the host id that the call names.
    #[must_use]
    pub fn actor(&self, host: &str) -> Actor {
        Actor::Connector { id: self.connector_id, credential: self.credential_id, host: host.to_owned() }
    }
}

/// Why a call is refused: gRPC `Unauthenticated`, or `Unavailable` when [`CallError::is_unavailable`].
///
/// The text may be told to the client.
#[derive(Debug, thiserror::Error)]
pub enum CallError {
    /// There is no token.
    #[error("the call needs an access token: send `authorization: Bearer TOKEN`")]
    Missing,
    /// The token is not one of ours, or not readable.
    #[error("the access token is not one of this server's")]
    Token(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// The token is over.
    #[error("the access token is over; ask for another")]
    Over,
    /// The credential or its connector is gone.
    #[error("the access token belongs to a credential that is no more")]
    Gone,
    /// The credential does not work any more, or not from here.
    #[error(transparent)]
    Ended(#[from] Ended),
    /// A token that is bound to a key came without a proof, or as if it were not bound.
    #[error("the access token is bound to a key: send `authorization: DPoP TOKEN` and one proof in `dpop`")]
    ProofMissing,
    /// A proof, or the scheme `DPoP`, came with a token that is not bound to a key.
    #[error("the access token is not bound to a key; ask for one with a proof")]
    NotBound,
    /// There are several proofs.
    #[error("there is more than one `dpop` header")]
    SeveralProofs,
    /// The proof does not hold.
    #[error(transparent)]
    Proof(#[from] ProofError),
    /// The proof was shown before.
    #[error("the proof was shown before; make one for each call")]
    ProofReplay,
    /// The connector's setting demands bound tokens.
    #[error("this connector accepts only tokens that are bound to a key; use a connector that supports DPoP")]
    ProofRequired,
    /// The server can't decide at the moment.
    #[error("the server can't check the access token at the moment")]
    Unavailable(#[source] Option<store::Error>),
}

impl CallError {
    /// Whether the same call may succeed in a moment.
    #[must_use]
    pub const fn is_unavailable(&self) -> bool {
        matches!(self, Self::Unavailable(_))
    }

    /// Whether the client is to repeat the call with a nonce: answer it in `dpop-nonce`, see [`Authority::nonce`].
    #[must_use]
    pub const fn wants_nonce(&self) -> bool {
        matches!(self, Self::Proof(error) if error.wants_nonce())
    }
}

impl From<store::Error> for CallError {
    fn from(error: store::Error) -> Self {
        Self::Unavailable(Some(error))
    }
}

/// How the token was shown.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Scheme {
    Bearer,
    Dpop,
}

impl Authority {
    /// The connector that makes this call.
    ///
    /// Asks the database once, so that a credential that was revoked is refused from the next call on, whichever server
    /// process the call comes to. Proofs on PostgreSQL are remembered in the database too.
    ///
    /// # Errors
    /// See [`CallError`].
    pub async fn authenticate(&self, call: Call<'_>) -> Result<ConnectorCaller, CallError> {
        let now = self.store.now();
        let (scheme, token) = credentials(call.authorization.ok_or(CallError::Missing)?).ok_or(CallError::Missing)?;
        let claims = self.keys.verify(token, now).await.map_err(|error| match error {
            TokenError::Over => CallError::Over,
            TokenError::Store(error) => error.into(),
            error => CallError::Token(Box::new(error)),
        })?;
        let proof = match (claims.cnf, scheme, call.proofs) {
            (None, Scheme::Bearer, []) => None,
            (None, ..) => return Err(CallError::NotBound),
            (Some(cnf), Scheme::Dpop, [proof]) => {
                let url = format!("https://{}{}", call.authority, call.path);
                let nonce = match self.guard.nonce_since(now) {
                    Some(since) => Nonce::Since(&self.nonces, since),
                    None => Nonce::Optional(&self.nonces),
                };
                let bound_to = Some(cnf.jkt);
                let expected = Expected { method: "POST", url: &url, access_token: Some(token), bound_to, nonce, now };
                Some(proof::verify(proof, &expected)?)
            }
            (Some(_), Scheme::Dpop, [_, _, ..]) => return Err(CallError::SeveralProofs),
            (Some(_), ..) => return Err(CallError::ProofMissing),
        };
        let found = {
            let mut conn = self.store.read().await?;
            store::credential::caller(&mut conn, self.store.tenant(), claims.sub).await?
        };
        let caller = found.ok_or(CallError::Gone)?;
        if let Some(ended) = Self::ended(&caller, call.from, now) {
            let Subject { connector_id, credential_id } = Subject::from(&caller);
            tracing::debug!(connector.id = %connector_id, credential.id = %credential_id, "refused a call: {ended}");
            if ended == Ended::Revoked {
                self.tell_use_after_revoke(&caller, call.from).await?;
            }
            return Err(ended.into());
        }
        if caller.require_dpop && proof.is_none() {
            return Err(CallError::ProofRequired);
        }
        if let Some(proof) = proof {
            self.guard.admit(proof.replay, &self.store).await.map_err(|error| match error {
                ReplayError::Seen => CallError::ProofReplay,
                ReplayError::Full => CallError::Unavailable(None),
                ReplayError::Store(error) => error.into(),
            })?;
        }
        Ok(ConnectorCaller {
            connector_id: caller.credential.connector_id,
            credential_id: caller.credential.id,
            paused: caller.connector_paused,
            bound: proof.is_some(),
        })
    }
}

/// Scheme and token of the header; the scheme's case does not count.
fn credentials(header: &str) -> Option<(Scheme, &str)> {
    let (scheme, token) = header.trim().split_once(' ')?;
    let scheme = match scheme {
        scheme if scheme.eq_ignore_ascii_case("bearer") => Scheme::Bearer,
        scheme if scheme.eq_ignore_ascii_case("dpop") => Scheme::Dpop,
        _ => return None,
    };
    let token = token.trim_start();
    (!token.is_empty()).then_some((scheme, token))
}
