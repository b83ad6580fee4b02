//! The person behind a resource, as a row of a spreadsheet names them.

use proto::c1::connector::v2::{
    AgentTrait, AppTrait, GroupTrait, RoleTrait, SecretTrait, Status, UserTrait, status::ResourceStatus,
};
use proto::{Any, Message, Name, Struct};
use prost::DecodeError;
use prost_types::value::Kind;

/// A person.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Person {
    pub(crate) last_name: String,
    pub(crate) first_name: String,
    pub(crate) user_id: String,
    /// The primary one.
    pub(crate) email: String,
    /// `Enabled`, `Disabled`, `Deleted` or `Unknown`.
    pub(crate) status: &'static str,
}

/// Of a resource, what says who it is.
#[derive(Clone, PartialEq, prost::Message)]
struct Resource {
    #[prost(message, repeated, tag = "4")]
    annotations: Vec<Any>,
    #[prost(message, optional, tag = "9")]
    profile: Option<Struct>,
    #[prost(message, optional, tag = "11")]
    status: Option<Status>,
}

/// Returns the person that the encoded resource stands for; none when it has no `UserTrait`.
pub(crate) fn person(resource: &[u8]) -> Result<Option<Person>, DecodeError> {
    let resource = Resource::decode(resource)?;
    let Some(user) = pick::<UserTrait>(&resource.annotations)? else { return Ok(None) };
    let email = user.emails.iter().find(|email| email.is_primary).map(|email| email.address.clone());
    let status = status(&resource, &user)?;
    let mut profile = profile(resource, user)?.unwrap_or_default();
    let mut take = |name: &str| match profile.fields.remove(name).and_then(|value| value.kind) {
        Some(Kind::StringValue(text)) => text,
        _ => String::new(),
    };
    Ok(Some(Person {
        last_name: take("last_name"),
        first_name: take("first_name"),
        user_id: take("user_id"),
        email: email.unwrap_or_default(),
        status,
    }))
}

/// Returns the profile of the resource itself, else that of the first of its traits that has one.
fn profile(resource: Resource, user: UserTrait) -> Result<Option<Struct>, DecodeError> {
    if let Some(profile) = resource.profile.or(user.profile) {
        return Ok(Some(profile));
    }
    let annotations = &resource.annotations;
    Ok(None
        .or(pick::<GroupTrait>(annotations)?.and_then(|found| found.profile))
        .or(pick::<RoleTrait>(annotations)?.and_then(|found| found.profile))
        .or(pick::<AppTrait>(annotations)?.and_then(|found| found.profile))
        .or(pick::<SecretTrait>(annotations)?.and_then(|found| found.profile))
        .or(pick::<AgentTrait>(annotations)?.and_then(|found| found.profile)))
}

/// Returns the word for the status of the resource itself, else for that of its trait; no status means enabled.
fn status(resource: &Resource, user: &UserTrait) -> Result<&'static str, DecodeError> {
    // The three enums have the same numbers.
    let number = if let Some(status) = &resource.status {
        Some(status.status)
    } else if let Some(status) = &user.status {
        Some(status.status)
    } else {
        pick::<AgentTrait>(&resource.annotations)?.map(|agent| agent.status).filter(|status| *status != 0)
    };
    Ok(match number.map(ResourceStatus::try_from) {
        None | Some(Ok(ResourceStatus::Enabled)) => "Enabled",
        Some(Ok(ResourceStatus::Disabled)) => "Disabled",
        Some(Ok(ResourceStatus::Deleted)) => "Deleted",
        Some(Ok(ResourceStatus::Unspecified) | Err(_)) => "Unknown",
    })
}

/// Returns the first annotation of the type `M`.
pub(crate) fn pick<M: Message + Name + Default>(annotations: &[Any]) -> Result<Option<M>, DecodeError> {
    let name = M::full_name();
    annotations
        .iter()
        .find(|annotation| annotation.type_url.rsplit_once('/').map_or("", |(_, last)| last) == name)
        .map(|annotation| M::decode(annotation.value.as_slice()))
        .transpose()
}

#[cfg(test)]
mod tests;
