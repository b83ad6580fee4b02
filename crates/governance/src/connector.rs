//! Connectors: added, looked at, changed, paused, deleted.
//!
//! Start at [`crate::Governance::create_connector`]. Its settings are in [`settings`], its client ids and secrets in
//! [`credential`], what it is asked by hand in [`task`], how to run it elsewhere in [`deployment`].
//!
//! Source: governance §1.4, §2.1 (T-C), §3.2 (R-A).

mod create;
pub mod credential;
pub mod deployment;
mod edit;
mod life;
pub mod settings;
pub mod task;
mod view;
pub(crate) mod watch;

pub use create::{AppChoice, NewConnector};
pub use edit::ConnectorEdit;
pub use view::{ConnectorView, SecretView};

/// How many people may own a connector or an app.
pub const MOST_OWNERS: usize = 32;
/// The longest name, in letters.
const LONGEST_NAME: usize = 100;

use crate::error::{Error, Result};

/// A name as it is kept: trimmed, on one line, neither empty nor too long.
pub(crate) fn checked_name(field: &str, name: &str) -> Result<String> {
    let name = name.trim();
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.contains(char::is_control) {
        return Err(Error::invalid(field, format!("a name has 1 to {LONGEST_NAME} letters on one line")));
    }
    Ok(name.to_owned())
}
