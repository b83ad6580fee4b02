//! Settings that need or exclude each other.

use super::config::Config;
use super::field::Field;

/// How settings hang together. A setting counts as set when a flag, the environment or the config file gave it.
#[derive(Debug, Clone, Copy)]
pub(super) enum Relation {
    /// Either none or all of them.
    AllOrNone(&'static [Field]),
    /// At most one of them.
    AtMostOne(&'static [Field]),
}

/// Checks all relations: first those that need each other, then those that exclude each other, each kind in the
/// alphabetical order of its groups.
///
/// # Errors
/// The message of the first violation.
///
/// Source: connector-cli §2.6.
pub(super) fn check(relations: &[Relation], config: &Config) -> Result<(), String> {
    let mut needing: Vec<&[Field]> = Vec::new();
    let mut excluding: Vec<&[Field]> = Vec::new();
    for relation in relations {
        match relation {
            Relation::AllOrNone(group) => needing.push(group),
            Relation::AtMostOne(group) => excluding.push(group),
        }
    }
    needing.sort_by_key(|group| names(group.iter()));
    excluding.sort_by_key(|group| names(group.iter()));
    for group in needing {
        let missing = sorted_names(group, |field| !config.is_set(field));
        if !missing.is_empty() && missing.len() < group.len() {
            let (group, missing) = (names(group.iter()), missing.join(" "));
            return Err(format!(
                "if any flags in the group [{group}] are set they must all be set; missing [{missing}]"
            ));
        }
    }
    for group in excluding {
        let set = sorted_names(group, |field| config.is_set(field));
        if set.len() > 1 {
            let (group, set) = (names(group.iter()), set.join(" "));
            return Err(format!(
                "if any flags in the group [{group}] are set none of the others can be; [{set}] were all set"
            ));
        }
    }
    Ok(())
}

fn names<'a>(fields: impl Iterator<Item = &'a Field>) -> String {
    fields.map(|field| field.name).collect::<Vec<_>>().join(" ")
}

fn sorted_names(group: &[Field], wanted: impl Fn(&Field) -> bool) -> Vec<&'static str> {
    let mut found: Vec<&str> = group.iter().filter(|field| wanted(field)).map(|field| field.name).collect();
    found.sort_unstable();
    found
}
