//! From what a person types to what a connector gets for a new account.

use prost_types::value::Kind;
use proto::c1::connector::v2::{AccountInfo, account_info};
use proto::{Struct, Value};

use crate::error::{Error, Result};

/// The account as the flags `--create-account-login`, `-email` and `-profile` describe it.
#[derive(Debug, Clone, Default)]
pub struct AccountRequest {
    /// The login name, or empty.
    pub login: String,
    /// The primary address, or empty.
    pub email: String,
    /// A JSON object, or empty.
    pub profile: String,
}

impl AccountRequest {
    /// What the connector gets: the profile, with `login` and `email` filled in where it lacks them.
    ///
    /// # Errors
    /// `unknown provisioning action` when there is neither login nor address; `InvalidArgument` when the address is none.
    ///
    /// Source: connector-cli §5.6.
    pub fn to_account_info(&self) -> Result<AccountInfo> {
        let mut profile = parse_profile(&self.profile).unwrap_or_default();
        let given = !profile.fields.is_empty();
        for (key, flag) in [("login", &self.login), ("email", &self.email)] {
            // Without a profile both keys are sent, even when they are empty.
            if !given || !flag.is_empty() {
                profile.fields.entry(key.to_owned()).or_insert_with(|| text(flag));
            }
        }
        let value = |key: &str| match profile.fields.get(key).and_then(|value| value.kind.as_ref()) {
            Some(Kind::StringValue(value)) => value.clone(),
            _ => String::new(),
        };
        let (login, email) = (value("login"), value("email"));
        if login.is_empty() && email.is_empty() {
            return Err(Error::unknown("unknown provisioning action"));
        }
        if !email.is_empty() && !is_address(&email) {
            return Err(Error::invalid_argument("invalid email; hint: give a single address such as name@example.com"));
        }
        let emails = (!email.is_empty()).then_some(account_info::Email { address: email, is_primary: true });
        Ok(AccountInfo {
            emails: emails.into_iter().collect(),
            login,
            profile: Some(profile),
            ..AccountInfo::default()
        })
    }
}

/// The fields of a JSON object; `None` when the text is anything else.
fn parse_profile(text: &str) -> Option<Struct> {
    match serde_json::from_str(text) {
        Ok(serde_json::Value::Object(fields)) => Some(fields_of(fields)),
        _ => None,
    }
}

fn fields_of(fields: serde_json::Map<String, serde_json::Value>) -> Struct {
    Struct { fields: fields.into_iter().map(|(key, value)| (key, value_of(value))).collect() }
}

fn value_of(value: serde_json::Value) -> Value {
    use serde_json::Value as Json;
    let kind = match value {
        Json::Null => Kind::NullValue(0),
        Json::Bool(value) => Kind::BoolValue(value),
        Json::Number(value) => Kind::NumberValue(value.as_f64().unwrap_or_default()),
        Json::String(value) => Kind::StringValue(value),
        Json::Array(values) => {
            Kind::ListValue(prost_types::ListValue { values: values.into_iter().map(value_of).collect() })
        }
        Json::Object(fields) => Kind::StructValue(fields_of(fields)),
    };
    Value { kind: Some(kind) }
}

fn text(value: &str) -> Value {
    Value { kind: Some(Kind::StringValue(value.to_owned())) }
}

/// Whether the text is one e-mail address, bare or as `Name <address>`, in the shapes that are in use.
///
/// Source: RFC 5322 §3.4; comments and quoted local parts with blanks are not accepted.
pub(crate) fn is_address(text: &str) -> bool {
    let bare = match text.trim().strip_suffix('>').and_then(|rest| rest.rsplit_once('<')) {
        Some((_, inner)) => inner,
        None => text.trim(),
    };
    let Some((local, domain)) = bare.rsplit_once('@') else { return false };
    let atoms = |part: &str| {
        part.split('.').all(|atom| {
            !atom.is_empty()
                && atom.chars().all(|one| {
                    one.is_alphanumeric()
                        || (one.is_ascii_graphic() && !r#"()<>[]:;@\,.""#.contains(one))
                        || !one.is_ascii()
                })
        })
    };
    let quoted = local.len() > 2 && local.starts_with('"') && local.ends_with('"');
    (atoms(local) || quoted) && (atoms(domain) || (domain.starts_with('[') && domain.ends_with(']')))
}

#[cfg(test)]
mod tests;
