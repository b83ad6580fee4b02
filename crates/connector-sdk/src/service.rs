//! Service mode: the connector asks a server for tasks, works, and reports.
//!
//! [`task`] carries out single tasks, [`status`] says how errors are reported, [`encryption`] seals and opens secrets.
//!
//! Source: baton-service-mode.

pub mod encryption;
pub mod status;
pub mod task;
