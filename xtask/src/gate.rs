//! The gate: everything that must hold before a change lands, in the order of its speed; the tests come last, so that
//! the output ends with the runner's own summary. The README's demonstration is one of the checks.

use crate::{arrows, tools};

/// What to leave out while working; the gate of record runs everything.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Run only the tests, not the format, lint, licence and documentation checks.
    #[arg(long)]
    tests_only: bool,
}

/// Runs the gate; stops at the first check that fails.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    tools::install()?;
    if !args.tests_only {
        checks()?;
    }
    // Tests start the programs as people do, so every binary is there before the first test runs.
    tools::run("cargo", &["build", "--workspace", "--bins", "--examples"])?;
    tools::run("cargo", &["xtask", "demo"])?;
    testkit::postgres::start()?;
    let tests = tools::run("cargo", &["nextest", "run", "--workspace", "--no-fail-fast"]);
    testkit::postgres::stop()?;
    tests
}

fn checks() -> anyhow::Result<()> {
    tools::run("cargo", &["fmt", "--all", "--check"])?;
    arrows::run()?;
    tools::run("cargo", &["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"])?;
    // Advisories need a database from the network, which a gate must not depend on: they are the release's check.
    tools::run("cargo", &["deny", "--offline", "check", "bans", "licenses", "sources"])?;
    tools::run("cargo", &["doc", "--workspace", "--no-deps", "--quiet"])?;
    tools::run("cargo", &["test", "--workspace", "--doc", "--quiet"])
}
