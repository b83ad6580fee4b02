//! A faithful local Whimsical workspace: SCIM 2.0 provider, settings, sign-in, faults.
//!
//! Start at [`model::Workspace`], the pure model. Around it: [`app::App`] (lock, clock, data file), [`store`] (the data
//! file), and the faces, which decode, call one use case of the model, and encode: [`scim_face`] for identity providers
//! and connectors, [`workspace_face`] for administrators and people, [`pages`] for a person with a browser, and
//! [`lab_face`] for tests. It deliberately sends no mail, verifies no SAML signatures and holds one workspace.

pub mod app;
pub mod cli;
pub mod embedded;
pub mod lab_face;
pub mod model;
pub mod pages;
pub mod scim_face;
pub mod server;
pub mod store;
pub mod workspace_face;
