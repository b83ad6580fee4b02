//! What is exported.

use std::fs;
use std::io::Read as _;

use prost_types::value::Kind;
use proto::Struct;
use proto::c1::connector::v2::Entitlement;

use crate::support::{Folder, entitlement, fixture, grant, on, resource, roles, user, users, write_sync};

const HEADER: &str = "Type,Last Name,First Name,User ID,User Status,Email Address,Entitlement Display Name,Entitlement,\
     Resource Type,Resource Name,Entitlement Description,Entitlement Slug";

#[test]
fn csv_has_people_then_entitlements_then_grants() {
    let folder = Folder::new();
    let out = folder.join("sync.csv");
    fs::write(&out, "what was there before").unwrap();
    let export = on(&fixture("users25-sqlite.c1z"), &["export", "csv", "--out", out.as_str()]);
    assert_eq!((export.code, export.out.as_str(), export.err.as_str()), (0, "", ""));
    let text = fs::read_to_string(&out).unwrap();
    let lines: Vec<&str> = text.lines().collect();
    assert_eq!(lines.len(), 1 + 25 + 2 + 25);
    assert_eq!(lines[0], HEADER);
    assert_eq!(lines[1], "Identity,Family1,Given1,usr_00000001,Enabled,user1@example.com,,,,,,");
    assert_eq!(lines[26], "Entitlement,,,,,,assigned,role:viewer:assigned,role,viewer,,assigned");
    assert_eq!(
        lines[28],
        "Grant,Family1,Given1,usr_00000001,,user1@example.com,assigned,role:viewer:assigned,role,viewer,,assigned"
    );
    assert!(!text.contains('\r'));
}

/// Writes a file with a type of users that has no users, and names that look like formulas.
fn write_odd_file(file: &camino::Utf8Path) {
    write_sync(file, |store| {
        let description = "=HYPERLINK(\"http://example.com\")".to_owned();
        let viewer = Entitlement { description, ..entitlement("viewer", "assigned") };
        let name = proto::Value { kind: Some(Kind::StringValue("@Ada".into())) };
        let profile = Struct { fields: [("first_name".to_owned(), name)].into() };
        let mut ada = user("ada", "Ada");
        ada.profile = Some(profile);
        let mut nobodies = users();
        nobodies.id = "nobody".into();
        store.put(&[nobodies, roles(), users()]).unwrap();
        store.put(&[resource("role", "viewer", "viewer"), resource("user", "robot", "No trait"), ada]).unwrap();
        store.put(std::slice::from_ref(&viewer)).unwrap();
        // Of the three holders one is unknown, and one is no person.
        store.put(&[grant(&viewer, "ada"), grant(&viewer, "robot"), grant(&viewer, "gone")]).unwrap();
        store.put(&[grant(&entitlement("ghost", "assigned"), "ada")]).unwrap();
    });
}

#[test]
fn a_type_without_users_does_not_end_the_csv_and_formulas_are_defused() {
    let folder = Folder::new();
    let (file, out) = (folder.join("sync.c1z"), folder.join("sync.csv"));
    write_odd_file(&file);
    assert_eq!(on(&file, &["export", "csv", "--out", out.as_str()]).code, 0);
    let granted =
        "viewer assigned,role:viewer:assigned,role,viewer,\"'=HYPERLINK(\"\"http://example.com\"\")\",assigned";
    let expect = [
        HEADER,
        "Identity,,'@Ada,,Enabled,,,,,,,",
        &format!("Entitlement,,,,,,{granted}"),
        &format!("Grant,,'@Ada,,,,{granted}"),
        "Grant,,'@Ada,,,,ghost assigned,role:ghost:assigned,role,ghost,,assigned",
    ];
    let text = fs::read_to_string(&out).unwrap();
    assert_eq!(text.lines().collect::<Vec<_>>(), expect);
}

#[test]
fn xlsx_has_the_rows_of_the_csv_as_texts() {
    let folder = Folder::new();
    let (file, out, csv) = (folder.join("sync.c1z"), folder.join("sync.xlsx"), folder.join("sync.csv"));
    write_odd_file(&file);
    assert_eq!(on(&file, &["export", "xlsx", "--out", out.as_str()]).code, 0);
    assert_eq!(on(&file, &["export", "csv", "--out", csv.as_str()]).code, 0);

    let mut archive = zip::ZipArchive::new(fs::File::open(&out).unwrap()).unwrap();
    let mut part = |name: &str| {
        let mut text = String::new();
        archive.by_name(name).unwrap().read_to_string(&mut text).unwrap();
        text
    };
    assert!(part("xl/workbook.xml").contains("<sheet name=\"Sheet1\""));
    let sheet = part("xl/worksheets/sheet1.xml");
    let rows = csv::ReaderBuilder::new().has_headers(false).from_path(&csv).unwrap().into_records();
    let mut cells = 0;
    for cell in rows.flat_map(|row| row.unwrap().iter().map(str::to_owned).collect::<Vec<_>>()) {
        let text = cell.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;");
        assert!(cell.is_empty() || sheet.contains(&format!("<t>{text}</t>")), "{cell} is not in {sheet}");
        cells += usize::from(!cell.is_empty());
    }
    assert_eq!(sheet.matches("t=\"inlineStr\"").count(), cells, "every cell is a text");
    assert!(!sheet.contains("<f>"), "no cell is a formula");
}

#[test]
fn c1z_holds_one_sync_and_replaces_nothing() {
    let folder = Folder::new();
    let file = fixture("users25-28-sqlite.c1z");
    let out = folder.join("latest.c1z");
    let export = ["export", "c1z", "--out", out.as_str()];
    assert_eq!(on(&file, &export).code, 0);
    let list = |file: &camino::Utf8Path, command: &str| on(file, &["-o", "json", command]).json();
    for command in ["resource-types", "resources", "entitlements", "grants", "stats"] {
        assert_eq!(list(&out, command), list(&file, command), "{command}");
    }
    assert_eq!(list(&out, "syncs")["syncs"].as_array().unwrap().len(), 1);

    let before = fs::read(&out).unwrap();
    let again = on(&file, &export);
    assert_eq!(again.code, 2);
    assert!(again.err.contains("already exists"), "{}", again.err);
    assert_eq!(fs::read(&out).unwrap(), before);
}

#[test]
fn an_export_that_cannot_be_written_says_where() {
    let folder = Folder::new();
    let out = folder.join("no/such/folder/sync.csv");
    let export = on(&fixture("users25-sqlite.c1z"), &["export", "csv", "--out", out.as_str()]);
    assert_eq!(export.code, 2);
    assert!(export.err.contains(out.as_str()) && export.err.contains("\nhint: "), "{}", export.err);
}
