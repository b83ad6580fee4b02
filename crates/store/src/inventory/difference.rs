//! What a sync changed, row by row.

use sqlx::any::AnyRow;

use super::insert::{Insert, Values};
use crate::error::Result;
use crate::row::RowExt as _;

domain::vocabulary! {
    /// What kind of thing differs.
    pub enum ObjectKind: "a kind of object" {
        /// A resource type.
        ResourceType => "resource_type",
        /// A resource that is no account.
        Resource => "resource",
        /// An account.
        Account => "account",
        /// An entitlement.
        Entitlement => "entitlement",
        /// A grant.
        Grant => "grant",
    }
}

domain::vocabulary! {
    /// How it differs.
    pub enum Change: "a kind of change" {
        /// It is there now.
        Appeared => "appeared",
        /// It is there with other content.
        Changed => "changed",
        /// It is gone.
        Disappeared => "disappeared",
    }
}

/// One thing that a sync changed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Difference {
    /// What kind of thing.
    pub kind: ObjectKind,
    /// Its id; the external id of a resource type.
    pub id: String,
    /// How it differs.
    pub change: Change,
    /// What people know it by.
    pub label: String,
    /// The changed fields as they were: a JSON object.
    pub before: String,
    /// The changed fields as they are: a JSON object.
    pub after: String,
}

impl Difference {
    pub(super) fn read(row: &AnyRow) -> Result<Self> {
        Ok(Self {
            kind: row.parsed("object_kind")?,
            id: row.text("object_id")?,
            change: row.parsed("change")?,
            label: row.text("label")?,
            before: row.text("before")?,
            after: row.text("after")?,
        })
    }
}

/// A difference with its place in the list.
pub(super) struct Numbered {
    pub(super) number: i64,
    pub(super) difference: Difference,
}

impl Insert for Numbered {
    const TABLE: &'static str = "sync_difference";
    const SHARED: &'static [(&'static str, &'static str)] = &[("tenant_id", "$1"), ("sync_id", "$2")];
    const COLUMNS: &'static [&'static str] =
        &["number", "object_kind", "object_id", "change", "label", "before", "after"];

    fn give(self, to: &mut impl Values) {
        let Difference { kind, id, change, label, before, after } = self.difference;
        to.number(self.number);
        to.text(kind.name());
        to.text(id);
        to.text(change.name());
        to.text(label);
        to.text(before);
        to.text(after);
    }
}
