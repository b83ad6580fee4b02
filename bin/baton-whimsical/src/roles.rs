//! The two roles of a workspace: always there, also in an empty workspace.

use std::sync::Arc;

use async_trait::async_trait;
use connector_sdk::connector::{EntitlementPage, GrantProvisioner, PageToken, ResourcePage, ResourceSyncer};
use connector_sdk::error::Result;
use proto::c1::connector::v2::{Resource, ResourceId, ResourceType};

use crate::Workspace;
use crate::assignment::Assignment;
use crate::model::{Role, role_type};

/// The roles of a workspace.
pub(crate) struct Roles {
    workspace: Arc<Workspace>,
    assignment: Assignment,
}

impl Roles {
    pub(crate) fn new(workspace: Arc<Workspace>) -> Self {
        Self { assignment: Assignment::new(Arc::clone(&workspace)), workspace }
    }
}

#[async_trait]
impl ResourceSyncer for Roles {
    fn resource_type(&self) -> ResourceType {
        role_type()
    }

    async fn list_resources(&self, parent: Option<&ResourceId>, _page: &PageToken) -> Result<ResourcePage> {
        if parent.is_some() {
            return Ok(ResourcePage::default());
        }
        let resources = Role::ALL.map(|role| self.workspace.model.role(role).clone());
        Ok(ResourcePage { resources: resources.into(), ..ResourcePage::default() })
    }

    async fn list_entitlements(&self, resource: &Resource, _page: &PageToken) -> Result<EntitlementPage> {
        let role = resource.id.as_ref().and_then(|id| Role::of_id(&id.resource));
        let entitlements = role.map(|role| self.workspace.model.entitlement(role)).into_iter().collect();
        Ok(EntitlementPage { entitlements, ..EntitlementPage::default() })
    }

    fn grant_provisioner(&self) -> Option<&dyn GrantProvisioner> {
        Some(&self.assignment)
    }
}
