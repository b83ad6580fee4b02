//! The names that other systems know us by: resource types, roles, entitlements, grants.
//!
//! They are a contract. Policies and reviews hang on these ids, so a change here makes every tenant's access look gone
//! and new. The slug alone can be set ([`Model::new`]), because connectors before this one may have used another.
//!
//! Source: connector-cli §11.1.

use connector_sdk::resource::{Builder, resource_id, resource_type};
use connector_sdk::{entitlement, grant};
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    Entitlement, Grant, Resource, ResourceId, ResourceType, RoleTrait, SkipEntitlementsAndGrants,
};
use proto::{Struct, Value};

/// The resource type of users.
pub const USER_TYPE: &str = "user";
/// The resource type of roles.
pub const ROLE_TYPE: &str = "role";
/// The last part of an entitlement's id, unless set otherwise.
pub const DEFAULT_SLUG: &str = "assigned";

/// A role of a workspace member. Administration is an added right that SCIM does not tell.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Role {
    /// Creates and edits; a paid seat.
    Editor,
    /// Reads and comments; free.
    Viewer,
}

impl Role {
    /// Both roles, in the order in which they are listed.
    pub const ALL: [Self; 2] = [Self::Editor, Self::Viewer];

    /// Returns the id of the role's resource.
    #[must_use]
    pub fn id(self) -> &'static str {
        match self {
            Self::Editor => "editor",
            Self::Viewer => "viewer",
        }
    }

    /// Returns the role whose resource has this id.
    #[must_use]
    pub fn of_id(id: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.id() == id)
    }

    /// Returns the role that a member holds who does not hold this one.
    #[must_use]
    pub fn other(self) -> Self {
        match self {
            Self::Editor => Self::Viewer,
            Self::Viewer => Self::Editor,
        }
    }

    fn name(self) -> &'static str {
        match self {
            Self::Editor => "Editor",
            Self::Viewer => "Viewer",
        }
    }
}

/// The resource type of users. Their grants come with the users themselves, so nobody need be asked for them.
#[must_use]
pub fn user_type() -> ResourceType {
    let mut user = resource_type(USER_TYPE, "User", &[Trait::User]);
    user.annotations.push(connector_sdk::annotations::pack(&SkipEntitlementsAndGrants {}));
    user
}

/// The resource type of roles.
#[must_use]
pub fn role_type() -> ResourceType {
    resource_type(ROLE_TYPE, "Role", &[Trait::Role])
}

/// Returns the id of a user's resource.
#[must_use]
pub fn user_id(id: &str) -> ResourceId {
    resource_id(USER_TYPE, id)
}

/// Makes role resources, entitlements and grants.
#[derive(Debug)]
pub struct Model {
    slug: String,
    editor: Resource,
    viewer: Resource,
}

impl Model {
    /// Returns the model whose entitlement ids end in this slug.
    #[must_use]
    pub fn new(slug: &str) -> Self {
        Self { slug: slug.to_owned(), editor: role_resource(Role::Editor), viewer: role_resource(Role::Viewer) }
    }

    /// Returns the resource of a role.
    #[must_use]
    pub fn role(&self, role: Role) -> &Resource {
        match role {
            Role::Editor => &self.editor,
            Role::Viewer => &self.viewer,
        }
    }

    /// Returns what a role offers: to be assigned to a user.
    #[must_use]
    pub fn entitlement(&self, role: Role) -> Entitlement {
        let mut entitlement = entitlement::assignment(self.role(role), &self.slug, &[user_type()]);
        entitlement.display_name = format!("{} role {}", role.name(), self.slug);
        entitlement.description = format!("Holds the role {} in the workspace", role.name());
        entitlement
    }

    /// Returns the grant of a role to the user with this id.
    ///
    /// It names the role by its id alone: the file holds the role itself once, not again with each of its grants.
    #[must_use]
    pub fn grant(&self, role: Role, user: &str) -> Grant {
        let named = Resource { id: Some(role_id(role)), ..Resource::default() };
        grant::grant(&named, &self.slug, &user_id(user))
    }
}

fn role_id(role: Role) -> ResourceId {
    resource_id(ROLE_TYPE, role.id())
}

fn role_resource(role: Role) -> Resource {
    let profile = profile([("role_id", Value::from(role.id())), ("role_name", Value::from(role.name()))]);
    Builder::new(role_id(role), role.name()).role(RoleTrait { profile: Some(profile), ..RoleTrait::default() }).build()
}

/// Returns a profile with these members.
pub(crate) fn profile<const N: usize>(members: [(&str, Value); N]) -> Struct {
    Struct { fields: members.into_iter().map(|(name, value)| (name.to_owned(), value)).collect() }
}
