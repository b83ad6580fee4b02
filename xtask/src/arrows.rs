//! The one-way arrows between crates, as docs/ARCHITECTURE.md draws them.
//!
//! A dependency that is not in [`ARROWS`] fails the gate, and so does an arrow that nobody uses: the picture stays true.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::{Context as _, bail};
use cargo_metadata::{DependencyKind, MetadataCommand};

/// Which crates of the workspace each crate may depend on. Dev-dependencies are free, but must not make `testkit` a
/// dependency of a product.
const ARROWS: &[(&str, &[&str])] = &[
    ("ids", &[]),
    ("proto", &[]),
    ("c1z", &["ids", "proto"]),
    ("dpop", &["ids"]),
    ("scim", &["ids"]),
    ("connector-sdk", &["c1z", "dpop", "ids", "proto"]),
    ("domain", &["ids"]),
    ("store", &["domain", "ids"]),
    ("jobs", &["ids", "store"]),
    ("auth", &["domain", "dpop", "ids", "store"]),
    ("ingest", &["c1z", "domain", "ids", "proto", "store"]),
    ("governance", &["auth", "c1z", "domain", "ids", "ingest", "jobs", "proto", "store"]),
    ("api-grpc", &["auth", "domain", "dpop", "governance", "ids", "proto", "store"]),
    ("api-rest", &["auth", "domain", "governance", "ids", "store"]),
    ("web", &["auth", "domain", "governance"]),
    ("baton-whimsical", &["connector-sdk", "proto", "scim"]),
    ("whimsical-workspace", &["ids", "scim"]),
    ("baton", &["c1z", "proto"]),
    (
        "podium",
        &[
            "api-grpc",
            "api-rest",
            "auth",
            "baton-whimsical",
            "connector-sdk",
            "domain",
            "governance",
            "ids",
            "jobs",
            "scim",
            "store",
            "web",
            "whimsical-workspace",
        ],
    ),
    ("testkit", &[]),
    ("xtask", &["testkit"]),
];

/// Fails with one line for each arrow that is missing from the list or unused in it.
pub(crate) fn run() -> anyhow::Result<()> {
    let faults = faults()?;
    if faults.is_empty() {
        println!("arrows: {} crates, every dependency is on the list", ARROWS.len());
        return Ok(());
    }
    bail!("{}\nhint: change the dependency, or ARROWS and docs/ARCHITECTURE.md with a reason", faults.join("\n"))
}

fn faults() -> anyhow::Result<Vec<String>> {
    let allowed: BTreeMap<&str, BTreeSet<&str>> =
        ARROWS.iter().map(|(from, to)| (*from, to.iter().copied().collect())).collect();
    let metadata = MetadataCommand::new().no_deps().exec().context("read cargo metadata")?;
    let members: BTreeSet<&str> = metadata.packages.iter().map(|package| package.name.as_str()).collect();
    let mut faults = Vec::new();
    for package in &metadata.packages {
        let name = package.name.as_str();
        let used: BTreeSet<&str> = package
            .dependencies
            .iter()
            .filter(|dependency| dependency.kind != DependencyKind::Development)
            .map(|dependency| dependency.name.as_str())
            .filter(|dependency| members.contains(dependency))
            .collect();
        let Some(listed) = allowed.get(name) else {
            faults.push(format!("crate `{name}` is not in the list of arrows"));
            continue;
        };
        faults.extend(used.difference(listed).map(|to| format!("`{name}` depends on `{to}`: no such arrow")));
        faults.extend(listed.difference(&used).map(|to| format!("the arrow `{name}` -> `{to}` is unused")));
    }
    faults.extend(
        allowed.keys().filter(|name| !members.contains(*name)).map(|name| format!("no crate is named `{name}`")),
    );
    Ok(faults)
}

#[cfg(test)]
mod tests {
    #[test]
    fn dependencies_follow_the_arrows() {
        assert_eq!(super::faults().unwrap(), Vec::<String>::new());
    }
}
