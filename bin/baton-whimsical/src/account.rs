//! Creating an account: whoever has it already keeps it.
//!
//! Source: connector-cli §11.7; whimsical-scim §3.4.

use async_trait::async_trait;
use connector_sdk::connector::{AccountCreator, CreateAccountOutcome, CreatedAccount};
use connector_sdk::error::{Code, Error, Result};
use proto::c1::connector::v2::{AccountInfo, LocalCredentialOptions};
use proto::value::Kind;
use scim::client::{Client, Created, Entry as _, Patience};
use serde_json::{Value, json};

use crate::assignment::patch;
use crate::failure::{self, Call};
use crate::model::Role;
use crate::user::{EXTENSION, User};
use crate::users::Users;

/// The schema of users. Source: RFC 7643 §8.7.1.
const CORE: &str = "urn:ietf:params:scim:schemas:core:2.0:User";

/// Whom to create.
#[derive(Debug, PartialEq, Eq)]
struct Request {
    /// In lower case, as Whimsical wants it.
    email: String,
    given_name: String,
    family_name: String,
    /// None: the workspace decides.
    role: Option<Role>,
}

impl Request {
    fn read(account: &AccountInfo) -> Result<Self> {
        let text = |names: &[&str]| names.iter().find_map(|name| profile_text(account, name));
        let primary = account.emails.iter().find(|email| email.is_primary).or(account.emails.first());
        let email = text(&["email"])
            .or_else(|| primary.map(|email| email.address.clone()))
            .unwrap_or_else(|| account.login.clone())
            .trim()
            .to_lowercase();
        let is_address = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
        if !is_address || email.chars().any(|letter| letter.is_whitespace() || letter.is_control()) {
            let text = format!("`{email}` is not an e-mail address; give one as the profile's `email` or as the login");
            return Err(Error::invalid_argument(text));
        }
        let display_name = text(&["display_name", "displayName"]).unwrap_or_default();
        let (first, last) = display_name.split_once(' ').unwrap_or((&display_name, ""));
        Ok(Self {
            given_name: text(&["first_name", "firstName", "given_name"]).unwrap_or_else(|| first.to_owned()),
            family_name: text(&["last_name", "lastName", "family_name"]).unwrap_or_else(|| last.trim().to_owned()),
            role: role(account)?,
            email,
        })
    }

    /// The POST body: no more than is known.
    fn body(&self) -> Value {
        let full = format!("{} {}", self.given_name, self.family_name);
        let mut body = json!({
            "schemas": [CORE],
            "userName": self.email,
            "emails": [{"value": self.email, "type": "work", "primary": true}],
            "active": true,
        });
        if let Some(body) = body.as_object_mut() {
            if !full.trim().is_empty() {
                body.insert("name".to_owned(), json!({"givenName": self.given_name, "familyName": self.family_name}));
                body.insert("displayName".to_owned(), json!(full.trim()));
            }
            if let Some(role) = self.role {
                // A schema is named when it is used, for the sake of services that do not know it.
                body.insert("schemas".to_owned(), json!([CORE, EXTENSION]));
                body.insert(EXTENSION.to_owned(), json!({"editor": role == Role::Editor}));
            }
        }
        body
    }
}

fn profile_text(account: &AccountInfo, name: &str) -> Option<String> {
    match &account.profile.as_ref()?.fields.get(name)?.kind {
        Some(Kind::StringValue(text)) if !text.trim().is_empty() => Some(text.trim().to_owned()),
        _ => None,
    }
}

/// The role asked for: `editor` as a boolean or its word.
fn role(account: &AccountInfo) -> Result<Option<Role>> {
    let editor = account.profile.as_ref().and_then(|profile| profile.fields.get("editor")?.kind.as_ref());
    let is_editor = match editor {
        None | Some(Kind::NullValue(_)) => return Ok(None),
        Some(Kind::BoolValue(is_editor)) => *is_editor,
        Some(Kind::StringValue(word)) => match word.trim().to_lowercase().as_str() {
            "" => return Ok(None),
            "true" => true,
            "false" => false,
            _ => return Err(Error::invalid_argument("the profile's `editor` must be true or false")),
        },
        Some(_) => return Err(Error::invalid_argument("the profile's `editor` must be true or false")),
    };
    Ok(Some(if is_editor { Role::Editor } else { Role::Viewer }))
}

/// Brings somebody who exists back into the workspace, and into the role asked for.
async fn link(client: &Client, user: User, request: &Request) -> Result<CreateAccountOutcome> {
    let is_removed = !user.is_active();
    let mut changes = serde_json::Map::new();
    if is_removed {
        changes.insert("active".to_owned(), json!(true));
    }
    if let Some(role) = request.role.filter(|role| user.role() != Some(*role)) {
        changes.insert(EXTENSION.to_owned(), json!({"editor": role == Role::Editor}));
    }
    if changes.is_empty() {
        return Ok(CreateAccountOutcome::AlreadyExists(user.resource()));
    }
    let body = patch(&json!({"op": "replace", "value": changes}));
    let user: User =
        client.patch(user.id(), &body, Patience::Retry).await.map_err(|error| failure::of(error, Call::Write))?;
    let is_applied = user.is_active() && request.role.is_none_or(|role| user.role().is_none_or(|now| now == role));
    if !is_applied {
        let text = format!("the workspace accepted the changes of user `{}` and did not apply them", user.id());
        return Err(Error::new(Code::Internal, text));
    }
    let resource = user.resource();
    Ok(if is_removed { CreateAccountOutcome::Success(resource) } else { CreateAccountOutcome::AlreadyExists(resource) })
}

#[async_trait]
impl AccountCreator for Users {
    async fn create_account(
        &self,
        account: &AccountInfo,
        _credential: &LocalCredentialOptions,
    ) -> Result<CreatedAccount> {
        let request = Request::read(account)?;
        let client = self.workspace.client()?;
        let created = client.create::<User>(&request.email, &request.body()).await;
        let outcome = match created.map_err(|error| failure::of(error, Call::Write))? {
            Created::Made(user) => CreateAccountOutcome::Success(user.resource()),
            Created::MadeUnknown => CreateAccountOutcome::ActionRequired {
                resource: None,
                message: format!("{} must sign in to Whimsical through SAML SSO once to appear", request.email),
            },
            Created::Found(user) => match link(client, user, &request).await? {
                // The lost request made the user, or somebody did before: it exists as asked for.
                CreateAccountOutcome::AlreadyExists(resource) => CreateAccountOutcome::Success(resource),
                outcome => outcome,
            },
            Created::Conflict(conflict) => {
                match client.look_up(&request.email).await.map_err(|error| failure::of(error, Call::Read))? {
                    Some(user) => link(client, user, &request).await?,
                    None => return Err(failure::of(conflict, Call::Write)),
                }
            }
        };
        Ok(outcome.into())
    }
}

#[cfg(test)]
mod tests;
