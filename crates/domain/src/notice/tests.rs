use serde_json::{Value, json};

use super::*;
use crate::actor::{Actor, Part};
use crate::audit::{Object, Via};

fn event(action: &str, after: Value) -> Event {
    let actor = Actor::System(Part::Timer);
    Event::new(&actor, Via::Timer, action, Object::new("request", "r1")).with_change(Value::Null, after)
}

#[test]
fn only_what_somebody_should_know_is_told() {
    for (action, after, template) in [
        ("step.opened", json!({}), Some(Template::StepOpened)),
        ("step.fell_back", json!({}), Some(Template::StepReassigned)),
        ("step.fell_back", json!({"lastResort": true}), Some(Template::LastResort)),
        ("request.created", json!({"emergency": false}), None),
        ("request.created", json!({"emergency": true}), Some(Template::EmergencyUsed)),
        ("finding.opened", json!({"type": "app_without_owner"}), Some(Template::FindingOpened)),
        // The access that appeared is told of already.
        ("finding.opened", json!({"type": "granted_outside"}), None),
        ("credential.retired", json!({"state": "expired"}), None),
        ("credential.retired", json!({"state": "retiring"}), Some(Template::CredentialRetiring)),
        ("step.reminded", json!({}), Some(Template::StepReminded)),
        ("connector.edited", json!({"name": "x"}), None),
        ("connector.edited", json!({"owners": []}), Some(Template::SetUpAsked)),
        ("grant.expiry_changed", json!({"expiresAt": "2026-11-23T08:00:00Z"}), None),
        ("grant.proved", json!({}), None),
    ] {
        assert_eq!(Rule::of(&event(action, after)).map(|rule| rule.template), template, "{action}");
    }
}

#[test]
fn every_kind_has_words_of_one_line_each_and_a_link() {
    let mut payload = Payload::new(Object::new("request", "r1"));
    payload.person = Some("Ada\r\nBcc: everybody@example.com".to_owned());
    payload.reason = Some("because\nit is so".to_owned());
    payload.ends_at = Some("2026-11-23T08:00:00.123Z".parse().unwrap());
    for template in Template::ALL {
        let words = payload.words(*template);
        assert!(!words.title.contains(['\r', '\n']), "{}", words.title);
        assert!(words.details.iter().all(|line| !line.contains(['\r', '\n'])), "{:?}", words.details);
        assert_eq!(words.path, "/requests/r1");
        assert_eq!(words.details.len(), 2);
    }
    payload.wish =
        Some(Wish { by: None, duration: Some(jiff::SignedDuration::from_hours(4)), reason: "a\nb".to_owned() });
    assert_eq!(payload.words(Template::StepOpened).details[0], "Asked by a machine, for 4h: a b");
    payload.asked = Some(crate::request::Kind::Revoke);
    assert_eq!(
        payload.words(Template::RequestDenied).title,
        "Denied: the end of access to an app for Ada  Bcc: everybody@example.com"
    );
    payload.asked = None;
    payload.wish = None;
    assert_eq!(payload.words(Template::GrantEndsSoon).details[0], "Ends: 2026-11-23T08:00:00Z");
    let stored = serde_json::to_string(&payload).unwrap();
    assert_eq!(serde_json::from_str::<Payload>(&stored).unwrap(), payload);
}
