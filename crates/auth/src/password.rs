//! Passwords of local administrators: Argon2id, slow on purpose, and guessed at a limited rate.
//!
//! Source: RFC 9106; NIST SP 800-63B-4 §3.1.1 (length over composition).

use std::net::IpAddr;
use std::num::NonZeroU32;
use std::sync::LazyLock;

use argon2::Argon2;
use argon2::password_hash::{PasswordHasher as _, PasswordVerifier as _};
use governor::clock::MonotonicClock;
use ids::Rng;
use secrecy::{ExposeSecret as _, SecretString};
use tokio::sync::Semaphore;

use crate::throttle::{Limits, Throttle};

/// The shortest, in letters.
pub const SHORTEST: usize = 12;
/// The longest, in bytes: hashing more would only cost time.
const LONGEST_BYTES: usize = 1024;
/// How many are hashed at once: each takes 19 MiB and a core.
const AT_ONCE: usize = 2;

/// Why a password is not taken, or cannot be checked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Too short, too long, or the address.
    #[error("{0}")]
    Weak(String),
    /// Too many were tried.
    #[error("too many attempts; try again in {retry_after_s} s")]
    TooMany {
        /// When to try again, in seconds.
        retry_after_s: u64,
    },
    /// The hash cannot be made or read.
    #[error("hash a password: {0}")]
    Hash(String),
}

/// Hashes and checks passwords, and counts the attempts of this process.
#[derive(Debug)]
pub struct Passwords {
    throttle: Throttle,
    turns: Semaphore,
}

impl Default for Passwords {
    fn default() -> Self {
        let of = |number| NonZeroU32::new(number).unwrap_or(NonZeroU32::MIN);
        let limits = Limits { per_client: of(10), per_address: of(60) };
        Self { throttle: Throttle::new(limits, &MonotonicClock), turns: Semaphore::new(AT_ONCE) }
    }
}

impl Passwords {
    /// The hash of a new password, in the PHC form.
    ///
    /// # Errors
    /// [`Error::Weak`] in words for the person.
    pub async fn hash(&self, password: &SecretString, email: &str, rng: &dyn Rng) -> Result<String, Error> {
        check(password.expose_secret(), email)?;
        let mut salt = [0; 16];
        rng.fill(&mut salt);
        let password = password.clone();
        self.turn(move || {
            let hash = Argon2::default().hash_password_with_salt(password.expose_secret().as_bytes(), &salt);
            hash.map(|hash| hash.to_string()).map_err(|error| Error::Hash(error.to_string()))
        })
        .await
    }

    /// Whether this is the password of this hash. Without a hash it takes as long, and is not.
    ///
    /// # Errors
    /// [`Error::TooMany`] when too many were tried for this address of mail, or from this address of the network.
    pub async fn is(
        &self,
        password: &SecretString,
        hash: Option<String>,
        email: &str,
        ip: Option<IpAddr>,
    ) -> Result<bool, Error> {
        if let Some(ip) = ip {
            self.throttle.address(ip).map_err(too_many)?;
        }
        self.throttle.client(email).map_err(too_many)?;
        if password.expose_secret().len() > LONGEST_BYTES {
            return Ok(false);
        }
        let password = password.clone();
        self.turn(move || {
            let is_known = hash.is_some();
            let hash = hash.as_deref().unwrap_or(&NOBODYS);
            let hash = argon2::PasswordHash::new(hash).map_err(|error| Error::Hash(error.to_string()))?;
            let is_right = Argon2::default().verify_password(password.expose_secret().as_bytes(), &hash).is_ok();
            Ok(is_right && is_known)
        })
        .await
    }

    async fn turn<T: Send + 'static>(
        &self,
        work: impl FnOnce() -> Result<T, Error> + Send + 'static,
    ) -> Result<T, Error> {
        let failed = |error: &dyn std::error::Error| Error::Hash(error.to_string());
        let turn = self.turns.acquire().await.map_err(|error| failed(&error))?;
        let done = tokio::task::spawn_blocking(work).await.map_err(|error| failed(&error))?;
        drop(turn);
        done
    }
}

/// The hash that is checked for whoever has none.
static NOBODYS: LazyLock<String> = LazyLock::new(|| {
    let hash = Argon2::default().hash_password_with_salt(b"nobody", &[0; 16]);
    hash.map(|hash| hash.to_string()).unwrap_or_default()
});

fn too_many(wait: std::time::Duration) -> Error {
    Error::TooMany { retry_after_s: wait.as_secs().max(1) }
}

fn check(password: &str, email: &str) -> Result<(), Error> {
    if password.chars().count() < SHORTEST {
        return Err(Error::Weak(format!("a password has at least {SHORTEST} letters; a sentence is a good one")));
    }
    if password.len() > LONGEST_BYTES {
        return Err(Error::Weak(format!("a password has at most {LONGEST_BYTES} bytes")));
    }
    let folded = password.to_lowercase();
    let mut letters = folded.chars();
    let is_one_letter = letters.next().is_some_and(|first| letters.all(|letter| letter == first));
    if is_one_letter || (!email.is_empty() && folded.contains(email)) {
        return Err(Error::Weak("this password is too easy to guess; take a sentence".to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SeededRng;

    #[tokio::test]
    async fn a_password_is_known_by_its_hash_and_guessing_ends() {
        let passwords = Passwords::default();
        let right = SecretString::from("correct horse battery");
        let hash = passwords.hash(&right, "ada@example.com", &SeededRng::new(1)).await.unwrap();
        assert!(hash.starts_with("$argon2id$v=19$m=19456,t=2,p=1$"), "{hash}");
        let is = |password: &'static str, hash: Option<String>| {
            let passwords = &passwords;
            async move { passwords.is(&SecretString::from(password), hash, "ada@example.com", None).await }
        };
        assert!(is("correct horse battery", Some(hash.clone())).await.unwrap());
        assert!(!is("correct horse batterz", Some(hash.clone())).await.unwrap());
        assert!(!is("nobody", None).await.unwrap());
        for _ in 0..7 {
            is("another guess at it", Some(hash.clone())).await.unwrap();
        }
        let refused = is("correct horse battery", Some(hash)).await.unwrap_err();
        assert!(matches!(refused, Error::TooMany { retry_after_s: 1..=6 }), "{refused:?}");
    }

    #[test]
    fn what_is_easy_to_guess_is_refused() {
        let long = "é".repeat(513);
        for weak in ["", "short", "aaaaaaaaaaaaaa", "AdA@example.com1", &long] {
            assert!(matches!(check(weak, "ada@example.com"), Err(Error::Weak(_))), "{weak}");
        }
        check("zwölf Zeichen!", "ada@example.com").unwrap();
    }
}
