//! What is left to do in a sync: a stack of steps, and what was found out on the way.
//!
//! Start at [`State`]. It is pure data: the engine keeps it behind a lock and writes it with [`super::token`].

use serde_json::Value;

use super::action::{Action, Operation};
use super::quality::IngestQuality;

/// The plan of a sync.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct State {
    /// Bottom first; the last one is next.
    stack: Vec<Action>,
    next_id: u64,
    completed: u64,
    pub(crate) flags: Flags,
    pub(crate) quality: IngestQuality,
    pub(crate) carried: Carried,
}

/// What was found out or decided on the way.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "five independent flags of the token format")]
pub(crate) struct Flags {
    pub(crate) needs_expansion: bool,
    pub(crate) has_external_resource_grants: bool,
    pub(crate) fetch_related_resources: bool,
    pub(crate) skip_entitlements_and_grants: bool,
    pub(crate) skip_grants: bool,
}

/// Parts of a token that other writers fill: kept as they came.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Carried {
    pub(crate) step_durations_ms: Option<Value>,
    pub(crate) connector_call_stats: Option<Value>,
    pub(crate) session_store_stats: Option<Value>,
    pub(crate) compaction: Option<Value>,
}

impl State {
    /// A sync that has not begun: one `init` step.
    pub(crate) fn fresh() -> Self {
        let mut state = Self::restored(Vec::new(), 0, 0);
        state.push(Action::new(Operation::Init));
        state
    }

    /// The state with these steps, bottom first.
    pub(crate) fn restored(stack: Vec<Action>, next_id: u64, completed: u64) -> Self {
        Self {
            stack,
            next_id,
            completed,
            flags: Flags::default(),
            quality: IngestQuality::default(),
            carried: Carried::default(),
        }
    }

    /// The steps, bottom first.
    pub(crate) fn actions(&self) -> &[Action] {
        &self.stack
    }

    /// The number that the next step gets.
    pub(crate) fn next_id(&self) -> u64 {
        self.next_id
    }

    /// How many steps are done.
    pub(crate) fn completed(&self) -> u64 {
        self.completed
    }

    /// The step to do next.
    pub(crate) fn top(&self) -> Option<&Action> {
        self.stack.last()
    }

    /// Puts the step on top, with a new id, and returns that id.
    pub(crate) fn push(&mut self, mut action: Action) -> String {
        action.id = format!("{:010}", self.next_id);
        self.next_id += 1;
        let id = action.id.clone();
        self.stack.push(action);
        id
    }

    /// Sets where the step goes on.
    pub(crate) fn set_page_token(&mut self, id: &str, page_token: String) {
        if let Some(action) = self.find(id) {
            action.page_token = page_token;
        }
    }

    /// Takes the step off; it is done.
    pub(crate) fn finish(&mut self, id: &str) {
        if let Some(at) = self.stack.iter().rposition(|action| action.id == id) {
            self.stack.remove(at);
            self.completed += 1;
        }
    }

    /// Up to `limit` consecutive steps from the top that do the same to one resource type each, top first.
    ///
    /// Empty when the top step has no resource type.
    pub(crate) fn batch(&self, limit: usize) -> Vec<Action> {
        let Some(operation) = self.top().map(|action| action.operation) else {
            return Vec::new();
        };
        self.stack
            .iter()
            .rev()
            .take_while(|action| action.operation == operation && !action.resource_type_id.is_empty())
            .take(limit)
            .cloned()
            .collect()
    }

    fn find(&mut self, id: &str) -> Option<&mut Action> {
        self.stack.iter_mut().rev().find(|action| action.id == id)
    }
}
