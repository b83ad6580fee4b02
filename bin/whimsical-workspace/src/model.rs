//! The workspace as a pure model: people, their states, seats, offboarding, settings, tokens.
//!
//! Start at [`Workspace`]; the life cycle of a user is the table in [`transition`]. The time, the random source and the
//! actor are arguments ([`Act`]); there is no HTTP, no file and no clock in here. Every change of state goes through
//! [`Change`], so that a store can replay it.

pub mod account;
pub mod act;
pub mod billing;
pub mod change;
pub mod control;
pub mod directory;
pub mod email;
pub mod id;
pub mod journal;
pub mod membership;
pub mod offboarding;
pub mod provisioning;
pub mod refusal;
pub mod seed;
pub mod settings;
pub mod switches;
pub mod token;
pub mod transition;
pub mod user;
pub mod workspace;

pub use act::{Act, Actor};
pub use change::Change;
pub use id::UserId;
pub use refusal::Refusal;
pub use switches::Switches;
pub use user::{Role, ScimUser, Standing};
pub use workspace::Workspace;

#[cfg(test)]
mod tests;
