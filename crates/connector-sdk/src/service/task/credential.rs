//! Rotating credentials and making new ones.

use proto::Any;
use proto::c1::connector::v2::{
    IssueCredentialRequest, IssueCredentialResponse, RotateCredentialRequest, RotateCredentialResponse,
};
use proto::c1::connectorapi::baton::v1::task::{IssueCredentialTask, RotateCredentialsTask};

use super::answer::{Answer, Fault, write};
use super::rules::Rules;
use super::{TaskContext, issue};
use crate::connector::{CredentialIssuer, CredentialRequest};
use crate::error::{Code, Error};
use crate::service::encryption::{Recipients, local_options};

/// Gives a resource a new credential, and encrypts it for whoever the task names.
pub(super) async fn rotate(context: &TaskContext, task: &RotateCredentialsTask) -> Result<Answer, Fault> {
    let Some(id) = &task.resource_id else { return Err(Fault::malformed("malformed rotate credentials task")) };
    write(async {
        let request = RotateCredentialRequest {
            resource_id: Some(id.clone()),
            credential_options: task.credential_options.clone(),
            encryption_configs: task.encryption_configs.clone(),
        };
        request.check()?;
        context.check_provisioning()?;
        let provisioner = context.provisioner();
        provisioner.rotating_type(&id.resource_type)?;
        let credential =
            local_options(task.credential_options.as_ref(), &task.encryption_configs, context.client_key.as_deref())
                .map_err(|error| error.context("error: converting credential options failed"))?;
        // Checked first: a new credential that nobody can read would lock its owner out.
        let recipients = Recipients::new(&task.encryption_configs)
            .map_err(|error| error.context("error: creating encryption manager failed"))?;
        let rotated = provisioner.rotate_credential(id, &credential).await?;
        let annotations: Vec<Any> = rotated.annotations.into();
        let response = RotateCredentialResponse {
            encrypted_data: recipients.seal(&rotated.plaintexts)?,
            resource_id: Some(id.clone()),
            annotations: annotations.clone(),
        };
        Ok(Answer::new(&response, annotations))
    })
    .await
}

/// Makes a credential for an identity; the task's id tells repetitions apart.
pub(super) async fn issue(context: &TaskContext, task_id: &str, task: &IssueCredentialTask) -> Result<Answer, Fault> {
    let (Some(identity), Some(options), false) =
        (&task.identity_id, &task.credential_options, task.encryption_configs.is_empty())
    else {
        return Err(Fault::malformed("malformed issue credential task"));
    };
    write(async {
        let request = IssueCredentialRequest {
            identity_id: Some(identity.clone()),
            credential_options: Some(options.clone()),
            encryption_configs: task.encryption_configs.clone(),
            request_id: task_id.to_owned(),
            expires_at: task.expires_at,
        };
        request.check()?;
        context.check_provisioning()?;
        let provisioner = context.provisioner();
        let syncer = provisioner.issuing_type(&identity.resource_type)?;
        let recipients = Recipients::new(&task.encryption_configs)
            .map_err(|error| error.context("error: creating encryption manager failed"))?;
        let support = syncer.credential_issuer().map(CredentialIssuer::issue_support).unwrap_or_default();
        let request = CredentialRequest {
            identity: identity.clone(),
            options: options.clone(),
            expires_at: task.expires_at,
            request_id: task_id.to_owned(),
        };
        let offer = issue::offer(&request, &support, context.runtime.clock.now())
            .map_err(|why| Error::invalid_argument(format!("invalid credential issuance request: {why}")))?;
        let issued = provisioner.issue_credential(&request).await?;
        issue::check_result(&request, &issued, offer).map_err(|why| {
            Error::new(Code::Internal, format!("connector returned invalid credential issuance output: {why}"))
        })?;
        let annotations: Vec<Any> = issued.annotations.into();
        let response = IssueCredentialResponse {
            encrypted_data: recipients.seal(&issued.plaintexts)?,
            secret: Some(issued.secret),
            annotations: annotations.clone(),
            resource_mode: issued.mode.into(),
            request_id: task_id.to_owned(),
        };
        Ok(Answer::new(&response, annotations))
    })
    .await
}
