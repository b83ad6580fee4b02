//! The command line of a connector: flags, environment, config file, sub-commands, messages and exit codes.
//!
//! Start at [`run`]: a connector's `main` is little more than one call of it with a [`ConnectorSpec`]. The program is a
//! drop-in for the one that the Go SDK makes: what is printed where, the order of the checks and the exit codes are
//! the contract, and wrappers search for the exact words. Everything derives from tables of [`Field`]s; arguments become
//! raw flags (`lexer`), then one merged [`Config`], then validated settings (`settings`) with a `mode`.
//!
//! In service mode (`service`) the program works for a server until a signal ends it.
//!
//! Source: connector-cli part 1.

mod bar;
mod capabilities;
mod command;
mod completion;
mod config;
mod config_file;
mod default_fields;
mod execute;
mod failure;
mod field;
mod health_check;
mod help;
mod lexer;
mod literal;
mod logging;
mod mode;
mod plan;
mod relation;
mod schema;
mod service;
mod settings;
mod signals;
mod spec;
mod value;

use std::io::{IsTerminal, Write};
use std::process::ExitCode;

pub use config::Config;
pub use default_fields::FILE;
pub use field::{Export, Field, Kind, Origin, Rule};
pub use spec::ConnectorSpec;

use self::failure::Failure;
use self::logging::Stdout;
use self::plan::{Plan, Surroundings};

/// Runs the program: reads its arguments, environment and config file, and does what they say.
///
/// Gives the status to exit with: 0, or the number of the gRPC status of what went wrong, 2 for everything that has
/// none. The last line on stderr is the bare text of the error.
///
/// # Errors
/// None: errors are printed.
#[must_use]
pub fn run(spec: &ConnectorSpec) -> ExitCode {
    match try_run(spec) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            // Nobody is left to tell when stderr is gone.
            let _ = writeln!(std::io::stderr(), "{failure}");
            ExitCode::from(failure.status())
        }
    }
}

fn try_run(spec: &ConnectorSpec) -> Result<(), Failure> {
    let surroundings = Surroundings::of_process()?;
    let mut warnings = Vec::new();
    let plan = plan::make(spec, &surroundings, &mut warnings);
    if !matches!(plan, Ok(Plan::Run(_))) {
        // There is no log yet.
        for warning in warnings.drain(..) {
            let _ = writeln!(std::io::stderr(), "warning: {warning}");
        }
    }
    match plan? {
        Plan::Print(text) => print(&text),
        Plan::Explain { complaint, text } => {
            let _ = writeln!(std::io::stderr(), "{complaint}");
            print(&text)
        }
        Plan::Capabilities => print(&capabilities::json((spec.stand_in)().as_ref())?),
        Plan::HealthCheck(probe) => probe.check(),
        Plan::Run(settings) => {
            let bar = bar::Bar::for_stderr(&settings.mode);
            let stdout = if std::io::stdout().is_terminal() { Stdout::Terminal } else { Stdout::Other };
            logging::start(&settings.logging, stdout, bar.clone())?;
            for warning in &warnings {
                tracing::warn!("{warning}");
            }
            execute::run(spec, *settings, &bar)
        }
    }
}

/// Writes to stdout. A reader that has gone away is no error.
fn print(text: &str) -> Result<(), Failure> {
    let mut out = std::io::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::usage(format!("write to stdout: {error}")))
        }
        _ => Ok(()),
    }
}
