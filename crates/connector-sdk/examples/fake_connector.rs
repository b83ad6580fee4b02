//! A connector for the tests of the command line: the shape of `baton-whimsical`, an upstream of two users in memory,
//! and faults on demand through `--fake-fault`.

use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use connector_sdk::annotations::Annotations;
use connector_sdk::cli::{self, Config, ConnectorSpec, Export, Field};
use connector_sdk::connector::{
    AccountCreator, Connector, CreateAccountOutcome, CreatedAccount, EntitlementPage, GrantPage, GrantProvisioner,
    Granted, PageToken, ResourceDeleter, ResourcePage, ResourceSyncer,
};
use connector_sdk::error::{Code, Error, Result};
use connector_sdk::{annotations, entitlement, grant, resource};
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    AccountInfo, ConnectorMetadata, Entitlement, Grant, GrantAlreadyExists, LocalCredentialOptions, Resource,
    ResourceId, ResourceType, RoleTrait, SkipEntitlementsAndGrants, UserTrait,
};
use secrecy::ExposeSecret;

const TOKEN: Field = Field::text("whimsical-token", "The token of the workspace")
    .display_name("Token")
    .required()
    .secret()
    .export(Export::Gui);
const BASE_URL: Field = Field::text("base-url", "The address of the API").default_text("https://example.com").hidden();
const FAULT: Field =
    Field::text("fake-fault", "What goes wrong: nothing, connect:CODE, validate:CODE, page:CODE, ... or hang").hidden();

fn main() -> ExitCode {
    cli::run(&ConnectorSpec {
        name: "baton-whimsical",
        version: "v1.2.3",
        display_name: "Whimsical",
        help_url: "/docs/baton/whimsical",
        icon_url: "/static/app-icons/whimsical.svg",
        fields: &[TOKEN, BASE_URL, FAULT],
        connect,
        stand_in: || Arc::new(Fake::default()),
    })
}

fn connect(config: &Config) -> Result<Arc<dyn Connector>> {
    tracing::debug!(
        config = ?config,
        token_length = config.secret(&TOKEN).expose_secret().len(),
        timeout_seconds = config.http_timeout().as_secs(),
        "connecting"
    );
    let fake = Fake { fault: config.text(&FAULT) };
    fake.pass("connect")?;
    Ok(Arc::new(fake))
}

#[derive(Clone, Default)]
struct Fake {
    fault: String,
}

impl Fake {
    /// Fails when the fault of this place is on.
    fn pass(&self, place: &str) -> Result<()> {
        match self.fault.split_once(':') {
            Some((at, code)) if at == place => {
                let code = Code::from_number(code.parse().unwrap_or_default());
                Err(Error::new(code, format!("{place} failed")))
            }
            _ => Ok(()),
        }
    }
}

#[async_trait]
impl Connector for Fake {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata { display_name: "Whimsical".to_owned(), ..ConnectorMetadata::default() }
    }

    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        vec![Arc::new(Users(self.clone())), Arc::new(Roles(self.clone()))]
    }

    async fn validate(&self) -> Result<Annotations> {
        self.pass("validate").map(|()| Annotations::new())
    }
}

struct Users(Fake);

#[async_trait]
impl ResourceSyncer for Users {
    fn resource_type(&self) -> ResourceType {
        let mut user = resource::resource_type("user", "User", &[Trait::User]);
        user.annotations.push(annotations::pack(&SkipEntitlementsAndGrants::default()));
        user
    }

    async fn list_resources(&self, _: Option<&ResourceId>, page: &PageToken) -> Result<ResourcePage> {
        if page.is_start() {
            return Ok(ResourcePage {
                resources: vec![user("ada")],
                next: Some(PageToken::new("2")),
                ..ResourcePage::default()
            });
        }
        self.0.pass("page")?;
        if self.0.fault == "hang" {
            tracing::info!("hanging");
            std::future::pending::<()>().await;
        }
        Ok(ResourcePage { resources: vec![user("grace")], ..ResourcePage::default() })
    }

    fn account_creator(&self) -> Option<&dyn AccountCreator> {
        Some(self)
    }

    fn deleter(&self) -> Option<&dyn ResourceDeleter> {
        Some(self)
    }
}

#[async_trait]
impl AccountCreator for Users {
    async fn create_account(&self, account: &AccountInfo, _: &LocalCredentialOptions) -> Result<CreatedAccount> {
        self.0.pass("create")?;
        Ok(CreateAccountOutcome::Success(user(&account.login)).into())
    }
}

#[async_trait]
impl ResourceDeleter for Users {
    async fn delete_resource(&self, _: &ResourceId, _: Option<&ResourceId>) -> Result<Annotations> {
        self.0.pass("delete").map(|()| Annotations::new())
    }
}

struct Roles(Fake);

#[async_trait]
impl ResourceSyncer for Roles {
    fn resource_type(&self) -> ResourceType {
        resource::resource_type("role", "Role", &[Trait::Role])
    }

    async fn list_resources(&self, _: Option<&ResourceId>, _: &PageToken) -> Result<ResourcePage> {
        Ok(ResourcePage { resources: vec![role()], ..ResourcePage::default() })
    }

    async fn list_entitlements(&self, role: &Resource, _: &PageToken) -> Result<EntitlementPage> {
        let user = Users(self.0.clone()).resource_type();
        let entitlements = vec![entitlement::assignment(role, "assigned", &[user])];
        Ok(EntitlementPage { entitlements, ..EntitlementPage::default() })
    }

    async fn list_grants(&self, role: &Resource, _: &PageToken) -> Result<GrantPage> {
        let grants = vec![grant::grant(role, "assigned", &resource::resource_id("user", "ada"))];
        Ok(GrantPage { grants, ..GrantPage::default() })
    }

    fn grant_provisioner(&self) -> Option<&dyn GrantProvisioner> {
        Some(self)
    }
}

#[async_trait]
impl GrantProvisioner for Roles {
    async fn grant(&self, principal: &Resource, entitlement: &Entitlement) -> Result<Granted> {
        self.0.pass("grant")?;
        let id = principal.id.clone().unwrap_or_default();
        if id.resource == "ada" {
            let annotations = Annotations::new().with(&GrantAlreadyExists::default());
            return Ok(Granted { grants: Vec::new(), annotations });
        }
        let role = entitlement.resource.clone().unwrap_or_default();
        Ok(Granted { grants: vec![grant::grant(&role, &entitlement.slug, &id)], annotations: Annotations::new() })
    }

    async fn revoke(&self, _: &Grant) -> Result<Annotations> {
        self.0.pass("revoke").map(|()| Annotations::new())
    }
}

fn user(name: &str) -> Resource {
    resource::Builder::new(resource::resource_id("user", name), name).user(UserTrait::default()).build()
}

fn role() -> Resource {
    resource::Builder::new(resource::resource_id("role", "editor"), "Editor").role(RoleTrait::default()).build()
}
