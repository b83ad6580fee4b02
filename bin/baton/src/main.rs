//! The process around [`baton::run`].

use std::io;
use std::process::ExitCode;

use tracing::level_filters::LevelFilter;

fn main() -> ExitCode {
    tracing_subscriber::fmt().with_max_level(LevelFilter::ERROR).with_writer(io::stderr).with_target(false).init();
    let no_color = std::env::var("NO_COLOR").ok();
    baton::run(std::env::args_os(), no_color.as_deref(), &mut io::stdout().lock(), &mut io::stderr()).into()
}
