//! Tables and trees for people.

use crate::support::{Folder, entitlement, fixture, grant, on, resource, roles, run, user, users, write_sync};

fn check(arguments: &[&str], expect: &str) {
    let outcome = on(&fixture("users25-sqlite.c1z"), arguments);
    assert_eq!((outcome.code, outcome.err.as_str()), (0, ""), "{arguments:?}");
    assert_eq!(outcome.out, expect, "{arguments:?}");
}

#[test]
fn tables_are_those_of_the_upstream_explorer() {
    let types = "\
ID   | Display Name | Traits    
user | User         | TRAIT_USER
role | Role         | TRAIT_ROLE

";
    check(&["resource-types"], types);
    // Any other word for the format means the console.
    check(&["-o", "yaml", "resource-types"], types);
    check(
        &["resources", "-t", "role"],
        "\
ID     | Display Name | Resource Type | Parent Resource
editor | editor       | Role          | -              
viewer | viewer       | Role          | -              

",
    );
    check(
        &["entitlements"],
        "\
ID                   | Display Name | Resource Type | Resource | Permission
role:viewer:assigned | assigned     | Role          | viewer   | assigned  
role:editor:assigned | assigned     | Role          | editor   | assigned  

",
    );
    check(&["grants", "-e", "nothing"], "ID | Resource Type | Resource | Entitlement | Principal\n\n");
    check(
        &["access", "-t", "user", "-r", "usr_00000003"],
        "\
└─┬Effective Access for user3@example.com (user)
  └─┬editor (Role)
    └──assigned

",
    );
}

#[test]
fn stats_are_three_tables() {
    let outcome = on(&fixture("users25-sqlite.c1z"), &["stats"]);
    let lines: Vec<&str> = outcome.out.lines().map(str::trim_end).collect();
    let token = lines[8].strip_prefix("Sync Token     | ").unwrap();
    assert!(token.starts_with("{\"current_action_id\":15,"), "{token}");
    let expect = [
        "Field          | Value",
        "Engine         | sqlite",
        "Sync ID        | 3MUMswcdyU96zDWYtH2uRy6IBwm",
        "Sync Type      | full",
        "Parent Sync ID |",
        "Started At     | 2026-11-23T02:28:22Z",
        "Ended At       | 2026-11-23T02:28:22Z",
        "Duration       | 0s",
        lines[8],
        "",
        "",
        "Type           | Count",
        "Resource Types | 2",
        "Resources      | 27",
        "Entitlements   | 2",
        "Grants         | 25",
        "",
        "",
        "Resource Type | Resources | Entitlements | Grants",
        "role          | 2         | 2            | 25",
        "user          | 25        | 0            | 0",
        "",
    ];
    assert_eq!(lines, expect);
}

#[test]
fn holders_of_two_entitlements_are_compared() {
    let file = fixture("users25-28-sqlite.c1z");
    let other = fixture("users25-sqlite.c1z");
    let compare = |format: &str, entitlement: &str| {
        let arguments = ["-o", format, "principals", "compare", "-e", "role:viewer:assigned", "--compare-file"];
        on(&file, &[&arguments[..], &[other.as_str(), "--compare-entitlement", entitlement]].concat())
    };
    assert_eq!(
        compare("console", "role:viewer:assigned").out,
        "
                            
     Missing Principals     
                            

ID           | Display Name       | Resource Type | Parent Resource
usr_00000026 | user26@example.com | User          | -              
usr_00000028 | user28@example.com | User          | -              

"
    );
    let json = compare("json", "role:editor:assigned").json();
    let length = |list: &str| json[list].as_array().unwrap().len();
    assert_eq!(["missing", "extra", "base", "compared"].map(length), [19, 8, 19, 8]);

    let same = ["principals", "compare", "-e", "role:viewer:assigned", "--compare-file", file.as_str()];
    let same = on(&file, &[&same[..], &["--compare-entitlement", "role:viewer:assigned"]].concat());
    assert_eq!(same.out, "The principals between these entitlements appear to match!");
}

#[test]
fn colours_are_on_unless_no_color_is_set() {
    let file = fixture("users25-sqlite.c1z");
    let arguments = ["-f", file.as_str(), "resource-types"];
    for (no_color, is_coloured) in [(None, true), (Some(""), true), (Some("1"), false)] {
        assert_eq!(run(&arguments, no_color).out.contains('\u{1b}'), is_coloured, "{no_color:?}");
    }
}

#[test]
fn a_name_cannot_steer_the_terminal() {
    let folder = Folder::new();
    let file = folder.join("sync.c1z");
    let name = "Ada\u{1b}]0;owned\u{7}\r\n\u{9b}2J\u{202e}";
    write_sync(&file, |store| {
        let viewer = entitlement("viewer", "assi\u{1b}gned");
        store.put(&[roles(), users()]).unwrap();
        store.put(&[resource("role", "viewer", name), user("1\u{7}", name)]).unwrap();
        store.put(std::slice::from_ref(&viewer)).unwrap();
        store.put(&[grant(&viewer, "1\u{7}")]).unwrap();
    });
    for command in ["resources", "entitlements", "grants", "principals", "access"] {
        let mut arguments = vec![command];
        if command == "access" {
            arguments.extend(["-t", "user", "-r", "1\u{7}"]);
        }
        let out = on(&file, &arguments).out;
        assert!(out.contains("Ada\u{fffd}"), "{command}: {out:?}");
        let steering = |letter: char| letter.is_control() && letter != '\n' || letter == '\u{202e}';
        assert!(!out.contains(steering), "{command}: {out:?}");
    }
    let json = on(&file, &["-o", "json", "resources"]).json();
    assert_eq!(json["resources"][0]["resource"]["displayName"], name, "programs get the name as it is");
}
