//! The third-party suites of `tests/conformance` against the real program.
//!
//! They are Python: the virtual environment is the folder that `TEST_VENV` names, else `.venv` in the project root.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::restart::Program;

fn python() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let venv = std::env::var_os("TEST_VENV").map_or_else(|| root.join(".venv"), |venv| root.join(venv));
    let python = venv.join("bin/python");
    assert!(
        python.exists(),
        "`{}` does not exist\nhint: run `cargo xtask test`, which makes it, or \
         `python3 -m venv .venv && .venv/bin/pip install -r bin/whimsical-workspace/tests/conformance/requirements.txt`",
        python.display()
    );
    python
}

fn run(suite: &str) {
    let program = Program::start(&["--users", "30"]);
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/conformance").join(suite);
    let output = Command::new(python())
        .arg(script)
        .arg(format!("{}/scim-v2", program.url))
        .env("SCIM_TOKEN", crate::bench::TOKEN)
        .env("PYTHONDONTWRITEBYTECODE", "1")
        .output()
        .unwrap();
    let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
    assert!(output.status.success(), "{suite}: {}\n{text}", output.status);
}

#[test]
fn scim2_tester_has_exactly_the_expected_failure() {
    run("tester.py");
}

#[test]
fn scim_sanity_finds_nothing() {
    run("sanity.py");
}
