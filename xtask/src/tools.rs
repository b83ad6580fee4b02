//! Installs what the tasks need on a machine that has only the Rust toolchain.

use std::process::{Command, Stdio};

use anyhow::{Context as _, bail};
use camino::{Utf8Path, Utf8PathBuf};

/// Debian packages by the command that shows they are there.
const DEBIAN: &[(&str, &str)] = &[
    ("curl", "curl"),
    ("node", "nodejs"),
    ("npm", "npm"),
    ("python3", "python3"),
    ("sqlite3", "sqlite3"),
    ("pg_createcluster", "postgresql"),
];

/// Where the OpenID provider of the tests is.
const OIDC: &str = "crates/testkit/oidc";

/// What the third-party SCIM suites need.
const CONFORMANCE: &str = "bin/whimsical-workspace/tests/conformance/requirements.txt";

/// Returns the root of the repository, wherever the task was started.
pub(crate) fn root() -> anyhow::Result<Utf8PathBuf> {
    let manifest = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    manifest.parent().map(Utf8Path::to_owned).context("find the root of the repository")
}

/// Runs a command in the root of the repository with its output shown; fails when it fails.
pub(crate) fn run(program: &str, args: &[&str]) -> anyhow::Result<()> {
    eprintln!("$ {program} {}", args.join(" "));
    let status = command(program, args)?.status().with_context(|| format!("start `{program}`"))?;
    if !status.success() {
        bail!("`{program} {}` failed: {status}", args.join(" "));
    }
    Ok(())
}

/// Returns a command that runs in the root with the tools of `.venv` on its path.
pub(crate) fn command(program: &str, args: &[&str]) -> anyhow::Result<Command> {
    let root = root()?;
    let path = std::env::var("PATH").unwrap_or_default();
    let mut command = Command::new(program);
    command
        .args(args)
        .current_dir(&root)
        .env("PATH", format!("{path}:{}", venv(&root).join("bin")))
        .env("TEST_VENV", venv(&root))
        .env("RUSTDOCFLAGS", "-D warnings");
    Ok(command)
}

/// Installs the Debian packages, the Python packages of `xtask/requirements.txt` and the npm packages of the tests that are
/// not there yet.
pub(crate) fn install() -> anyhow::Result<()> {
    let missing: Vec<&str> =
        DEBIAN.iter().filter(|(command, _)| !is_installed(command)).map(|(_, package)| *package).collect();
    if !missing.is_empty() {
        apt_install(&missing)?;
    }
    let root = root()?;
    if !venv(&root).join("bin/pip").exists() {
        if !is_quiet_success("python3", &["-c", "import ensurepip"]) {
            apt_install(&["python3-venv"])?;
        }
        run("python3", &["-m", "venv", ".venv"])?;
    }
    // npm writes this file last.
    if !root.join(OIDC).join("node_modules/.package-lock.json").exists() {
        run("npm", &["ci", "--prefix", OIDC, "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel", "error"])?;
    }
    let pip = venv(&root).join("bin/pip");
    run(
        pip.as_str(),
        &["install", "--quiet", "--disable-pip-version-check", "-r", "xtask/requirements.txt", "-r", CONFORMANCE],
    )
}

fn venv(root: &Utf8Path) -> Utf8PathBuf {
    root.join(".venv")
}

fn is_installed(command: &str) -> bool {
    is_quiet_success("sh", &["-c", &format!("command -v {command}")])
}

fn is_quiet_success(program: &str, args: &[&str]) -> bool {
    let status = Command::new(program).args(args).stdout(Stdio::null()).stderr(Stdio::null()).status();
    status.is_ok_and(|status| status.success())
}

fn apt_install(packages: &[&str]) -> anyhow::Result<()> {
    let hint = || format!("hint: install {} and run this again", packages.join(", "));
    run("apt-get", &["update", "-qq"]).with_context(hint)?;
    let mut args = vec!["install", "-y", "-qq", "--no-install-recommends"];
    args.extend_from_slice(packages);
    run("apt-get", &args).with_context(hint)
}
