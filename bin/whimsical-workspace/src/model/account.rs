//! People: one account each, wherever they are members.

use std::collections::HashMap;

use serde::{Deserialize, Serialize};

use crate::model::email;
use crate::model::id::AccountId;
use crate::model::user::Name;

/// A person's account. It outlives memberships and is never deleted by SCIM.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Account {
    /// The number.
    pub id: AccountId,
    /// The main e-mail address.
    pub primary: Box<str>,
    /// Further addresses that find this person.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secondary: Vec<Box<str>>,
    /// The own name; only the person changes it.
    #[serde(default, skip_serializing_if = "Name::is_empty")]
    pub name: Name,
}

/// All accounts, by number and by every address.
#[derive(Debug, Default)]
pub struct Accounts {
    rows: Vec<Option<Account>>,
    by_email: HashMap<Box<str>, AccountId>,
}

impl Accounts {
    /// Returns the number for the next account.
    #[must_use]
    pub fn next_id(&self) -> AccountId {
        AccountId(u32::try_from(self.rows.len()).unwrap_or(u32::MAX))
    }

    /// Returns an account.
    #[must_use]
    pub fn get(&self, id: AccountId) -> Option<&Account> {
        self.rows.get(id.0 as usize)?.as_ref()
    }

    /// Returns the account to which an address belongs, main or further, in any case.
    #[must_use]
    pub fn by_email(&self, address: &str) -> Option<&Account> {
        self.get(*self.by_email.get(email::fold(address).as_str())?)
    }

    /// Adds or replaces an account.
    pub fn put(&mut self, account: Account) {
        let index = account.id.0 as usize;
        if let Some(old) = self.get(account.id).cloned() {
            self.by_email.remove(&old.primary);
            for address in &old.secondary {
                self.by_email.remove(address);
            }
        }
        for address in std::iter::once(&account.primary).chain(&account.secondary) {
            self.by_email.insert(address.clone(), account.id);
        }
        if self.rows.len() <= index {
            self.rows.resize(index + 1, None);
        }
        if let Some(row) = self.rows.get_mut(index) {
            *row = Some(account);
        }
    }

    /// Returns all accounts in the order of their numbers.
    pub fn iter(&self) -> impl Iterator<Item = &Account> {
        self.rows.iter().flatten()
    }
}
