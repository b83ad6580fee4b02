//! Who does what people have to do, and what they are told.
//!
//! Source: governance T-J2, R-V-6: provisioners, else owners of the app, else Super Administrators.

use domain::access::Action;
use domain::actor::Role;
use ids::{PersonId, ProvisionJobId, TenantId};
use store::person::Group;
use store::provision::Job;
use store::{Connection, Page, Paging};

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// A job, and who does it when it is for people.
#[derive(Debug, Clone, PartialEq)]
pub struct JobView {
    /// The job.
    pub job: Job,
    /// Those who do it by hand; nobody when a connector does.
    pub assignees: Vec<PersonId>,
    /// What they are told.
    pub instructions: String,
}

impl Governance {
    /// One provision job.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see its app and is not to do it.
    pub async fn provision_job(&self, caller: &Caller, id: ProvisionJobId) -> Result<JobView> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        let job = store::provision::find(&mut conn, tenant, id).await?.ok_or_else(|| Error::not_found("job", id))?;
        let view = view(&mut conn, tenant, job).await?;
        if !view.is_of(caller) {
            access::app(&mut conn, tenant, caller, view.job.app_id, Action::SeeInventory)
                .await
                .map_err(|_| Error::not_found("job", id))?;
        }
        Ok(view)
    }

    /// What the caller is to do by hand, the newest first.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine: only people do things by hand.
    pub async fn jobs_by_hand(&self, caller: &Caller, paging: Paging<'_>) -> Result<Page<JobView>> {
        let me = caller.actor.person().ok_or_else(|| Error::denied("only people do things by hand"))?;
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        let is_last_resort = store::person::roles(&mut conn, me).await?.contains(&Role::SuperAdministrator);
        let page = store::provision::inbox(&mut conn, tenant, me, is_last_resort, paging).await?;
        let mut rows = Vec::with_capacity(page.rows.len());
        for job in page.rows {
            rows.push(view(&mut conn, tenant, job).await?);
        }
        Ok(Page { rows, next: page.next })
    }
}

impl JobView {
    /// Whether the caller is to do it by hand.
    pub(super) fn is_of(&self, caller: &Caller) -> bool {
        caller.actor.person().is_some_and(|me| self.assignees.contains(&me))
    }
}

/// The job with those who do it now, if people do.
pub(super) async fn view(conn: &mut Connection, tenant: TenantId, job: Job) -> Result<JobView> {
    if job.state != domain::provision::State::Manual {
        return Ok(JobView { job, assignees: Vec::new(), instructions: String::new() });
    }
    let provisioners = job.entitlement_id.map(Group::Provisioners);
    let last = [Group::AppOwners(job.app_id), Group::Role(Role::SuperAdministrator)];
    let mut assignees = Vec::new();
    for group in provisioners.into_iter().chain(last) {
        assignees = store::person::active(conn, tenant, group).await?;
        if !assignees.is_empty() {
            break;
        }
    }
    let instructions = match job.entitlement_id {
        Some(id) => store::provisioning::find(conn, id).await?.instructions,
        None => String::new(),
    };
    Ok(JobView { job, assignees, instructions })
}
