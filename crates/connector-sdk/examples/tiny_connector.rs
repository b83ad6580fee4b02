//! A whole connector in about two hundred lines: the people and teams of a JSON file.
//!
//! `docs/second-connector.md` explains it. It syncs both, with who is in which team, and grants and revokes membership
//! by writing the file.

use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;

use async_trait::async_trait;
use connector_sdk::annotations::Annotations;
use connector_sdk::cli::{self, Config, ConnectorSpec, Export, Field};
use connector_sdk::connector::{
    Connector, EntitlementPage, GrantPage, GrantProvisioner, Granted, PageToken, ResourcePage, ResourceSyncer,
};
use connector_sdk::error::{Code, Error, Result};
use connector_sdk::{annotations, entitlement, grant, resource};
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    ConnectorMetadata, Entitlement, Grant, GrantAlreadyExists, GrantAlreadyRevoked, GroupTrait, Resource, ResourceId,
    ResourceType, SkipEntitlementsAndGrants, UserTrait, user_trait,
};
use serde::{Deserialize, Serialize};
use tokio::sync::Mutex;

const DIRECTORY: Field =
    Field::text("directory-file", "The JSON file with people and teams").required().export(Export::Gui);
/// The largest file that is read, in bytes.
const MAX_SIZE: u64 = 16 << 20;
/// The one thing that a team offers.
const MEMBER: &str = "member";

fn main() -> ExitCode {
    cli::run(&ConnectorSpec {
        name: "tiny_connector",
        version: env!("CARGO_PKG_VERSION"),
        display_name: "Tiny",
        help_url: "",
        icon_url: "",
        fields: &[DIRECTORY],
        connect: |config: &Config| Ok(Arc::new(Tiny::new(config.text(&DIRECTORY)))),
        stand_in: || Arc::new(Tiny::new(String::new())),
    })
}

/// What the file holds.
#[derive(Deserialize, Serialize)]
struct Directory {
    people: Vec<Person>,
    teams: Vec<Team>,
}

#[derive(Deserialize, Serialize)]
struct Person {
    id: String,
    name: String,
    email: String,
}

#[derive(Deserialize, Serialize)]
struct Team {
    id: String,
    name: String,
    members: Vec<String>,
}

/// The file. Its lock keeps two changes of this process apart.
struct Upstream {
    path: PathBuf,
    lock: Mutex<()>,
}

impl Upstream {
    async fn read(&self) -> Result<Directory> {
        let path = self.path.display();
        let failed = |error: std::io::Error| match error.kind() {
            std::io::ErrorKind::NotFound => Error::not_found(format!("`{path}` does not exist")),
            _ => Error::new(Code::Unavailable, format!("read `{path}`: {error}")),
        };
        if tokio::fs::metadata(&self.path).await.map_err(failed)?.len() > MAX_SIZE {
            return Err(Error::invalid_argument(format!("`{path}` is larger than {MAX_SIZE} bytes")));
        }
        let content = tokio::fs::read(&self.path).await.map_err(failed)?;
        serde_json::from_slice(&content).map_err(|error| Error::invalid_argument(format!("`{path}`: {error}")))
    }

    /// Changes the members of a team and says whether that made a difference.
    async fn change(&self, team: &str, change: impl FnOnce(&mut Vec<String>)) -> Result<bool> {
        let _alone = self.lock.lock().await;
        let mut directory = self.read().await?;
        let team = directory
            .teams
            .iter_mut()
            .find(|one| one.id == team)
            .ok_or_else(|| Error::not_found(format!("team `{team}` does not exist")))?;
        let before = team.members.clone();
        change(&mut team.members);
        if team.members == before {
            return Ok(false);
        }
        let failed = |error| Error::unknown(format!("write `{}`: {error}", self.path.display()));
        let text = serde_json::to_string_pretty(&directory).map_err(std::io::Error::from).map_err(failed)?;
        let beside = self.path.with_extension("new");
        tokio::fs::write(&beside, format!("{text}\n")).await.map_err(failed)?;
        tokio::fs::rename(&beside, &self.path).await.map_err(failed)?;
        Ok(true)
    }
}

struct Tiny(Arc<Upstream>);

impl Tiny {
    fn new(path: String) -> Self {
        Self(Arc::new(Upstream { path: path.into(), lock: Mutex::new(()) }))
    }
}

#[async_trait]
impl Connector for Tiny {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata { display_name: "Tiny".to_owned(), ..ConnectorMetadata::default() }
    }

    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        vec![Arc::new(People(Arc::clone(&self.0))), Arc::new(Teams(Arc::clone(&self.0)))]
    }

    async fn validate(&self) -> Result<Annotations> {
        self.0.read().await.map(|_| Annotations::new())
    }
}

struct People(Arc<Upstream>);

fn person_type() -> ResourceType {
    let mut person = resource::resource_type("user", "User", &[Trait::User]);
    person.annotations.push(annotations::pack(&SkipEntitlementsAndGrants::default()));
    person
}

#[async_trait]
impl ResourceSyncer for People {
    fn resource_type(&self) -> ResourceType {
        person_type()
    }

    async fn list_resources(&self, _parent: Option<&ResourceId>, _page: &PageToken) -> Result<ResourcePage> {
        let resources = self.0.read().await?.people.into_iter().map(|person| {
            let email = user_trait::Email { address: person.email.clone(), is_primary: true };
            let user = UserTrait { login: person.email, emails: vec![email], ..UserTrait::default() };
            resource::Builder::new(resource::resource_id("user", person.id), person.name).user(user).build()
        });
        Ok(ResourcePage { resources: resources.collect(), ..ResourcePage::default() })
    }
}

struct Teams(Arc<Upstream>);

#[async_trait]
impl ResourceSyncer for Teams {
    fn resource_type(&self) -> ResourceType {
        resource::resource_type("team", "Team", &[Trait::Group])
    }

    async fn list_resources(&self, _parent: Option<&ResourceId>, _page: &PageToken) -> Result<ResourcePage> {
        let resources = self.0.read().await?.teams.into_iter().map(|team| {
            let id = resource::resource_id("team", team.id);
            resource::Builder::new(id, team.name).group(GroupTrait::default()).build()
        });
        Ok(ResourcePage { resources: resources.collect(), ..ResourcePage::default() })
    }

    async fn list_entitlements(&self, team: &Resource, _page: &PageToken) -> Result<EntitlementPage> {
        let entitlements = vec![entitlement::assignment(team, MEMBER, &[person_type()])];
        Ok(EntitlementPage { entitlements, ..EntitlementPage::default() })
    }

    async fn list_grants(&self, team: &Resource, _page: &PageToken) -> Result<GrantPage> {
        let teams = self.0.read().await?.teams;
        let members = teams.into_iter().filter(|one| one.id == id_of(Some(team))).flat_map(|one| one.members);
        let grants = members.map(|person| grant::grant(team, MEMBER, &resource::resource_id("user", person)));
        Ok(GrantPage { grants: grants.collect(), ..GrantPage::default() })
    }

    fn grant_provisioner(&self) -> Option<&dyn GrantProvisioner> {
        Some(self)
    }
}

#[async_trait]
impl GrantProvisioner for Teams {
    async fn grant(&self, principal: &Resource, entitlement: &Entitlement) -> Result<Granted> {
        let team = entitlement.resource.clone().unwrap_or_default();
        let person = id_of(Some(principal));
        let join = |members: &mut Vec<String>| {
            if !members.contains(&person) {
                members.push(person.clone());
            }
        };
        if !self.0.change(&id_of(Some(&team)), join).await? {
            let annotations = Annotations::new().with(&GrantAlreadyExists::default());
            return Ok(Granted { annotations, ..Granted::default() });
        }
        let grants = vec![grant::grant(&team, MEMBER, &resource::resource_id("user", person))];
        Ok(Granted { grants, ..Granted::default() })
    }

    async fn revoke(&self, grant: &Grant) -> Result<Annotations> {
        let team = id_of(grant.entitlement.as_ref().and_then(|entitlement| entitlement.resource.as_ref()));
        let person = id_of(grant.principal.as_ref());
        let changed = self.0.change(&team, |members| members.retain(|member| *member != person)).await?;
        let already = Annotations::new().with(&GrantAlreadyRevoked::default());
        Ok(if changed { Annotations::new() } else { already })
    }
}

fn id_of(resource: Option<&Resource>) -> String {
    resource.and_then(|resource| resource.id.as_ref()).map(|id| id.resource.clone()).unwrap_or_default()
}
