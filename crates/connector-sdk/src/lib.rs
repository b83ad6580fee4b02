//! Everything a Baton connector shares: the traits it implements, the sync engine, provisioning, the command line.
//!
//! Start at [`connector::Connector`]. A connector implements it and one [`connector::ResourceSyncer`] per resource
//! type; [`sync`] turns that into a `.c1z` file and [`provision`] carries out single changes.
//! Errors are [`error::Error`] throughout. This crate knows nothing about the upstream product.

pub mod annotations;
pub mod bid;
pub mod cli;
pub mod connector;
pub mod derived;
pub mod entitlement;
pub mod error;
pub mod grant;
pub mod provision;
pub mod resource;
pub mod retry;
pub mod runtime;
pub mod service;
pub mod sync;
