//! A user as a Whimsical workspace tells it over SCIM.

use connector_sdk::resource::Builder;
use proto::c1::connector::v2::{Resource, UserTrait, user_trait};
use proto::{Timestamp, Value};
use scim::client::{Entry, loose};
use serde::Deserialize;
use serde_json::Map;

use crate::model::{Role, profile, user_id};

/// The schema extension that holds the role. Source: Whimsical's guide for Entra ID.
pub(crate) const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:whimsical:2.0:User";

/// A user, as far as the connector looks.
#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(crate) struct User {
    id: String,
    #[expect(clippy::struct_field_names, reason = "the name of the attribute in RFC 7643")]
    user_name: Option<String>,
    display_name: Option<String>,
    #[serde(default, deserialize_with = "null_as_default")]
    name: Name,
    active: Option<bool>,
    #[serde(default, deserialize_with = "null_as_default")]
    emails: Vec<Email>,
    #[serde(rename = "urn:ietf:params:scim:schemas:extension:whimsical:2.0:User")]
    extension: Option<Extension>,
    #[serde(default, deserialize_with = "null_as_default")]
    meta: Meta,
}

#[derive(Debug, Default, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Name {
    given_name: Option<String>,
    family_name: Option<String>,
}

#[derive(Debug, Default, Deserialize)]
struct Email {
    #[serde(default, deserialize_with = "null_as_default")]
    value: String,
    primary: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
struct Extension {
    editor: Option<bool>,
}

#[derive(Debug, Default, Deserialize)]
struct Meta {
    created: Option<String>,
}

fn null_as_default<'de, D: serde::Deserializer<'de>, T: Deserialize<'de> + Default>(value: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(value)?.unwrap_or_default())
}

impl Entry for User {
    fn id(&self) -> &str {
        &self.id
    }

    fn user_name(&self) -> Option<&str> {
        self.user_name.as_deref()
    }

    /// Without the extension nothing is known of the role, so it is looked for under other spellings.
    fn is_regular(&self) -> bool {
        self.extension.is_some() && !self.id.is_empty()
    }

    fn from_loose(value: &serde_json::Value) -> Option<Self> {
        let user = value.as_object()?;
        let text = |object: &Map<String, serde_json::Value>, name| loose::member(object, name).and_then(loose::text);
        let part = |name| loose::member(user, name).and_then(serde_json::Value::as_object);
        let name = part("name")
            .map(|name| Name { given_name: text(name, "givenName"), family_name: text(name, "familyName") });
        let emails = loose::values(loose::member(user, "emails")).iter().filter_map(|email| match email {
            serde_json::Value::String(value) => Some(Email { value: value.clone(), primary: None }),
            email => {
                let email = email.as_object()?;
                let primary = loose::member(email, "primary").and_then(loose::boolean);
                Some(Email { value: text(email, "value")?, primary })
            }
        });
        let nested = part(EXTENSION)
            .map(|extension| Extension { editor: loose::member(extension, "editor").and_then(loose::boolean) });
        let flat = loose::member(user, &format!("{EXTENSION}:editor"))
            .map(|editor| Extension { editor: loose::boolean(editor) });
        Some(Self {
            id: text(user, "id")?,
            user_name: text(user, "userName"),
            display_name: text(user, "displayName"),
            name: name.unwrap_or_default(),
            active: loose::member(user, "active").and_then(loose::boolean),
            emails: emails.collect(),
            extension: nested.or(flat),
            meta: Meta { created: part("meta").and_then(|meta| text(meta, "created")) },
        })
    }
}

impl User {
    /// Whether the user is in the workspace; a service that does not tell means yes (RFC 7643 §4.1.1).
    pub(crate) fn is_active(&self) -> bool {
        self.active.unwrap_or(true)
    }

    /// Returns the role; `None` when the workspace does not tell it.
    ///
    /// An extension without `editor` means a viewer, a missing extension means unknown: guessing "viewer" then would
    /// hide editors from every review. Source: connector-cli §11.2.
    pub(crate) fn role(&self) -> Option<Role> {
        let editor = self.extension.as_ref()?.editor.unwrap_or(false);
        Some(if editor { Role::Editor } else { Role::Viewer })
    }

    /// Returns the role that the user can be said to hold: none for one who has been removed from the workspace.
    pub(crate) fn held_role(&self) -> Option<Role> {
        if self.is_active() { self.role() } else { None }
    }

    /// Returns the user's resource.
    ///
    /// Source: connector-cli §11.2.
    pub(crate) fn resource(&self) -> Resource {
        let emails = self.emails();
        let primary = emails.first().map(|email| email.address.clone()).unwrap_or_default();
        let text = |text: &Option<String>| text.clone().unwrap_or_default();
        let (given, family) = (text(&self.name.given_name), text(&self.name.family_name));
        let login = text(&self.user_name);
        let mut profile = profile([
            ("email", Value::from(primary)),
            ("first_name", Value::from(given.clone())),
            ("last_name", Value::from(family.clone())),
            ("login", Value::from(login.clone())),
            ("user_id", Value::from(self.id.clone())),
        ]);
        if let Some(role) = self.role() {
            profile.fields.insert("editor".to_owned(), Value::from(role == Role::Editor));
            profile.fields.insert("role".to_owned(), Value::from(role.id()));
        }
        let structured_name = (!given.is_empty() || !family.is_empty()).then(|| user_trait::StructuredName {
            given_name: given,
            family_name: family,
            ..user_trait::StructuredName::default()
        });
        let status =
            if self.is_active() { user_trait::status::Status::Enabled } else { user_trait::status::Status::Disabled };
        let user = UserTrait {
            emails,
            login,
            structured_name,
            profile: Some(profile),
            status: Some(user_trait::Status { status: status.into(), ..user_trait::Status::default() }),
            created_at: self.meta.created.as_deref().and_then(timestamp),
            ..UserTrait::default()
        };
        Builder::new(user_id(&self.id), self.shown_name()).user(user).build()
    }

    /// The e-mail addresses, the primary one first, none twice.
    fn emails(&self) -> Vec<user_trait::Email> {
        let mut addresses: Vec<&str> = Vec::with_capacity(self.emails.len().max(1));
        let primary = self.emails.iter().find(|email| email.primary == Some(true));
        for email in primary.into_iter().chain(&self.emails) {
            if !email.value.is_empty() && !addresses.contains(&email.value.as_str()) {
                addresses.push(&email.value);
            }
        }
        if let (true, Some(name)) = (addresses.is_empty(), self.user_name.as_deref().filter(|name| name.contains('@')))
        {
            addresses.push(name);
        }
        let email =
            |(index, address): (usize, &str)| user_trait::Email { address: address.to_owned(), is_primary: index == 0 };
        addresses.into_iter().enumerate().map(email).collect()
    }

    /// The display name, else the name, else the login, else the id.
    fn shown_name(&self) -> String {
        let some = |text: &Option<String>| text.clone().filter(|text| !text.trim().is_empty());
        let parts = [some(&self.name.given_name), some(&self.name.family_name)];
        let full = parts.into_iter().flatten().collect::<Vec<_>>().join(" ");
        some(&self.display_name)
            .or_else(|| Some(full).filter(|full| !full.is_empty()))
            .or_else(|| some(&self.user_name))
            .unwrap_or_else(|| self.id.clone())
    }
}

/// Reads a date; one that cannot be read is as good as none.
fn timestamp(text: &str) -> Option<Timestamp> {
    text.parse().ok()
}

#[cfg(test)]
mod tests;
