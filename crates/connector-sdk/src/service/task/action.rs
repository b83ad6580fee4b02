//! Actions: which there are, starting one, asking after one. None of them needs `--provisioning`.

use proto::Struct;
use proto::c1::connector::v2::{
    BatonActionSchema, BatonActionStatus, GetActionSchemaResponse, GetActionStatusResponse, InvokeActionResponse,
    ListActionSchemasResponse,
};
use proto::c1::connectorapi::baton::v1::task::{
    ActionGetSchemaTask, ActionInvokeTask, ActionListSchemasTask, ActionStatusTask,
};
use proto::value::Kind;

use super::TaskContext;
use super::answer::{Answer, Fault, guarded, read};
use crate::connector::ActionState;
use crate::error::{Error, Result};

/// Lists the actions, of one resource type if the task names one; none is a good answer.
pub(super) async fn list_schemas(context: &TaskContext, task: &ActionListSchemasTask) -> Result<Answer, Fault> {
    read(async {
        let resource_type = not_empty(&task.resource_type_id);
        let schemas = schemas(context, resource_type)
            .await
            .map_err(|error| error.context("error: listing action schemas failed"))?;
        Answer::of_read(&ListActionSchemasResponse { schemas, annotations: Vec::new() }, Vec::new())
    })
    .await
}

/// Describes one action that belongs to no resource type.
pub(super) async fn get_schema(context: &TaskContext, task: &ActionGetSchemaTask) -> Result<Answer, Fault> {
    if task.name.is_empty() {
        return Err(Fault::local("action name required"));
    }
    read(async {
        let name = &task.name;
        let found = schemas(context, None).await.and_then(|schemas| {
            let mut global = schemas.into_iter().filter(|schema| schema.resource_type_id.is_empty());
            global
                .find(|schema| schema.name == *name)
                .ok_or_else(|| Error::not_found(format!("action {name} not found")))
        });
        let schema = found.map_err(|error| error.context(format!("error: action schema {name} not found")))?;
        Answer::of_read(&GetActionSchemaResponse { schema: Some(schema), annotations: Vec::new() }, Vec::new())
    })
    .await
}

/// Starts an action. One that failed is an error, whose text is what the action says.
pub(super) async fn invoke(context: &TaskContext, task: &ActionInvokeTask) -> Result<Answer, Fault> {
    if task.name.is_empty() {
        return Err(Fault::local("action name required"));
    }
    let state = guarded(async {
        let resource_type = not_empty(&task.resource_type_id);
        let args = task.args.clone().unwrap_or_default();
        let state = match context.connector.action_manager() {
            Some(manager) => {
                let call = manager.invoke_action(&task.name, resource_type, &args);
                return context.call("error: invoking action failed", call).await;
            }
            None => Err(Error::not_found(match resource_type {
                Some(resource_type) => format!("no actions found for resource type {resource_type}"),
                None => format!("handler for action {} not found", task.name),
            })),
        };
        state.map_err(|error| error.context("error: invoking action failed"))
    });
    let state = state.await.map_err(|error| Fault::retryable(&error))?;
    if state.status == BatonActionStatus::Failed {
        return Err(Fault::local(failure(state.response.as_ref()).unwrap_or("action failed")));
    }
    let ActionState { id, status, response, annotations, .. } = state;
    let response = InvokeActionResponse {
        id,
        name: task.name.clone(),
        status: status.into(),
        response,
        annotations: annotations.into(),
    };
    // The action has run, so it is reported whatever the size.
    Ok(Answer::new(&response, Vec::new()))
}

/// Says how an action is doing; one that failed is a good answer here.
pub(super) async fn status(context: &TaskContext, task: &ActionStatusTask) -> Result<Answer, Fault> {
    let id = &task.id;
    if id.is_empty() {
        return Err(Fault::local("action id required"));
    }
    read(async {
        let tried = format!("error: action status for id {id} not found");
        let state = match context.connector.action_manager() {
            Some(manager) => context.call(&tried, manager.action_status(id)).await?,
            None => return Err(Error::not_found(format!("action id {id} not found")).context(tried)),
        };
        let response = GetActionStatusResponse {
            name: state.name,
            id: id.clone(),
            status: state.status.into(),
            annotations: state.annotations.into(),
            response: state.response,
        };
        Answer::of_read(&response, Vec::new())
    })
    .await
}

async fn schemas(context: &TaskContext, resource_type: Option<&str>) -> Result<Vec<BatonActionSchema>> {
    match context.connector.action_manager() {
        Some(manager) => context.until_cancelled(manager.list_action_schemas(resource_type)).await,
        None => Ok(Vec::new()),
    }
}

/// What a failed action says.
fn failure(response: Option<&Struct>) -> Option<&str> {
    match response?.fields.get("error")?.kind.as_ref()? {
        Kind::StringValue(text) => Some(text),
        _ => None,
    }
}

fn not_empty(text: &str) -> Option<&str> {
    (!text.is_empty()).then_some(text)
}
