//! What hears of every change before it is true.

use std::fmt::Debug;

use async_trait::async_trait;
use domain::audit::Event;

use crate::error::Result;
use crate::tx::Tx;

/// Hears of every change that has audit rows, before it is true, and may add to it: so nobody who changes something has
/// to remember what always follows from it. Set with [`Store::watch`](crate::Store::watch).
#[async_trait]
pub trait Watch: Debug + Send + Sync {
    /// The change is about to become true. What it audits here is written too, and not told to it again.
    ///
    /// # Errors
    /// When the database refuses; nothing of the change happens then.
    async fn before_commit(&self, tx: &mut Tx, events: &[Event]) -> Result<()>;
}
