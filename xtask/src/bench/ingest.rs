//! What reading a large sync file into the store costs, on both engines.

use anyhow::Context as _;
use camino::{Utf8Path, Utf8PathBuf};
use testkit::database::Database;

use super::{Report, mebibytes};
use crate::tools;

/// Reads a file of this many users with one grant each, another with the same rows, and a third in which one user of a
/// hundred has another name. Each is read once: the first reading cannot be repeated on the same database.
pub(super) fn measure(users: u32, report: &mut Report) -> anyhow::Result<()> {
    tools::run("cargo", &["build", "--release", "-p", "ingest", "--example", "bulk"])?;
    testkit::postgres::start()?;
    let root = tools::root()?;
    let program = root.join("target/release/examples/bulk");
    let folder = tempfile::tempdir_in(root.join("target")).context("make a folder for the files")?;
    let folder = Utf8PathBuf::try_from(folder.path().to_owned())?;
    let files = [("first", 0), ("unchanged", 0), ("1 % renamed", users / 100)];
    let mut made = Vec::new();
    for (name, changed) in files {
        let path = folder.join(format!("{}.c1z", made.len()));
        tools::run(program.as_str(), &["make", path.as_str(), &users.to_string(), &changed.to_string()])?;
        made.push((name, path));
    }
    if let Some((_, path)) = made.first() {
        report.note(&format!("file of {users} users with one grant each"), &format!("{:.1} MiB", mebibytes(path)?));
    }
    for (engine, database) in [("SQLite", Database::sqlite()?), ("PostgreSQL", Database::postgres()?)] {
        for (name, path) in &made {
            read(&program, &format!("ingest into {engine}, {name}"), &database, &folder, path, report)?;
        }
    }
    Ok(())
}

fn read(
    program: &Utf8Path,
    what: &str,
    database: &Database,
    folder: &Utf8Path,
    file: &Utf8Path,
    report: &mut Report,
) -> anyhow::Result<()> {
    let kept = folder.join("files");
    let command = [program.as_str(), "read", database.location(), kept.as_str(), file.as_str()];
    report.add(what, &command, || Ok(()))
}
