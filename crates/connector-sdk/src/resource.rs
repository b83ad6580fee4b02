//! Making resource types and resources.
//!
//! Start at [`Builder`]. Traits carry what is special about users, groups, roles and apps; profile, status, icon and
//! creation time moved from the traits to the resource, and the builder writes them to both, since older readers look
//! into the trait only. Source: sync.md §9.2.

use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    AppTrait, GroupTrait, Resource, ResourceId, ResourceType, RoleTrait, SecretTrait, Status, UserTrait, status,
    user_trait,
};
use proto::{Message, Name};

use crate::annotations;

/// The id of the resource type with this name: lower case, `-` for each space.
#[must_use]
pub fn resource_type_id(name: &str) -> String {
    name.to_lowercase().replace(' ', "-")
}

/// A resource type with its traits.
#[must_use]
pub fn resource_type(id: &str, display_name: &str, traits: &[Trait]) -> ResourceType {
    ResourceType {
        id: id.to_owned(),
        display_name: display_name.to_owned(),
        traits: traits.iter().map(|one| i32::from(*one)).collect(),
        ..ResourceType::default()
    }
}

/// The id of a resource.
#[must_use]
pub fn resource_id(resource_type: impl Into<String>, resource: impl Into<String>) -> ResourceId {
    ResourceId { resource_type: resource_type.into(), resource: resource.into(), ..ResourceId::default() }
}

/// Makes a resource, step by step.
#[derive(Debug, Clone)]
pub struct Builder(Resource);

impl Builder {
    /// A resource with this id and name.
    #[must_use]
    pub fn new(id: ResourceId, display_name: impl Into<String>) -> Self {
        Self(Resource { id: Some(id), display_name: display_name.into(), ..Resource::default() })
    }

    /// Below this parent.
    #[must_use]
    pub fn parent(mut self, parent: ResourceId) -> Self {
        self.0.parent_resource_id = Some(parent);
        self
    }

    /// With this description.
    #[must_use]
    pub fn description(mut self, description: impl Into<String>) -> Self {
        self.0.description = description.into();
        self
    }

    /// With one more annotation.
    #[must_use]
    pub fn annotation<M: Message + Name>(mut self, annotation: &M) -> Self {
        self.0.annotations.push(annotations::pack(annotation));
        self
    }

    /// A person or a machine that signs in.
    ///
    /// Status is enabled and the account human unless the trait says otherwise; empty addresses and aliases are
    /// left out.
    #[must_use]
    pub fn user(mut self, mut user: UserTrait) -> Self {
        user.emails.retain(|email| !email.address.is_empty());
        user.login_aliases.retain(|alias| !alias.is_empty());
        if user.account_type == i32::from(user_trait::AccountType::Unspecified) {
            user.account_type = user_trait::AccountType::Human.into();
        }
        let given = user.status.get_or_insert_with(|| user_trait::Status {
            status: user_trait::status::Status::Enabled.into(),
            ..user_trait::Status::default()
        });
        let status = Status { status: given.status, details: given.details.clone() };
        self = self.annotation(&user);
        let resource = &mut self.0;
        resource.status.get_or_insert(status);
        resource.profile = resource.profile.take().or(user.profile);
        resource.icon = resource.icon.take().or(user.icon);
        resource.created_at = resource.created_at.take().or(user.created_at);
        self
    }

    /// A set of users.
    #[must_use]
    pub fn group(mut self, group: GroupTrait) -> Self {
        self = self.annotation(&group);
        self.0.profile = self.0.profile.take().or(group.profile);
        self.0.icon = self.0.icon.take().or(group.icon);
        self
    }

    /// A set of permissions.
    #[must_use]
    pub fn role(mut self, role: RoleTrait) -> Self {
        self = self.annotation(&role);
        self.0.profile = self.0.profile.take().or(role.profile);
        self
    }

    /// An application.
    #[must_use]
    pub fn app(mut self, app: AppTrait) -> Self {
        self = self.annotation(&app);
        self.0.profile = self.0.profile.take().or(app.profile);
        self.0.icon = self.0.icon.take().or(app.icon);
        self
    }

    /// A credential; never its value.
    #[must_use]
    pub fn secret(mut self, secret: SecretTrait) -> Self {
        self = self.annotation(&secret);
        self.0.profile = self.0.profile.take().or(secret.profile);
        self.0.created_at = self.0.created_at.take().or(secret.created_at);
        self
    }

    /// With this state.
    #[must_use]
    pub fn status(mut self, status: status::ResourceStatus) -> Self {
        self.0.status = Some(Status { status: status.into(), ..Status::default() });
        self
    }

    /// The resource.
    #[must_use]
    pub fn build(self) -> Resource {
        self.0
    }
}
