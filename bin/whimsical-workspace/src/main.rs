//! The program `whimsical-workspace`.

use std::process::ExitCode;

use clap::Parser as _;
use tracing_subscriber::fmt;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;
use whimsical_workspace::cli::{Cli, run};

fn main() -> ExitCode {
    let cli = Cli::parse();
    let log = fmt::layer().with_writer(std::io::stderr).with_target(false);
    tracing_subscriber::registry().with(tracing::level_filters::LevelFilter::INFO).with(log).init();
    let result = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
        .map_err(anyhow::Error::from)
        .and_then(|runtime| runtime.block_on(run(cli)));
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            tracing::error!("{error:#}");
            ExitCode::FAILURE
        }
    }
}
