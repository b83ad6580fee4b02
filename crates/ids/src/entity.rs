//! One type per kind of entity, so that nobody passes an app where a connector is meant.
//!
//! Every id is a UUID of version 7: it sorts by the time it was made. Formats that bring their own ids keep them beside
//! the code that reads the format (the KSUIDs of a sync file live in `c1z`).

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

use crate::random::Rng;

/// A text that is not an id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ParseIdError {
    kind: &'static str,
    text: String,
}

impl fmt::Display for ParseIdError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "`{}` is not the id of {}", self.text, self.kind)
    }
}

impl std::error::Error for ParseIdError {}

/// A new UUID of version 7 of this instant.
fn new_uuid(now: Timestamp, rng: &dyn Rng) -> Uuid {
    let mut random = [0u8; 10];
    rng.fill(&mut random);
    let millis = u64::try_from(now.as_millisecond()).unwrap_or(0);
    uuid::Builder::from_unix_timestamp_millis(millis, &random).into_uuid()
}

macro_rules! entity_ids {
    ($($(#[$doc:meta])* $name:ident, $kind:literal;)*) => {$(
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(Uuid);

        impl $name {
            /// A new id; sorts after those made in earlier milliseconds.
            #[must_use]
            pub fn new(now: Timestamp, rng: &dyn Rng) -> Self {
                Self(new_uuid(now, rng))
            }

            /// The id with this value, for ids that come from elsewhere.
            #[must_use]
            pub const fn from_uuid(uuid: Uuid) -> Self {
                Self(uuid)
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.as_hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = ParseIdError;

            fn from_str(text: &str) -> Result<Self, ParseIdError> {
                // Only the written form is an id: two spellings of one id would be two keys.
                Uuid::try_parse(text)
                    .ok()
                    .map(Self)
                    .filter(|id| id.to_string() == text)
                    .ok_or_else(|| ParseIdError { kind: $kind, text: text.chars().take(64).collect() })
            }
        }
    )*};
}

entity_ids! {
    /// The company that uses this install.
    TenantId, "a tenant";
    /// A human, service or system that signs in or holds accounts.
    PersonId, "a person";
    /// An app whose access is governed.
    AppId, "an app";
    /// A connector of an app.
    ConnectorId, "a connector";
    /// A client id and public key of a connector.
    CredentialId, "a credential";
    /// A machine's token for REST.
    ApiTokenId, "an API token";
    /// A browser in which somebody is signed in.
    SessionId, "a session";
    /// An OpenID provider that people sign in with.
    IdentityProviderId, "an identity provider";
    /// A sync of a connector, from wish to applied.
    SyncId, "a sync";
    /// A hold on a suspicious sync.
    HoldId, "a hold";
    /// An account in an app.
    AccountId, "an account";
    /// A resource of an app.
    ResourceId, "a resource";
    /// An entitlement of a resource.
    EntitlementId, "an entitlement";
    /// One uninterrupted period in which an account holds an entitlement.
    GrantId, "a grant";
    /// A policy: who decides about requests, reviews and revocations.
    PolicyId, "a policy";
    /// A request for access.
    RequestId, "a request";
    /// A named set of entitlements that is asked for as one.
    BundleId, "a bundle";
    /// What whoever asks has to answer.
    FormId, "a form";
    /// One change of one account in an app.
    ProvisionJobId, "a provision job";
    /// Something that a person is told.
    NoticeId, "a notice";
    /// Something that is not as it should be.
    FindingId, "a finding";
    /// A durable job or timer of the server.
    JobId, "a job";
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::SeededRng;

    #[test]
    fn ids_sort_by_the_time_they_were_made() {
        let rng = SeededRng::new(1);
        let at = |text: &str| AppId::new(text.parse().unwrap(), &rng);
        assert!(at("2026-11-23T08:00:00Z") < at("2026-11-23T08:00:00.001Z"));
        assert_ne!(at("2026-11-23T08:00:00Z"), at("2026-11-23T08:00:00Z"));
    }

    #[test]
    fn an_id_has_one_spelling() {
        let id = AppId::new("2026-11-23T08:00:00Z".parse().unwrap(), &SeededRng::new(1));
        assert_eq!(id.to_string().parse(), Ok(id));
        for wrong in [id.to_string().to_uppercase(), id.to_string().replace('-', ""), "x".repeat(900), String::new()] {
            let error = AppId::from_str(&wrong).unwrap_err();
            assert!(error.to_string().ends_with("is not the id of an app"), "{error}");
        }
    }
}
