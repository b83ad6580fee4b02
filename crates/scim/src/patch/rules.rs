//! Who may write what: the seam between the engine and a product.

use serde_json::Value;

use crate::path::AttributePath;
use crate::schema::Mutability;
use crate::value::Strictness;

/// What an operation is about to do to an attribute.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Write {
    /// Give it a value, or change some of its elements.
    Set,
    /// Leave it without a value.
    Remove,
    /// The same, because the whole extension that holds it is removed.
    RemoveExtension,
}

/// What becomes of a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Policy {
    /// It takes effect.
    Apply,
    /// It succeeds without effect.
    NoOp,
    /// The same, and it is listed in what was dropped.
    IgnoreAudited,
    /// It fails with 400 `mutability`, and with it the whole message.
    Reject,
}

/// What a product allows.
///
/// The engine asks once for each attribute that is held and about to be written: for a
/// single-valued complex attribute, for each of its parts; for a multi-valued one, for the whole.
pub trait Rules {
    /// Returns what becomes of a write to `path`; `resource` is as the operations before left it.
    fn policy(&self, path: &AttributePath, write: Write, resource: &Value) -> Policy;
}

/// The rules that the schema itself declares.
///
/// Read-only attributes, and immutable ones that have a value, are left alone: leniently with a
/// note, strictly by an error. A required attribute cannot be removed, except with its extension.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Declared(pub Strictness);

impl Rules for Declared {
    fn policy(&self, path: &AttributePath, write: Write, resource: &Value) -> Policy {
        let is_fixed = [path.attribute(), path.leaf()].into_iter().any(|attribute| match attribute.mutability {
            Mutability::ReadOnly => true,
            Mutability::Immutable => path.values(resource).next().is_some(),
            Mutability::ReadWrite | Mutability::WriteOnly => false,
        });
        match (is_fixed, self.0, write) {
            (true, Strictness::Lenient, _) => Policy::IgnoreAudited,
            (true, Strictness::Strict, _) => Policy::Reject,
            (false, _, Write::Remove) if path.leaf().required => Policy::Reject,
            (false, ..) => Policy::Apply,
        }
    }
}
