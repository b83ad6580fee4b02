//! A connector whose upstream is a table in memory, with faults on demand.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use connector_sdk::annotations::{Annotations, pack};
use connector_sdk::connector::{
    AccountCreator, Connector, CreateAccountOutcome, CreatedAccount, EntitlementPage, FoundResource, GrantPage,
    GrantProvisioner, Granted, PageToken, ResourceDeleter, ResourceGetter, ResourcePage, ResourceSyncer,
};
use connector_sdk::error::{Code, Error, RateLimit, Result};
use connector_sdk::retry::Sleeper;
use connector_sdk::runtime::Runtime;
use connector_sdk::{entitlement, grant, resource};
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    AccountInfo, ConnectorMetadata, Entitlement, Grant, GrantExpandable, GroupTrait, LocalCredentialOptions, Resource,
    ResourceId, ResourceType, RoleTrait, SkipEntitlementsAndGrants, UserTrait, user_trait,
};
use proto::{Message, Name};

/// What the upstream holds.
#[derive(Default)]
pub(crate) struct World {
    pub(crate) types: Vec<ResourceType>,
    pub(crate) resources: Vec<Resource>,
    pub(crate) entitlements: Vec<Entitlement>,
    /// By resource type.
    pub(crate) templates: BTreeMap<String, Vec<Entitlement>>,
    pub(crate) grants: Vec<Grant>,
    /// Whether grants come with the resources of their principals.
    pub(crate) grants_with_resources: bool,
    /// At most so many objects per page; 0 is no limit.
    pub(crate) page_size: usize,
    /// Annotations of single answers, by call.
    pub(crate) annotations: BTreeMap<String, Annotations>,
}

/// The connector.
#[derive(Clone)]
pub(crate) struct Fake(Arc<Shared>);

pub(crate) struct Shared {
    world: World,
    failures: Mutex<BTreeMap<String, Vec<Error>>>,
    calls: Mutex<Vec<String>>,
    hook: Mutex<Option<Hook>>,
}

type Hook = Box<dyn FnMut(&str) + Send>;

impl Fake {
    pub(crate) fn new(world: World) -> Self {
        Self(Arc::new(Shared { world, failures: Mutex::default(), calls: Mutex::default(), hook: Mutex::default() }))
    }

    /// The next calls of this name fail with these errors, in order.
    pub(crate) fn fail(&self, call: &str, errors: Vec<Error>) -> &Self {
        let mut errors = errors;
        errors.reverse();
        self.0.failures.lock().unwrap().insert(call.to_owned(), errors);
        self
    }

    /// Called with the name of every call before it is answered.
    pub(crate) fn on_call(&self, hook: impl FnMut(&str) + Send + 'static) -> &Self {
        *self.0.hook.lock().unwrap() = Some(Box::new(hook));
        self
    }

    /// The names of all calls so far.
    pub(crate) fn calls(&self) -> Vec<String> {
        self.0.calls.lock().unwrap().clone()
    }

    pub(crate) fn connector(&self) -> Arc<dyn Connector> {
        Arc::new(self.clone())
    }
}

impl Shared {
    /// Notes the call and gives its annotations, or its failure.
    fn called(&self, call: &str) -> Result<Annotations> {
        self.calls.lock().unwrap().push(call.to_owned());
        if let Some(hook) = self.hook.lock().unwrap().as_mut() {
            hook(call);
        }
        if let Some(error) = self.failures.lock().unwrap().get_mut(call).and_then(Vec::pop) {
            return Err(error);
        }
        Ok(self.world.annotations.get(call).cloned().unwrap_or_default())
    }

    /// One page of `all`, and the token of the next one. Tokens that are no number start a list of their own.
    fn page<T>(&self, all: Vec<T>, token: &PageToken) -> (Vec<T>, Option<PageToken>) {
        let size = if self.world.page_size == 0 { usize::MAX } else { self.world.page_size };
        let start = token.as_str().parse::<usize>().unwrap_or(0);
        let end = start.saturating_add(size);
        let more = end < all.len();
        let page = all.into_iter().skip(start).take(size).collect();
        (page, more.then(|| PageToken::new(end.to_string())))
    }
}

#[async_trait]
impl Connector for Fake {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata { display_name: "Fake".to_owned(), ..ConnectorMetadata::default() }
    }

    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        let syncer = |one: &ResourceType| -> Arc<dyn ResourceSyncer> {
            Arc::new(Table { shared: Arc::clone(&self.0), resource_type: one.clone() })
        };
        self.0.world.types.iter().map(syncer).collect()
    }

    async fn validate(&self) -> Result<Annotations> {
        self.0.called("validate")
    }

    async fn cleanup(&self, _sync_id: &str) -> Result<()> {
        self.0.called("cleanup").map(drop)
    }
}

/// One resource type of the table.
struct Table {
    shared: Arc<Shared>,
    resource_type: ResourceType,
}

impl Table {
    fn call(&self, verb: &str, of: &str, page: &PageToken) -> Result<Annotations> {
        let mut call = format!("{verb} {}", self.resource_type.id);
        if !of.is_empty() {
            call.push(' ');
            call.push_str(of);
        }
        if !page.is_start() {
            call.push('@');
            call.push_str(page.as_str());
        }
        self.shared.called(&call)
    }

    fn offered_by<'a>(&self, entitlement: Option<&'a Entitlement>) -> Option<&'a ResourceId> {
        entitlement?.resource.as_ref()?.id.as_ref().filter(|id| id.resource_type == self.resource_type.id)
    }

    fn entitlements(&self, of: Option<&ResourceId>) -> Vec<Entitlement> {
        let all = self.shared.world.entitlements.iter();
        all.filter(|one| self.offered_by(Some(one)).is_some_and(|id| of.is_none_or(|of| of == id))).cloned().collect()
    }

    fn grants(&self, of: Option<&ResourceId>) -> Vec<Grant> {
        let world = &self.shared.world;
        let all = world.grants.iter().filter(|_| !world.grants_with_resources);
        all.filter(|one| self.offered_by(one.entitlement.as_ref()).is_some_and(|id| of.is_none_or(|of| of == id)))
            .cloned()
            .collect()
    }
}

fn text(id: Option<&ResourceId>) -> String {
    id.map_or_else(String::new, |id| format!("{}:{}", id.resource_type, id.resource))
}

#[async_trait]
impl ResourceSyncer for Table {
    fn resource_type(&self) -> ResourceType {
        self.resource_type.clone()
    }

    async fn list_resources(&self, parent: Option<&ResourceId>, page: &PageToken) -> Result<ResourcePage> {
        let annotations = self.call("resources", &text(parent), page)?;
        let world = &self.shared.world;
        let own = world.resources.iter().filter(|one| {
            let id = one.id.as_ref();
            id.is_none_or(|id| id.resource_type == self.resource_type.id) && one.parent_resource_id.as_ref() == parent
        });
        let (resources, next) = self.shared.page(own.cloned().collect(), page);
        let held = |one: &&Grant| {
            let holder = one.principal.as_ref().and_then(|principal| principal.id.as_ref());
            world.grants_with_resources && resources.iter().any(|resource| resource.id.as_ref() == holder)
        };
        let grants = world.grants.iter().filter(held).cloned().collect();
        Ok(ResourcePage { resources, grants, next, annotations })
    }

    async fn list_entitlements(&self, resource: &Resource, page: &PageToken) -> Result<EntitlementPage> {
        let annotations = self.call("entitlements", &text(resource.id.as_ref()), page)?;
        let (entitlements, next) = self.shared.page(self.entitlements(resource.id.as_ref()), page);
        Ok(EntitlementPage { entitlements, next, annotations })
    }

    async fn list_static_entitlements(&self, page: &PageToken) -> Result<EntitlementPage> {
        let annotations = self.call("templates", "", page)?;
        let all = self.shared.world.templates.get(&self.resource_type.id).cloned().unwrap_or_default();
        let (entitlements, next) = self.shared.page(all, page);
        Ok(EntitlementPage { entitlements, next, annotations })
    }

    async fn list_grants(&self, resource: &Resource, page: &PageToken) -> Result<GrantPage> {
        let annotations = self.call("grants", &text(resource.id.as_ref()), page)?;
        let (grants, next) = self.shared.page(self.grants(resource.id.as_ref()), page);
        Ok(GrantPage { grants, next, annotations })
    }

    async fn list_type_entitlements(&self, page: &PageToken) -> Result<EntitlementPage> {
        let annotations = self.call("all-entitlements", "", page)?;
        let (entitlements, next) = self.shared.page(self.entitlements(None), page);
        Ok(EntitlementPage { entitlements, next, annotations })
    }

    async fn list_type_grants(&self, page: &PageToken) -> Result<GrantPage> {
        let annotations = self.call("all-grants", "", page)?;
        let (grants, next) = self.shared.page(self.grants(None), page);
        Ok(GrantPage { grants, next, annotations })
    }

    fn getter(&self) -> Option<&dyn ResourceGetter> {
        (self.resource_type.id != "role").then_some(self)
    }

    fn grant_provisioner(&self) -> Option<&dyn GrantProvisioner> {
        (self.resource_type.id == "role").then_some(self)
    }

    fn account_creator(&self) -> Option<&dyn AccountCreator> {
        (self.resource_type.id == "user").then_some(self)
    }

    fn deleter(&self) -> Option<&dyn ResourceDeleter> {
        (self.resource_type.id == "user").then_some(self)
    }
}

#[async_trait]
impl ResourceGetter for Table {
    async fn get_resource(&self, id: &ResourceId, _parent: Option<&ResourceId>) -> Result<FoundResource> {
        let annotations = self.call("get", &text(Some(id)), &PageToken::start())?;
        let found = self.shared.world.resources.iter().find(|one| one.id.as_ref() == Some(id));
        let resource = found.cloned().ok_or_else(|| Error::not_found("no such resource"))?;
        Ok(FoundResource { resource, grants: Vec::new(), annotations })
    }
}

#[async_trait]
impl GrantProvisioner for Table {
    async fn grant(&self, principal: &Resource, entitlement: &Entitlement) -> Result<Granted> {
        let call = format!("grant {} to {}", entitlement.id, principal.display_name);
        let annotations = self.shared.called(&call)?;
        let id = principal.id.clone().unwrap();
        let grants = vec![grant::grant(entitlement.resource.as_ref().unwrap(), &entitlement.slug, &id)];
        Ok(Granted { grants, annotations })
    }

    async fn revoke(&self, grant: &Grant) -> Result<Annotations> {
        let entitlement = grant.entitlement.as_ref().unwrap();
        let principal = grant.principal.as_ref().unwrap();
        self.shared.called(&format!(
            "revoke {} ({}) from {}",
            grant.id,
            entitlement.resource.as_ref().unwrap().display_name,
            principal.display_name
        ))
    }
}

#[async_trait]
impl AccountCreator for Table {
    async fn create_account(
        &self,
        account: &AccountInfo,
        _credential: &LocalCredentialOptions,
    ) -> Result<CreatedAccount> {
        self.shared.called(&format!("create {}", account.login))?;
        Ok(CreateAccountOutcome::Success(user(&account.login)).into())
    }
}

#[async_trait]
impl ResourceDeleter for Table {
    async fn delete_resource(&self, id: &ResourceId, _parent: Option<&ResourceId>) -> Result<Annotations> {
        self.shared.called(&format!("delete {}", text(Some(id))))
    }
}

/// Takes notes of the waits, in seconds.
#[derive(Debug, Default)]
pub(crate) struct Waits(Mutex<Vec<u64>>);

impl Waits {
    pub(crate) fn seconds(&self) -> Vec<u64> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Sleeper for Waits {
    async fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration.as_secs());
        // Somebody may have cancelled meanwhile.
        tokio::task::yield_now().await;
    }
}

/// A runtime that does not wait, and its notes.
pub(crate) fn runtime() -> (Runtime, Arc<Waits>) {
    let waits = Arc::new(Waits::default());
    (Runtime { sleeper: waits.clone(), ..Runtime::default() }, waits)
}

pub(crate) fn unavailable() -> Error {
    Error::new(Code::Unavailable, "503 Service Unavailable")
}

pub(crate) fn limited(seconds: i64) -> Error {
    let reset_at = jiff::Timestamp::now() + jiff::SignedDuration::from_secs(seconds);
    unavailable().with_rate_limit(RateLimit { limit: 1, remaining: 0, reset_at: Some(reset_at) })
}

pub(crate) fn id(resource_type: &str, name: &str) -> ResourceId {
    resource::resource_id(resource_type, name)
}

pub(crate) fn user(name: &str) -> Resource {
    let email = user_trait::Email { address: format!("{name}@example.com"), is_primary: true };
    resource::Builder::new(id("user", name), format!("User {name}"))
        .user(UserTrait { emails: vec![email], ..UserTrait::default() })
        .build()
}

pub(crate) fn group(name: &str) -> Resource {
    resource::Builder::new(id("group", name), format!("Group {name}")).group(GroupTrait::default()).build()
}

pub(crate) fn role(name: &str) -> Resource {
    resource::Builder::new(id("role", name), format!("Role {name}")).role(RoleTrait::default()).build()
}

pub(crate) fn user_type() -> ResourceType {
    resource::resource_type("user", "User", &[Trait::User])
}

pub(crate) fn group_type() -> ResourceType {
    resource::resource_type("group", "Group", &[Trait::Group])
}

pub(crate) fn role_type() -> ResourceType {
    resource::resource_type("role", "Role", &[Trait::Role])
}

/// The type with one more annotation.
pub(crate) fn annotated<M: Message + Name + Default>(mut one: ResourceType) -> ResourceType {
    one.annotations.push(pack(&M::default()));
    one
}

/// The grant `slug` of `resource` to `principal`, which brings every holder of the entitlements `over` along.
pub(crate) fn expandable(resource: &Resource, slug: &str, principal: &ResourceId, over: &GrantExpandable) -> Grant {
    let mut one = grant::grant(resource, slug, principal);
    one.annotations.push(pack(over));
    one
}

/// Users without entitlements, the roles editor and viewer, one grant per user from the roles' side.
pub(crate) fn workspace(users: usize) -> World {
    let roles = [role("editor"), role("viewer")];
    let users: Vec<Resource> = (1..=users).map(|number| user(&format!("u{number:03}"))).collect();
    let grants = users
        .iter()
        .enumerate()
        .map(|(number, user)| grant::grant(&roles[usize::from(number % 3 > 0)], "assigned", user.id.as_ref().unwrap()));
    World {
        types: vec![annotated::<SkipEntitlementsAndGrants>(user_type()), role_type()],
        entitlements: roles.iter().map(|one| entitlement::assignment(one, "assigned", &[user_type()])).collect(),
        grants: grants.collect(),
        resources: roles.iter().cloned().chain(users).collect(),
        page_size: 10,
        ..World::default()
    }
}
