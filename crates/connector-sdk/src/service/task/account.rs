//! Creating an account.

use proto::Any;
use proto::c1::connector::v2::create_account_response::{
    ActionRequiredResult, AlreadyExistsResult, InProgressResult, Result as Kind, SuccessResult,
};
use proto::c1::connector::v2::{
    CapabilityDetailCredentialOption as Offered, CreateAccountRequest, CreateAccountResponse,
};
use proto::c1::connectorapi::baton::v1::task::CreateAccountTask;

use super::TaskContext;
use super::answer::{Answer, Fault, write};
use super::rules::Rules;
use crate::connector::{CreateAccountOutcome, CreatedAccount};
use crate::service::encryption::{Recipients, local_options};

/// Creates an account, and encrypts the secrets that come with it for whoever the task names.
pub(super) async fn create(context: &TaskContext, task: &CreateAccountTask) -> Result<Answer, Fault> {
    let Some(account) = &task.account_info else { return Err(Fault::malformed("malformed create account task")) };
    write(async {
        let request = CreateAccountRequest {
            account_info: Some(account.clone()),
            credential_options: task.credential_options.clone(),
            encryption_configs: task.encryption_configs.clone(),
            resource_type_id: task.resource_type_id.clone(),
        };
        request.check()?;
        context.check_provisioning()?;
        let provisioner = context.provisioner();
        let syncer = provisioner.account_type(&task.resource_type_id)?;
        let credential =
            local_options(task.credential_options.as_ref(), &task.encryption_configs, context.client_key.as_deref())
                .map_err(|error| error.context("error: converting credential options failed"))?;
        let mut recipients = Recipients::new(&task.encryption_configs)
            .map_err(|error| error.context("error: creating encryption manager failed"));
        // A product without passwords makes no secrets, and needs nobody to read them; others fail before the call.
        let offered = syncer.account_creator().map(|creator| creator.credential_support().supported);
        if offered.unwrap_or_default().iter().any(|one| *one != Offered::NoPassword) {
            recipients = Ok(recipients?);
        }
        let created = provisioner.create_account(account, &task.resource_type_id, &credential).await?;
        let encrypted_data =
            if created.plaintexts.is_empty() { Vec::new() } else { recipients?.seal(&created.plaintexts)? };
        let (result, annotations) = result(created);
        let response = CreateAccountResponse { encrypted_data, annotations: annotations.clone(), result: Some(result) };
        Ok(Answer::new(&response, annotations))
    })
    .await
}

fn result(created: CreatedAccount) -> (Kind, Vec<Any>) {
    let is_create_account_result = true;
    let result = match created.outcome {
        CreateAccountOutcome::Success(resource) => Kind::Success(SuccessResult {
            resource: Some(resource),
            is_create_account_result,
            invitation_expires_at: created.invitation_expires_at,
        }),
        CreateAccountOutcome::ActionRequired { resource, message } => {
            Kind::ActionRequired(ActionRequiredResult { resource, message, is_create_account_result })
        }
        CreateAccountOutcome::AlreadyExists(resource) => {
            Kind::AlreadyExists(AlreadyExistsResult { resource: Some(resource), is_create_account_result })
        }
        CreateAccountOutcome::InProgress(resource) => {
            Kind::InProgress(InProgressResult { resource, is_create_account_result })
        }
    };
    (result, created.annotations.into())
}
