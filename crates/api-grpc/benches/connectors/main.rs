//! Many connectors against one server: how long an answer takes, and what the server needs for it.
//!
//! ```text
//! cargo xtask bench --connectors 10000 --seconds 60
//! ```
//!
//! The server runs in a process of its own, with SQLite in a temporary folder. Each connector polls every 15 seconds and
//! has a sync under way of which it gives a sign of life every 30 seconds, over TLS: with a new connection for each call
//! (as Go connectors do), then with one that it keeps. Measured is what the connector sees: from the moment it decides to
//! call, dialling and handshake included, to the end of the answer. Nothing here passes or fails: figures are for people.
#![expect(clippy::print_stdout, reason = "the figures go to whoever started it")]

mod load;
mod server;

use std::time::Duration;

use anyhow::Context as _;

/// The one of `podium`.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

/// What to measure.
#[derive(Debug, Clone, Copy)]
struct Plan {
    connectors: usize,
    seconds: u64,
}

fn main() -> anyhow::Result<()> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build()?;
    if let [role, folder, connectors] = arguments.as_slice()
        && role == "serve"
    {
        return runtime.block_on(server::run(folder, connectors.parse()?));
    }
    let value = |name: &str, default: u64| -> anyhow::Result<u64> {
        let at = arguments.iter().position(|argument| argument == name);
        match at.and_then(|at| arguments.get(at + 1)) {
            Some(value) => value.parse().with_context(|| format!("read {name}")),
            None => Ok(default),
        }
    };
    let connectors = usize::try_from(value("--connectors", 1_000)?)?;
    let plan = Plan { connectors, seconds: value("--seconds", 30)? };
    runtime.block_on(measure(plan))
}

async fn measure(plan: Plan) -> anyhow::Result<()> {
    let folder = tempfile::tempdir()?;
    let server = server::Process::start(folder.path(), plan.connectors).await?;
    let cores = std::thread::available_parallelism()?;
    println!("machine: {cores} cores; {} connectors; {} s for each style", plan.connectors, plan.seconds);
    println!("server at rest: {:.0} MiB", server.resident_mib()?);
    let begun = std::time::Instant::now();
    let clients = load::sign_in(&server).await?;
    let signing = begun.elapsed();
    println!("sign-in: {:.0} tokens a second", f64::from(u32::try_from(clients.len())?) / signing.as_secs_f64());
    for style in [load::Style::Dialled, load::Style::Kept] {
        let before = server.cpu()?;
        let report = load::run(&clients, style, Duration::from_secs(plan.seconds)).await?;
        let cpu = server.cpu()?.saturating_sub(before);
        println!("{style}: {report}");
        println!(
            "  server: {:.0} MiB at the end, {:.0} MiB at most so far, {:.2} cores on average",
            server.resident_mib()?,
            server.peak_mib()?,
            cpu.as_secs_f64() / report.wall.as_secs_f64()
        );
    }
    Ok(())
}
