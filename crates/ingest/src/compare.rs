//! Two lists of keys in the same order, merged.

use store::inventory::{Key, Stored};

/// A row of the file: its key, its fingerprint, and where it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Entry<const K: usize> {
    pub(crate) key: [u8; K],
    pub(crate) digest: Key,
    pub(crate) row: i64,
}

/// How the two lists differ at one key.
#[derive(Debug)]
pub(crate) enum Difference<'a, const K: usize> {
    /// Only the file has it.
    Appeared(&'a Entry<K>),
    /// Both have it with different fingerprints, or the stored one is gone.
    Changed(&'a Entry<K>, Stored<K>),
    /// Only the store has it.
    Disappeared(Stored<K>),
}

/// The stored rows, one by one, as they come in pages.
pub(crate) struct StoredRows<const K: usize, F> {
    next_page: F,
    page: std::vec::IntoIter<Stored<K>>,
    ended: bool,
}

impl<const K: usize, E, F: FnMut() -> Result<Vec<Stored<K>>, E>> StoredRows<K, F> {
    /// `next_page` gives the rows in order; an empty page is the last.
    pub(crate) fn new(next_page: F) -> Self {
        Self { next_page, page: Vec::new().into_iter(), ended: false }
    }

    fn peek(&mut self) -> Result<Option<&Stored<K>>, E> {
        while self.page.as_slice().is_empty() && !self.ended {
            let page = (self.next_page)()?;
            self.ended = page.is_empty();
            self.page = page.into_iter();
        }
        Ok(self.page.as_slice().first())
    }

    /// Merges sorted entries without equal keys with the stored rows, as far as the stored rows are below `end`; a next
    /// call goes on from there.
    pub(crate) fn merge(
        &mut self,
        entries: &[Entry<K>],
        end: Option<[u8; K]>,
        mut differs: impl FnMut(Difference<'_, K>) -> Result<(), E>,
    ) -> Result<(), E> {
        let mut entries = entries.iter().peekable();
        loop {
            let stored = self.peek()?.filter(|stored| end.is_none_or(|end| stored.key < end)).map(|stored| stored.key);
            let order = match (entries.peek(), stored) {
                (None, None) => return Ok(()),
                (Some(_), None) => std::cmp::Ordering::Less,
                (None, Some(_)) => std::cmp::Ordering::Greater,
                (Some(entry), Some(key)) => entry.key.cmp(&key),
            };
            let entry = if order.is_le() { entries.next() } else { None };
            let stored = if order.is_ge() { self.page.next() } else { None };
            match (entry, stored) {
                (_, Some(stored)) if stored.is_settled => {}
                (Some(entry), None) => differs(Difference::Appeared(entry))?,
                (None, Some(stored)) if !stored.gone => differs(Difference::Disappeared(stored))?,
                (Some(entry), Some(stored)) if stored.gone || stored.digest != entry.digest => {
                    differs(Difference::Changed(entry, stored))?;
                }
                _ => {}
            }
        }
    }
}

/// Sorts the entries and leaves one of those with equal keys: the one with the smallest fingerprint, whatever the order
/// of the file. Returns how many went.
pub(crate) fn sort<const K: usize>(entries: &mut Vec<Entry<K>>) -> usize {
    let before = entries.len();
    entries.sort_unstable();
    entries.dedup_by_key(|entry| entry.key);
    before - entries.len()
}

#[cfg(test)]
mod tests;
