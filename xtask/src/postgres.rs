//! The PostgreSQL that the tests use.

/// What to do with it.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Stop it and remove its data.
    #[arg(long)]
    stop: bool,
}

/// Starts it unless it runs, and prints its URL; or stops it.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if args.stop {
        return testkit::postgres::stop();
    }
    println!("{}", testkit::postgres::start()?);
    Ok(())
}
