//! From the credential that a task asks for to what a connector gets.

use proto::c1::connector::v2::{
    CredentialOptions, EncryptionConfig, LocalCredentialOptions, credential_options as asked, local_credential_options,
};

use super::ClientKey;
use crate::error::{Error, Result};

/// What the connector gets for the credential that was asked for: the same, with a password for this connector opened.
///
/// Without a wish of the caller (`None`) the result has no `options` either.
///
/// # Errors
/// `InvalidArgument` when no kind is named, and for a password: when there are `configs` (whoever sends a password
/// knows it already), when there is no `key`, or when none is for this key. `Internal` when one that is for this key
/// cannot be opened.
///
/// Source: baton-service-mode §9, encryption.
pub fn local_options(
    wish: Option<&CredentialOptions>,
    configs: &[EncryptionConfig],
    key: Option<&ClientKey>,
) -> Result<LocalCredentialOptions> {
    use local_credential_options::{NoPassword, Options, PlaintextPassword, RandomPassword, Sso};
    let Some(wish) = wish else { return Ok(LocalCredentialOptions::default()) };
    let options = match &wish.options {
        Some(asked::Options::RandomPassword(random)) => {
            Options::RandomPassword(RandomPassword { length: random.length, constraints: random.constraints.clone() })
        }
        Some(asked::Options::NoPassword(_)) => Options::NoPassword(NoPassword {}),
        Some(asked::Options::Sso(sso)) => Options::Sso(Sso { sso_provider: sso.sso_provider.clone() }),
        Some(asked::Options::EncryptedPassword(sealed)) => {
            let plaintext_password = open(sealed, configs, key)?;
            Options::PlaintextPassword(PlaintextPassword { plaintext_password })
        }
        None => return Err(Error::invalid_argument("invalid credential options")),
    };
    Ok(LocalCredentialOptions { force_change_at_next_login: wish.force_change_at_next_login, options: Some(options) })
}

fn open(sealed: &asked::EncryptedPassword, configs: &[EncryptionConfig], key: Option<&ClientKey>) -> Result<String> {
    if !configs.is_empty() {
        return Err(Error::invalid_argument("encryption configs should never be supplied for encrypted passwords"));
    }
    let key = key.ok_or_else(|| Error::invalid_argument("client-secret is required"))?;
    let own = sealed.encrypted_passwords.iter().find(|one| one.key_ids.iter().any(|id| id == key.key_id()));
    let own = own.ok_or_else(|| {
        Error::invalid_argument(format!("no encrypted password matched client secret key id \"{}\"", key.key_id()))
    })?;
    key.open(own).map_err(|error| error.context("convert-credential-options: error decrypting password"))
}
