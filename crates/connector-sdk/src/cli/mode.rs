//! What kind of run the settings ask for.
//!
//! Start at [`Mode::of`]. The order in which operations win over each other is part of the contract.
//!
//! Source: connector-cli §4, §5.3.

use super::config::Config;
use super::default_fields::{
    APPLIED_SYNC_ID, BASE_SYNC_ID, BULK_CREATE_TICKET, BULK_TICKET_TEMPLATE, COMPACT_FILES, COMPACT_OUTPUT,
    COMPACT_SYNC_IDS, COMPACT_SYNCS, CREATE_EMAIL, CREATE_LOGIN, CREATE_PROFILE, CREATE_TICKET, CREATE_TYPE,
    DELETE_RESOURCE, DELETE_TYPE, DIFF_SYNCS, EVENT_FEED, EVENT_FEED_ID, GET_TICKET, GRANT_ENTITLEMENT,
    GRANT_PRINCIPAL, GRANT_PRINCIPAL_TYPE, INVOKE_ACTION, INVOKE_ACTION_ARGS, LIST_ACTION_SCHEMAS, LIST_TICKET_SCHEMAS,
    REVOKE_GRANT, ROTATE_CREDENTIALS, ROTATE_TYPE, TICKET_TEMPLATE,
};
use super::failure::Failure;
use super::literal::parse_bool;
use super::service::Service;
use crate::provision::AccountRequest;

/// The kind of a run.
#[derive(Debug)]
pub(super) enum Mode {
    /// Connect to the service and work on its tasks.
    Service(Box<Service>),
    /// Do one thing, then exit.
    OneShot(Operation),
}

/// One thing to do.
#[derive(Debug)]
pub(super) enum Operation {
    /// Sync into the file.
    Sync,
    /// Give an entitlement to a principal.
    Grant { entitlement: String, principal_type: String, principal: String },
    /// Take a grant away.
    Revoke { grant: String },
    /// Print events.
    EventFeed { id: String },
    /// Create an account.
    CreateAccount { account: AccountRequest, resource_type: String },
    /// Invoke an action.
    InvokeAction { name: String, arguments: String },
    /// Log the actions.
    ListActionSchemas,
    /// Delete a resource.
    Delete { resource_type: String, id: String },
    /// Rotate the credentials of a resource.
    RotateCredentials { resource_type: String, id: String },
    /// Something about tickets; with the file that describes them, if it needs one.
    Ticket { task_type: &'static str, template: Option<String> },
    /// Write the difference of two syncs.
    DiffSyncs { base: String, applied: String },
    /// Merge syncs of several files.
    CompactSyncs { files: Vec<String>, sync_ids: Vec<String>, output: String },
}

impl Mode {
    /// The mode that the settings ask for.
    ///
    /// # Errors
    /// The message, when a setting that decides has a value that it cannot have.
    pub(super) fn of(config: &Config, environment: &impl Fn(&str) -> Option<String>) -> Result<Self, Failure> {
        Ok(match Service::new(config, environment)? {
            Some(service) => Self::Service(Box::new(service)),
            None => Self::OneShot(operation(config).map_err(Failure::usage)?),
        })
    }
}

impl Operation {
    /// The name of its kind of task in log lines.
    pub(super) fn task_type(&self) -> &'static str {
        match self {
            Self::Sync => "sync_full",
            Self::Grant { .. } => "grant",
            Self::Revoke { .. } => "revoke",
            Self::EventFeed { .. } => "event_feed",
            Self::CreateAccount { .. } => "create_account",
            Self::InvokeAction { .. } => "action_invoke",
            Self::ListActionSchemas => "action_list_schemas",
            Self::Delete { .. } => "delete_resource",
            Self::RotateCredentials { .. } => "rotate_credentials",
            Self::Ticket { task_type, .. } => task_type,
            Self::DiffSyncs { .. } => "create_sync_diff",
            Self::CompactSyncs { .. } => "compact_syncs",
        }
    }
}

fn operation(config: &Config) -> Result<Operation, String> {
    let text = |field| config.text(field);
    let given = |field| !config.text(field).is_empty();
    let event_feed = event_feed(config)?;
    Ok(if given(&GRANT_ENTITLEMENT) {
        Operation::Grant {
            entitlement: text(&GRANT_ENTITLEMENT),
            principal_type: text(&GRANT_PRINCIPAL_TYPE),
            principal: text(&GRANT_PRINCIPAL),
        }
    } else if given(&REVOKE_GRANT) {
        Operation::Revoke { grant: text(&REVOKE_GRANT) }
    } else if event_feed {
        Operation::EventFeed { id: text(&EVENT_FEED_ID) }
    } else if given(&CREATE_PROFILE) || given(&CREATE_LOGIN) {
        let account =
            AccountRequest { login: text(&CREATE_LOGIN), email: text(&CREATE_EMAIL), profile: text(&CREATE_PROFILE) };
        Operation::CreateAccount { account, resource_type: text(&CREATE_TYPE) }
    } else if given(&INVOKE_ACTION) {
        Operation::InvokeAction { name: text(&INVOKE_ACTION), arguments: text(&INVOKE_ACTION_ARGS) }
    } else if config.is_on(&LIST_ACTION_SCHEMAS) {
        Operation::ListActionSchemas
    } else if given(&DELETE_RESOURCE) {
        Operation::Delete { resource_type: text(&DELETE_TYPE), id: text(&DELETE_RESOURCE) }
    } else if given(&ROTATE_CREDENTIALS) {
        Operation::RotateCredentials { resource_type: text(&ROTATE_TYPE), id: text(&ROTATE_CREDENTIALS) }
    } else if config.is_on(&CREATE_TICKET) {
        Operation::Ticket { task_type: "create_ticket", template: Some(text(&TICKET_TEMPLATE)) }
    } else if config.is_on(&BULK_CREATE_TICKET) {
        Operation::Ticket { task_type: "bulk_create_tickets", template: Some(text(&BULK_TICKET_TEMPLATE)) }
    } else if config.is_on(&LIST_TICKET_SCHEMAS) {
        Operation::Ticket { task_type: "list_ticket_schemas", template: None }
    } else if config.is_on(&GET_TICKET) {
        Operation::Ticket { task_type: "get_ticket", template: None }
    } else if config.is_on(&DIFF_SYNCS) {
        Operation::DiffSyncs { base: text(&BASE_SYNC_ID), applied: text(&APPLIED_SYNC_ID) }
    } else if config.is_on(&COMPACT_SYNCS) {
        Operation::CompactSyncs {
            files: config.list(&COMPACT_FILES),
            sync_ids: config.list(&COMPACT_SYNC_IDS),
            output: text(&COMPACT_OUTPUT),
        }
    } else if given(&CREATE_EMAIL) {
        return Err("create-account-email alone does not create an account; \
                    hint: give --create-account-login as well"
            .to_owned());
    } else {
        Operation::Sync
    })
}

/// Whether the event feed is asked for: its flag is a text that says true or false.
fn event_feed(config: &Config) -> Result<bool, String> {
    let text = config.text(&EVENT_FEED);
    if text.is_empty() {
        return Ok(false);
    }
    parse_bool(&text).ok_or_else(|| {
        format!(
            "field event-feed: value must be true or false but got '{text}'; hint: name the feed with --event-feed-id"
        )
    })
}
