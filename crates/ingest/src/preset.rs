//! What is known about an app beyond what its connector says.
//!
//! Source: governance R-X-1.

/// The exclusive set of this entitlement, where its connector names none; empty for none.
pub(crate) fn exclusion_set(catalog_id: &str, entitlement: &str) -> &'static str {
    match (catalog_id, entitlement) {
        ("whimsical", "role:viewer:assigned" | "role:editor:assigned") => "role",
        _ => "",
    }
}
