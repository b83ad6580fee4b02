//! Names of rows that sort the same everywhere.

use aws_lc_rs::digest::{SHA256, digest};

/// The SHA-256 of what names or describes a row, cut to 16 bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct Key(pub [u8; 16]);

/// The key of a grant: that of its account, then that of its entitlement. In this order keys are spread evenly, however
/// many hold one entitlement.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct GrantKey {
    /// The key of the account.
    pub account: Key,
    /// The key of the entitlement.
    pub entitlement: Key,
}

impl Key {
    /// The key of these bytes.
    #[must_use]
    pub fn of(bytes: &[u8]) -> Self {
        let mut key = [0; 16];
        key.iter_mut().zip(digest(&SHA256, bytes).as_ref()).for_each(|(to, from)| *to = *from);
        Self(key)
    }

    /// Its bytes, as a column holds them.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        self.0.to_vec()
    }
}

impl GrantKey {
    /// Its bytes, as a column holds them.
    #[must_use]
    pub fn to_vec(self) -> Vec<u8> {
        self.to_bytes().to_vec()
    }

    /// Its bytes.
    #[must_use]
    pub fn to_bytes(self) -> [u8; 32] {
        let mut bytes = [0; 32];
        let halves = self.account.0.into_iter().chain(self.entitlement.0);
        bytes.iter_mut().zip(halves).for_each(|(to, from)| *to = from);
        bytes
    }
}

impl From<[u8; 32]> for GrantKey {
    fn from(bytes: [u8; 32]) -> Self {
        let mut key = Self::default();
        let halves = key.account.0.iter_mut().chain(&mut key.entitlement.0);
        halves.zip(bytes).for_each(|(to, from)| *to = from);
        key
    }
}
