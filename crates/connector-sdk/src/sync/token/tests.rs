use super::super::quality::Reason;
use super::*;

fn check_round_trip(text: &str) {
    let state = read(text).unwrap();
    assert_eq!(write(&state).unwrap(), text);
    assert_eq!(read(&write(&state).unwrap()).unwrap(), state);
}

#[test]
fn tokens_keep_their_exact_text() {
    for text in [
        // The end of a plain full sync, as other writers leave it.
        r#"{"current_action_id":15,"completed_actions_count":15,"ingest_quality":{"source_cache_replay_blocked":true,"reason_flags":32},"version":1}"#,
        r#"{"actions_map":{"0000000000":{"id":"0000000000","operation":"init"}},"action_order":["0000000000"],"current_action_id":1,"version":1}"#,
        r#"{"actions_map":{"0000000003":{"id":"0000000003","operation":"list-grants","page_token":"10001"},"0000000004":{"id":"0000000004","operation":"list-grants","page_token":"next","resource_type_id":"role","resource_id":"editor"}},"action_order":["0000000003","0000000004"],"current_action_id":5,"needs_expansion":true,"has_external_resource_grants":true,"completed_actions_count":3,"version":1}"#,
        r#"{"actions_map":{"0000000007":{"id":"0000000007","operation":"list-entitlements","page_token":"b","resource_type_id":"team","spawned":true,"type_scoped":true}},"action_order":["0000000007"],"current_action_id":8,"should_fetch_related_resources":true,"should_skip_entitlements_and_grants":true,"should_skip_grants":true,"completed_actions_count":6,"version":2}"#,
        r#"{"actions_map":{"0000000001":{"id":"0000000001","operation":"list-resources","resource_type_id":"user","parent_resource_type_id":"team","parent_resource_id":"t1"}},"action_order":["0000000001"],"current_action_id":2,"step_durations_ms":{"list-resources":12},"connector_call_stats":{"ListResources":{"count":1,"total_ms":3,"max_ms":3}},"version":1}"#,
        r#"{"version":1}"#,
    ] {
        check_round_trip(text);
    }
}

#[test]
fn a_fresh_state_holds_one_init_step() {
    let state = read("").unwrap();
    assert_eq!(state, State::fresh());
    assert_eq!(state.top().unwrap().operation, Operation::Init);
}

#[test]
fn the_old_version_is_numbered_from_the_bottom() {
    let text = r#"{"actions":[{"operation":"list-grants"},{"operation":"grant-expansion","page_token":"x"}],
        "current_action":{"operation":"list-resources","resource_type_id":"user","page_token":"101"},
        "needs_expansion":true,"completed_actions_count":4}"#;
    let state = read(text).unwrap();
    assert_eq!(
        write(&state).unwrap(),
        r#"{"actions_map":{"0000000000":{"id":"0000000000","operation":"list-grants"},"0000000001":{"id":"0000000001","operation":"grant-expansion"},"0000000002":{"id":"0000000002","operation":"list-resources","page_token":"101","resource_type_id":"user"}},"action_order":["0000000000","0000000001","0000000002"],"current_action_id":3,"needs_expansion":true,"completed_actions_count":4,"version":1}"#
    );
}

#[test]
fn a_version_of_the_future_is_read_like_the_old_one() {
    let state = read(r#"{"version":3,"current_action":{"operation":"teleport"}}"#).unwrap();
    assert_eq!(state.top().unwrap().operation, Operation::Unknown);
}

#[test]
fn the_cursor_of_an_expansion_is_not_kept() {
    let text = r#"{"actions_map":{"0000000001":{"id":"0000000001","operation":"grant-expansion","page_token":"7"}},"action_order":["0000000001"],"current_action_id":2,"entitlement_graph":{"edges":{}},"version":1}"#;
    let state = read(text).unwrap();
    assert_eq!(state.top().unwrap().page_token, "");

    let mut running = State::fresh();
    let id = running.push(Action::new(Operation::GrantExpansion));
    running.set_page_token(&id, "7".to_owned());
    assert!(!write(&running).unwrap().contains("page_token"));
}

#[test]
fn quality_notes_reach_the_token() {
    let mut state = State::restored(Vec::new(), 15, 15);
    state.quality.note(Reason::Unchecked);
    state.quality.note(Reason::GrantDropped);
    state.quality.grants_dropped = 2;
    assert_eq!(
        write(&state).unwrap(),
        r#"{"current_action_id":15,"completed_actions_count":15,"ingest_quality":{"source_cache_replay_blocked":true,"grants_dropped":2,"reason_flags":34},"version":1}"#
    );
}

#[test]
fn a_broken_token_names_the_way_out() {
    for text in ["{", "[]", r#"{"version":1,"action_order":7}"#] {
        let error = read(text).unwrap_err();
        assert!(error.to_string().contains("hint: "), "{text}: {error}");
    }
}
