//! The command line as a script sees it: the real program, its status, stdout and stderr.

mod checks;
mod interrupts;
mod operations;
mod output;
mod precedence;
pub(crate) mod program;
mod syncing;
