//! Granting and revoking a role: one PATCH of `editor`, after a fresh look at the user.
//!
//! There is no member without a role: granting one takes the other away, and revoking Editor makes a viewer.
//! Source: connector-cli §§11.5, 11.6; whimsical-scim §3.5.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use connector_sdk::annotations::Annotations;
use connector_sdk::connector::{GrantProvisioner, Granted};
use connector_sdk::error::{Code, Error, Result};
use proto::c1::connector::v2::{
    Entitlement, Grant, GrantAlreadyExists, GrantAlreadyRevoked, GrantReplaced, Resource, ResourceId,
};
use scim::client::Patience;
use serde_json::{Map, Value, json};
use tokio::sync::Mutex;

use crate::Workspace;
use crate::failure::{self, Call};
use crate::model::{ROLE_TYPE, Role, USER_TYPE};
use crate::settings::ViewerRevoke;
use crate::user::{EXTENSION, User};

/// Assigns roles, one change at a time.
pub(crate) struct Assignment {
    workspace: Arc<Workspace>,
    /// Looking at a user and changing it is one step.
    change: Mutex<()>,
    /// The shape of [`shapes`] that this workspace is known to understand; past the last, it understands none.
    shape: AtomicUsize,
}

impl Assignment {
    pub(crate) fn new(workspace: Arc<Workspace>) -> Self {
        Self { workspace, change: Mutex::new(()), shape: AtomicUsize::new(0) }
    }

    async fn user(&self, id: &str) -> Result<User> {
        self.workspace.client()?.get(id).await.map_err(|error| failure::of(error, Call::Read))
    }

    /// Gives the user a role and checks that the workspace did it.
    async fn set(&self, id: &str, role: Role) -> Result<()> {
        let user = self.write(id, role).await?;
        match user.role() {
            Some(now) if now == role => Ok(()),
            Some(_) => Err(Error::new(
                Code::Internal,
                format!("the workspace accepted the role {} for user `{id}` and did not apply it", role.id()),
            )),
            None => {
                tracing::warn!("the workspace does not tell the user's role, so the change cannot be checked");
                Ok(())
            }
        }
    }

    /// Sends the change in the shape that worked last; a workspace that does not understand it is sent the next one,
    /// and in the end the whole user.
    async fn write(&self, id: &str, role: Role) -> Result<User> {
        let client = self.workspace.client()?;
        let shapes = shapes(role == Role::Editor);
        for (index, body) in shapes.iter().enumerate().skip(self.shape.load(Ordering::Relaxed)) {
            match client.patch(id, body, Patience::Once).await {
                Err(error) if is_not_understood(&error) => {
                    tracing::debug!(shape = index, "the workspace does not understand this shape of PATCH");
                }
                Err(error) => return Err(failure::of(error, Call::Write)),
                Ok(user) => {
                    self.shape.store(index, Ordering::Relaxed);
                    return Ok(user);
                }
            }
        }
        let mut user = client.get_raw(id).await.map_err(|error| failure::of(error, Call::Read))?;
        if let Some(user) = user.as_object_mut() {
            user.insert(EXTENSION.to_owned(), json!({"editor": role == Role::Editor}));
        }
        let user = client.put(id, &user).await.map_err(|error| failure::of(error, Call::Write))?;
        self.shape.store(shapes.len(), Ordering::Relaxed);
        Ok(user)
    }
}

/// Whether the workspace refused the shape of a PATCH rather than what it asks for. Source: whimsical-scim §3.5.
fn is_not_understood(error: &scim::client::Error) -> bool {
    error.status() == Some(400)
        && error.scim_type().is_none_or(|kind| ["invalidPath", "noTarget", "invalidSyntax"].contains(&kind))
}

/// The PATCH messages that set the role, the most portable one first.
fn shapes(is_editor: bool) -> [Value; 4] {
    let path = format!("{EXTENSION}:editor");
    let flat: Map<String, Value> = [(path.clone(), json!(is_editor))].into_iter().collect();
    let nested: Map<String, Value> = [(EXTENSION.to_owned(), json!({"editor": is_editor}))].into_iter().collect();
    [
        json!({"op": "replace", "path": path, "value": is_editor}),
        json!({"op": "add", "path": path, "value": is_editor}),
        json!({"op": "replace", "value": nested}),
        json!({"op": "replace", "value": flat}),
    ]
    .map(|operation| patch(&operation))
}

/// Returns a PATCH message with one operation.
pub(crate) fn patch(operation: &Value) -> Value {
    json!({"schemas": ["urn:ietf:params:scim:api:messages:2.0:PatchOp"], "Operations": [operation]})
}

/// Returns the id of a user, or why a principal cannot hold a role.
fn user_id(principal: Option<&ResourceId>) -> Result<&str> {
    let id = principal.ok_or_else(|| Error::invalid_argument("the principal has no id"))?;
    if id.resource_type != USER_TYPE {
        let text = format!("only users can hold a role, not a resource of type `{}`", id.resource_type);
        return Err(Error::invalid_argument(text));
    }
    Ok(&id.resource)
}

/// Returns the role that an entitlement stands for.
fn role(entitlement: Option<&Entitlement>) -> Result<Role> {
    let id = entitlement.and_then(|entitlement| entitlement.resource.as_ref()?.id.as_ref());
    id.filter(|id| id.resource_type == ROLE_TYPE).and_then(|id| Role::of_id(&id.resource)).ok_or_else(|| {
        let shown = entitlement.map(|entitlement| entitlement.id.as_str()).unwrap_or_default();
        Error::invalid_argument(format!("`{shown}` is not an entitlement of the role editor or viewer"))
    })
}

fn already_revoked() -> Annotations {
    Annotations::new().with(&GrantAlreadyRevoked {})
}

#[async_trait]
impl GrantProvisioner for Assignment {
    async fn grant(&self, principal: &Resource, entitlement: &Entitlement) -> Result<Granted> {
        let id = user_id(principal.id.as_ref())?;
        let role = role(Some(entitlement))?;
        let model = &self.workspace.model;
        let _change = self.change.lock().await;
        let user = self.user(id).await?;
        if !user.is_active() {
            let text = format!("user `{id}` has been removed from the workspace; create the account again first");
            return Err(Error::new(Code::FailedPrecondition, text));
        }
        let before = user.role();
        if before == Some(role) {
            let annotations = Annotations::new().with(&GrantAlreadyExists {});
            return Ok(Granted { grants: vec![model.grant(role, id)], annotations });
        }
        self.set(id, role).await?;
        let mut annotations = Annotations::new();
        if let Some(before) = before {
            annotations.append(&GrantReplaced { replaced_grant_id: model.grant(before, id).id });
        }
        Ok(Granted { grants: vec![model.grant(role, id)], annotations })
    }

    async fn revoke(&self, grant: &Grant) -> Result<Annotations> {
        let id = user_id(grant.principal.as_ref().and_then(|principal| principal.id.as_ref()))?;
        let role = role(grant.entitlement.as_ref())?;
        let _change = self.change.lock().await;
        let user = match self.user(id).await {
            Err(error) if error.code() == Code::NotFound => return Ok(already_revoked()),
            user => user?,
        };
        if !user.is_active() {
            return Ok(already_revoked());
        }
        match (role, user.role()) {
            // One whose role the workspace does not tell may be an editor.
            (Role::Editor, Some(Role::Editor) | None) => {
                self.set(id, Role::Viewer).await?;
                Ok(Annotations::new())
            }
            (Role::Viewer, Some(Role::Viewer) | None) if self.workspace.viewer_revoke == ViewerRevoke::Refused => {
                let text = "there is no role below viewer; delete the account to take the access away";
                Err(Error::new(Code::FailedPrecondition, text))
            }
            (Role::Viewer, Some(Role::Viewer) | None) => {
                tracing::warn!(
                    "there is no role below viewer: nothing was changed; delete the account to take the access away"
                );
                Ok(already_revoked())
            }
            _ => Ok(already_revoked()),
        }
    }
}
