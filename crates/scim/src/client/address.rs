//! The base URL of a service, as people paste it.

use reqwest::Url;

/// The base URL of a SCIM service.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Address(Url);

/// Why a base URL cannot be used.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum AddressError {
    /// It is not a URL with a host.
    #[error("`{0}` is not a URL; it should look like https://api.example.com/scim-v2")]
    NotAUrl(String),
    /// A token would travel in the clear.
    #[error("`{0}` is not HTTPS; plain HTTP is accepted for this machine (127.0.0.1, ::1, localhost) only")]
    NotEncrypted(String),
    /// Secrets must not be in URLs.
    #[error("the base URL holds a user name or password; give the token on its own")]
    HoldsCredentials,
}

impl Address {
    /// Reads a base URL, with or without a slash at its end. A query, as guides for Entra ID have one, is dropped.
    ///
    /// # Errors
    /// See [`AddressError`].
    pub fn parse(text: &str) -> Result<Self, AddressError> {
        let mut url = Url::parse(text.trim()).map_err(|_| AddressError::NotAUrl(text.to_owned()))?;
        if !url.username().is_empty() || url.password().is_some() {
            return Err(AddressError::HoldsCredentials);
        }
        let is_loopback = match url.host() {
            Some(url::Host::Domain(name)) => name == "localhost",
            Some(url::Host::Ipv4(address)) => address.is_loopback(),
            Some(url::Host::Ipv6(address)) => address.is_loopback(),
            None => return Err(AddressError::NotAUrl(text.to_owned())),
        };
        if url.scheme() != "https" && !(url.scheme() == "http" && is_loopback) {
            return Err(AddressError::NotEncrypted(text.to_owned()));
        }
        url.set_query(None);
        url.set_fragment(None);
        let path = url.path().trim_end_matches('/').to_owned();
        url.set_path(&path);
        Ok(Self(url))
    }

    /// Returns the URL of all users.
    #[must_use]
    pub fn users(&self) -> Url {
        self.below(&["Users"])
    }

    /// Returns the URL of one user; the id is escaped.
    #[must_use]
    pub fn user(&self, id: &str) -> Url {
        self.below(&["Users", id])
    }

    /// Returns the id at the end of a `Location` that lies below this service.
    #[must_use]
    pub fn id_of(&self, location: &str) -> Option<String> {
        let location = self.users().join(location).ok()?;
        let (parent, id) = location.path().rsplit_once('/')?;
        let is_ours = location.origin() == self.0.origin() && parent.ends_with("/Users") && !id.is_empty();
        is_ours.then(|| id.to_owned())
    }

    fn below(&self, segments: &[&str]) -> Url {
        let mut url = self.0.clone();
        if let Ok(mut path) = url.path_segments_mut() {
            path.pop_if_empty().extend(segments);
        }
        url
    }
}

impl std::fmt::Display for Address {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bases_are_joined_however_they_are_pasted() {
        for base in [
            "https://api.example.com/scim-v2",
            "https://api.example.com/scim-v2/",
            " https://api.example.com/scim-v2/?aadOptscim062020 ",
            "https://api.example.com/scim-v2//#x",
        ] {
            let address = Address::parse(base).unwrap();
            assert_eq!(address.users().as_str(), "https://api.example.com/scim-v2/Users", "{base}");
            assert_eq!(address.user("a/b?c").as_str(), "https://api.example.com/scim-v2/Users/a%2Fb%3Fc", "{base}");
        }
        assert_eq!(Address::parse("http://[::1]:80/").unwrap().users().as_str(), "http://[::1]/Users");
    }

    #[test]
    fn addresses_that_would_leak_the_token_are_refused() {
        let check = |text: &str| Address::parse(text).unwrap_err();
        assert!(matches!(check("http://api.example.com/scim-v2"), AddressError::NotEncrypted(_)));
        assert!(matches!(check("http://localhost.example.com/"), AddressError::NotEncrypted(_)));
        assert!(matches!(check("ftp://127.0.0.1/"), AddressError::NotEncrypted(_)));
        assert!(matches!(check("api.example.com"), AddressError::NotAUrl(_)));
        assert_eq!(check("https://u:p@example.com/"), AddressError::HoldsCredentials);
    }

    #[test]
    fn a_location_counts_only_below_the_service() {
        let address = Address::parse("https://api.example.com/scim-v2").unwrap();
        assert_eq!(address.id_of("https://api.example.com/scim-v2/Users/7").as_deref(), Some("7"));
        assert_eq!(address.id_of("/other/Users/8").as_deref(), Some("8"));
        assert_eq!(address.id_of("https://evil.example.com/scim-v2/Users/7"), None);
        assert_eq!(address.id_of("https://api.example.com/scim-v2/Groups/7"), None);
    }
}
