//! Creating accounts. Source of the rules: connector-cli §11.7; whimsical-scim §3.4.

use baton_whimsical::model::Role;
use connector_sdk::connector::CreateAccountOutcome;
use connector_sdk::error::Code;
use serde_json::json;

use crate::lab::{EXTENSION, Lab, assert_fails, existed, made};
use crate::scripted::{Reply, Server};

#[tokio::test]
async fn a_new_user_is_pending_with_the_role_asked_for() {
    let lab = Lab::new();
    for (login, editor, role) in [
        ("a@example.com", Some(true), "(editor)"),
        ("b@example.com", Some(false), "(viewer)"),
        ("c@example.com", None, "(viewer)"),
    ] {
        let editor: Vec<_> = editor.map(|editor| ("editor", editor.into())).into_iter().collect();
        let user = made(lab.subject.create(login, &editor).await);
        assert_eq!(lab.role(&user), role, "{login}");
    }
}

#[tokio::test]
async fn the_default_role_of_the_workspace_counts_when_none_is_asked_for() {
    let lab = Lab::new();
    lab.workspace.send("PATCH", "/api/workspace", r#"{"default_role":"editor"}"#).unwrap();
    let user = made(lab.subject.create("new@example.com", &[]).await);
    assert_eq!(lab.role(&user), "(editor)");
}

#[tokio::test]
async fn the_address_is_sent_in_lower_case_and_the_names_with_it() {
    let lab = Lab::new();
    let profile = [("first_name", "Ada".into()), ("last_name", "King".into())];
    let user = made(lab.subject.create(" New.Person@Example.COM ", &profile).await);
    let seen = lab.scim(&user).await;
    assert_eq!(seen["userName"], "new.person@example.com");
    assert_eq!(seen["emails"][0]["value"], "new.person@example.com");
    assert_eq!(seen["name"]["familyName"], "King");
}

#[tokio::test]
async fn what_is_no_address_is_refused_before_anything_is_sent() {
    let server = Server::start(|_, _| Reply::json(500, &json!({})));
    assert_fails(server.subject().create("ada", &[]).await, Code::InvalidArgument, "`ada`");
    assert_eq!(server.requests().len(), 0);
}

#[tokio::test]
async fn whoever_is_there_already_is_linked() {
    let lab = Lab::new();
    let user = made(lab.subject.create("new@example.com", &[("editor", false.into())]).await);
    assert_eq!(existed(lab.subject.create("new@example.com", &[]).await), user);
    assert_eq!(existed(lab.subject.create("NEW@example.com", &[("editor", false.into())]).await), user);
    assert_eq!(lab.role(&user), "(viewer)");
    assert_eq!(existed(lab.subject.create("new@example.com", &[("editor", true.into())]).await), user);
    assert_eq!(lab.role(&user), "(editor)");
}

#[tokio::test]
async fn a_member_who_came_by_hand_keeps_id_and_role() {
    for switches in [[].as_slice(), &["--post-existing", "link_200"], &["--post-existing", "conflict_409"]] {
        let lab = Lab::with(switches);
        let (mut by_hand, members) = (None, [lab.members(Role::Editor), lab.members(Role::Viewer)].concat());
        for member in members {
            let seen = lab.scim(&member).await;
            if seen.get("externalId").is_none() {
                by_hand = Some((member, seen));
            }
        }
        let (user, before) = by_hand.unwrap();
        let role = lab.role(&user);
        let outcome = lab.subject.create(before["userName"].as_str().unwrap(), &[]).await.unwrap();
        let (CreateAccountOutcome::Success(resource) | CreateAccountOutcome::AlreadyExists(resource)) = outcome else {
            panic!("{outcome:?}");
        };
        assert_eq!((crate::lab::id(&resource), lab.role(&user)), (user, role), "{switches:?}");
    }
}

#[tokio::test]
async fn one_who_was_removed_comes_back_in_the_role_asked_for() {
    for (switches, brackets) in [([].as_slice(), false), (&["--reactivate", "pending"], true)] {
        for (editor, role) in [(None, "viewer"), (Some(true), "editor"), (Some(false), "viewer")] {
            let lab = Lab::with(switches);
            let user = lab.member(Role::Viewer);
            let address = lab.scim(&user).await["userName"].as_str().unwrap().to_owned();
            lab.remove(&user);
            let profile: Vec<_> = editor.map(|editor| ("editor", editor.into())).into_iter().collect();
            assert_eq!(made(lab.subject.create(&address, &profile).await), user);
            let role = if brackets { format!("({role})") } else { role.to_owned() };
            assert_eq!(lab.role(&user), role, "{switches:?} {editor:?}");
        }
    }
}

#[tokio::test]
async fn without_filters_the_conflict_is_resolved_by_reading_everybody() {
    let lab = Lab::with(&["--list-cap", "4"]);
    let user = made(lab.subject.create("zoe@example.com", &[]).await);
    for fault in [json!({"kind": "not_found_for_empty_filter"}), json!({"kind": "plain_conflict"})] {
        lab.spoil("POST", "/Users", 1, &fault);
    }
    lab.spoil("GET", "filter=", 1, &json!({"kind": "status", "status": 501}));
    assert_eq!(existed(lab.subject.create("zoe@example.com", &[]).await), user);

    // A service that takes no notice of the filter answers with everybody.
    let users = |start: u64| {
        let all = [("1", "ann@example.com"), ("2", "bob@example.com"), ("3", "Zoe@Example.com")];
        let rest = all.iter().skip(usize::try_from(start).unwrap() - 1);
        let users: Vec<_> = rest.map(|(id, name)| json!({"id": id, "userName": name, EXTENSION: {}})).collect();
        json!({"totalResults": 3, "Resources": users})
    };
    let server = Server::start(move |request, _| match request.method.as_str() {
        "POST" => Reply::json(409, &json!({"detail": "There is one."})),
        _ => Reply::json(200, &users(request.start_index())),
    });
    assert_eq!(existed(server.subject().create("zoe@example.com", &[]).await), "3");
    assert_fails(server.subject().create("eve@example.com", &[]).await, Code::AlreadyExists, "There is one");
}

#[tokio::test]
async fn a_conflict_with_nobody_to_be_found_stays_a_conflict() {
    let server = Server::start(|request, _| match request.method.as_str() {
        "POST" => Reply::json(409, &json!({"detail": "The address is taken.", "scimType": "uniqueness"})),
        _ => Reply::json(200, &json!({"totalResults": 0, "Resources": []})),
    });
    assert_fails(server.subject().create("a@example.com", &[]).await, Code::AlreadyExists, "The address is taken");
}

#[tokio::test]
async fn an_answer_without_a_body_is_followed_up() {
    let user = json!({"id": "u7", "userName": "a@example.com", EXTENSION: {"editor": false}});
    let list = |users: &[serde_json::Value]| json!({"totalResults": users.len(), "Resources": users});
    let (known, nobody) = (list(std::slice::from_ref(&user)), list(&[]));
    // With a Location.
    let one = user.clone();
    let server = Server::start(move |request, _| match request.method.as_str() {
        "POST" => Reply::empty(201).header("Location", "/scim-v2/Users/u7"),
        _ => Reply::json(200, &one),
    });
    assert_eq!(made(server.subject().create("a@example.com", &[]).await), "u7");
    assert_eq!(server.requests().last().unwrap().path, "/scim-v2/Users/u7");
    // Without, but with a user who can be found; a Location elsewhere is not followed.
    for location in ["", "https://elsewhere.example.com/scim-v2/Users/u7"] {
        let known = known.clone();
        let server = Server::start(move |request, _| match request.method.as_str() {
            "POST" => Reply::empty(204).header("Location", location),
            _ => Reply::json(200, &known),
        });
        assert_eq!(made(server.subject().create("a@example.com", &[]).await), "u7");
    }
    // With nobody to be found: somebody has to sign in first.
    for answer in [Reply::empty(200), Reply::json(202, &json!({"status": "invited"}))] {
        let nobody = nobody.clone();
        let server = Server::start(move |request, _| match request.method.as_str() {
            "POST" => answer.clone(),
            _ => Reply::json(200, &nobody),
        });
        match server.subject().create("a@example.com", &[]).await.unwrap() {
            CreateAccountOutcome::ActionRequired { resource: None, message } => {
                assert!(message.contains("a@example.com") && message.contains("sign in"), "{message}");
            }
            other => panic!("{other:?}"),
        }
    }
}

#[tokio::test]
async fn a_link_that_changes_nothing_is_an_error() {
    let user = json!({"id": "u7", "userName": "a@example.com", "active": false, EXTENSION: {"editor": false}});
    let server = Server::start(move |request, _| match request.method.as_str() {
        "POST" => Reply::json(409, &json!({})),
        "PATCH" => Reply::json(200, &user),
        _ => Reply::json(200, &json!({"totalResults": 1, "Resources": [user]})),
    });
    assert_fails(server.subject().create("a@example.com", &[]).await, Code::Internal, "did not apply");
}
