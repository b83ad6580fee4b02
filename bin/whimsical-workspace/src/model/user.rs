//! A user as SCIM sees one, and what stands behind it.

use std::borrow::Cow;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::id::{AccountId, UserId};

/// What a person may do in the workspace.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Role {
    /// Creates and edits; a paid seat.
    Editor,
    /// Reads and comments; free.
    Viewer,
}

impl Role {
    /// Returns the role that the SCIM attribute `editor` names.
    #[must_use]
    pub fn from_editor(is_editor: bool) -> Self {
        if is_editor { Self::Editor } else { Self::Viewer }
    }

    /// Whether this is the paid role.
    #[must_use]
    pub fn is_editor(self) -> bool {
        self == Self::Editor
    }
}

/// Given and family name, each perhaps unknown.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Name {
    /// The given name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub given: Option<Box<str>>,
    /// The family name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub family: Option<Box<str>>,
}

impl Name {
    /// Returns the name from two texts; empty ones count as unknown.
    #[must_use]
    pub fn new(given: Option<&str>, family: Option<&str>) -> Self {
        let known = |text: Option<&str>| text.filter(|text| !text.trim().is_empty()).map(Box::from);
        Self { given: known(given), family: known(family) }
    }

    /// Whether neither part is known.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.given.is_none() && self.family.is_none()
    }

    /// Returns "given family", or none when neither is known.
    #[must_use]
    pub fn formatted(&self) -> Option<String> {
        match (&self.given, &self.family) {
            (Some(given), Some(family)) => Some(format!("{given} {family}")),
            (Some(one), None) | (None, Some(one)) => Some(one.to_string()),
            (None, None) => None,
        }
    }
}

/// The display name of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum DisplayName {
    /// Never set: made of the name, else of the local part of the address.
    #[default]
    Computed,
    /// As it was sent; Entra ID wants it back letter by letter.
    Sent(Box<str>),
    /// Taken away by a client, who wants to see it gone.
    Cleared,
}

impl DisplayName {
    fn is_computed(&self) -> bool {
        *self == Self::Computed
    }
}

/// How a member came in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum JoinedVia {
    /// Accepted an invite of an administrator.
    Invite,
    /// Was provisioned by SCIM and signed in.
    Scim,
    /// Signed in by SAML without being provisioned.
    Jit,
}

/// Where a user stands with the workspace. That a pending user has no membership, and a member exactly one account,
/// is in the type.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Standing {
    /// Provisioned, has not signed in yet: no seat, not in the member list.
    Pending {
        /// The role to come.
        role: Role,
        /// The account that the e-mail address belongs to already, if any.
        account: Option<AccountId>,
    },
    /// In the workspace.
    Member {
        /// The person.
        account: AccountId,
        /// The present role.
        role: Role,
        /// Whether the member is an administrator too.
        is_admin: bool,
        /// How the member came in.
        via: JoinedVia,
        /// When the member came in.
        joined: Timestamp,
    },
    /// Out of the workspace, still readable over SCIM.
    Removed {
        /// The role at the removal.
        role: Role,
        /// The person, if known.
        account: Option<AccountId>,
        /// Whether the person had been a member.
        was_member: bool,
    },
}

/// One row of the SCIM directory.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ScimUser {
    /// The id, made by the workspace.
    pub id: UserId,
    /// The identity provider's own id.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub external_id: Option<Box<str>>,
    /// The e-mail address, in lower case.
    pub user_name: Box<str>,
    /// The name; the account's, once there is one.
    #[serde(default, skip_serializing_if = "Name::is_empty")]
    pub name: Name,
    /// The display name.
    #[serde(default, skip_serializing_if = "DisplayName::is_computed")]
    pub display_name: DisplayName,
    /// Whether an identity provider manages this user; members that came by hand are listed unmanaged.
    pub managed: bool,
    /// Counts the changes that SCIM can see, from 1.
    pub version: u32,
    /// When the row was made.
    pub created: Timestamp,
    /// When SCIM could last see a change.
    pub modified: Timestamp,
    /// Where the user stands.
    pub standing: Standing,
}

impl ScimUser {
    /// Returns the role: the present one, the one to come, or the one at the removal.
    #[must_use]
    pub fn role(&self) -> Role {
        match &self.standing {
            Standing::Pending { role, .. } | Standing::Member { role, .. } | Standing::Removed { role, .. } => *role,
        }
    }

    /// Whether SCIM shows the user as active.
    #[must_use]
    pub fn is_active(&self) -> bool {
        !matches!(self.standing, Standing::Removed { .. })
    }

    /// Whether the user is in the workspace.
    #[must_use]
    pub fn is_member(&self) -> bool {
        matches!(self.standing, Standing::Member { .. })
    }

    /// Whether the user is, or was, in the workspace; from then on only the person changes the name.
    #[must_use]
    pub fn has_joined(&self) -> bool {
        matches!(self.standing, Standing::Member { .. } | Standing::Removed { was_member: true, .. })
    }

    /// Whether the user is an administrator of the workspace.
    #[must_use]
    pub fn is_admin(&self) -> bool {
        matches!(self.standing, Standing::Member { is_admin: true, .. })
    }

    /// Whether the user takes a paid seat.
    #[must_use]
    pub fn is_billed(&self) -> bool {
        self.is_member() && self.role().is_editor()
    }

    /// Returns the person behind the row, if known.
    #[must_use]
    pub fn account(&self) -> Option<AccountId> {
        match &self.standing {
            Standing::Member { account, .. } => Some(*account),
            Standing::Pending { account, .. } | Standing::Removed { account, .. } => *account,
        }
    }

    /// Returns the display name that SCIM shows; none after a client took it away.
    #[must_use]
    pub fn scim_display_name(&self) -> Option<Cow<'_, str>> {
        match &self.display_name {
            DisplayName::Sent(name) => Some(Cow::Borrowed(name)),
            DisplayName::Cleared => None,
            DisplayName::Computed => Some(self.computed_name()),
        }
    }

    /// Returns the name that people see: the display name, else what the name or the address gives.
    #[must_use]
    pub fn shown_name(&self) -> Cow<'_, str> {
        self.scim_display_name().unwrap_or_else(|| self.computed_name())
    }

    fn computed_name(&self) -> Cow<'_, str> {
        match self.name.formatted() {
            Some(name) => Cow::Owned(name),
            None => Cow::Borrowed(self.user_name.split('@').next().unwrap_or(&self.user_name)),
        }
    }

    /// Whether SCIM would show both alike, times and version aside.
    #[must_use]
    pub fn looks_like(&self, other: &Self) -> bool {
        let view = |user: &Self| (user.is_active(), user.role());
        self.user_name == other.user_name
            && self.external_id == other.external_id
            && self.name == other.name
            && self.display_name == other.display_name
            && view(self) == view(other)
    }
}
