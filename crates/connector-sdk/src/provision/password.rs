//! Passwords for new accounts, for connectors whose product wants one.
//!
//! Start at [`password`].

use ids::Rng;
use proto::c1::connector::v2::{LocalCredentialOptions, local_credential_options};
use secrecy::SecretString;

use crate::error::{Error, Result};

/// What a password is made of; one of each kind at least, when nobody sets constraints.
const KINDS: [&str; 4] =
    ["ABCDEFGHIJKLMNOPQRSTUVWXYZ", "abcdefghijklmnopqrstuvwxyz", "0123456789", r##"!"#$%&'()*+,-./:;<=>?@[\]^_`{|}~"##];
/// How long a random password may be. Source: the field rule of `CredentialOptions.RandomPassword.length`.
const LENGTH: std::ops::RangeInclusive<usize> = 8..=64;

/// The password that `options` ask for: the given one, or a random one; `None` when they ask for none.
///
/// A random password has 8 to 64 characters and satisfies the constraints.
///
/// # Errors
/// `InvalidArgument` when the length is out of range, or the constraints want more characters than that or some of an
/// empty set.
pub fn password(options: &LocalCredentialOptions, rng: &dyn Rng) -> Result<Option<SecretString>> {
    use local_credential_options::Options;
    match &options.options {
        Some(Options::RandomPassword(random)) => random_password(random, rng).map(Some),
        Some(Options::PlaintextPassword(given)) => Ok(Some(given.plaintext_password.clone().into())),
        Some(Options::NoPassword(_) | Options::Sso(_)) | None => Ok(None),
    }
}

fn random_password(wish: &local_credential_options::RandomPassword, rng: &dyn Rng) -> Result<SecretString> {
    let length = usize::try_from(wish.length).ok().filter(|length| LENGTH.contains(length));
    let length = length.ok_or_else(|| Error::invalid_argument("invalid password length"))?;
    let mut characters = Vec::with_capacity(length);
    if wish.constraints.is_empty() {
        for kind in KINDS {
            characters.push(pick(&kind.chars().collect::<Vec<_>>(), rng)?);
        }
    }
    for constraint in &wish.constraints {
        let set: Vec<char> = constraint.char_set.chars().collect();
        let count = usize::try_from(constraint.min_count).unwrap_or(usize::MAX);
        if characters.len().saturating_add(count) > length {
            return Err(Error::invalid_argument(format!(
                "password length {length} is less than the sum of constraints minimums"
            )));
        }
        for _ in 0..count {
            characters.push(pick(&set, rng)?);
        }
    }
    let all: Vec<char> = KINDS.concat().chars().collect();
    while characters.len() < length {
        characters.push(pick(&all, rng)?);
    }
    for last in (1..characters.len()).rev() {
        characters.swap(last, below(last + 1, rng));
    }
    Ok(characters.into_iter().collect::<String>().into())
}

fn pick(set: &[char], rng: &dyn Rng) -> Result<char> {
    let empty = || Error::invalid_argument("a password constraint has no characters to choose from");
    if set.is_empty() {
        return Err(empty());
    }
    set.get(below(set.len(), rng)).copied().ok_or_else(empty)
}

/// A uniform number below `end`, which is above 0.
fn below(end: usize, rng: &dyn Rng) -> usize {
    let end = u64::try_from(end).unwrap_or(u64::MAX);
    // Above the last whole multiple of `end`, small numbers would come too often.
    let fair = u64::MAX - u64::MAX % end;
    loop {
        let number = rng.next_u64();
        if number < fair {
            return usize::try_from(number % end).unwrap_or_default();
        }
    }
}

#[cfg(test)]
mod tests;
