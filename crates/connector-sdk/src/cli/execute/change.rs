//! Operations that change something upstream: one write, one log line about its outcome.

use proto::c1::connector::v2::{Resource, ResourceId};

use super::local::blocking;
use crate::connector::CreateAccountOutcome;
use crate::error::{Error, Result};
use crate::provision::stored::LastSync;
use crate::provision::{AccountRequest, GrantOutcome, Provisioner, RevokeOutcome, random_password};
use crate::resource::resource_id;
use crate::sync::SyncOptions;

/// The message for an operation that lacks something it needs.
const UNKNOWN_ACTION: &str = "unknown provisioning action";

pub(super) async fn grant(
    provisioner: &Provisioner,
    options: &SyncOptions,
    entitlement: String,
    principal_type: String,
    principal: String,
) -> Result<()> {
    if principal_type.is_empty() || principal.is_empty() {
        return Err(needs("--grant-principal and --grant-principal-type"));
    }
    let id = resource_id(principal_type, principal);
    let parts = look_up(options, move |sync| sync.grant_parts(&entitlement, &id)).await?;
    let granted = provisioner.grant(&parts.principal, &parts.entitlement).await?;
    match GrantOutcome::new(granted)? {
        GrantOutcome::Granted { grants, replaced } => {
            let grant_id = grants.first().map(|grant| grant.id.as_str()).unwrap_or_default();
            let replaced_grant_id = replaced.unwrap_or_default();
            tracing::info!(outcome = "granted", grant_id, replaced_grant_id, "Granted entitlement");
        }
        GrantOutcome::AlreadyGranted => {
            tracing::info!(outcome = "already exists", entitlement_id = parts.entitlement.id, "Granted entitlement");
        }
    }
    Ok(())
}

pub(super) async fn revoke(provisioner: &Provisioner, options: &SyncOptions, grant: String) -> Result<()> {
    let grant = look_up(options, move |sync| sync.grant(&grant)).await?;
    let outcome = match RevokeOutcome::new(&provisioner.revoke(&grant).await?) {
        RevokeOutcome::Revoked => "revoked",
        RevokeOutcome::AlreadyRevoked => "already revoked",
    };
    tracing::info!(outcome, grant_id = grant.id, "Revoked grant");
    Ok(())
}

pub(super) async fn create_account(
    provisioner: &Provisioner,
    account: &AccountRequest,
    resource_type: &str,
) -> Result<()> {
    let account = account.to_account_info()?;
    let created = provisioner.create_account(&account, resource_type, &random_password()).await?;
    let (outcome, resource, message) = match created.outcome {
        CreateAccountOutcome::Success(resource) => ("created", Some(resource), String::new()),
        CreateAccountOutcome::ActionRequired { resource, message } => ("action required", resource, message),
        CreateAccountOutcome::AlreadyExists(resource) => ("already exists", Some(resource), String::new()),
        CreateAccountOutcome::InProgress(resource) => ("in progress", resource, String::new()),
    };
    let (resource_type, resource_id) = names(resource.as_ref());
    tracing::info!(outcome, resource_type, resource_id, message_for_requester = message, "Created account");
    Ok(())
}

pub(super) async fn delete(provisioner: &Provisioner, resource_type: &str, id: &str) -> Result<()> {
    if resource_type.is_empty() {
        return Err(needs("--delete-resource-type"));
    }
    provisioner.delete_resource(&resource_id(resource_type, id), None).await?;
    tracing::info!(outcome = "deleted", resource_type, resource_id = id, "Deleted resource");
    Ok(())
}

pub(super) async fn rotate_credentials(provisioner: &Provisioner, resource_type: &str, id: &str) -> Result<()> {
    if resource_type.is_empty() {
        return Err(needs("--rotate-credentials-type"));
    }
    // The new credential itself goes nowhere: there is nobody here to encrypt it for.
    provisioner.rotate_credential(&resource_id(resource_type, id), &random_password()).await?;
    tracing::info!(outcome = "rotated", resource_type, resource_id = id, "Rotated credentials");
    Ok(())
}

fn needs(flags: &str) -> Error {
    Error::unknown(format!("{UNKNOWN_ACTION}; hint: give {flags}"))
}

/// Looks something up in the last sync of the file.
async fn look_up<T: Send + 'static>(
    options: &SyncOptions,
    find: impl FnOnce(&LastSync) -> Result<T> + Send + 'static,
) -> Result<T> {
    let (file, limits, temp_dir) = (options.file.clone(), options.limits, options.temp_dir.clone());
    blocking(move || find(&LastSync::open(&file, &limits, temp_dir.as_deref())?)).await
}

fn names(resource: Option<&Resource>) -> (String, String) {
    let ResourceId { resource_type, resource, .. } =
        resource.and_then(|resource| resource.id.clone()).unwrap_or_default();
    (resource_type, resource)
}
