//! A workspace with a connector for it, and what tests ask of the two.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use baton_whimsical::model::{self, Model, Role};
use baton_whimsical::{Settings, ViewerRevoke, Whimsical};
use connector_sdk::annotations::Annotations;
use connector_sdk::connector::{Connector as _, CreateAccountOutcome, Granted, PageToken, ResourceSyncer};
use connector_sdk::error::{Error, Result};
use proto::c1::connector::v2::{AccountInfo, Entitlement, Grant, LocalCredentialOptions, Resource, ResourceId};
use proto::{Struct, Value as ProtoValue};
use scim::client::{Address, Client};
use secrecy::SecretString;
use serde_json::{Value, json};
use testkit::{TOKEN, Workspace};

pub(crate) const EXTENSION: &str = "urn:ietf:params:scim:schemas:extension:whimsical:2.0:User";
/// Members of every workspace of these tests, the administrator first.
pub(crate) const USERS: u32 = 25;

pub(crate) fn settings(scim_url: &str, token: &str) -> Settings {
    Settings {
        client: scim::client::Settings {
            address: Address::parse(scim_url).unwrap(),
            token: SecretString::from(token),
            timeout: Duration::from_secs(5),
            user_agent: "test".to_owned(),
            egress: scim::client::Egress::Anywhere,
        },
        slug: model::DEFAULT_SLUG.to_owned(),
        viewer_revoke: ViewerRevoke::NothingToDo,
    }
}

/// A connector, called as the engine calls one.
pub(crate) struct Subject(pub(crate) Whimsical);

impl Subject {
    pub(crate) fn of(settings: Settings) -> Self {
        Self(Whimsical::new(settings).unwrap())
    }

    pub(crate) fn at(scim_url: &str) -> Self {
        Self::of(settings(scim_url, TOKEN))
    }

    pub(crate) fn syncer(&self, resource_type: &str) -> Arc<dyn ResourceSyncer> {
        self.0.syncers().into_iter().find(|syncer| syncer.resource_type().id == resource_type).unwrap()
    }

    pub(crate) async fn grant(&self, role: Role, user: &str) -> Result<Granted> {
        self.grant_to(model::user_id(user), &entitlement(role)).await
    }

    pub(crate) async fn grant_to(&self, principal: ResourceId, entitlement: &Entitlement) -> Result<Granted> {
        let principal = Resource { id: Some(principal), ..Resource::default() };
        self.syncer("role").grant_provisioner().unwrap().grant(&principal, entitlement).await
    }

    pub(crate) async fn revoke(&self, role: Role, user: &str) -> Result<Annotations> {
        self.revoke_grant(&grant(role, user)).await
    }

    pub(crate) async fn revoke_grant(&self, grant: &Grant) -> Result<Annotations> {
        self.syncer("role").grant_provisioner().unwrap().revoke(grant).await
    }

    pub(crate) async fn create(&self, login: &str, profile: &[(&str, ProtoValue)]) -> Result<CreateAccountOutcome> {
        let fields = profile.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let account = AccountInfo { login: login.to_owned(), profile: Some(Struct { fields }), ..Default::default() };
        let syncer = self.syncer("user");
        let creator = syncer.account_creator().unwrap();
        Ok(creator.create_account(&account, &LocalCredentialOptions::default()).await?.outcome)
    }

    pub(crate) async fn delete(&self, user: &str) -> Result<Annotations> {
        self.syncer("user").deleter().unwrap().delete_resource(&model::user_id(user), None).await
    }

    /// Lists all users: their grants by their ids.
    pub(crate) async fn list(&self) -> Result<BTreeMap<String, Vec<String>>> {
        let syncer = self.syncer("user");
        let mut users = BTreeMap::new();
        let mut token = PageToken::start();
        loop {
            let page = syncer.list_resources(None, &token).await?;
            for resource in &page.resources {
                users.entry(id(resource)).or_insert_with(Vec::new);
            }
            for grant in &page.grants {
                let principal = grant.principal.as_ref().map(id).unwrap();
                let grants: &mut Vec<String> = users.get_mut(&principal).unwrap();
                if !grants.contains(&grant.id) {
                    grants.push(grant.id.clone());
                }
            }
            match page.next {
                Some(next) => token = next,
                None => return Ok(users),
            }
        }
    }
}

/// A running workspace and a connector for it.
pub(crate) struct Lab {
    pub(crate) workspace: Workspace,
    pub(crate) subject: Subject,
}

impl Lab {
    pub(crate) fn new() -> Self {
        Self::with(&[])
    }

    /// A workspace with these switches, `--name value`.
    pub(crate) fn with(switches: &[&str]) -> Self {
        let workspace = Workspace::start(USERS, switches).unwrap();
        Self { subject: Subject::at(&workspace.scim_url()), workspace }
    }

    fn json(&self, path: &str) -> Value {
        serde_json::from_str(&self.workspace.call("GET", path).unwrap()).unwrap()
    }

    /// The ids of members with this role who are not administrators.
    pub(crate) fn members(&self, role: Role) -> Vec<String> {
        let members = self.json("/api/workspace/members?limit=1000");
        let members = members["members"].as_array().unwrap().iter();
        let fits = |member: &&Value| member["role"] == role.id() && member["admin"] == false;
        members.filter(fits).map(|member| member["id"].as_str().unwrap().to_owned()).collect()
    }

    pub(crate) fn member(&self, role: Role) -> String {
        self.members(role).into_iter().next().unwrap()
    }

    /// The role of a member, the role to come of a pending user in brackets, or none.
    pub(crate) fn role(&self, id: &str) -> String {
        let find = |list: &Value| list.as_array().unwrap().iter().find(|user| user["id"] == id).cloned();
        if let Some(member) = find(&self.json("/api/workspace/members?limit=1000")["members"]) {
            return member["role"].as_str().unwrap().to_owned();
        }
        match find(&self.json("/api/workspace/pending?limit=1000")["pending"]) {
            Some(pending) => format!("({})", pending["role_to_come"].as_str().unwrap()),
            None => "none".to_owned(),
        }
    }

    /// A user as SCIM tells it.
    pub(crate) async fn scim(&self, id: &str) -> Value {
        self.client().get_raw(id).await.unwrap()
    }

    pub(crate) fn client(&self) -> Client {
        Client::new(settings(&self.workspace.scim_url(), TOKEN).client).unwrap()
    }

    /// Removes a member by hand.
    pub(crate) fn remove(&self, id: &str) {
        self.workspace.call("DELETE", &format!("/api/workspace/members/{id}")).unwrap();
    }

    pub(crate) fn switch(&self, switches: &Value) {
        self.workspace.send("PUT", "/lab/switches", &switches.to_string()).unwrap();
    }

    /// Spoils the next `count` requests that match.
    pub(crate) fn spoil(&self, method: &str, contains: &str, count: u32, fault: &Value) {
        let script = json!({"method": method, "contains": contains, "count": count, "fault": fault});
        self.workspace.send("POST", "/lab/faults", &script.to_string()).unwrap();
    }

    /// The first scripted fault that is still to come; null when there is none.
    pub(crate) fn fault(&self) -> Value {
        self.json("/lab/faults")["faults"][0].clone()
    }
}

pub(crate) fn entitlement(role: Role) -> Entitlement {
    Model::new(model::DEFAULT_SLUG).entitlement(role)
}

pub(crate) fn grant(role: Role, user: &str) -> Grant {
    Model::new(model::DEFAULT_SLUG).grant(role, user)
}

pub(crate) fn id(resource: &Resource) -> String {
    resource.id.as_ref().unwrap().resource.clone()
}

/// The user that now exists because of a creation.
pub(crate) fn made(outcome: Result<CreateAccountOutcome>) -> String {
    match outcome.unwrap() {
        CreateAccountOutcome::Success(resource) => id(&resource),
        other => panic!("{other:?}"),
    }
}

/// The user that existed before a creation.
pub(crate) fn existed(outcome: Result<CreateAccountOutcome>) -> String {
    match outcome.unwrap() {
        CreateAccountOutcome::AlreadyExists(resource) => id(&resource),
        other => panic!("{other:?}"),
    }
}

/// Asserts code and a part of the text of a failure, and that no token is in it.
pub(crate) fn assert_fails<T: std::fmt::Debug>(result: Result<T>, code: connector_sdk::error::Code, text: &str) {
    let error: Error = result.unwrap_err();
    assert_eq!(error.code(), code, "{error}");
    assert!(error.message().contains(text), "{error}");
    assert!(!format!("{error:?}").contains(TOKEN), "{error:?}");
}
