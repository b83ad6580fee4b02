//! What must hold for the content of a sync before it may end.
//!
//! Source: sync.md §8. The referential checks (I7, I3, I8, I9) are not run on this storage engine, as upstream.

use std::collections::BTreeMap;

use c1z::{Entitlements, Table};
use proto::c1::connector::v2::{Entitlement, EntitlementExclusionGroup};

use super::database::Database;
use crate::annotations::pick;
use crate::error::{Error, Result};

/// The most entitlements in one exclusion group.
const MAX_MEMBERS: usize = 50;

/// The checks that a finished sync has passed, as JSON.
pub(super) const COVERAGE: &str = r#"["I5","I10"]"#;

/// The generation of the rules.
pub(super) const GENERATION: &str = "1";

struct Group {
    resource_type: String,
    members: usize,
    defaults: usize,
}

/// I5: the exclusion groups of the stored entitlements make sense.
///
/// Reads every entitlement once; memory grows with the number of groups.
///
/// # Errors
/// When a group has two defaults, spans resource types, or has more than 50 members.
pub(super) fn check_exclusion_groups(db: &mut Database) -> Result<()> {
    let mut groups: BTreeMap<String, Group> = BTreeMap::new();
    db.view(&[Table::Entitlements])?.each(Entitlements::All, |row| {
        let entitlement: Entitlement = row.decode()?;
        let Some(annotation) = pick::<EntitlementExclusionGroup>(&entitlement.annotations)? else {
            return Ok(());
        };
        let resource_type = row.columns()?.resource_type_id;
        let id = annotation.exclusion_group_id;
        let group = groups.entry(id.clone()).or_insert_with(|| Group {
            resource_type: resource_type.to_owned(),
            members: 0,
            defaults: 0,
        });
        group.members += 1;
        group.defaults += usize::from(annotation.is_default);
        let problem = if group.resource_type != resource_type {
            "spans several resource types"
        } else if group.defaults > 1 {
            "has more than one default entitlement"
        } else if group.members > MAX_MEMBERS {
            "has more than 50 entitlements"
        } else {
            return Ok(());
        };
        Err(Error::unknown(format!("ingest invariant I5: exclusion group '{id}' {problem}")))
    })
}
