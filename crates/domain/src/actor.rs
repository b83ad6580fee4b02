//! Who does something: a person, a machine, a connector, or Podium itself.
//!
//! Start at [`Actor`]. Every use case takes one and asks whether it may.
//!
//! Source: governance §1.19, §1.20.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use ids::{ApiTokenId, ConnectorId, CredentialId, PersonId};
use serde::{Deserialize, Serialize};

/// A role that a person or a machine can be given. Roles add up.
///
/// App Owner is not here: it comes from owning an app.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// May do everything but read secrets.
    SuperAdministrator,
    /// Adds and runs connectors.
    ConnectorAdministrator,
    /// Creates and runs access reviews.
    CampaignAdministrator,
    /// Sees everything, changes nothing.
    Auditor,
    /// Requests for others, finds people.
    Helpdesk,
    /// Everyone who signs in.
    User,
}

impl Role {
    /// Every role, the mightiest first.
    pub const ALL: [Self; 6] = [
        Self::SuperAdministrator,
        Self::ConnectorAdministrator,
        Self::CampaignAdministrator,
        Self::Auditor,
        Self::Helpdesk,
        Self::User,
    ];

    /// The name in REST and in the database.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::SuperAdministrator => "super_administrator",
            Self::ConnectorAdministrator => "connector_administrator",
            Self::CampaignAdministrator => "campaign_administrator",
            Self::Auditor => "auditor",
            Self::Helpdesk => "helpdesk",
            Self::User => "user",
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A text that names no role.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "`{0}` is not a role; roles are super_administrator, connector_administrator, campaign_administrator, auditor, helpdesk, user"
)]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        Self::ALL
            .into_iter()
            .find(|role| role.name() == text)
            .ok_or_else(|| UnknownRole(text.chars().take(64).collect()))
    }
}

/// Who does something.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Actor {
    /// A person, or a machine with a token that acts for one.
    Person {
        /// The person.
        id: PersonId,
        /// What they may be: the person's roles, narrowed by the token's if there is one.
        roles: BTreeSet<Role>,
        /// The token that was shown, if a token was.
        token: Option<ApiTokenId>,
    },
    /// A machine whose token belongs to nobody.
    Machine {
        /// The token that was shown.
        token: ApiTokenId,
        /// What it may be.
        roles: BTreeSet<Role>,
    },
    /// A connector, by its credential, from one of its hosts.
    Connector {
        /// The connector.
        id: ConnectorId,
        /// The credential that was shown.
        credential: CredentialId,
        /// The host id that the connector says it has.
        host: String,
    },
    /// Podium itself.
    System(Part),
}

/// The part of Podium that acts by itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// Something came due.
    Timer,
    /// A sync was read.
    Ingest,
    /// The server started, or somebody used `podium admin` on the machine itself.
    System,
}

impl Actor {
    /// The roles that were given; empty for connectors and for Podium itself, which act by other rules.
    #[must_use]
    pub fn roles(&self) -> &BTreeSet<Role> {
        static NONE: BTreeSet<Role> = BTreeSet::new();
        match self {
            Self::Person { roles, .. } | Self::Machine { roles, .. } => roles,
            Self::Connector { .. } | Self::System(_) => &NONE,
        }
    }

    /// Whether this role was given.
    #[must_use]
    pub fn is(&self, role: Role) -> bool {
        self.roles().contains(&role)
    }

    /// The person behind the actor, if there is one.
    #[must_use]
    pub fn person(&self) -> Option<PersonId> {
        match self {
            Self::Person { id, .. } => Some(*id),
            _ => None,
        }
    }
}

impl fmt::Display for Actor {
    /// `person:ID`, `machine:ID`, `connector:ID@HOST`, `timer`, `ingest` or `system`: how audit rows name the actor.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Person { id, .. } => write!(f, "person:{id}"),
            Self::Machine { token, .. } => write!(f, "machine:{token}"),
            Self::Connector { id, host, .. } => write!(f, "connector:{id}@{host}"),
            Self::System(Part::Timer) => f.write_str("timer"),
            Self::System(Part::Ingest) => f.write_str("ingest"),
            Self::System(Part::System) => f.write_str("system"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn role_names_are_read_back() {
        for role in Role::ALL {
            assert_eq!(role.name().parse(), Ok(role));
            assert_eq!(serde_json::to_value(role).unwrap(), role.name());
        }
        assert!("owner".parse::<Role>().unwrap_err().to_string().starts_with("`owner` is not a role"));
    }
}
