//! The text form of a sync's state: the checkpoint token in `v1_sync_runs.sync_token`.
//!
//! Versions 1 and 2 are written, 0 is read as well. Every reader and writer of the format understands the same
//! token, so a sync begun by another program can be resumed here.

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::action::{Action, Operation};
use super::quality::{IngestQuality, is_default};
use super::state::{Carried, Flags, State};
use crate::error::{Error, Result};

/// The token of versions 1 and 2. Source: sync.md §1.1.
#[derive(Serialize, Deserialize)]
#[expect(clippy::struct_excessive_bools, reason = "the format has them")]
struct Token<'a> {
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    actions_map: BTreeMap<Cow<'a, str>, Cow<'a, Action>>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    action_order: Vec<Cow<'a, str>>,
    #[serde(default, skip_serializing_if = "is_default")]
    current_action_id: u64,
    #[serde(default, skip_serializing_if = "is_default")]
    needs_expansion: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    has_external_resource_grants: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    should_fetch_related_resources: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    should_skip_entitlements_and_grants: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    should_skip_grants: bool,
    #[serde(default, skip_serializing_if = "is_default")]
    completed_actions_count: u64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    step_durations_ms: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    connector_call_stats: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    session_store_stats: Option<Cow<'a, Value>>,
    #[serde(default, skip_serializing_if = "is_default_cow")]
    ingest_quality: Cow<'a, IngestQuality>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    compaction: Option<Cow<'a, Value>>,
    version: u32,
}

/// The token of older writers. Source: sync.md §1.1, V0.
#[derive(Default, Deserialize)]
#[serde(default)]
#[expect(clippy::struct_excessive_bools, reason = "the format has them")]
struct TokenV0 {
    actions: Vec<Action>,
    current_action: Option<Action>,
    needs_expansion: bool,
    has_external_resource_grants: bool,
    should_fetch_related_resources: bool,
    should_skip_entitlements_and_grants: bool,
    should_skip_grants: bool,
    completed_actions_count: u64,
}

/// The token of this state.
///
/// # Errors
/// Never in practice: every field is plain data.
pub(crate) fn write(state: &State) -> Result<String> {
    let actions = state.actions();
    let token = Token {
        actions_map: actions.iter().map(|action| (Cow::Borrowed(action.id.as_str()), for_token(action))).collect(),
        action_order: actions.iter().map(|action| Cow::Borrowed(action.id.as_str())).collect(),
        current_action_id: state.next_id(),
        needs_expansion: state.flags.needs_expansion,
        has_external_resource_grants: state.flags.has_external_resource_grants,
        should_fetch_related_resources: state.flags.fetch_related_resources,
        should_skip_entitlements_and_grants: state.flags.skip_entitlements_and_grants,
        should_skip_grants: state.flags.skip_grants,
        completed_actions_count: state.completed(),
        step_durations_ms: state.carried.step_durations_ms.as_ref().map(Cow::Borrowed),
        connector_call_stats: state.carried.connector_call_stats.as_ref().map(Cow::Borrowed),
        session_store_stats: state.carried.session_store_stats.as_ref().map(Cow::Borrowed),
        ingest_quality: Cow::Borrowed(&state.quality),
        compaction: state.carried.compaction.as_ref().map(Cow::Borrowed),
        version: if actions.iter().any(Action::needs_version_2) { 2 } else { 1 },
    };
    serde_json::to_string(&token).map_err(|error| Error::unknown("write the sync token").with_source(error))
}

/// The state that a token describes; a fresh state for the empty text.
///
/// # Errors
/// When the text is neither of the three versions.
pub(crate) fn read(text: &str) -> Result<State> {
    if text.is_empty() {
        return Ok(State::fresh());
    }
    let unreadable = |error| {
        Error::unknown("the unfinished sync in the file has an unreadable checkpoint; hint: remove the file")
            .with_source(error)
    };
    let version: Version = serde_json::from_str(text).map_err(unreadable)?;
    if matches!(version.version, Some(1 | 2)) {
        Ok(from_token(serde_json::from_str(text).map_err(unreadable)?))
    } else {
        Ok(from_v0(serde_json::from_str(text).map_err(unreadable)?))
    }
}

#[derive(Deserialize)]
struct Version {
    version: Option<u32>,
}

fn from_token(mut token: Token<'_>) -> State {
    let actions = token
        .action_order
        .iter()
        .filter_map(|id| token.actions_map.remove(id).map(Cow::into_owned))
        .map(without_graph)
        .collect();
    let mut state = State::restored(actions, token.current_action_id, token.completed_actions_count);
    state.flags = Flags {
        needs_expansion: token.needs_expansion,
        has_external_resource_grants: token.has_external_resource_grants,
        fetch_related_resources: token.should_fetch_related_resources,
        skip_entitlements_and_grants: token.should_skip_entitlements_and_grants,
        skip_grants: token.should_skip_grants,
    };
    state.quality = token.ingest_quality.into_owned();
    state.carried = Carried {
        step_durations_ms: token.step_durations_ms.map(Cow::into_owned),
        connector_call_stats: token.connector_call_stats.map(Cow::into_owned),
        session_store_stats: token.session_store_stats.map(Cow::into_owned),
        compaction: token.compaction.map(Cow::into_owned),
    };
    state
}

fn from_v0(token: TokenV0) -> State {
    let mut state = State::restored(Vec::new(), 0, token.completed_actions_count);
    for action in token.actions.into_iter().chain(token.current_action) {
        state.push(without_graph(action));
    }
    state.flags = Flags {
        needs_expansion: token.needs_expansion,
        has_external_resource_grants: token.has_external_resource_grants,
        fetch_related_resources: token.should_fetch_related_resources,
        skip_entitlements_and_grants: token.should_skip_entitlements_and_grants,
        skip_grants: token.should_skip_grants,
    };
    state
}

/// The entitlement graph is rebuilt from the stored grants, so a cursor into it means nothing to the next process.
fn without_graph(mut action: Action) -> Action {
    if action.operation == Operation::GrantExpansion {
        action.page_token.clear();
    }
    action
}

fn for_token(action: &Action) -> Cow<'_, Action> {
    if action.operation == Operation::GrantExpansion && !action.page_token.is_empty() {
        Cow::Owned(without_graph(action.clone()))
    } else {
        Cow::Borrowed(action)
    }
}

#[expect(clippy::ptr_arg, reason = "the signature that serde calls")]
fn is_default_cow(value: &Cow<'_, IngestQuality>) -> bool {
    is_default(value.as_ref())
}

#[cfg(test)]
mod tests;
