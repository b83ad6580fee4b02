use prost_types::value::Kind;
use proto::Struct;
use proto::c1::connector::v2::{AgentTrait, Resource, UserTrait, user_trait};

use super::{Any, Message, Name, Status, person};

fn any<M: Message + Name>(message: &M) -> Any {
    Any { type_url: format!("type.googleapis.com/{}", M::full_name()), value: message.encode_to_vec() }
}

fn names(first: &str) -> Struct {
    let value = proto::Value { kind: Some(Kind::StringValue(first.into())) };
    Struct { fields: [("first_name".to_owned(), value)].into() }
}

fn check(resource: &Resource, expect: Option<(&str, &str, &str)>) {
    let found = person(&resource.encode_to_vec()).unwrap();
    assert_eq!(found.as_ref().map(|p| (p.first_name.as_str(), p.email.as_str(), p.status)), expect);
}

#[test]
fn the_resource_goes_before_its_traits() {
    let email = |address: &str, is_primary| user_trait::Email { address: address.into(), is_primary };
    let user = UserTrait {
        emails: vec![email("other@example.com", false), email("ada@example.com", true)],
        ..UserTrait::default()
    };
    let trait_status = |status: i32| Some(user_trait::Status { status, ..user_trait::Status::default() });
    let status = |status: i32| Some(Status { status, ..Status::default() });

    check(&Resource::default(), None);
    check(&Resource { annotations: vec![any(&user)], ..Resource::default() }, Some(("", "ada@example.com", "Enabled")));
    let older = UserTrait { profile: Some(names("Trait")), status: trait_status(2), ..user.clone() };
    check(
        &Resource { annotations: vec![any(&older)], ..Resource::default() },
        Some(("Trait", "ada@example.com", "Disabled")),
    );
    check(
        &Resource {
            annotations: vec![any(&older)],
            profile: Some(names("Own")),
            status: status(3),
            ..Resource::default()
        },
        Some(("Own", "ada@example.com", "Deleted")),
    );
    let agent = AgentTrait { status: 2, profile: Some(names("Agent")), ..AgentTrait::default() };
    check(
        &Resource { annotations: vec![any(&agent), any(&UserTrait::default())], ..Resource::default() },
        Some(("Agent", "", "Disabled")),
    );
    check(
        &Resource { annotations: vec![any(&user)], status: status(0), ..Resource::default() },
        Some(("", "ada@example.com", "Unknown")),
    );
}
