//! The process around [`baton::run`].

use std::io;
use std::process::ExitCode;

use baton::Surroundings;
use ids::SystemClock;
use tracing::level_filters::LevelFilter;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(LevelFilter::ERROR).with_writer(io::stderr).with_target(false).init();
    let no_color = std::env::var("NO_COLOR").ok();
    let surroundings = Surroundings { no_color: no_color.as_deref(), clock: &SystemClock };
    baton::run(std::env::args_os(), &surroundings, &mut io::stdout().lock(), &mut io::stderr()).into()
}
