//! Reading a whole listing, page by page, with proof that nothing is missing.
//!
//! Start at [`Walk::advance`], which is given each page and says where to go on. A listing by index moves when users
//! come and go while it is read, and services make mistakes; so a walk keeps a fingerprint of every id it has seen and
//! compares what it received with what the service says there is:
//!
//! - the next index is the last one plus the number of users *received*, since services cap pages;
//! - a walk ends at an empty page, never because `totalResults` says so;
//! - a page that repeats its predecessor means that the service takes no notice of the index: an error;
//! - an id seen twice, a changing total, or fewer users than the total make the walk start again, three times at most;
//! - a walk that still lacks users fails. A short list never passes for a complete one.
//!
//! Memory is bounded by [`MAX_PAGES`]: eight bytes an id.
//!
//! [`Position`] is what survives a crash. A resumed walk reads its last page again and goes on only if that page has
//! not moved.

use std::hash::{DefaultHasher, Hash as _, Hasher as _};

use serde::{Deserialize, Serialize};

use super::page::{Entry, Page};

/// More pages than this, a million users, are not read; the empty page at the end is not one of them.
pub const MAX_PAGES: u32 = 10_000;
/// How often a listing is read before it is given up.
const MAX_WALKS: u32 = 3;

/// Where a walk stands; its JSON is a page token.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Position {
    /// The 1-based index of the next page.
    start: u64,
    /// The index and the digest of the page before it.
    last_start: u64,
    last_digest: u64,
    /// Users received so far in this walk, unreadable ones and repetitions included.
    received: u64,
    /// What the service said last about the number of users.
    total: Option<u64>,
    /// Pages with users that were read in this walk.
    pages: u32,
    /// Which reading of the listing this is, from 1.
    walk: u32,
    /// Whether this walk has seen something wrong.
    is_troubled: bool,
}

impl Position {
    /// Returns the start of a listing.
    #[must_use]
    pub fn start() -> Self {
        Self { start: 1, walk: 1, ..Self::default() }
    }

    /// Returns the index of the next page.
    #[must_use]
    pub fn next_start(&self) -> u64 {
        self.start
    }

    /// Returns the index of the page to read again after a crash; `None` when nothing of this walk was read yet.
    #[must_use]
    pub fn last_start(&self) -> Option<u64> {
        (self.start > 1).then_some(self.last_start)
    }
}

/// A listing that is being read.
#[derive(Debug)]
pub struct Walk {
    position: Position,
    /// Fingerprints of the ids of this walk, as they came; sorted at its end, which takes a third of the memory of a
    /// set.
    seen: Vec<u64>,
}

/// What comes after a page.
#[derive(Debug, PartialEq, Eq)]
pub enum Next {
    /// Another page, at [`Position::next_start`].
    Page(Position),
    /// The listing is complete.
    End {
        /// What was odd about it and still let it be complete.
        remark: Option<Remark>,
    },
}

/// Something odd about a complete listing.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Remark {
    /// The service says that there are fewer users than it listed.
    #[error("the service lists {received} users and says that there are {total}")]
    TotalTooLow {
        /// How many it says there are.
        total: u64,
        /// How many it listed.
        received: u64,
    },
    /// The listing changed while it was read; the readings were put together.
    #[error("the listing changed in each of {walks} readings; they were put together")]
    Unsettled {
        /// How often it was read.
        walks: u32,
    },
}

/// Why a listing cannot be read to its end.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Stuck {
    /// Two pages in a row are the same.
    #[error("the service answers startIndex {start} with the page before it: it takes no notice of startIndex")]
    SamePage {
        /// The index that was asked for.
        start: u64,
    },
    /// Users are missing after every reading.
    #[error("the service says that there are {total} users and lists {received}, also when read {walks} times")]
    Incomplete {
        /// How many it says there are.
        total: u64,
        /// How many different ones it listed.
        received: u64,
        /// How often it was read.
        walks: u32,
    },
    /// The listing does not end.
    #[error("the listing has more than {MAX_PAGES} pages")]
    TooLong,
}

impl Walk {
    /// Returns a walk that goes on from a position.
    #[must_use]
    pub fn new(position: Position) -> Self {
        Self { position, seen: Vec::new() }
    }

    /// Returns where the walk stands.
    #[must_use]
    pub fn position(&self) -> &Position {
        &self.position
    }

    /// Whether the page read again after a crash, at [`Position::last_start`], is the one that was read before it.
    /// If it is, the walk knows its users again.
    pub fn is_unmoved<E: Entry>(&mut self, page: &Page<E>) -> bool {
        let is_unmoved = digest(page) == self.position.last_digest;
        if is_unmoved {
            self.seen.extend(page.entries.iter().map(|entry| fingerprint(entry.id())));
        }
        is_unmoved
    }

    /// Takes the page at [`Position::next_start`] into account.
    ///
    /// # Errors
    /// See [`Stuck`].
    pub fn advance<E: Entry>(&mut self, page: &Page<E>) -> Result<Next, Stuck> {
        let at = &mut self.position;
        if page.received() == 0 {
            at.is_troubled |= at.total.is_some() && page.total.is_some() && at.total != page.total;
            at.total = page.total.or(at.total);
            return self.end();
        }
        at.pages += 1;
        if at.pages > MAX_PAGES {
            return Err(Stuck::TooLong);
        }
        let digest = digest(page);
        if at.start > 1 && digest == at.last_digest {
            return Err(Stuck::SamePage { start: at.start });
        }
        at.is_troubled |= at.start > 1 && at.total != page.total;
        at.total = page.total;
        self.seen.extend(page.entries.iter().map(|entry| fingerprint(entry.id())));
        at.received += page.received() as u64;
        (at.last_start, at.last_digest) = (at.start, digest);
        at.start += page.received() as u64;
        Ok(Next::Page(at.clone()))
    }

    fn end(&mut self) -> Result<Next, Stuck> {
        let Position { received, walk, is_troubled, .. } = self.position;
        let repeated = self.repeated();
        let received = received - repeated;
        let is_troubled = is_troubled || repeated > 0;
        let total = self.position.total.unwrap_or(received);
        let is_short = received < total;
        if (is_short || is_troubled) && walk < MAX_WALKS {
            self.seen.clear();
            self.position = Position { walk: walk + 1, ..Position::start() };
            return Ok(Next::Page(self.position.clone()));
        }
        if is_short {
            return Err(Stuck::Incomplete { total, received, walks: walk });
        }
        let remark = if is_troubled {
            Some(Remark::Unsettled { walks: walk })
        } else {
            (total < received).then_some(Remark::TotalTooLow { total, received })
        };
        Ok(Next::End { remark })
    }

    /// How many users came more than once.
    fn repeated(&mut self) -> u64 {
        let all = self.seen.len();
        self.seen.sort_unstable();
        self.seen.dedup();
        (all - self.seen.len()) as u64
    }
}

fn fingerprint(id: &str) -> u64 {
    let mut hasher = DefaultHasher::new();
    id.hash(&mut hasher);
    hasher.finish()
}

/// The order and the ids of a page in one number. It need not mean the same to another build: a resumed walk whose
/// digest differs starts over.
fn digest<E: Entry>(page: &Page<E>) -> u64 {
    let mut hasher = DefaultHasher::new();
    for entry in &page.entries {
        entry.id().hash(&mut hasher);
    }
    page.bad.hash(&mut hasher);
    hasher.finish()
}

#[cfg(test)]
mod tests;
