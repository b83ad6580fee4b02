//! Actions: operations of the product beyond accounts and grants, by name.

use async_trait::async_trait;
use proto::Struct;
use proto::c1::connector::v2::{BatonActionSchema, BatonActionStatus};

use crate::annotations::Annotations;
use crate::error::Result;

/// Carries out actions. An action may go on after its call; its status is asked for by id.
#[async_trait]
pub trait ActionManager: Send + Sync {
    /// Every action; with a resource type, only those of that type.
    ///
    /// # Errors
    /// Whatever the upstream says.
    async fn list_action_schemas(&self, resource_type: Option<&str>) -> Result<Vec<BatonActionSchema>>;

    /// Starts an action and waits for its end as long as that makes sense.
    ///
    /// # Errors
    /// `NotFound` when there is no such action, `InvalidArgument` when the arguments do not fit its schema. An action
    /// that started and failed is no error but has status `Failed`, with the reason in field `error` of its response.
    async fn invoke_action(&self, name: &str, resource_type: Option<&str>, args: &Struct) -> Result<ActionState>;

    /// How the action with this id is doing.
    ///
    /// # Errors
    /// `NotFound` when it is not known (any more).
    async fn action_status(&self, id: &str) -> Result<ActionState>;
}

/// How an action is doing.
#[derive(Debug, Default, Clone, PartialEq)]
pub struct ActionState {
    /// Under which id its status can be asked for.
    pub id: String,
    /// The name of the action.
    pub name: String,
    /// Whether it runs, is done, or failed.
    pub status: BatonActionStatus,
    /// What it answers, as its schema says.
    pub response: Option<Struct>,
    /// Annotations of the answer.
    pub annotations: Annotations,
}
