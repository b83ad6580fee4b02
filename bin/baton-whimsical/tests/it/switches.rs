//! The whole life of a user under every reading of what the real service leaves unknown.
//! Source of the switches: whimsical-scim §2.12.

use baton_whimsical::model::Role;
use connector_sdk::connector::Connector as _;

use crate::lab::{Lab, grant, made};

/// What a client may notice of a switch.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Sees {
    Everything,
    NoRoles,
    NoRolesOfUnmanaged,
    PendingUsersStay,
}

#[tokio::test]
async fn a_user_lives_the_same_life_in_every_reading() {
    use Sees::{Everything, NoRoles, NoRolesOfUnmanaged, PendingUsersStay};
    let readings: [(&[&str], Sees); 19] = [
        (&[], Everything),
        (&["--strict"], Everything),
        (&["--groups", "empty_list"], Everything),
        (&["--groups", "not_found"], Everything),
        (&["--removed", "hide"], Everything),
        (&["--username-change", "reject"], Everything),
        (&["--email-case", "fold"], Everything),
        (&["--names-after-create", "reject"], Everything),
        (&["--patch-status", "204"], Everything),
        (&["--delete-of-pending", "404"], PendingUsersStay),
        (&["--return-editor", "never"], NoRoles),
        (&["--return-editor", "managed_only"], NoRolesOfUnmanaged),
        (&["--bool-style", "string"], Everything),
        (&["--list-cap", "1"], Everything),
        (&["--list-cap", "7"], Everything),
        (&["--discovery", "off"], Everything),
        (&["--discovery-auth", "off"], Everything),
        (&["--etag", "off"], Everything),
        (&["--cursor", "off"], Everything),
    ];
    for (switches, sees) in readings {
        live(&Lab::with(switches), sees, switches).await;
    }
}

async fn live(lab: &Lab, sees: Sees, switches: &[&str]) {
    let subject = &lab.subject;
    let role = |user: &str| lab.role(user);
    subject.0.validate().await.unwrap();
    let before = subject.list().await.unwrap();
    for (user, grants) in &before {
        let expected: Vec<String> = match role(user).as_str() {
            _ if sees == Sees::NoRoles => Vec::new(),
            "none" => Vec::new(),
            "viewer" | "(viewer)" => vec![grant(Role::Viewer, user).id],
            _ => vec![grant(Role::Editor, user).id],
        };
        let is_hidden = sees == Sees::NoRolesOfUnmanaged && grants.is_empty();
        assert!(is_hidden || *grants == expected, "{switches:?} {user} {grants:?}");
    }
    let profile = [("first_name", "Ada".into()), ("last_name", "King".into()), ("editor", false.into())];
    let user = made(subject.create("New@Example.com", &profile).await);
    assert_eq!(role(&user), "(viewer)", "{switches:?}");
    subject.grant(Role::Editor, &user).await.unwrap();
    assert_eq!(role(&user), "(editor)", "{switches:?}");
    subject.revoke(Role::Editor, &user).await.unwrap();
    assert_eq!(role(&user), "(viewer)", "{switches:?}");
    subject.delete(&user).await.unwrap();
    let mut after = subject.list().await.unwrap();
    if sees == Sees::PendingUsersStay {
        assert!(after.remove(&user).is_some(), "{switches:?}");
    }
    assert_eq!(after, before, "{switches:?}");

    // The same for one who has been a member for long.
    let user = lab.member(Role::Editor);
    subject.revoke(Role::Editor, &user).await.unwrap();
    assert_eq!(role(&user), "viewer", "{switches:?}");
    subject.grant(Role::Editor, &user).await.unwrap();
    assert_eq!(role(&user), "editor", "{switches:?}");
    subject.delete(&user).await.unwrap();
    assert_eq!(role(&user), "none", "{switches:?}");
    assert!(!subject.list().await.unwrap().contains_key(&user), "{switches:?}");
}

#[tokio::test]
async fn one_who_is_hidden_after_removal_comes_back_as_somebody_new() {
    let lab = Lab::with(&["--removed", "hide"]);
    let user = lab.member(Role::Editor);
    let address = lab.scim(&user).await["userName"].as_str().unwrap().to_owned();
    lab.remove(&user);
    assert!(!lab.subject.list().await.unwrap().contains_key(&user));
    let again = made(lab.subject.create(&address, &[]).await);
    assert_ne!(again, user);
    assert_eq!(lab.role(&again), "(viewer)");
}
