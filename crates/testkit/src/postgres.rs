//! A real PostgreSQL for tests: one cluster per work tree, started by `cargo xtask postgres`, one database per test.
//!
//! It keeps nothing through a crash of the machine and listens on a socket in the temporary folder only.

use std::collections::hash_map::DefaultHasher;
use std::hash::{Hash as _, Hasher as _};
use std::os::unix::fs::MetadataExt as _;
use std::process::{Command, Output};

use anyhow::{Context as _, bail, ensure};
use camino::{Utf8Path, Utf8PathBuf};

/// The role that owns everything in the cluster.
const ROLE: &str = "podium";

/// The folder of this work tree's cluster: its data and its socket. Short, because a socket's path must be.
fn folder() -> anyhow::Result<Utf8PathBuf> {
    let mut hasher = DefaultHasher::new();
    env!("CARGO_MANIFEST_DIR").hash(&mut hasher);
    let temp = Utf8PathBuf::from_path_buf(std::env::temp_dir());
    let temp = temp.map_err(|path| anyhow::anyhow!("the temporary folder `{}` is not UTF-8", path.display()))?;
    Ok(temp.join(format!("podium-postgres-{:08x}", hasher.finish() & 0xffff_ffff)))
}

/// The URL of a database of the cluster.
fn url(folder: &Utf8Path, database: &str) -> String {
    format!("postgres://{ROLE}@localhost/{database}?host={}", folder.as_str().replace('/', "%2F"))
}

/// Starts the cluster of this work tree unless it runs. Returns the URL of its maintenance database.
///
/// # Errors
/// When PostgreSQL is not installed or does not start.
pub fn start() -> anyhow::Result<String> {
    let folder = folder()?;
    start_in(&folder, "-c fsync=off -c synchronous_commit=off -c full_page_writes=off")?;
    Ok(url(&folder, "postgres"))
}

/// A cluster of a test's own, which it may stop and start; removed when dropped.
#[derive(Debug)]
pub struct Cluster {
    folder: Utf8PathBuf,
    _keep: tempfile::TempDir,
}

impl Cluster {
    /// Makes a cluster and starts it.
    ///
    /// # Errors
    /// When PostgreSQL is not installed or does not start.
    pub fn new() -> anyhow::Result<Self> {
        let keep = tempfile::Builder::new().prefix("podium-").tempdir()?;
        let folder = keep.path().to_str().context("the temporary folder is UTF-8")?.into();
        let this = Self { folder, _keep: keep };
        this.start()?;
        Ok(this)
    }

    /// Starts it, or starts it again.
    ///
    /// # Errors
    /// When it does not start.
    pub fn start(&self) -> anyhow::Result<()> {
        start_in(&self.folder, "")
    }

    /// Stops it as a crash does: whoever is connected loses the connection.
    ///
    /// # Errors
    /// When it does not stop.
    pub fn stop(&self) -> anyhow::Result<()> {
        stop_in(&self.folder)
    }

    /// The URL of its only database.
    #[must_use]
    pub fn url(&self) -> String {
        url(&self.folder, "postgres")
    }
}

impl Drop for Cluster {
    fn drop(&mut self) {
        // It may be stopped already.
        let _ = self.stop();
    }
}

fn start_in(folder: &Utf8Path, safety: &str) -> anyhow::Result<()> {
    if is_running(folder) {
        return Ok(());
    }
    let data = folder.join("data");
    if !data.join("PG_VERSION").exists() {
        std::fs::create_dir_all(folder)?;
        if is_root()? {
            run("chown", &["postgres", folder.as_str()])?;
        }
        server(&["initdb", "-D", data.as_str(), "-U", ROLE, "-A", "trust", "-E", "UTF8", "--locale=C", "-N"])?;
    }
    let options = format!(
        "-c listen_addresses= -c unix_socket_directories={folder} -c max_connections=400 -c shared_buffers=256MB \
         -c max_wal_size=4GB {safety}"
    );
    let log = folder.join("log");
    server(&["pg_ctl", "-D", data.as_str(), "-l", log.as_str(), "-o", &options, "-w", "start"])
}

/// Stops the cluster of this work tree and removes its data.
///
/// # Errors
/// When it runs and does not stop.
pub fn stop() -> anyhow::Result<()> {
    let folder = folder()?;
    stop_in(&folder)?;
    match std::fs::remove_dir_all(&folder) {
        Err(error) if error.kind() != std::io::ErrorKind::NotFound => {
            Err(error).with_context(|| format!("remove `{folder}`"))
        }
        _ => Ok(()),
    }
}

fn stop_in(folder: &Utf8Path) -> anyhow::Result<()> {
    if is_running(folder) {
        server(&["pg_ctl", "-D", folder.join("data").as_str(), "-m", "immediate", "-w", "stop"])?;
    }
    Ok(())
}

/// Makes an empty database of this name and returns its URL.
///
/// # Errors
/// When the cluster does not run: start it with `cargo xtask postgres`.
pub fn create_database(name: &str) -> anyhow::Result<String> {
    let folder = folder()?;
    ensure!(is_running(&folder), "no PostgreSQL runs for the tests; hint: cargo xtask postgres");
    psql(&folder, &format!("CREATE DATABASE \"{name}\""))?;
    Ok(url(&folder, name))
}

/// Removes a database, with whoever is connected to it.
///
/// # Errors
/// When the cluster does not answer.
pub fn drop_database(name: &str) -> anyhow::Result<()> {
    psql(&folder()?, &format!("DROP DATABASE IF EXISTS \"{name}\" WITH (FORCE)"))
}

/// Ends every connection to this database, as a restart of PostgreSQL does.
///
/// # Errors
/// When the cluster does not answer.
pub fn disconnect_all(name: &str) -> anyhow::Result<()> {
    psql(&folder()?, &format!("SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = '{name}'"))
}

fn psql(folder: &Utf8Path, statement: &str) -> anyhow::Result<()> {
    let host = folder.as_str();
    run("psql", &["-h", host, "-U", ROLE, "-d", "postgres", "-q", "-t", "-v", "ON_ERROR_STOP=1", "-c", statement])
}

fn is_running(folder: &Utf8Path) -> bool {
    std::os::unix::net::UnixStream::connect(folder.join(".s.PGSQL.5432")).is_ok()
}

/// Runs a program of the server, which refuses to be root.
fn server(arguments: &[&str]) -> anyhow::Result<()> {
    let (program, rest) = arguments.split_first().context("a program is named")?;
    let program = programs()?.join(program);
    if is_root()? {
        let mut all = vec!["-u", "postgres", "--", program.as_str()];
        all.extend(rest);
        return run("runuser", &all);
    }
    run(program.as_str(), rest)
}

/// Where Debian keeps the programs of the newest server.
fn programs() -> anyhow::Result<Utf8PathBuf> {
    let root = Utf8Path::new("/usr/lib/postgresql");
    let mut versions: Vec<u32> = root
        .read_dir_utf8()
        .map(|entries| entries.flatten().filter_map(|entry| entry.file_name().parse().ok()).collect())
        .unwrap_or_default();
    versions.sort_unstable();
    match versions.last() {
        Some(version) => Ok(root.join(version.to_string()).join("bin")),
        None => bail!("PostgreSQL is not installed; hint: apt-get install postgresql"),
    }
}

fn is_root() -> anyhow::Result<bool> {
    Ok(std::fs::metadata("/proc/self")?.uid() == 0)
}

fn run(program: &str, arguments: &[&str]) -> anyhow::Result<()> {
    let mut command = Command::new(program);
    // The server's programs want a folder that they may enter.
    command.args(arguments).current_dir("/").stdin(std::process::Stdio::null());
    let Output { status, stderr, .. } = command.output().with_context(|| format!("run `{program}`"))?;
    ensure!(status.success(), "`{program}` failed: {}", String::from_utf8_lossy(&stderr).trim());
    Ok(())
}
