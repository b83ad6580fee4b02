//! What refers to something that the sync does not have.

use proto::c1::connector::v2::{Resource, ResourceId};
use serde_json::json;

use crate::support::{Folder, entitlement, grant, on, resource, roles, user, users, write_sync};

#[test]
fn what_is_missing_is_said_in_its_place() {
    let folder = Folder::new();
    let file = folder.join("sync.c1z");
    write_sync(&file, |store| {
        let viewer = entitlement("viewer", "assigned");
        let parent = ResourceId { resource_type: "role".into(), resource: "gone".into(), ..ResourceId::default() };
        let orphan = Resource { parent_resource_id: Some(parent), ..user("orphan", "Orphan") };
        store.put(&[roles(), users()]).unwrap();
        store.put(&[resource("role", "viewer", "Viewer"), orphan, resource("alien", "x", "X")]).unwrap();
        store.put(std::slice::from_ref(&viewer)).unwrap();
        store.put(&[grant(&viewer, "nobody"), grant(&entitlement("ghost", "assigned"), "orphan")]).unwrap();
    });

    let grants = on(&file, &["-o", "json", "grants"]).json();
    assert_eq!(
        grants["grants"][0]["principal"],
        json!({
            "id": {"resourceType": "user", "resource": "nobody"},
            "displayName": "MISSING RESOURCE (user:nobody)",
        })
    );
    assert_eq!(
        grants["grants"][1]["entitlement"],
        json!({"id": "role:ghost:assigned", "displayName": "MISSING ENTITLEMENT (role:ghost:assigned)"})
    );
    let table = on(&file, &["resources"]).out;
    let lines: Vec<&str> = table.lines().map(str::trim_end).collect();
    let expect = [
        "ID     | Display Name | Resource Type                 | Parent Resource",
        "viewer | Viewer       | Role                          | -",
        "orphan | Orphan       | User                          | MISSING RESOURCE (role:gone) (role)",
        "x      | X            | MISSING RESOURCE TYPE (alien) | -",
        "",
    ];
    assert_eq!(lines, expect);
    let unknown = on(&file, &["access", "-t", "user", "-r", "nobody-else"]);
    assert_eq!(
        (unknown.code, unknown.out.as_str()),
        (0, "└──Effective Access for MISSING RESOURCE (user:nobody-else) (user)\n\n")
    );
    let ghost = on(&file, &["access", "-t", "user", "-r", "orphan"]).out;
    assert!(ghost.contains("MISSING RESOURCE (role:ghost) (Role)"), "{ghost}");
}
