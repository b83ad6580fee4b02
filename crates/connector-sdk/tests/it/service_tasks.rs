//! What the tasks of service mode come to.

pub(crate) mod allrounder;
mod cases;
mod details;
mod encryption;
mod field_rules;
mod robustness;
mod table;
