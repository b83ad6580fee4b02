//! What the commands print: tables and trees for people, JSON for programs.

pub(crate) mod console;
pub(crate) mod json;
mod style;
pub(crate) mod tree;

pub(crate) use style::Style;
