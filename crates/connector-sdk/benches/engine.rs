//! What the engine costs without an upstream: a connector that makes its pages in memory.
//!
//! `cargo bench -p connector-sdk [-- USERS]` prints wall time, processor time and peak memory of one full sync of
//! USERS users (100,000 by default) with their role grants, 100 to a page, into a new file.
#![expect(clippy::print_stdout, reason = "prints its result")]

use std::sync::Arc;
use std::time::Instant;

use anyhow::Context;
use async_trait::async_trait;
use camino::Utf8Path;
use connector_sdk::connector::{Connector, EntitlementPage, PageToken, ResourcePage, ResourceSyncer};
use connector_sdk::error::Result;
use connector_sdk::runtime::Runtime;
use connector_sdk::sync::{self, SyncOptions, Unobserved};
use connector_sdk::{annotations, entitlement, grant, resource};
use nix::sys::resource::{Usage, UsageWho, getrusage};
use nix::sys::time::TimeValLike;
use proto::c1::connector::v2::resource_type::Trait;
use proto::c1::connector::v2::{
    ConnectorMetadata, Resource, ResourceId, ResourceType, RoleTrait, SkipEntitlementsAndGrants, UserTrait, user_trait,
};
use proto::{Struct, Value};

const PER_PAGE: usize = 100;

struct Workspace {
    users: usize,
}

struct Users {
    users: usize,
    roles: [Resource; 2],
}

struct Roles {
    roles: [Resource; 2],
}

fn roles() -> [Resource; 2] {
    ["editor", "viewer"].map(|name| {
        resource::Builder::new(resource::resource_id("role", name), name).role(RoleTrait::default()).build()
    })
}

#[async_trait]
impl Connector for Workspace {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata::default()
    }

    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        vec![Arc::new(Users { users: self.users, roles: roles() }), Arc::new(Roles { roles: roles() })]
    }
}

#[async_trait]
impl ResourceSyncer for Users {
    fn resource_type(&self) -> ResourceType {
        let mut one = resource::resource_type("user", "User", &[Trait::User]);
        one.annotations.push(annotations::pack(&SkipEntitlementsAndGrants::default()));
        one
    }

    async fn list_resources(&self, _parent: Option<&ResourceId>, page: &PageToken) -> Result<ResourcePage> {
        let start: usize = page.as_str().parse().unwrap_or(0);
        let end = self.users.min(start + PER_PAGE);
        let mut answer = ResourcePage::default();
        for number in start..end {
            let id = resource::resource_id("user", format!("usr_{number:08}"));
            let [editor, viewer] = &self.roles;
            let role = if number % 3 == 0 { editor } else { viewer };
            answer.grants.push(grant::grant(role, "assigned", &id));
            answer.resources.push(user(id, number));
        }
        answer.next = (end < self.users).then(|| PageToken::new(end.to_string()));
        Ok(answer)
    }
}

fn user(id: ResourceId, number: usize) -> Resource {
    let email = format!("user{number}@example.com");
    let profile = [
        ("first_name", format!("Given{number}")),
        ("last_name", format!("Family{number}")),
        ("login", email.clone()),
        ("user_id", id.resource.clone()),
    ];
    let text = |text: String| Value::from(text);
    let profile = Struct { fields: profile.into_iter().map(|(key, value)| (key.to_owned(), text(value))).collect() };
    let login = email.clone();
    resource::Builder::new(id, email.clone())
        .user(UserTrait {
            emails: vec![user_trait::Email { address: email, is_primary: true }],
            login,
            profile: Some(profile),
            ..UserTrait::default()
        })
        .build()
}

#[async_trait]
impl ResourceSyncer for Roles {
    fn resource_type(&self) -> ResourceType {
        resource::resource_type("role", "Role", &[Trait::Role])
    }

    async fn list_resources(&self, _parent: Option<&ResourceId>, _page: &PageToken) -> Result<ResourcePage> {
        Ok(ResourcePage { resources: self.roles.to_vec(), ..ResourcePage::default() })
    }

    async fn list_entitlements(&self, resource: &Resource, _page: &PageToken) -> Result<EntitlementPage> {
        let entitlements = vec![entitlement::assignment(resource, "assigned", &[])];
        Ok(EntitlementPage { entitlements, ..EntitlementPage::default() })
    }
}

fn cpu_ms(usage: &Usage) -> i64 {
    usage.user_time().num_milliseconds() + usage.system_time().num_milliseconds()
}

#[tokio::main]
async fn main() -> anyhow::Result<()> {
    let users = std::env::args().find_map(|argument| argument.parse().ok()).unwrap_or(100_000);
    let folder = tempfile::tempdir()?;
    let file = Utf8Path::from_path(folder.path()).context("the temporary folder is not UTF-8")?.join("sync.c1z");
    let before = getrusage(UsageWho::RUSAGE_SELF)?;
    let started = Instant::now();
    let options = SyncOptions::new(file.clone());
    sync::run(Arc::new(Workspace { users }), options, &Runtime::default(), Arc::new(Unobserved)).await?;
    let wall = started.elapsed();
    let after = getrusage(UsageWho::RUSAGE_SELF)?;
    println!(
        "{users} users, {PER_PAGE} a page: {} ms wall, {} ms processor, {} MiB peak, {} bytes of file",
        wall.as_millis(),
        cpu_ms(&after) - cpu_ms(&before),
        after.max_rss() / 1024,
        std::fs::metadata(&file)?.len()
    );
    Ok(())
}
