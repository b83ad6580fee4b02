//! A workplace with people who ask for access, and people who decide.

use domain::actor::Role;
use domain::policy::{Kind, Policy};
use domain::request::State;
use domain::step::State as StepState;
use governance::account::AccountOwner;
use governance::request::{Answer, Decision, NewRequest, RequestView};
use governance::{Caller, Written};
use ids::{EntitlementId, PersonId, PolicyId, RequestId};
use jiff::SignedDuration;
use store::request_setting::{Of, Setting};

use crate::workplace::Workplace;

pub(crate) const HOUR: SignedDuration = SignedDuration::from_hours(1);
pub(crate) const ADA: &str = "ada@example.com";

/// A workplace in which Ada, a viewer, may ask for the editor role for up to eight hours.
pub(crate) struct Office {
    pub(crate) at: Workplace,
    pub(crate) admin: Caller,
    pub(crate) ada: Caller,
    pub(crate) ben: Caller,
    pub(crate) cy: Caller,
    pub(crate) owner: Caller,
    pub(crate) editor: EntitlementId,
}

impl Office {
    pub(crate) async fn new(database: &testkit::database::Database, policy: &str) -> anyhow::Result<Self> {
        Box::pin(Self::opened(database, policy)).await
    }

    async fn opened(database: &testkit::database::Database, policy: &str) -> anyhow::Result<Self> {
        let at = Workplace::new(database, &[(ADA, "viewer"), ("zoe@example.com", "viewer")]).await?;
        let world = &at.world;
        let admin = world.person(&[Role::SuperAdministrator]).await?;
        let (ada, ben, cy, owner) = (
            world.person(&[Role::User]).await?,
            world.person(&[Role::User]).await?,
            world.person(&[Role::User]).await?,
            world.person(&[Role::User]).await?,
        );
        let editor = at.entitlement("editor").await?;
        let office = Self { at, admin, ada, ben, cy, owner, editor };
        let governance = &office.at.world.governance;
        governance
            .set_account_owner(
                &office.admin,
                office.app().await?,
                office.at.account(ADA).await?,
                None,
                AccountOwner::Person(id(&office.ada)),
            )
            .await?;
        governance.set_manager(&office.admin, id(&office.ada), None, Some(id(&office.ben))).await?;
        let app = office.app().await?;
        let version = governance.app(&office.admin, app).await?.version;
        governance.set_app_owners(&office.admin, app, Some(version), vec![id(&office.owner)]).await?;
        let setting = Setting {
            is_requestable: Some(true),
            request_policy: Some(office.policy(policy).await?),
            max_duration: Some(HOUR * 8),
            ..Setting::default()
        };
        governance.set_request_setting(&office.admin, Of::Entitlement(office.editor), None, setting).await?;
        // Ids sort by the time they were made: what is asked for comes after what was found.
        office.at.world.clock.advance(SignedDuration::from_secs(1));
        Ok(office)
    }

    pub(crate) async fn app(&self) -> anyhow::Result<ids::AppId> {
        Ok(self.at.world.governance.connector(&self.admin, self.at.connector).await?.connector.app_id)
    }

    /// A policy that Podium brings along.
    pub(crate) async fn policy(&self, key: &str) -> anyhow::Result<PolicyId> {
        let store = self.at.world.store();
        let found = store::policy::builtin(&mut *store.read().await?, store.tenant(), key).await?;
        Ok(found.unwrap().id)
    }

    /// Has this policy decide about requests for the editor role.
    pub(crate) async fn decided_by(&self, name: &str, policy: Policy) -> anyhow::Result<PolicyId> {
        let governance = &self.at.world.governance;
        let made = governance.create_policy(&self.admin, name, Kind::Request, policy).await?.value.id;
        let of = Of::Entitlement(self.editor);
        let own = governance.request_setting(&self.admin, of).await?.own;
        let setting = Setting { request_policy: Some(made), ..own };
        governance.set_request_setting(&self.admin, of, None, setting).await?;
        Ok(made)
    }

    /// Who may decide the open step of a request now.
    pub(crate) async fn asked(&self, request: RequestId) -> anyhow::Result<Vec<PersonId>> {
        let steps = self.at.world.governance.request(&self.admin, request).await?.steps;
        let open = steps.into_iter().filter(|step| step.step.state == StepState::Open);
        let assignees = open.flat_map(|step| step.assignees);
        Ok(assignees.filter(|one| one.is_open).map(|one| one.person_id).collect())
    }

    pub(crate) async fn ask(&self, who: &Caller, hours: i64) -> governance::Result<Written<RequestView>> {
        let new = NewRequest {
            entitlement: Some(self.editor),
            duration: Some(SignedDuration::from_hours(hours)),
            reason: "workshop".to_owned(),
            ..NewRequest::default()
        };
        Box::pin(self.at.world.governance.submit_request(who, new)).await
    }

    pub(crate) async fn answer(
        &self,
        who: &Caller,
        request: RequestId,
        decision: Decision,
    ) -> governance::Result<State> {
        let answer = Answer { decision, reason: "because".to_owned(), duration: None };
        let view = Box::pin(self.at.world.governance.answer_request(who, request, None, answer)).await?.value;
        Ok(view.request.state)
    }

    pub(crate) async fn state(&self, request: RequestId) -> anyhow::Result<State> {
        Ok(self.at.world.governance.request(&self.admin, request).await?.request.state)
    }

    /// The audit actions of everything that belongs to this request.
    pub(crate) async fn story(&self, request: RequestId) -> anyhow::Result<Vec<String>> {
        let mine = format!("\"correlation_id\":\"{request}\"");
        let rows = self.at.world.audit().await?;
        let action = |row: &String| {
            let event: serde_json::Value = serde_json::from_str(row).unwrap();
            event["action"].as_str().unwrap().to_owned()
        };
        Ok(rows.iter().filter(|row| row.contains(&mine)).map(action).collect())
    }
}

pub(crate) fn id(caller: &Caller) -> PersonId {
    caller.actor.person().unwrap()
}
