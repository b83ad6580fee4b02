//! What an administrator asks a connector for by hand: grant, revoke, create and delete accounts, say Hello.
//!
//! Tasks are made of what syncs found, so that they satisfy the rules of their fields; nothing is asked for that was not
//! seen. The requests of people, and what follows from them, come through the same queue.
//!
//! Source: governance R-V-8, §1.14; baton-service-mode §9.

use domain::access::Action;
use domain::audit::Object;
use domain::task::{Kind, State, TaskId};
use ids::{AccountId, ConnectorId, EntitlementId};
use jiff::Timestamp;
use proto::Message as _;
use proto::c1::connector::v2::{AccountInfo, Entitlement, Grant, Resource, ResourceId};
use proto::c1::connectorapi::baton::v1::{Task as WireTask, task as wire};
use serde_json::{Map, Value, json};
use store::Tx;
use store::connector::Connector;
use store::inventory::list;
use store::task::{Ending, NewTask, Task};

use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::written::Written;
use crate::{access, provision};

/// The longest profile of a new account, in bytes of JSON.
const LARGEST_PROFILE: usize = 16 * 1024;
/// The longest login, in bytes.
const LONGEST_LOGIN: usize = 1_024;

/// A wish.
#[derive(Debug, Clone, PartialEq)]
pub enum TaskWish {
    /// Give the entitlement to the account.
    Grant {
        /// The account.
        account: AccountId,
        /// The entitlement.
        entitlement: EntitlementId,
    },
    /// Take the entitlement from the account.
    Revoke {
        /// The account.
        account: AccountId,
        /// The entitlement.
        entitlement: EntitlementId,
    },
    /// Create an account.
    CreateAccount {
        /// Its address.
        email: String,
        /// Its login; the address when absent.
        login: Option<String>,
        /// What the connector's account schema asks for.
        profile: Map<String, Value>,
    },
    /// Delete the account in the app.
    DeleteAccount {
        /// The account.
        account: AccountId,
    },
    /// Say Hello again.
    Hello,
}

impl Governance {
    /// Asks a connector for something. A repeated wish with the same key is the same task.
    ///
    /// # Errors
    /// `FailedPrecondition` when the connector is paused or may not write; `InvalidArgument` naming the field;
    /// `PermissionDenied`; `NotFound`.
    pub async fn create_task(
        &self,
        caller: &Caller,
        id: ConnectorId,
        wish: TaskWish,
        idempotency_key: Option<String>,
    ) -> Result<Written<Task>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let connector = access::connector(tx.conn(), tenant, caller, id, Action::RunTask).await?;
        let (kind, task, after) = wire_task(&mut tx, &connector, wish).await?;
        check_writable(&connector, kind)?;
        let payload = WireTask { task_type: Some(task), ..Default::default() };
        let new = NewTask {
            connector_id: id,
            kind,
            payload: payload.encode_to_vec(),
            available_at: tx.now(),
            sync_id: None,
            idempotency_key: idempotency_key.map(|key| format!("{}:{key}", caller.actor)),
            wished_by: caller.actor.to_string(),
        };
        let now = tx.now();
        let task_id = store::task::enqueue(&mut tx, &new).await?;
        let task = store::task::get(tx.conn(), &task_id).await?.ok_or_else(|| Error::not_found("task", &task_id))?;
        if task.created_at == now {
            let event = caller.event("task.queued", Object::new("task", &task_id)).with_app(connector.app_id);
            tx.audit(event.with_change(Value::Null, after).with_correlation(&task_id));
        }
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(task, seq))
    }

    /// One page of a connector's tasks, the newest first: those older than `before`.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn tasks(
        &self,
        caller: &Caller,
        id: ConnectorId,
        before: Option<(Timestamp, &TaskId)>,
        limit: u32,
    ) -> Result<Vec<Task>> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        access::connector(&mut conn, tenant, caller, id, Action::SeeConnectors).await?;
        Ok(store::task::list(&mut conn, id, before, limit).await?)
    }

    /// One task of a connector.
    ///
    /// # Errors
    /// `NotFound`.
    pub async fn task(&self, caller: &Caller, connector: ConnectorId, id: &TaskId) -> Result<Task> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        access::connector(&mut conn, tenant, caller, connector, Action::SeeConnectors).await?;
        let task = store::task::get(&mut conn, id).await?.filter(|task| task.connector_id == connector);
        task.ok_or_else(|| Error::not_found("task", id))
    }

    /// Calls a task off: one that waits ends now, one that is worked on hears it at its next heartbeat. Syncs are called
    /// off as syncs.
    ///
    /// # Errors
    /// `FailedPrecondition` when it has ended, or makes a sync; `PermissionDenied`; `NotFound`.
    pub async fn cancel_task(&self, caller: &Caller, connector: ConnectorId, id: &TaskId) -> Result<Written<Task>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let found = access::connector(tx.conn(), tenant, caller, connector, Action::RunTask).await?;
        let task = store::task::get_for_update(&mut tx, id).await?.filter(|task| task.connector_id == connector);
        let task = task.ok_or_else(|| Error::not_found("task", id))?;
        if task.sync_id.is_some() {
            return Err(
                Error::new(Code::FailedPrecondition, "this task makes a sync").with_hint("cancel the sync instead")
            );
        }
        match task.state {
            State::Cancelled => return Ok(Written::new(task, None)),
            State::Queued => {
                let ending = Ending {
                    state: State::Cancelled,
                    outcome: domain::task::Outcome::Cancelled,
                    code: None,
                    message: None,
                    response: None,
                    annotations: None,
                };
                store::task::end(&mut tx, id, ending).await?;
                let stopped = domain::task::Outcome::Cancelled;
                provision::reported(&mut tx, caller, &task, stopped, None, "the task was stopped by hand").await?;
            }
            State::Leased => {
                store::task::ask_cancel(&mut tx, id).await?;
            }
            State::Done | State::Failed => {
                return Err(Error::new(Code::FailedPrecondition, format!("the task is {}", task.state)));
            }
        }
        let event = caller.event("task.cancelled", Object::new("task", id)).with_app(found.app_id);
        tx.audit(event.with_change(json!({"state": task.state.name()}), Value::Null).with_correlation(id));
        let task = store::task::get(tx.conn(), id).await?.ok_or_else(|| Error::not_found("task", id))?;
        let seq = tx.commit().await?;
        Ok(Written::new(task, seq))
    }
}

/// The task as the connector gets it, and what the audit log says of it.
pub(crate) async fn wire_task(
    tx: &mut Tx,
    connector: &Connector,
    wish: TaskWish,
) -> Result<(Kind, wire::TaskType, Value)> {
    Ok(match wish {
        TaskWish::Hello => (Kind::Hello, wire::TaskType::Hello(wire::HelloTask::default()), json!({"kind": "hello"})),
        TaskWish::Grant { account, entitlement } => {
            let (principal, entitlement_message) = pair(tx, connector, account, entitlement).await?;
            let task = wire::GrantTask {
                entitlement: Some(entitlement_message),
                principal: Some(principal),
                ..Default::default()
            };
            let after = json!({"kind": "grant", "accountId": account, "entitlementId": entitlement});
            (Kind::Grant, wire::TaskType::Grant(task), after)
        }
        TaskWish::Revoke { account, entitlement } => {
            let (principal, entitlement_message) = pair(tx, connector, account, entitlement).await?;
            let holder = principal.id.clone().unwrap_or_default();
            let grant = Grant {
                id: format!("{}:{}:{}", entitlement_message.id, holder.resource_type, holder.resource),
                entitlement: Some(entitlement_message),
                principal: Some(principal),
                ..Default::default()
            };
            let task = wire::RevokeTask { grant: Some(grant), ..Default::default() };
            let after = json!({"kind": "revoke", "accountId": account, "entitlementId": entitlement});
            (Kind::Revoke, wire::TaskType::Revoke(task), after)
        }
        TaskWish::CreateAccount { email, login, profile } => {
            let email = crate::change::email("email", &email)?;
            let login = login.unwrap_or_else(|| email.clone());
            if login.is_empty() || login.len() > LONGEST_LOGIN {
                return Err(Error::invalid("login", format!("a login has 1 to {LONGEST_LOGIN} bytes")));
            }
            let json_profile = Value::Object(profile);
            if json_profile.to_string().len() > LARGEST_PROFILE {
                return Err(Error::invalid("profile", format!("a profile has at most {LARGEST_PROFILE} bytes")));
            }
            let account = json!({
                "emails": [{"address": email, "isPrimary": true}],
                "login": login,
                "profile": json_profile,
            });
            let account_info: AccountInfo = proto::json::from_str(&account.to_string())
                .map_err(|error| Error::invalid("profile", error.to_string()))?;
            let task = wire::CreateAccountTask { account_info: Some(account_info), ..Default::default() };
            let after = json!({"kind": "create_account", "email": email, "login": login, "profile": json_profile});
            (Kind::CreateAccount, wire::TaskType::CreateAccount(task), after)
        }
        TaskWish::DeleteAccount { account } => {
            let principal = principal(tx, connector, account).await?;
            let task = wire::DeleteResourceTask { resource_id: principal.id, ..Default::default() };
            let after = json!({"kind": "delete_account", "accountId": account});
            (Kind::DeleteResource, wire::TaskType::DeleteResource(task), after)
        }
    })
}

/// Fails when the connector takes no such task.
fn check_writable(connector: &Connector, kind: Kind) -> Result<()> {
    if connector.paused_at.is_some() {
        return Err(Error::new(Code::FailedPrecondition, "the connector is paused").with_hint("resume it first"));
    }
    if !kind.is_write() {
        return Ok(());
    }
    if !connector.provisioning_enabled {
        return Err(Error::new(Code::FailedPrecondition, "provisioning is off for this connector")
            .with_hint("switch provisioningEnabled on"));
    }
    if connector.unsupported.contains(&kind) {
        return Err(Error::new(Code::FailedPrecondition, format!("the connector cannot do `{kind}`: it said so"))
            .with_hint("start another version of it, which says Hello anew"));
    }
    match &connector.writes_refused {
        Some(why) => Err(Error::new(Code::FailedPrecondition, format!("the connector refuses changes: {why}"))
            .with_hint("set BATON_PROVISIONING=true where it runs, and start it again")),
        None => Ok(()),
    }
}

async fn pair(
    tx: &mut Tx,
    connector: &Connector,
    account: AccountId,
    entitlement: EntitlementId,
) -> Result<(Resource, Entitlement)> {
    let principal = principal(tx, connector, account).await?;
    let tenant = tx.tenant();
    let unknown = || Error::invalid("entitlementId", format!("the connector has no entitlement `{entitlement}`"));
    let found = list::entitlement(tx.conn(), tenant, entitlement).await?.ok_or_else(unknown)?;
    if found.connector_id != Some(connector.id) || found.gone_at.is_some() {
        return Err(unknown());
    }
    let resource = match found.resource_id {
        Some(id) => list::resource(tx.conn(), tenant, id).await?.ok_or_else(unknown)?,
        None => return Err(unknown()),
    };
    let message = Entitlement {
        id: found.external_id,
        resource: Some(Resource {
            id: Some(resource_id(resource.resource_type, resource.external_id)),
            display_name: resource.display_name,
            ..Default::default()
        }),
        display_name: found.display_name,
        description: found.description,
        slug: found.slug,
        ..Default::default()
    };
    Ok((principal, message))
}

async fn principal(tx: &mut Tx, connector: &Connector, account: AccountId) -> Result<Resource> {
    let tenant = tx.tenant();
    let unknown = || Error::invalid("accountId", format!("the connector has no account `{account}`"));
    let found = list::account(tx.conn(), tenant, account).await?.ok_or_else(unknown)?;
    if found.connector_id != connector.id || found.gone_at.is_some() {
        return Err(unknown());
    }
    Ok(Resource {
        id: Some(resource_id(found.resource_type, found.external_id)),
        display_name: found.display_name,
        ..Default::default()
    })
}

fn resource_id(resource_type: String, resource: String) -> ResourceId {
    ResourceId { resource_type, resource, ..Default::default() }
}
