//! How SQLite goes about a listing.

use crate::{Entitlements, Grants, ResourceRef, ResourceTypes, Resources, schema};

use super::*;

fn plan<F: Filter>(conn: &Connection, filter: F) -> String {
    let mut statement =
        conn.prepare(&format!("EXPLAIN QUERY PLAN {}", listing(&filter.choice(), F::Record::TABLE))).unwrap();
    let values = vec![""; statement.parameter_count()];
    let steps = statement.query_map(params_from_iter(values), |row| row.get::<_, String>(3)).unwrap();
    steps.map(Result::unwrap).collect::<Vec<_>>().join("; ")
}

#[test]
fn listings_need_no_sort_and_use_the_index_that_fits() {
    let conn = Connection::open_in_memory().unwrap();
    schema::complete(&conn).unwrap();
    let at = ResourceRef { resource_type: "a", resource: "b" };
    for (plan, expect) in [
        (plan(&conn, ResourceTypes::All), "SEARCH v1_resource_types USING INTEGER PRIMARY KEY (rowid>?)"),
        (plan(&conn, Resources::All), "SEARCH v1_resources USING INTEGER PRIMARY KEY (rowid>?)"),
        (
            plan(&conn, Resources::OfType("a")),
            "SEARCH v1_resources USING INDEX idx_resources_resource_type_id_v1 (resource_type_id=? AND rowid>?)",
        ),
        (
            plan(&conn, Resources::ChildrenOf(at)),
            "SEARCH v1_resources USING INDEX idx_resources_external_sync_v1 \
             (parent_resource_type_id=? AND parent_resource_id=? AND rowid>?)",
        ),
        (plan(&conn, Entitlements::All), "SEARCH v1_entitlements USING INTEGER PRIMARY KEY (rowid>?)"),
        (plan(&conn, Entitlements::OfType("a")), "SEARCH v1_entitlements USING INTEGER PRIMARY KEY (rowid>?)"),
        (
            plan(&conn, Entitlements::OfResource(at)),
            "SEARCH v1_entitlements USING INDEX idx_entitlements_resource_id_v1 (resource_type_id=? AND resource_id=? AND rowid>?)",
        ),
        (plan(&conn, Grants::All), "SEARCH v1_grants USING INTEGER PRIMARY KEY (rowid>?)"),
        (plan(&conn, Grants::OfType("a")), "SEARCH v1_grants USING INTEGER PRIMARY KEY (rowid>?)"),
        (
            plan(&conn, Grants::OfResource(at)),
            "SEARCH v1_grants USING INDEX idx_grants_resource_type_id_resource_id_v1 \
             (resource_type_id=? AND resource_id=? AND rowid>?)",
        ),
        (
            plan(&conn, Grants::OfEntitlement("a")),
            "SEARCH v1_grants USING INDEX idx_grants_entitlement_sync_grant_v1 (entitlement_id=? AND sync_id=? AND id>?)",
        ),
        (
            plan(&conn, Grants::OfPrincipal(at)),
            "SEARCH v1_grants USING INDEX idx_grants_principal_id_v1 \
             (principal_resource_type_id=? AND principal_resource_id=? AND rowid>?)",
        ),
        (
            plan(&conn, Grants::OfEntitlementAndPrincipal("e", at)),
            "SEARCH v1_grants USING INDEX idx_grants_entitlement_id_principal_id_v1 \
             (entitlement_id=? AND principal_resource_type_id=? AND principal_resource_id=? AND rowid>?)",
        ),
        (
            plan(&conn, Grants::NeedingExpansion),
            "SEARCH v1_grants USING INDEX idx_grants_sync_needs_expansion_v1 (sync_id=? AND rowid>?)",
        ),
    ] {
        assert_eq!(plan, expect);
    }
}
