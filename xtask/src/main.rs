//! `cargo xtask`: everything a person would otherwise have to remember.
//!
//! Start at [`Task`]. Each task is a module; [`tools`] installs what the tasks need on a fresh machine.

#![expect(clippy::print_stdout, reason = "tasks report to the person who started them")]

mod arrows;
mod bench;
mod demo;
mod gate;
mod image;
mod measure;
mod members;
mod postgres;
mod tools;

use clap::{Parser, Subcommand};

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The tasks of this repository")]
struct Cli {
    #[command(subcommand)]
    task: Task,
}

#[derive(Subcommand)]
enum Task {
    /// Starts a local Whimsical workspace, syncs it, changes it and shows the difference.
    Demo(demo::Args),
    /// Runs the whole gate: format, arrows, lints, licences, docs and every test.
    Test(gate::Args),
    /// Build a container image of a program, without a container engine.
    Image(image::Args),
    /// Start the PostgreSQL of this work tree's tests, or stop it and remove its data.
    Postgres(postgres::Args),
    /// Checks that crates depend on each other only as docs/ARCHITECTURE.md draws it.
    Arrows,
    /// Measures speed and memory; prints data sizes and the machine.
    Bench(bench::Args),
    /// Runs one command and prints its wall time, CPU time and peak memory as JSON (used by `bench`).
    #[command(hide = true)]
    Measure(measure::Args),
}

fn main() -> anyhow::Result<()> {
    match Cli::parse().task {
        Task::Demo(args) => demo::run(&args),
        Task::Test(args) => gate::run(&args),
        Task::Image(args) => image::run(&args),
        Task::Postgres(args) => postgres::run(&args),
        Task::Arrows => arrows::run(),
        Task::Bench(args) => bench::run(&args),
        Task::Measure(args) => measure::run(&args),
    }
}
