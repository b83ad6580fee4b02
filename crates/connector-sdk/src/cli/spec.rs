//! What a connector tells the command line about itself.

use std::sync::Arc;

use super::config::Config;
use super::field::Field;
use crate::connector::Connector;
use crate::error::Result;

/// A connector as a program.
#[derive(Debug, Clone)]
pub struct ConnectorSpec {
    /// The name of the program, for example `baton-acme`.
    pub name: &'static str,
    /// Its version, as `--version` prints it.
    pub version: &'static str,
    /// The name of the product, for example `Acme`.
    pub display_name: &'static str,
    /// Where its documentation is, for `config`.
    pub help_url: &'static str,
    /// Where its icon is, for `config`.
    pub icon_url: &'static str,
    /// The settings that only this connector has.
    pub fields: &'static [Field],
    /// Makes the connector from valid settings, on a thread of the async runtime. It should not talk to the upstream
    /// yet: that is for [`Connector::validate`], which is retried.
    pub connect: fn(&Config) -> Result<Arc<dyn Connector>>,
    /// Makes a connector without any settings, for `capabilities`. It is asked what it offers, never to do it.
    pub stand_in: fn() -> Arc<dyn Connector>,
}
