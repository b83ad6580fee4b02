//! What a reading found, as the hold rules and people see it.

use std::collections::BTreeMap;

use c1z::SyncType;
use domain::hold::{Change, Count, OfEntitlement, OfSet, OfType};
use serde_json::{Map, Value, json};
use store::inventory::{EntitlementName, Key, ObjectKind, Reading, Tally};

use crate::read::{Holders, Opened, Seen};

/// What the sync would change, for the hold rules.
///
/// `names` are the entitlements of which grants come or go.
pub(crate) fn of(reading: &Reading, opened: &Opened, seen: &Seen, names: &BTreeMap<Key, EntitlementName>) -> Change {
    let mut types: BTreeMap<&str, OfType> = BTreeMap::new();
    let tallies = reading.tallies();
    let of_resources = tallies.iter().filter(|((kind, _), _)| is_resource(*kind));
    let changed = of_resources.map(|((kind, resource_type), tally)| (resource_type.as_str(), *kind, *tally));
    for (resource_type, kind, tally) in changed {
        let entry = types.entry(resource_type).or_insert_with(|| OfType {
            resource_type: resource_type.to_owned(),
            is_account: kind == ObjectKind::Account,
            count: Count::default(),
        });
        let after = seen.resources.get(resource_type).copied().unwrap_or(0);
        entry.count = Count { before: before(after, tally.added, tally.removed), lost: tally.removed, after };
    }
    let count = |holders: &Holders| Count {
        before: before(holders.seen, holders.appeared, holders.disappeared),
        lost: holders.disappeared,
        after: holders.seen,
    };
    let mut sets: BTreeMap<&str, (u64, u64, u64)> = BTreeMap::new();
    let mut entitlements = Vec::new();
    for (key, holders) in &seen.holders {
        let Some(name) = names.get(key) else { continue };
        let count = count(holders);
        if count.lost > 0 {
            entitlements.push(OfEntitlement { entitlement: name.external_id.clone(), count });
        }
        if !name.exclusion_set.is_empty() {
            let (all, left, joined) = sets.entry(name.exclusion_set.as_str()).or_default();
            *all += count.before;
            *left += holders.disappeared;
            *joined += holders.appeared;
        }
    }
    let sets = sets
        .into_iter()
        // Who moves leaves one role and joins another; who comes or goes does only one of both.
        .map(|(set, (accounts, left, joined))| OfSet { set: set.to_owned(), accounts, moved: left.min(joined) })
        .collect();
    Change {
        first: reading.is_first(),
        full: opened.run.kind == SyncType::Full,
        partial: false,
        resources_in_file: opened.resources,
        types: types.into_values().collect(),
        entitlements,
        sets,
    }
}

const fn before(after: u64, added: u64, removed: u64) -> u64 {
    (after + removed).saturating_sub(added)
}

const fn is_resource(kind: ObjectKind) -> bool {
    matches!(kind, ObjectKind::Account | ObjectKind::Resource)
}

/// The counts of a sync: per resource type, and for entitlements and grants.
pub(crate) fn counts(reading: &Reading, seen: &Seen) -> Value {
    let tallies = reading.tallies();
    let of = |kind: ObjectKind, resource_type: &str| {
        tallies.get(&(kind, resource_type.to_owned())).copied().unwrap_or_default()
    };
    let mut by_type = Map::new();
    let listed = seen.types.iter().map(|listed| listed.external_id.as_str());
    let gone = tallies.keys().filter(|(kind, _)| is_resource(*kind)).map(|(_, resource_type)| resource_type.as_str());
    let mut names: Vec<&str> = listed.chain(gone).chain(seen.resources.keys().map(String::as_str)).collect();
    names.sort_unstable();
    names.dedup();
    for name in names {
        let (account, resource) = (of(ObjectKind::Account, name), of(ObjectKind::Resource, name));
        let tally = if account == Tally::default() { resource } else { account };
        by_type.insert(name.to_owned(), counted(seen.resources.get(name).copied().unwrap_or(0), tally));
    }
    json!({
        "resources": by_type,
        "entitlements": counted(seen.entitlements, of(ObjectKind::Entitlement, "")),
        "grants": counted(seen.grants, of(ObjectKind::Grant, "")),
    })
}

fn counted(seen: u64, tally: Tally) -> Value {
    json!({ "seen": seen, "added": tally.added, "changed": tally.changed, "removed": tally.removed })
}

/// What was odd about the file, in words.
pub(crate) fn warnings(seen: &Seen) -> Vec<String> {
    let mut warnings = Vec::new();
    if seen.other_grants > 0 {
        warnings
            .push(format!("{} grants are held by something that is no account; they were left out", seen.other_grants));
    }
    if seen.repeated_grants > 0 {
        warnings.push(format!("{} grants say again what another one says", seen.repeated_grants));
    }
    warnings
}
