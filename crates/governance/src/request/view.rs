//! Requests as people see them.

use domain::access::{Action, Relation, may};
use ids::RequestId;
use store::provision::Job;
use store::request::{Assignee, Comment, Filter, Request, Step};
use store::{Connection, Page, Paging};

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::policy::Frozen;

/// A request with all that belongs to it.
#[derive(Debug, Clone, PartialEq)]
pub struct RequestView {
    /// The request.
    pub request: Request,
    /// What the policy says, as it was when the request was made.
    pub policy: Frozen,
    /// Its steps, round by round.
    pub steps: Vec<StepView>,
    /// What was said about it.
    pub comments: Vec<Comment>,
    /// What changes the app.
    pub jobs: Vec<Job>,
    /// The period that it opened, extended or ends.
    pub grant: Option<store::grant::Grant>,
}

/// A step with its assignees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StepView {
    /// The step.
    pub step: Step,
    /// Who has to decide it, or had to.
    pub assignees: Vec<Assignee>,
}

impl Governance {
    /// Requests, the newest first: all for whoever may see every app, else those that concern the caller.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine without a role for it; `NotFound` for an app that the caller may not see.
    pub async fn requests(&self, caller: &Caller, filter: Filter, paging: Paging<'_>) -> Result<Page<Request>> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        let mut filter = filter;
        match filter.app {
            Some(app) if access::app(&mut conn, tenant, caller, app, Action::SeeInventory).await.is_ok() => {}
            _ => filter.concerning = access::scope(caller, Action::SeeInventory)?,
        }
        Ok(store::request::list(&mut conn, tenant, &filter, paging).await?)
    }

    /// The requests that wait for the caller's answer, the newest first.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine: only people are asked.
    pub async fn inbox(&self, caller: &Caller, paging: Paging<'_>) -> Result<Page<Request>> {
        let me = caller.actor.person().ok_or_else(|| Error::denied("only people are asked"))?;
        let mut conn = self.store().read().await?;
        Ok(store::request::inbox(&mut conn, me, paging).await?)
    }

    /// One request.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn request(&self, caller: &Caller, id: RequestId) -> Result<RequestView> {
        let mut conn = self.store().read().await?;
        let found = store::request::find(&mut conn, self.store().tenant(), id).await?;
        let request = found.ok_or_else(|| Error::not_found("request", id))?;
        if !may_see(&mut conn, caller, &request).await? {
            return Err(Error::not_found("request", id));
        }
        of(&mut conn, request).await
    }
}

/// Whoever asked, whom it is about, whoever was asked, and whoever may see the app's access.
pub(super) async fn may_see(conn: &mut Connection, caller: &Caller, request: &Request) -> Result<bool> {
    if may(&caller.actor, Action::SeeInventory, Relation::None)
        || may(&caller.actor, Action::OverseeRequests, Relation::None)
    {
        return Ok(true);
    }
    let Some(me) = caller.actor.person() else { return Ok(false) };
    Ok(request.for_person_id == me
        || request.requester_id == Some(me)
        || store::request::is_assigned(conn, request.id, me).await?
        || access::to_app(conn, caller, request.app_id).await? == Relation::Owner)
}

/// The request with all that belongs to it.
pub(super) async fn of(conn: &mut Connection, request: Request) -> Result<RequestView> {
    let mut steps = Vec::new();
    for step in store::request::steps(conn, request.id).await? {
        let assignees = store::request::assignees(conn, &step).await?;
        steps.push(StepView { step, assignees });
    }
    let grant = match request.grant_id {
        Some(id) => store::grant::by_id(conn, id).await?,
        None => None,
    };
    Ok(RequestView {
        policy: serde_json::from_str(&request.policy_snapshot).map_err(Error::internal)?,
        steps,
        comments: store::request::comments(conn, request.id).await?,
        jobs: store::provision::of_request(conn, request.id).await?,
        grant,
        request,
    })
}
