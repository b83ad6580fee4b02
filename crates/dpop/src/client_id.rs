//! The client id of service mode: `NAME@HOST/REST`.
//!
//! Source: baton-service-mode §2, §15 D1.

use std::fmt;
use std::str::FromStr;

use ids::Rng;

/// The longest client id that is read.
pub const MAX_BYTES: usize = 1024;

/// A client id. Its text form is what it was read from.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct ClientId {
    text: String,
    at: usize,
    slash: usize,
}

/// A text that is not a client id.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("invalid client id")]
pub struct InvalidClientId;

impl InvalidClientId {
    /// What a client id looks like, for a `hint:` line.
    #[must_use]
    pub const fn hint(self) -> &'static str {
        "a client id has the form NAME@HOST/REST, as the server showed it beside the client secret"
    }
}

impl ClientId {
    /// A new client id of the form `word-word-NNNNN@HOST:PORT/connector/ID`.
    ///
    /// `host` is the host that connectors reach the server at, with `:PORT` unless that is 443.
    ///
    /// # Errors
    /// When the host holds a `/` or white space or is empty, or the whole would be longer than [`MAX_BYTES`].
    pub fn generate(host: &str, connector_id: impl fmt::Display, rng: &dyn Rng) -> Result<Self, InvalidClientId> {
        if host.is_empty() || host.contains(|letter: char| letter == '/' || letter == '@' || letter.is_whitespace()) {
            return Err(InvalidClientId);
        }
        let draw = rng.next_u64();
        let word = |list: &[&'static str], number: u64| {
            let index = usize::try_from(number).unwrap_or(0) % list.len().max(1);
            list.get(index).copied().unwrap_or("podium")
        };
        let (first, second) = (word(&FIRST, draw & 0xffff), word(&SECOND, (draw >> 16) & 0xffff));
        let number = 10_000 + (draw >> 32) % 90_000;
        format!("{first}-{second}-{number}@{host}/connector/{connector_id}").parse()
    }

    /// The whole text: `iss`, `sub` and `client_id`.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// The part before the first `@`, for the user agent; may be empty.
    #[must_use]
    pub fn name(&self) -> &str {
        self.text.get(..self.at).unwrap_or_default()
    }

    /// The host of the server, with `:PORT` if there is one.
    #[must_use]
    pub fn host(&self) -> &str {
        self.text.get(self.at + 1..self.slash).unwrap_or_default()
    }

    /// What follows the host's `/`, opaque.
    #[must_use]
    pub fn rest(&self) -> &str {
        self.text.get(self.slash + 1..).unwrap_or_default()
    }

    /// The host without its port: the audience of assertions.
    #[must_use]
    pub fn audience(&self) -> &str {
        without_port(self.host())
    }
}

/// The host without `:PORT`, and an IPv6 address without its brackets.
#[must_use]
pub fn without_port(host: &str) -> &str {
    if let Some((address, _)) = host.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        return address;
    }
    match host.rsplit_once(':') {
        Some((name, port)) if !name.contains(':') && port.bytes().all(|byte| byte.is_ascii_digit()) => name,
        _ => host,
    }
}

impl FromStr for ClientId {
    type Err = InvalidClientId;

    /// Splits at the first `@`, then at the first `/` after it; both must be there.
    fn from_str(text: &str) -> Result<Self, InvalidClientId> {
        let at = text.find('@').ok_or(InvalidClientId)?;
        let slash = text.get(at..).and_then(|rest| rest.find('/')).ok_or(InvalidClientId)? + at;
        if text.len() > MAX_BYTES || text.contains(char::is_control) {
            return Err(InvalidClientId);
        }
        Ok(Self { text: text.to_owned(), at, slash })
    }
}

impl fmt::Display for ClientId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}

/// Words that name nobody and offend nobody, so that people can read a client id out to each other.
const FIRST: [&str; 32] = [
    "amber", "brave", "brisk", "calm", "clear", "copper", "coral", "crisp", "early", "fair", "fresh", "gentle",
    "golden", "green", "happy", "keen", "light", "lively", "lunar", "merry", "misty", "noble", "polar", "quick",
    "quiet", "rapid", "silver", "solar", "still", "sunny", "swift", "warm",
];

/// The second words.
const SECOND: [&str; 32] = [
    "acorn", "badger", "beacon", "birch", "brook", "canyon", "cedar", "cloud", "comet", "crane", "dune", "falcon",
    "fern", "forest", "harbor", "heron", "island", "lake", "lantern", "maple", "meadow", "otter", "pebble", "pine",
    "raven", "reef", "river", "robin", "spruce", "stone", "valley", "willow",
];

#[cfg(test)]
mod tests {
    use super::*;
    use ids::SeededRng;

    #[test]
    fn ids_are_split_at_the_first_at_and_the_first_slash_after_it() {
        for (text, parts) in [
            ("word-word-1@host:8080/connector/x", Some(("word-word-1", "host:8080", "connector/x", "host"))),
            ("@h/", Some(("", "h", "", "h"))),
            ("a@b@c/d", Some(("a", "b@c", "d", "b@c"))),
            ("a@h/b/c", Some(("a", "h", "b/c", "h"))),
            ("a/b@h/c", Some(("a/b", "h", "c", "h"))),
            ("a@/c", Some(("a", "", "c", ""))),
            ("a@[::1]:443/c", Some(("a", "[::1]:443", "c", "::1"))),
            ("a@host", None),
            ("host/a", None),
            ("a/b@host", None),
            ("", None),
            ("a\n@h/b", None),
        ] {
            let id = text.parse::<ClientId>();
            let got = id.as_ref().ok().map(|id| (id.name(), id.host(), id.rest(), id.audience()));
            assert_eq!(got, parts, "{text:?}");
            assert!(id.is_err() || id.unwrap().to_string() == text);
        }
        assert!(format!("{}@h/", "a".repeat(MAX_BYTES)).parse::<ClientId>().is_err());
    }

    #[test]
    fn a_made_id_has_the_form_of_the_spec() {
        for seed in 0..50 {
            let id = ClientId::generate("podium.example:8443", "0197", &SeededRng::new(seed)).unwrap();
            assert_eq!((id.host(), id.rest()), ("podium.example:8443", "connector/0197"));
            let words: Vec<&str> = id.name().split('-').collect();
            assert!(
                words.len() == 3 && words[2].len() == 5 && words[2].bytes().all(|byte| byte.is_ascii_digit()),
                "{id}"
            );
        }
        for host in ["", "a/b", "a b", "a@b"] {
            assert_eq!(ClientId::generate(host, "x", &SeededRng::new(1)), Err(InvalidClientId), "{host}");
        }
    }
}
