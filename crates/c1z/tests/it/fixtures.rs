//! Files made by other implementations open with the expected content.

use c1z::{
    Change, Entitlements, Error, Format, Grants, Limits, Reader, ResourceRef, ResourceTypes, Resources, Row, Selection,
    SyncType,
};
use proto::c1::connector::v2::{Grant, Resource};

use crate::support::fixture;

#[test]
fn a_foreign_file_opens_with_its_content() {
    let reader = Reader::open(&fixture("users25-sqlite.c1z"), &Limits::default()).unwrap();
    assert_eq!(reader.format(), Format::V1);
    let runs = reader.syncs().unwrap();
    assert_eq!(runs.len(), 1);
    let run = Selection::new(&runs).latest_finished(Some(&SyncType::Full)).unwrap();
    assert_eq!(run.id.as_str(), "3MUMswcdyU96zDWYtH2uRy6IBwm");
    assert_eq!(run.started_at.to_string(), "2026-11-23T02:28:22.763305243Z");
    assert!(run.supports_diff);
    assert_eq!(run.ingest.coverage, r#"["I5","I10"]"#);
    let stats = reader.stats(run).unwrap();
    assert_eq!((stats.resource_types, stats.resources, stats.entitlements, stats.grants), (2, 27, 2, 25));

    let view = reader.view(&run.id);
    assert_eq!(view.page(ResourceTypes::All, 0, 10).unwrap().len(), 2);
    assert_eq!(view.count(Resources::All).unwrap(), 27);
    assert_eq!(view.count(Resources::OfType("user")).unwrap(), 25);
    assert_eq!(view.page(Entitlements::OfType("role"), 0, 10).unwrap().len(), 2);
    let user = ResourceRef { resource_type: "user", resource: "usr_00000003" };
    let held = view.page(Grants::OfPrincipal(user), 0, 10).unwrap();
    assert_eq!(held.len(), 1);
    let entitlement = &held[0].message.entitlement.as_ref().unwrap().id;
    assert_eq!(view.page(Grants::OfEntitlementAndPrincipal(entitlement, user), 0, 10).unwrap(), held);
    assert!(view.count(Grants::OfEntitlement(entitlement)).unwrap() > 0);
    let found: Resource = view.get("user:usr_00000003").unwrap().unwrap();
    assert_eq!(found.display_name, "user3@example.com");
    assert!(view.contains::<Resource>("user:usr_00000025").unwrap());
    assert!(!view.contains::<Resource>("user:usr_00000026").unwrap());
    assert_eq!(view.get::<Grant>("nobody").unwrap(), None);
}

#[test]
fn two_syncs_of_a_foreign_file_differ_as_expected() {
    let reader = Reader::open(&fixture("users25-28-sqlite.c1z"), &Limits::default()).unwrap();
    let runs = reader.syncs().unwrap();
    let (old, new) = Selection::new(&runs).latest_two_full().unwrap();
    let mut changes = Vec::new();
    let collect = |change: Change, row: Row<'_, Resource>| {
        changes.push((change, row.external_id()?.to_owned()));
        Ok::<_, Error>(())
    };
    reader.diff(&old.id, &new.id, collect).unwrap();
    // The other writer encodes the profile within an annotation in any order, and an annotation is compared by its bytes.
    let modified = [1, 3, 4, 5, 6, 7, 8, 9, 10, 13, 14, 15, 16, 18, 19, 20, 21, 22, 24, 25];
    let expect = [26, 27, 28].map(|user| (Change::Created, user)).into_iter();
    let expect = expect.chain(modified.map(|user| (Change::Modified, user)));
    assert_eq!(changes, expect.map(|(change, user)| (change, format!("user:usr_{user:08}"))).collect::<Vec<_>>());

    let mut created = 0;
    let count = |change: Change, _: Row<'_, Grant>| {
        assert_eq!(change, Change::Created);
        created += 1;
        Ok::<_, Error>(())
    };
    reader.diff(&old.id, &new.id, count).unwrap();
    assert_eq!(created, 3);
}
