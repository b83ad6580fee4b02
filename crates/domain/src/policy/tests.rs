use super::*;

#[test]
fn the_policies_that_come_along_are_sound_and_have_one_name_each() {
    let all = builtins();
    for builtin in &all {
        assert_eq!(builtin.policy.check(), Ok(()), "{}", builtin.key);
        let text = serde_json::to_string(&builtin.policy).unwrap();
        assert_eq!(serde_json::from_str::<Policy>(&text).unwrap(), builtin.policy);
    }
    let mut keys: Vec<_> = all.iter().map(|builtin| builtin.key).collect();
    keys.sort_unstable();
    keys.dedup();
    assert_eq!(keys.len(), all.len());
    for (key, kind) in [(DEFAULT_REQUEST, Kind::Request), (DEFAULT_REVOKE, Kind::Revoke)] {
        assert!(all.iter().any(|builtin| builtin.key == key && builtin.kind == kind), "{key}");
    }
}

#[test]
fn a_policy_reads_as_it_is_written() {
    let text = r#"{"rules": [{"condition": "request.emergency", "action": {"type": "approve"}}],
        "baseline": {"type": "steps", "steps": [{"who": {"type": "manager"}}, {"who": {"type": "self"}, "allowSelf": true}]}}"#;
    let policy: Policy = serde_json::from_str(text).unwrap();
    let Action::Steps { steps } = &policy.baseline else { panic!("{policy:?}") };
    assert_eq!(steps[0], Step::of(Who::Manager { level: 1 }));
    assert!(steps[1].allow_self);
    for wrong in [r#"{"baseline": {"type": "aprove"}}"#, r#"{"baseline": {"type": "approve"}, "rule": []}"#] {
        assert!(serde_json::from_str::<Policy>(wrong).is_err(), "{wrong}");
    }
}

#[test]
fn what_nobody_could_agree_to_is_refused_with_its_place() {
    for (text, field) in [
        (r#"{"baseline": {"type": "steps", "steps": []}}"#, "baseline.steps"),
        (
            r#"{"baseline": {"type": "steps", "steps": [{"who": {"type": "people", "people": []}}]}}"#,
            "baseline.steps[0].who",
        ),
        (
            r#"{"rules": [{"action": {"type": "steps", "steps": [{"who": {"type": "manager", "level": 0}}]}}],
                "baseline": {"type": "deny"}}"#,
            "rules[0].action.steps[0].who",
        ),
        (
            r#"{"rules": [{"condition": " ", "action": {"type": "deny"}}], "baseline": {"type": "deny"}}"#,
            "rules[0].condition",
        ),
        (
            r#"{"rules": [{"condition": "subject.shoe == 3", "action": {"type": "deny"}}], "baseline": {"type": "deny"}}"#,
            "rules[0].condition",
        ),
        (
            r#"{"baseline": {"type": "steps", "steps": [{"who": {"type": "expression", "expression": "true"}}]}}"#,
            "baseline.steps[0].who.expression",
        ),
        (
            r#"{"baseline": {"type": "steps", "steps":
                [{"who": {"type": "self"}, "fallback": {"type": "people", "people": []}}]}}"#,
            "baseline.steps[0].fallback",
        ),
        (
            r#"{"baseline": {"type": "steps", "steps":
                [{"who": {"type": "self"}, "sla": {"after": "PT4M", "then": {"type": "skip"}}}]}}"#,
            "baseline.steps[0].sla.after",
        ),
    ] {
        let policy: Policy = serde_json::from_str(text).unwrap();
        assert_eq!(policy.check().unwrap_err().field, field);
    }
    let rule = Rule { condition: None, action: Action::Deny };
    let many = Policy { rules: vec![rule; MOST_RULES + 1], baseline: Action::Deny };
    assert_eq!(many.check().unwrap_err().field, "rules");
}
