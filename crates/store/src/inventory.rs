//! What connectors found: resource types, resources, accounts, entitlements and grants.
//!
//! Start at [`Reading`]: the reading of one file, which writes what it finds where nobody sees it and then makes all of
//! it visible at once. [`list`] has what REST shows.
//!
//! A row that a reading brings carries its number (`first_seq`) and is invisible until the connector's `applied_seq` has
//! reached it; new content for visible rows waits in staging tables; what goes waits among the differences. So a crash
//! leaves nothing but rows that the next reading removes, and readers never see half a sync.
//!
//! When a row was last seen costs no write: a row that is not gone was seen by the sync that was applied last.
//!
//! Source: governance §1.7–1.9, §2.2.

mod apply;
pub(crate) mod array;
pub mod by_hand;
mod difference;
pub(crate) mod insert;
mod key;
pub mod list;
mod lookup;
mod news;
mod old;
mod outcome;
mod owner;
mod reading;
mod row;
mod stored;

pub use difference::{Change, Difference, ObjectKind};
pub use key::{GrantKey, Key};
pub use outcome::{
    EntitlementName, connector, differences_of, forget_differences, note_applied, note_failed, see_again,
};
pub use owner::{Unowned, app_of, set_account_owner, set_account_type, unowned_accounts};
pub use reading::{Application, Baseline, Batch, Changed, Gone, Keep, Reading, Tallies, Tally, Visible, visible};
pub use row::{Account, Entitlement, Grant, Resource, ResourceType, StagedGrant};
pub use stored::{Stored, Table};
