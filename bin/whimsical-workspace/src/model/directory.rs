//! All SCIM users: by id, by address, by external id, and in the one order that never changes.
//!
//! A page by index is a slice of a vector, whatever the number of users; adding a user is an append, removing one moves
//! four bytes per later user.

use std::collections::{BTreeSet, HashMap};

use jiff::Timestamp;

use crate::model::id::{AccountId, UserId};
use crate::model::user::{ScimUser, Standing};

/// How many users stand where.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Counts {
    /// Members with the paid role.
    pub editors: usize,
    /// Members with the free role.
    pub viewers: usize,
    /// Provisioned users that have not signed in.
    pub pending: usize,
    /// Removed users that are still readable.
    pub removed: usize,
    /// Members that are administrators.
    pub admins: usize,
}

/// All SCIM users with their indexes.
#[derive(Debug, Default)]
pub struct Directory {
    slots: Vec<Option<ScimUser>>,
    free: Vec<u32>,
    order: Vec<u32>,
    by_id: HashMap<UserId, u32>,
    by_email: HashMap<Box<str>, u32>,
    by_external: BTreeSet<(Box<str>, u32)>,
    by_account: HashMap<AccountId, u32>,
    counts: Counts,
}

impl Directory {
    /// Returns how many users there are.
    #[must_use]
    pub fn len(&self) -> usize {
        self.order.len()
    }

    /// Whether there is no user.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.order.is_empty()
    }

    /// Returns how many users stand where, without counting.
    #[must_use]
    pub fn counts(&self) -> Counts {
        self.counts
    }

    /// Returns a user.
    #[must_use]
    pub fn get(&self, id: UserId) -> Option<&ScimUser> {
        self.slot(*self.by_id.get(&id)?)
    }

    /// Returns the user with a folded address.
    #[must_use]
    pub fn by_email(&self, folded: &str) -> Option<&ScimUser> {
        self.slot(*self.by_email.get(folded)?)
    }

    /// Returns the user of an account.
    #[must_use]
    pub fn by_account(&self, account: AccountId) -> Option<&ScimUser> {
        self.slot(*self.by_account.get(&account)?)
    }

    /// Returns the users with an external id; it is not unique.
    #[must_use]
    pub fn by_external_id(&self, external_id: &str) -> Vec<&ScimUser> {
        let key: Box<str> = external_id.into();
        let mut found: Vec<_> = self
            .by_external
            .range((key.clone(), 0)..=(key, u32::MAX))
            .filter_map(|(_, slot)| self.slot(*slot))
            .collect();
        found.sort_by_key(|user| place(user));
        found
    }

    /// Returns the users from the given index (0-based) on, in the order of creation and id.
    #[must_use]
    pub fn from_index(&self, index: usize) -> impl DoubleEndedIterator<Item = Option<&ScimUser>> {
        self.order.get(index..).unwrap_or_default().iter().map(|slot| self.slot(*slot))
    }

    /// Returns all users in the order of creation and id.
    pub fn iter(&self) -> impl Iterator<Item = &ScimUser> {
        self.from_index(0).flatten()
    }

    /// Returns the index of the first user that stands after the given place in the order.
    #[must_use]
    pub fn index_after(&self, created: Timestamp, id: UserId) -> usize {
        self.order.partition_point(|slot| self.slot(*slot).is_some_and(|user| place(user) <= (created, id)))
    }

    /// Adds or replaces a user. The time of creation of a user never changes.
    pub fn put(&mut self, user: ScimUser) {
        let slot = match self.by_id.get(&user.id) {
            Some(slot) => {
                let slot = *slot;
                self.unindex(slot);
                slot
            }
            None => self.free.pop().unwrap_or_else(|| {
                self.slots.push(None);
                u32::try_from(self.slots.len() - 1).unwrap_or(u32::MAX)
            }),
        };
        let is_new = self.by_id.insert(user.id, slot).is_none();
        self.by_email.insert(user.user_name.clone(), slot);
        if let Some(external_id) = &user.external_id {
            self.by_external.insert((external_id.clone(), slot));
        }
        if let Some(account) = user.account() {
            self.by_account.insert(account, slot);
        }
        self.counts.add(&user);
        let at = is_new.then(|| self.index_after(user.created, user.id));
        if let Some(place) = self.slots.get_mut(slot as usize) {
            *place = Some(user);
        }
        if let Some(at) = at {
            self.order.insert(at, slot);
        }
    }

    /// Takes a user out.
    pub fn remove(&mut self, id: UserId) -> Option<ScimUser> {
        let slot = *self.by_id.get(&id)?;
        let user = self.slot(slot)?;
        let at = self.index_after(user.created, user.id).checked_sub(1)?;
        self.order.remove(at);
        self.unindex(slot);
        self.by_id.remove(&id);
        self.free.push(slot);
        self.slots.get_mut(slot as usize)?.take()
    }

    fn slot(&self, slot: u32) -> Option<&ScimUser> {
        self.slots.get(slot as usize)?.as_ref()
    }

    fn unindex(&mut self, slot: u32) {
        let Some(user) = self.slots.get(slot as usize).and_then(Option::as_ref) else {
            return;
        };
        self.by_email.remove(&user.user_name);
        if let Some(external_id) = &user.external_id {
            self.by_external.remove(&(external_id.clone(), slot));
        }
        if let Some(account) = user.account() {
            self.by_account.remove(&account);
        }
        self.counts.subtract(user);
    }
}

/// The place of a user in the order that never changes.
fn place(user: &ScimUser) -> (Timestamp, UserId) {
    (user.created, user.id)
}

impl Counts {
    fn add(&mut self, user: &ScimUser) {
        self.count(user, |counter| *counter += 1);
    }

    fn subtract(&mut self, user: &ScimUser) {
        self.count(user, |counter| *counter -= 1);
    }

    fn count(&mut self, user: &ScimUser, step: fn(&mut usize)) {
        step(match &user.standing {
            Standing::Pending { .. } => &mut self.pending,
            Standing::Removed { .. } => &mut self.removed,
            Standing::Member { .. } if user.role().is_editor() => &mut self.editors,
            Standing::Member { .. } => &mut self.viewers,
        });
        if user.is_admin() {
            step(&mut self.admins);
        }
    }
}
