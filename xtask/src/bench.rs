//! Speed and memory of the release programs, with data sizes and the machine in the output.
//!
//! Nothing here passes or fails: timing depends on the machine, so the figures are for people (and for docs/BENCHMARKS.md).
//! Peers are measured in the same run when their paths are given; else only our own figures are printed.

mod ingest;

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};
use comfy_table::presets::ASCII_MARKDOWN;
use comfy_table::{CellAlignment, Table};
use testkit::{TOKEN, Workspace};

use crate::measure::{Cost, measure};
use crate::tools;

/// What to measure.
#[derive(clap::Args)]
pub(crate) struct Args {
    /// Workspace sizes, in members.
    #[arg(long, value_delimiter = ',', default_values_t = [10_000, 100_000])]
    users: Vec<u32>,
    /// Runs of each command; the fastest is reported, and the slowest beside it.
    #[arg(long, default_value_t = 3)]
    runs: u32,
    /// A connector built on the Go SDK that takes --whimsical-token, --base-url and --file.
    #[arg(long)]
    peer_connector: Option<Utf8PathBuf>,
    /// The upstream `baton` explorer.
    #[arg(long)]
    peer_baton: Option<Utf8PathBuf>,
    /// Measure only how a sync file of this many users is read into the store, for example 1000000.
    #[arg(long)]
    ingest: Option<u32>,
    /// Measure only how a server answers this many connectors that poll and give signs of life, for example 10000.
    #[arg(long, conflicts_with = "ingest")]
    connectors: Option<u32>,
    /// How long each way of connecting is measured, in seconds; with --connectors.
    #[arg(long, default_value_t = 60)]
    seconds: u32,
}

/// Builds the release programs and prints one table per workspace size.
pub(crate) fn run(args: &Args) -> anyhow::Result<()> {
    if let Some(users) = args.ingest {
        println!("machine: {}", machine()?);
        let mut report = Report::new(1);
        ingest::measure(users, &mut report)?;
        println!("{report}");
        return Ok(());
    }
    if let Some(connectors) = args.connectors {
        println!("machine: {}", machine()?);
        let (connectors, seconds) = (connectors.to_string(), args.seconds.to_string());
        let bench = ["bench", "-q", "-p", "api-grpc", "--bench", "connectors", "--"];
        let plan = ["--connectors", &connectors, "--seconds", &seconds];
        return tools::run("cargo", &[&bench[..], &plan].concat());
    }
    tools::run("cargo", &["build", "--release", "--workspace", "--bins"])?;
    let release = tools::root()?.join("target/release");
    println!("machine: {}", machine()?);
    let mut report = Report::new(args.runs);
    let connector = release.join("baton-whimsical");
    report.add("baton-whimsical --version", &[connector.as_str(), "--version"], || Ok(()))?;
    report.note("baton-whimsical, size", &format!("{:.1} MiB", mebibytes(&connector)?));
    for users in &args.users {
        measure_size(*users, args, &release, &mut report)?;
    }
    println!("{report}");
    Ok(())
}

fn measure_size(users: u32, args: &Args, release: &Utf8Path, report: &mut Report) -> anyhow::Result<()> {
    let workspace = Workspace::start_program(&release.join("whimsical-workspace"), users, &[])?;
    let folder = tempfile::tempdir_in(tools::root()?.join("target")).context("make a folder for the files")?;
    let folder = Utf8PathBuf::try_from(folder.path().to_owned())?;
    let base_url = workspace.scim_url();
    let explorer = release.join("baton");
    let ours = release.join("baton-whimsical");
    let mut sync = |name: &str, program: &Utf8Path, extra: &[&str]| -> anyhow::Result<Utf8PathBuf> {
        let file = folder.join(format!("{}.c1z", name.replace(' ', "-")));
        let mut command = vec![program.as_str(), "--whimsical-token", TOKEN, "--base-url", &base_url];
        command.extend(["--file", file.as_str(), "--log-level", "error"]);
        command.extend_from_slice(extra);
        let fresh = || match std::fs::remove_file(&file) {
            Err(error) if error.kind() != std::io::ErrorKind::NotFound => Err(error.into()),
            _ => Ok(()),
        };
        let before = requests(&workspace)?;
        report.add(&format!("{name}, {users} users"), &command, fresh)?;
        let count = (requests(&workspace)? - before) / u64::from(args.runs.max(1));
        report.note(&format!("{name}, requests"), &count.to_string());
        report.note(&format!("{name}, file"), &format!("{:.1} MiB", mebibytes(&file)?));
        Ok(file)
    };
    let file = sync("sync", &ours, &[])?;
    if let Some(peer) = &args.peer_connector {
        sync("sync by the peer into sqlite", peer, &["--storage-engine", "sqlite"])?;
        sync("sync by the peer into pebble", peer, &["--storage-engine", "pebble"])?;
    }
    let csv = folder.join("out.csv");
    let explorers = [Some(&explorer), args.peer_baton.as_ref()];
    for (program, name) in explorers.into_iter().zip(["baton", "peer baton"]) {
        let Some(program) = program else { continue };
        for words in [
            &["resources", "-o", "json"][..],
            &["grants", "-o", "json"],
            &["stats"],
            &["export", "csv", "--out", csv.as_str()],
        ] {
            let mut command = vec![program.as_str(), "-f", file.as_str()];
            command.extend_from_slice(words);
            let words = if words.first() == Some(&"export") { "export csv".to_owned() } else { words.join(" ") };
            report.add(&format!("{name} {words}, {users} users"), &command, || Ok(()))?;
        }
    }
    Ok(())
}

/// Returns how many SCIM requests the workspace has had.
fn requests(workspace: &Workspace) -> anyhow::Result<u64> {
    let answer: serde_json::Value = serde_json::from_str(&workspace.call("GET", "/lab/requests")?)?;
    answer.get("requests").and_then(serde_json::Value::as_u64).context("read the number of requests")
}

/// The lines of the report.
struct Report {
    runs: u32,
    table: Table,
}

impl Report {
    fn new(runs: u32) -> Self {
        let mut table = Table::new();
        table.load_style(ASCII_MARKDOWN).set_header(["what", "wall s", "slowest s", "CPU s", "peak MiB"]);
        for column in table.column_iter_mut().skip(1) {
            column.set_cell_alignment(CellAlignment::Right);
        }
        Self { runs, table }
    }

    /// Measures a command; `prepare` runs before each run, unmeasured.
    fn add(&mut self, what: &str, command: &[&str], prepare: impl Fn() -> anyhow::Result<()>) -> anyhow::Result<()> {
        eprintln!("measuring {what}");
        let command: Vec<String> = command.iter().map(|&word| word.to_owned()).collect();
        let mut costs: Vec<Cost> = Vec::new();
        for _ in 0..self.runs.max(1) {
            prepare()?;
            let cost = measure(&command, Stdio::inherit())?;
            if cost.exit_code != 0 {
                bail!("`{}` ended with exit code {}", command.join(" "), cost.exit_code);
            }
            costs.push(cost);
        }
        costs.sort_by(|a, b| a.wall_s.total_cmp(&b.wall_s));
        if let (Some(best), Some(worst)) = (costs.first(), costs.last()) {
            self.table.add_row([
                what.to_owned(),
                format!("{:.3}", best.wall_s),
                format!("{:.3}", worst.wall_s),
                format!("{:.3}", best.cpu_s),
                format!("{:.1}", best.peak_mib),
            ]);
        }
        Ok(())
    }

    /// Adds a fact that is not a time.
    fn note(&mut self, what: &str, value: &str) {
        self.table.add_row([what, value, "", "", ""]);
    }
}

impl std::fmt::Display for Report {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.table.fmt(f)
    }
}

fn mebibytes(path: &Utf8Path) -> anyhow::Result<f64> {
    let bytes = std::fs::metadata(path).with_context(|| format!("look at `{path}`"))?.len();
    #[expect(clippy::cast_precision_loss, reason = "files far below 2^52 bytes")]
    Ok(bytes as f64 / 1_048_576.0)
}

/// Returns the processor, the number of cores and the kernel.
fn machine() -> anyhow::Result<String> {
    let cpus = std::fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpus.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("unknown processor");
    let cores = std::thread::available_parallelism().context("count the cores")?;
    let kernel = Command::new("uname").arg("-sr").output().context("run uname")?;
    let model = model.trim_start_matches([' ', '\t', ':']);
    Ok(format!("{model}, {cores} cores, {}", String::from_utf8_lossy(&kernel.stdout).trim()))
}
