//! How much work and memory a file may still ask for, whatever it claims.

use std::cell::Cell;

use super::fault::{Fault, Result, unsupported};

/// The most bytes of blocks in memory at once. Writers aim at 32 KiB a block, and one of each run of tables is needed.
const MAX_HELD: u64 = 256 << 20;

/// Counts what is read.
#[derive(Debug)]
pub(super) struct Meter {
    cap: u64,
    left: Cell<u64>,
    held: Cell<u64>,
}

impl Meter {
    /// Makes the meter of a file that may decode to `cap` bytes.
    pub(super) fn new(cap: u64) -> Self {
        // A byte is counted in its block, and again in its row.
        Self { cap, left: Cell::new(cap.saturating_mul(2)), held: Cell::new(0) }
    }

    /// Counts bytes that are looked at.
    pub(super) fn spend(&self, bytes: u64) -> Result<()> {
        let left = self.left.get().checked_sub(bytes).ok_or(Fault::TooLarge(self.cap))?;
        self.left.set(left);
        Ok(())
    }

    /// Counts bytes that stay in memory until [`Meter::release`]; called before they are allocated.
    pub(super) fn hold(&self, bytes: u64) -> Result<()> {
        self.spend(bytes)?;
        let held = self.held.get().saturating_add(bytes);
        if held > MAX_HELD {
            return Err(unsupported("the blocks of its tables take too much memory"));
        }
        self.held.set(held);
        Ok(())
    }

    /// Counts bytes that are no longer in memory.
    pub(super) fn release(&self, bytes: u64) {
        self.held.set(self.held.get().saturating_sub(bytes));
    }
}
