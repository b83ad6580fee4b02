//! The person behind a resource, as a row of a spreadsheet names them.

use prost::DecodeError;
use proto::c1::connector::v2::status::ResourceStatus;
use proto::c1::connector::v2::{AgentTrait, AppTrait, GroupTrait, RoleTrait, SecretTrait, Status};
use proto::{Any, Message, Name};

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

/// Of a resource, what says who it is. What may not be needed stays encoded: a message is stored as bytes are.
#[derive(Clone, PartialEq, prost::Message)]
struct Resource {
    #[prost(message, repeated, tag = "4")]
    annotations: Vec<Any>,
    #[prost(bytes = "vec", optional, tag = "9")]
    profile: Option<Vec<u8>>,
    #[prost(message, optional, tag = "11")]
    status: Option<Status>,
}

/// Of a `UserTrait`, the same.
#[derive(Clone, PartialEq, prost::Message)]
struct User {
    #[prost(message, repeated, tag = "1")]
    emails: Vec<Email>,
    #[prost(message, optional, tag = "2")]
    status: Option<Status>,
    #[prost(bytes = "vec", optional, tag = "3")]
    profile: Option<Vec<u8>>,
}

impl Name for User {
    const PACKAGE: &'static str = "c1.connector.v2";
    const NAME: &'static str = "UserTrait";
}

#[derive(Clone, PartialEq, prost::Message)]
struct Email {
    #[prost(string, tag = "1")]
    address: String,
    #[prost(bool, tag = "2")]
    is_primary: bool,
}

/// A `google.protobuf.Struct` of which only the texts matter.
#[derive(Clone, PartialEq, prost::Message)]
struct Profile {
    #[prost(message, repeated, tag = "1")]
    fields: Vec<Field>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Field {
    #[prost(string, tag = "1")]
    name: String,
    #[prost(message, optional, tag = "2")]
    value: Option<Text>,
}

#[derive(Clone, PartialEq, prost::Message)]
struct Text {
    #[prost(string, tag = "3")]
    text: String,
}

/// Returns the person that the encoded resource stands for; none when it has no `UserTrait`.
pub(crate) fn person(resource: &[u8]) -> Result<Option<Person>, DecodeError> {
    let resource = Resource::decode(resource)?;
    let Some(user) = pick::<User>(&resource.annotations)? else { return Ok(None) };
    let status = status(&resource, &user)?;
    let email = user.emails.iter().find(|email| email.is_primary).map(|email| email.address.clone());
    let mut person = Person { email: email.unwrap_or_default(), status, ..Person::default() };
    for Field { name, value } in profile(resource, user)?.fields {
        let text = value.unwrap_or_default().text;
        match name.as_str() {
            "last_name" => person.last_name = text,
            "first_name" => person.first_name = text,
            "user_id" => person.user_id = text,
            _ => {}
        }
    }
    Ok(Some(person))
}

/// Returns the profile of the resource itself, else that of the first of its traits that has one.
fn profile(resource: Resource, user: User) -> Result<Profile, DecodeError> {
    if let Some(profile) = resource.profile.or(user.profile) {
        return Profile::decode(profile.as_slice());
    }
    let annotations = &resource.annotations;
    let profile = None
        .or(pick::<GroupTrait>(annotations)?.and_then(|found| found.profile))
        .or(pick::<RoleTrait>(annotations)?.and_then(|found| found.profile))
        .or(pick::<AppTrait>(annotations)?.and_then(|found| found.profile))
        .or(pick::<SecretTrait>(annotations)?.and_then(|found| found.profile))
        .or(pick::<AgentTrait>(annotations)?.and_then(|found| found.profile));
    Profile::decode(profile.unwrap_or_default().encode_to_vec().as_slice())
}

/// Returns the word for the status of the resource itself, else for that of its trait; no status means enabled.
fn status(resource: &Resource, user: &User) -> Result<&'static str, DecodeError> {
    // The numbers are the same in all three.
    let number = match resource.status.as_ref().or(user.status.as_ref()) {
        Some(status) => Some(status.status),
        None => pick::<AgentTrait>(&resource.annotations)?.map(|agent| agent.status).filter(|status| *status != 0),
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
    let is_it = |url: &str| {
        url.strip_suffix(M::NAME)
            .and_then(|rest| rest.strip_suffix('.')?.strip_suffix(M::PACKAGE))
            .is_some_and(|rest| rest.ends_with('/'))
    };
    annotations
        .iter()
        .find(|annotation| is_it(&annotation.type_url))
        .map(|annotation| M::decode(annotation.value.as_slice()))
        .transpose()
}

#[cfg(test)]
mod tests;
