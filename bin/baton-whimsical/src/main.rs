//! The program `baton-whimsical`; everything is in the library.

use std::process::ExitCode;

/// Pages of users are made on one thread and freed on another, which the system's allocator is slow at: a tenth of the
/// CPU time of a sync (`cargo xtask bench`).
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    connector_sdk::cli::run(&baton_whimsical::SPEC)
}
