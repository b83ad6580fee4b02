//! What tests and tasks share: the built programs, a running local workspace, and documents replayed as written.
//!
//! Start at [`Workspace`], which runs the real `whimsical-workspace` on a free port. Nothing here is a mock.
//! It is a dev-dependency only: no product crate may depend on it.

pub mod bucket;
pub mod database;
pub mod document;
pub mod image;
pub mod mail;
pub mod oidc;
mod podium;
pub mod postgres;
mod program;
mod workspace;

#[doc(hidden)]
pub use anyhow;
pub use podium::{Answer, Podium, SmallDisk};
pub use program::{binary, target_dir};
pub use workspace::{TOKEN, Workspace};
