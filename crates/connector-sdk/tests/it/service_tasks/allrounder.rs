//! A connector that offers everything there is to offer, and fails on demand.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use connector_sdk::annotations::{Annotations, pack};
use connector_sdk::connector::{
    AccountCreator, ActionManager, ActionState, Connector, CreateAccountOutcome, CreatedAccount, CreatedResource,
    CredentialIssuer, CredentialRequest, CredentialRotator, CredentialSupport, EventFeed, EventPage, EventPosition,
    GrantProvisioner, Granted, IssuedCredential, PageToken, ResourceCreator, ResourceDeleter, ResourcePage,
    ResourceSyncer, RotatedCredential, TicketAnswer, TicketManager, TicketSchemaPage,
};
use connector_sdk::error::{Error, Result};
use connector_sdk::{grant, resource};
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    AccountInfo, BatonActionSchema, BatonActionStatus, CapabilityDetailCredentialOption as Offered, ConnectorMetadata,
    CredentialDetailsCredentialIssue, CredentialIssueOptionDescriptor, CredentialResourceMode, Entitlement, Event,
    EventFeedMetadata, Grant, LocalCredentialOptions, PlaintextData, RawId, Resource, ResourceId, ResourceType,
    SecretTrait, Ticket, TicketSchema, TicketsServiceBulkCreateTicketsRequest, TicketsServiceBulkCreateTicketsResponse,
    TicketsServiceBulkGetTicketsRequest, TicketsServiceBulkGetTicketsResponse, TicketsServiceCreateTicketResponse,
    TicketsServiceGetTicketResponse, UserTrait,
};
use proto::{Struct, Value, value};

/// What the connector answers with, beside what the call asks for.
pub(crate) fn mark() -> RawId {
    RawId { id: "of the connector".to_owned() }
}

/// What happens when the connector is called.
type Fault = Box<dyn Fn() -> Option<Error> + Send + Sync>;

/// The connector. Its one type `user` can do everything; type `secret` is what issued credentials are.
#[derive(Clone)]
pub(crate) struct AllRounder(Arc<Shared>);

struct Shared {
    fault: Fault,
    calls: Mutex<Vec<String>>,
    /// What creating an account comes to.
    outcome: fn(Resource) -> CreateAccountOutcome,
    /// How many events, and how large each of them is.
    events: (u32, usize),
    schemas: usize,
    action: BatonActionStatus,
}

impl Default for AllRounder {
    fn default() -> Self {
        Self(Arc::new(Shared {
            fault: Box::new(|| None),
            calls: Mutex::default(),
            outcome: CreateAccountOutcome::Success,
            events: (3, 10),
            schemas: 3,
            action: BatonActionStatus::Complete,
        }))
    }
}

impl AllRounder {
    fn with(change: impl FnOnce(&mut Shared)) -> Self {
        let mut made = Self::default();
        change(Arc::get_mut(&mut made.0).unwrap());
        made
    }

    pub(crate) fn failing(fault: impl Fn() -> Option<Error> + Send + Sync + 'static) -> Self {
        Self::with(|shared| shared.fault = Box::new(fault))
    }

    pub(crate) fn creating(outcome: fn(Resource) -> CreateAccountOutcome) -> Self {
        Self::with(|shared| shared.outcome = outcome)
    }

    pub(crate) fn with_events(count: u32, size_bytes: usize) -> Self {
        Self::with(|shared| shared.events = (count, size_bytes))
    }

    pub(crate) fn with_schemas(count: usize) -> Self {
        Self::with(|shared| shared.schemas = count)
    }

    pub(crate) fn with_action(status: BatonActionStatus) -> Self {
        Self::with(|shared| shared.action = status)
    }

    /// Every call so far: its name and what it was about.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.calls.lock().unwrap().clone()
    }

    fn call(&self, call: String) -> Result<Annotations> {
        self.0.calls.lock().unwrap().push(call);
        match (self.0.fault)() {
            Some(error) => Err(error),
            None => Ok(Annotations::new().with(&mark())),
        }
    }
}

fn name(id: &ResourceId) -> String {
    format!("{}:{}", id.resource_type, id.resource)
}

pub(crate) fn user(name: &str) -> Resource {
    resource::Builder::new(resource::resource_id("user", name), name).user(UserTrait::default()).build()
}

#[async_trait]
impl Connector for AllRounder {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata { display_name: "All-rounder".to_owned(), ..ConnectorMetadata::default() }
    }

    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        vec![Arc::new(self.clone())]
    }

    fn event_feeds(&self) -> Vec<Arc<dyn EventFeed>> {
        vec![Arc::new(self.clone())]
    }

    fn ticket_manager(&self) -> Option<&dyn TicketManager> {
        Some(self)
    }

    fn action_manager(&self) -> Option<&dyn ActionManager> {
        Some(self)
    }
}

#[async_trait]
impl ResourceSyncer for AllRounder {
    fn resource_type(&self) -> ResourceType {
        resource::resource_type("user", "User", &[Trait::User])
    }

    async fn list_resources(&self, _parent: Option<&ResourceId>, _page: &PageToken) -> Result<ResourcePage> {
        Ok(ResourcePage::default())
    }

    fn grant_provisioner(&self) -> Option<&dyn GrantProvisioner> {
        Some(self)
    }

    fn account_creator(&self) -> Option<&dyn AccountCreator> {
        Some(self)
    }

    fn creator(&self) -> Option<&dyn ResourceCreator> {
        Some(self)
    }

    fn deleter(&self) -> Option<&dyn ResourceDeleter> {
        Some(self)
    }

    fn credential_rotator(&self) -> Option<&dyn CredentialRotator> {
        Some(self)
    }

    fn credential_issuer(&self) -> Option<&dyn CredentialIssuer> {
        Some(self)
    }
}

#[async_trait]
impl GrantProvisioner for AllRounder {
    async fn grant(&self, principal: &Resource, entitlement: &Entitlement) -> Result<Granted> {
        let id = principal.id.clone().unwrap();
        let annotations = self.call(format!("grant {} to {}", entitlement.id, name(&id)))?;
        let grants = vec![grant::grant(entitlement.resource.as_ref().unwrap(), "member", &id)];
        Ok(Granted { grants, annotations })
    }

    async fn revoke(&self, grant: &Grant) -> Result<Annotations> {
        self.call(format!("revoke {}", grant.id))
    }
}

fn secret() -> PlaintextData {
    PlaintextData { name: "password".to_owned(), bytes: b"hunter2".to_vec(), ..PlaintextData::default() }
}

fn any_credential() -> CredentialSupport {
    CredentialSupport { supported: vec![Offered::RandomPassword], preferred: Offered::RandomPassword }
}

#[async_trait]
impl AccountCreator for AllRounder {
    fn credential_support(&self) -> CredentialSupport {
        any_credential()
    }

    async fn create_account(
        &self,
        account: &AccountInfo,
        credential: &LocalCredentialOptions,
    ) -> Result<CreatedAccount> {
        let kind = if credential.options.is_some() { "a" } else { "no" };
        let annotations = self.call(format!("create {} with {kind} wish", account.login))?;
        let outcome = (self.0.outcome)(user(&account.login));
        Ok(CreatedAccount { plaintexts: vec![secret()], annotations, ..outcome.into() })
    }
}

#[async_trait]
impl ResourceCreator for AllRounder {
    async fn create_resource(&self, resource: &Resource) -> Result<CreatedResource> {
        let annotations = self.call(format!("create resource {}", resource.display_name))?;
        Ok(CreatedResource { resource: user("made"), annotations })
    }
}

#[async_trait]
impl ResourceDeleter for AllRounder {
    async fn delete_resource(&self, id: &ResourceId, parent: Option<&ResourceId>) -> Result<Annotations> {
        self.call(format!("delete {} of {}", name(id), parent.map(name).unwrap_or_default()))
    }
}

#[async_trait]
impl CredentialRotator for AllRounder {
    fn credential_support(&self) -> CredentialSupport {
        any_credential()
    }

    async fn rotate_credential(
        &self,
        id: &ResourceId,
        _credential: &LocalCredentialOptions,
    ) -> Result<RotatedCredential> {
        let annotations = self.call(format!("rotate {}", name(id)))?;
        Ok(RotatedCredential { plaintexts: vec![secret()], id: id.clone(), annotations })
    }
}

#[async_trait]
impl CredentialIssuer for AllRounder {
    fn issue_support(&self) -> CredentialDetailsCredentialIssue {
        let option = CredentialIssueOptionDescriptor {
            option: Offered::ApiKey.into(),
            scopes: vec!["read".to_owned()],
            resource_mode: CredentialResourceMode::Discoverable.into(),
            secret_resource_type_id: "secret".to_owned(),
            ..CredentialIssueOptionDescriptor::default()
        };
        CredentialDetailsCredentialIssue { options: vec![option], preferred_option: Offered::ApiKey.into() }
    }

    async fn issue_credential(&self, request: &CredentialRequest) -> Result<IssuedCredential> {
        let annotations = self.call(format!("issue {} for {}", request.request_id, name(&request.identity)))?;
        let of = SecretTrait { identity_id: Some(request.identity.clone()), ..SecretTrait::default() };
        let secret_resource = Resource {
            id: Some(resource::resource_id("secret", "1")),
            annotations: vec![pack(&of)],
            ..Resource::default()
        };
        let mode = CredentialResourceMode::Discoverable;
        Ok(IssuedCredential { secret: secret_resource, plaintexts: vec![secret()], mode, annotations })
    }
}

#[async_trait]
impl TicketManager for AllRounder {
    async fn list_ticket_schemas(&self, page: &PageToken) -> Result<TicketSchemaPage> {
        self.call(format!("schemas from {:?}", page.as_str()))?;
        let start: usize = page.as_str().parse().unwrap_or_default();
        let end = self.0.schemas.min(start + 40);
        let schema = |number: usize| TicketSchema { id: number.to_string(), ..TicketSchema::default() };
        let next = (end < self.0.schemas).then(|| PageToken::new(end.to_string()));
        Ok(TicketSchemaPage { schemas: (start..end).map(schema).collect(), next })
    }

    async fn create_ticket(&self, ticket: &Ticket, schema: Option<&TicketSchema>) -> Result<TicketAnswer> {
        let kind = schema.map(|schema| schema.id.clone()).unwrap_or_default();
        let annotations = self.call(format!("open {} of kind {kind}", ticket.display_name))?;
        Ok(TicketAnswer { ticket: Some(Ticket { id: "T1".to_owned(), ..ticket.clone() }), annotations })
    }

    async fn get_ticket(&self, id: &str) -> Result<TicketAnswer> {
        let annotations = self.call(format!("ticket {id}"))?;
        let ticket = (id != "gone").then(|| Ticket { id: id.to_owned(), ..Ticket::default() });
        Ok(TicketAnswer { ticket, annotations })
    }

    async fn bulk_create_tickets(
        &self,
        request: &TicketsServiceBulkCreateTicketsRequest,
    ) -> Result<TicketsServiceBulkCreateTicketsResponse> {
        self.call("open many".to_owned())?;
        // One title makes the connector lose count.
        let kept = |one: &&_| {
            let request: &proto::c1::connector::v2::TicketsServiceCreateTicketRequest = one;
            request.request.as_ref().is_none_or(|request| request.display_name != "lost")
        };
        let tickets = request.ticket_requests.iter().filter(kept);
        let tickets = tickets.map(|_| TicketsServiceCreateTicketResponse::default()).collect();
        Ok(TicketsServiceBulkCreateTicketsResponse { tickets })
    }

    async fn bulk_get_tickets(
        &self,
        request: &TicketsServiceBulkGetTicketsRequest,
    ) -> Result<TicketsServiceBulkGetTicketsResponse> {
        self.call("tickets".to_owned())?;
        let tickets = request.ticket_requests.iter().filter(|one| one.id != "lost");
        let tickets = tickets.map(|_| TicketsServiceGetTicketResponse::default()).collect();
        Ok(TicketsServiceBulkGetTicketsResponse { tickets })
    }
}

#[async_trait]
impl ActionManager for AllRounder {
    async fn list_action_schemas(&self, resource_type: Option<&str>) -> Result<Vec<BatonActionSchema>> {
        self.call(format!("actions of {}", resource_type.unwrap_or("all")))?;
        let schema = |name: &str, resource_type_id: &str| BatonActionSchema {
            name: name.to_owned(),
            resource_type_id: resource_type_id.to_owned(),
            ..BatonActionSchema::default()
        };
        let mut all = vec![schema("lock", "user"), schema("sweep", "")];
        all.retain(|one| resource_type.is_none_or(|only| one.resource_type_id == only));
        Ok(all)
    }

    async fn invoke_action(&self, name: &str, resource_type: Option<&str>, args: &Struct) -> Result<ActionState> {
        let annotations =
            self.call(format!("{name} on {} with {} args", resource_type.unwrap_or("all"), args.fields.len()))?;
        let text = Value { kind: Some(value::Kind::StringValue("the floor is wet".to_owned())) };
        let response = Struct { fields: [("error".to_owned(), text)].into() };
        let status = self.0.action;
        Ok(ActionState { id: "A1".to_owned(), name: name.to_owned(), status, response: Some(response), annotations })
    }

    async fn action_status(&self, id: &str) -> Result<ActionState> {
        let annotations = self.call(format!("status of {id}"))?;
        let status = BatonActionStatus::Failed;
        Ok(ActionState { id: id.to_owned(), name: "sweep".to_owned(), status, response: None, annotations })
    }
}

#[async_trait]
impl EventFeed for AllRounder {
    fn metadata(&self) -> EventFeedMetadata {
        EventFeedMetadata { id: "audit".to_owned(), ..EventFeedMetadata::default() }
    }

    async fn list_events(&self, from: &EventPosition) -> Result<EventPage> {
        self.call(format!("events from {:?}, {} at most", from.cursor, from.page_size))?;
        let (count, size) = self.0.events;
        let count = if from.page_size == 0 { count } else { count.min(from.page_size) };
        let event = |_| Event { id: "x".repeat(size), ..Event::default() };
        Ok(EventPage { events: (0..count).map(event).collect(), cursor: "next".to_owned(), has_more: true })
    }
}
