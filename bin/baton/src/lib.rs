//! The `baton` explorer: looks into `.c1z` files, compares and exports what they hold.
//!
//! Start at [`run`], which is the whole program but for the process around it; [`cli`] has the command line. A command
//! reads rows of a sync one by one and prints them as it goes, so memory does not grow with the file. Messages are
//! turned from their encoded form into JSON without being decoded.
//!
//! It deliberately never writes to the file that it reads, and takes no lock on it.

pub mod cli;
mod commands;
mod error;
mod export;
mod glimpse;
mod instant;
mod output;
mod references;
mod source;

use std::ffi::OsString;
use std::io::{BufWriter, Write};

use clap::Parser as _;

use crate::commands::Printer;
use crate::output::Style;

/// Runs the program with `arguments`, the first of which is its name, and returns its exit code.
///
/// `no_color` is the value of `NO_COLOR`. The exit code is 0 when the program did what was asked, also when the reader of
/// `out` went away early; 5 for an unknown sync, 9 for an unfinished one that must be finished, else 2. `err` gets
/// `Error: ` and what went wrong.
pub fn run(
    arguments: impl IntoIterator<Item = OsString>,
    no_color: Option<&str>,
    out: &mut dyn Write,
    err: &mut dyn Write,
) -> u8 {
    let cli = match cli::Cli::try_parse_from(arguments) {
        Ok(cli) => cli,
        Err(refusal) => return cli::refuse(&refusal, out, err),
    };
    let mut out = BufWriter::with_capacity(64 * 1024, out);
    let mut printer = Printer { out: &mut out, format: cli.output_format, style: Style::from_no_color(no_color) };
    let done = commands::run(&cli, &mut printer).and_then(|()| Ok(out.flush()?));
    match done {
        Ok(()) => 0,
        Err(error) if error::is_broken_pipe(&error) => 0,
        Err(error) => {
            // Standard error may be closed; the exit code says it as well.
            let _ = writeln!(err, "{}", error::text(&error));
            error::exit_code(&error)
        }
    }
}
