//! Runs one command and reports what it cost, from the kernel's own accounting of child processes.
//!
//! It is a process of its own because the kernel keeps the peak memory over *all* children: a compiler run before would
//! hide the figure.

use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::Context as _;
use nix::sys::resource::{UsageWho, getrusage};
use nix::sys::time::TimeValLike as _;
use serde::{Deserialize, Serialize};

#[derive(clap::Args)]
pub(crate) struct Args {
    #[arg(trailing_var_arg = true, required = true)]
    command: Vec<String>,
}

/// What one run of a command cost.
#[derive(Serialize, Deserialize, Clone, Copy)]
pub(crate) struct Cost {
    /// Elapsed time, in seconds.
    pub(crate) wall_s: f64,
    /// User and system time of the process, in seconds.
    pub(crate) cpu_s: f64,
    /// Peak resident memory, in MiB.
    pub(crate) peak_mib: f64,
    /// The command's exit code; -1 when a signal ended it.
    pub(crate) exit_code: i32,
}

/// Runs the command with its standard output thrown away and prints its [`Cost`] as one line of JSON.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    let (program, rest) = args.command.split_first().context("no command given")?;
    let start = Instant::now();
    let status = Command::new(program)
        .args(rest)
        .stdout(Stdio::null())
        .stdin(Stdio::null())
        .status()
        .with_context(|| format!("start `{program}`"))?;
    let wall_s = start.elapsed().as_secs_f64();
    let usage = getrusage(UsageWho::RUSAGE_CHILDREN).context("read the resource usage of the command")?;
    let cpu_us = usage.user_time().num_microseconds() + usage.system_time().num_microseconds();
    #[expect(clippy::cast_precision_loss, reason = "times and sizes far below 2^52")]
    let cost = Cost {
        wall_s,
        cpu_s: cpu_us as f64 / 1e6,
        peak_mib: usage.max_rss() as f64 / 1024.0,
        exit_code: status.code().unwrap_or(-1),
    };
    println!("{}", serde_json::to_string(&cost)?);
    Ok(())
}

/// Measures a command in a process of its own.
///
/// # Errors
/// When the command cannot be started; a command that fails is reported in [`Cost::exit_code`].
pub(crate) fn measure(command: &[String], stderr: Stdio) -> anyhow::Result<Cost> {
    let this = std::env::current_exe().context("find this program")?;
    let output = Command::new(this).arg("measure").arg("--").args(command).stderr(stderr).output()?;
    serde_json::from_slice(&output.stdout).context("read what the measured command cost")
}
