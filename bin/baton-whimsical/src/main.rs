//! The program `baton-whimsical`; everything is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    connector_sdk::cli::run(&baton_whimsical::SPEC)
}
