//! The connector of `docs/second-connector.md`.

use c1z::{Entitlements, Grants, Resources};
use camino::Utf8Path;

use crate::cli::program::Program;
use crate::file::ids;

const PEOPLE: &str = r#"{
  "people": [
    { "id": "ada", "name": "Ada Lovelace", "email": "ada@example.com" },
    { "id": "grace", "name": "Grace Hopper", "email": "grace@example.com" }
  ],
  "teams": [
    { "id": "engines", "name": "Engines", "members": ["ada"] }
  ]
}
"#;

#[test]
fn it_syncs_people_and_teams_and_changes_membership() {
    let tiny = Program::new("tiny_connector").env("BATON_DIRECTORY_FILE", "people.json").file("people.json", PEOPLE);
    let file = tiny.path("sync.c1z");
    let sync = || assert_eq!(tiny.run(&[]).status, 0);
    sync();
    assert_eq!(ids(&file, Resources::All), ["user:ada", "user:grace", "team:engines"]);
    assert_eq!(ids(&file, Entitlements::All), ["team:engines:member"]);
    assert_eq!(ids(&file, Grants::All), ["team:engines:member:user:ada"]);

    let grant = ["--grant-entitlement=team:engines:member", "--grant-principal-type=user", "--grant-principal=grace"];
    assert_eq!(tiny.run(&grant).status, 0);
    assert_eq!(tiny.run(&["--revoke-grant=team:engines:member:user:ada"]).status, 0);
    sync();
    assert_eq!(ids(&file, Grants::All), ["team:engines:member:user:grace"]);

    let outcome = tiny.run(&["--directory-file=none.json"]);
    assert_eq!(outcome.status, 5, "{}", outcome.stderr);
    assert_eq!(tiny.names(), ["people.json", "sync.c1z"]);
}

#[test]
fn the_document_says_what_is_so() {
    let here = Utf8Path::new(env!("CARGO_MANIFEST_DIR"));
    let document = here.join("../../docs/second-connector.md");
    let folder = Program::new("tiny_connector").file("people.json", PEOPLE);
    let examples = testkit::target_dir().unwrap().join("examples");
    testkit::document::replay(&document, &folder.path(""), &[&examples], &[]).unwrap();

    let source = std::fs::read_to_string(here.join("examples/tiny_connector.rs")).unwrap();
    let text = std::fs::read_to_string(&document).unwrap();
    let quotes: Vec<&str> = text.split("```rust\n").skip(1).map(|rest| rest.split("```").next().unwrap()).collect();
    assert!(!quotes.is_empty());
    for quote in quotes {
        assert!(source.contains(quote), "the example does not say\n{quote}");
    }
}
