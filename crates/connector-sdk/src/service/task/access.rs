//! Grant and revoke.

use proto::Any;
use proto::c1::connector::v2::{
    GrantManagerServiceGrantRequest, GrantManagerServiceGrantResponse, GrantManagerServiceRevokeRequest,
    GrantManagerServiceRevokeResponse,
};
use proto::c1::connectorapi::baton::v1::task::{GrantTask, RevokeTask};

use super::TaskContext;
use super::answer::{Answer, Fault, write};
use super::rules::Rules;

/// Gives an entitlement to a principal. The duration in the task is the server's business.
pub(super) async fn grant(context: &TaskContext, task: &GrantTask) -> Result<Answer, Fault> {
    let (Some(entitlement), Some(principal)) = (&task.entitlement, &task.principal) else {
        return Err(Fault::malformed("malformed grant task"));
    };
    write(async {
        let request = GrantManagerServiceGrantRequest {
            entitlement: Some(entitlement.clone()),
            principal: Some(principal.clone()),
            annotations: Vec::new(),
        };
        request.check()?;
        context.check_provisioning()?;
        let granted = context.provisioner().grant(principal, entitlement).await?;
        let annotations: Vec<Any> = granted.annotations.into();
        let response = GrantManagerServiceGrantResponse { annotations: annotations.clone(), grants: granted.grants };
        Ok(Answer::new(&response, annotations))
    })
    .await
}

/// Takes a grant away.
pub(super) async fn revoke(context: &TaskContext, task: &RevokeTask) -> Result<Answer, Fault> {
    // The text is the one of every Baton connector.
    let Some(grant) = &task.grant else { return Err(Fault::malformed("invalid task type")) };
    write(async {
        let request = GrantManagerServiceRevokeRequest { grant: Some(grant.clone()), annotations: Vec::new() };
        request.check()?;
        context.check_provisioning()?;
        let annotations: Vec<Any> = context.provisioner().revoke(grant).await?.into();
        let response = GrantManagerServiceRevokeResponse { annotations: annotations.clone() };
        Ok(Answer::new(&response, annotations))
    })
    .await
}
