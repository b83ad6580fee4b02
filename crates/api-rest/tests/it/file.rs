//! Sync files as connectors write them.

use c1z::{Options, SyncType};
use camino::Utf8Path;
use proto::c1::connector::v2::{
    Entitlement, Grant, Resource, ResourceId, ResourceType, UserTrait, resource_type, user_trait,
};

/// A file with these users, who all hold the role `viewer`; nobody holds `editor`.
pub(crate) fn of_users(folder: &Utf8Path, users: std::ops::Range<usize>) -> anyhow::Result<Vec<u8>> {
    let path = folder.join("made.c1z");
    let mut file = c1z::Store::open(&path, Options::default())?;
    file.start_sync(SyncType::Full, None)?;
    file.put(&[("role", resource_type::Trait::Role), ("user", resource_type::Trait::User)].map(|(id, kind)| {
        ResourceType {
            id: id.to_owned(),
            display_name: id.to_owned(),
            traits: vec![kind as i32],
            ..ResourceType::default()
        }
    }))?;
    let roles = ["editor", "viewer"];
    file.put(&roles.map(|role| resource("role", role, role)))?;
    file.put(&users.clone().map(account).collect::<Vec<_>>())?;
    file.put(&roles.map(entitlement))?;
    let grant = |user: usize| Grant {
        id: format!("role:viewer:assigned:user:{}", id(user)),
        entitlement: Some(entitlement("viewer")),
        principal: Some(account(user)),
        ..Grant::default()
    };
    file.put(&users.map(grant).collect::<Vec<_>>())?;
    file.end_sync()?;
    file.save()?;
    let bytes = std::fs::read(&path)?;
    std::fs::remove_file(&path)?;
    Ok(bytes)
}

pub(crate) fn id(user: usize) -> String {
    format!("usr_{user:04}")
}

fn resource(resource_type: &str, id: &str, name: &str) -> Resource {
    let id = ResourceId { resource_type: resource_type.to_owned(), resource: id.to_owned(), ..ResourceId::default() };
    Resource { id: Some(id), display_name: name.to_owned(), ..Resource::default() }
}

fn account(user: usize) -> Resource {
    let id = id(user);
    let email = user_trait::Email { address: format!("{id}@Example.com"), is_primary: true };
    let person = UserTrait { login: format!("{id}@example.com"), emails: vec![email], ..UserTrait::default() };
    let name = format!("User {user}");
    Resource { annotations: vec![proto::annotations::pack(&person)], ..resource("user", &id, &name) }
}

fn entitlement(role: &str) -> Entitlement {
    Entitlement {
        id: format!("role:{role}:assigned"),
        display_name: role.to_owned(),
        slug: "assigned".to_owned(),
        resource: Some(resource("role", role, role)),
        ..Entitlement::default()
    }
}
