//! The output of `capabilities`: what the connector can do, as JSON. Source: connector-cli §3.1.

use super::failure::Failure;
use super::schema::pretty;
use crate::annotations::pack;
use crate::connector::{Connector, capabilities};

/// The JSON, indented by two blanks, without a newline at its end.
///
/// # Errors
/// None in practice: only when the message cannot be written as JSON.
pub(super) fn json(connector: &dyn Connector) -> Result<String, Failure> {
    pretty(&pack(&capabilities(connector)))
}
