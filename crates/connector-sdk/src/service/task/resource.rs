//! Creating and deleting resources.

use proto::Any;
use proto::c1::connector::v2::{
    CreateResourceRequest, CreateResourceResponse, DeleteResourceRequest, DeleteResourceResponse,
};
use proto::c1::connectorapi::baton::v1::task::{CreateResourceTask, DeleteResourceTask};

use super::TaskContext;
use super::answer::{Answer, Fault, write};
use super::rules::Rules;

/// Creates a resource.
pub(super) async fn create(context: &TaskContext, task: &CreateResourceTask) -> Result<Answer, Fault> {
    let Some(resource) = &task.resource else { return Err(Fault::malformed("malformed create resource task")) };
    write(async {
        CreateResourceRequest { resource: Some(resource.clone()) }.check()?;
        context.check_provisioning()?;
        let created = context.provisioner().create_resource(resource).await?;
        let annotations: Vec<Any> = created.annotations.into();
        let response = CreateResourceResponse { created: Some(created.resource), annotations: annotations.clone() };
        Ok(Answer::new(&response, annotations))
    })
    .await
}

/// Deletes a resource.
pub(super) async fn delete(context: &TaskContext, task: &DeleteResourceTask) -> Result<Answer, Fault> {
    let id = task.resource_id.as_ref().filter(|id| !id.resource.is_empty() && !id.resource_type.is_empty());
    let Some(id) = id else { return Err(Fault::malformed("malformed delete resource task")) };
    write(async {
        let request = DeleteResourceRequest {
            resource_id: Some(id.clone()),
            parent_resource_id: task.parent_resource_id.clone(),
        };
        request.check()?;
        context.check_provisioning()?;
        let provisioner = context.provisioner();
        let annotations: Vec<Any> = provisioner.delete_resource(id, task.parent_resource_id.as_ref()).await?.into();
        let response = DeleteResourceResponse { annotations: annotations.clone() };
        Ok(Answer::new(&response, annotations))
    })
    .await
}
