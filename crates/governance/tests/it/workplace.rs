//! An app with its connector, which works at the desk: it syncs, gives and takes roles, makes and deletes accounts.

use std::collections::BTreeMap;

use anyhow::Context as _;
use bytes::Bytes;
use c1z::{Options, SyncType};
use camino::Utf8PathBuf;
use domain::actor::Actor;
use domain::audit::Via;
use domain::provision::Effect;
use domain::task::TaskId;
use governance::{Caller, Desk, Report};
use ids::{AccountId, ConnectorId, CredentialId, EntitlementId, SystemRng};
use jiff::SignedDuration;
use proto::Message as _;
use proto::c1::connector::v2::{
    CreateAccountResponse, Entitlement, Grant, GrantReplaced, Resource, ResourceId, ResourceType, UserTrait,
    create_account_response, resource_type, user_trait,
};
use proto::c1::connectorapi::baton::v1::{BatonServiceHelloRequest, Task, task::TaskType};
use proto::google::rpc;
use sha2::{Digest as _, Sha256};
use store::inventory::list;
use store::{Paging, RowExt as _};
use testkit::database::Database;

use crate::world::World;

/// The roles that there are; a member holds one of them.
const ROLES: [&str; 3] = ["editor", "viewer", "admin"];

/// What the connector does with a write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Manner {
    /// What it is asked.
    Honest,
    /// It says that it did it, and did not.
    Lies,
    /// It says that it cannot, and that trying again will not help.
    Fails,
    /// It says that it cannot at the moment.
    Stumbles,
    /// It says nothing.
    Vanishes,
    /// What it is asked; but it says nothing.
    DoesAndVanishes,
    /// It says that it has no way to do it.
    Cannot,
}

pub(crate) struct Workplace {
    pub(crate) world: World,
    pub(crate) desk: Desk,
    pub(crate) connector: ConnectorId,
    /// Login and role.
    pub(crate) members: BTreeMap<String, String>,
    pub(crate) manner: Manner,
    /// Every write that the connector was asked for, in words.
    pub(crate) asked: Vec<String>,
    /// How many of these changed nothing, because the app was so already.
    pub(crate) needless: usize,
    /// How often nobody could know whether a write was done, or the app was changed by others.
    pub(crate) surprises: usize,
    caller: Caller,
    folder: tempfile::TempDir,
}

impl Workplace {
    /// An app with these members, read into the database.
    pub(crate) async fn new(database: &Database, members: &[(&str, &str)]) -> anyhow::Result<Self> {
        let world = World::new(database).await?;
        let connector = world.connector().await?;
        let desk = Desk::new(world.governance.clone());
        let actor = Actor::Connector {
            id: connector,
            credential: CredentialId::new(world.store().now(), &SystemRng),
            host: "host-1".to_owned(),
        };
        let members = members.iter().map(|(login, role)| ((*login).to_owned(), (*role).to_owned())).collect();
        let mut workplace = Self {
            world,
            desk,
            connector,
            members,
            manner: Manner::Honest,
            asked: Vec::new(),
            needless: 0,
            surprises: 0,
            caller: Caller::new(actor, Via::Grpc),
            folder: tempfile::tempdir()?,
        };
        workplace.hello().await?;
        workplace.allow_writes().await?;
        workplace.settle().await?;
        Ok(workplace)
    }

    /// The connector starts anew.
    pub(crate) async fn hello(&self) -> anyhow::Result<()> {
        let hello = BatonServiceHelloRequest { host_id: "host-1".to_owned(), ..Default::default() };
        let bytes = Bytes::from(hello.encode_to_vec());
        Ok(self.desk.hello(&self.caller, None, &hello, bytes).await?)
    }

    async fn allow_writes(&self) -> anyhow::Result<()> {
        let mut tx = self.world.store().begin().await?;
        sqlx::query("UPDATE connector SET provisioning_enabled = 1").execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// Lets the connector do what it is asked, and the server what is due, until there is nothing left to do now.
    pub(crate) async fn settle(&mut self) -> anyhow::Result<()> {
        loop {
            self.world.run_due_jobs().await?;
            if !self.work_once().await? {
                break;
            }
        }
        Ok(())
    }

    /// As [`Workplace::settle`], this much later; syncs that are due are queued.
    pub(crate) async fn later(&mut self, span: SignedDuration) -> anyhow::Result<()> {
        self.world.clock.advance(span);
        self.settle().await?;
        self.world.governance.plan_next_syncs().await?;
        self.world.governance.queue_due_syncs().await?;
        self.settle().await
    }

    /// Has the connector sync, when what it did before has settled.
    pub(crate) async fn sync(&mut self) -> anyhow::Result<()> {
        self.world.clock.advance(SignedDuration::from_secs(30));
        self.sync_at_once().await
    }

    /// Has the connector sync now.
    pub(crate) async fn sync_at_once(&mut self) -> anyhow::Result<()> {
        let mut tx = self.world.store().begin().await?;
        let now = tx.now();
        store::connector::set_next_sync(tx.conn(), self.connector, Some(now)).await?;
        tx.commit().await?;
        self.world.governance.queue_due_syncs().await?;
        self.settle().await
    }

    /// A person does in the app what a job says.
    pub(crate) fn do_by_hand(&mut self, effect: Effect, login: &str, role: &str) {
        match effect {
            Effect::Grant | Effect::Swap => drop(self.members.insert(login.to_owned(), role.to_owned())),
            Effect::Revoke if self.members.get(login).is_some_and(|held| held == role) => {
                self.members.insert(login.to_owned(), "viewer".to_owned());
            }
            Effect::Revoke => {}
            Effect::CreateAccount => {
                self.members.entry(login.to_owned()).or_insert_with(|| "viewer".to_owned());
            }
            Effect::DeleteAccount | Effect::DisableAccount => drop(self.members.remove(login)),
        }
    }

    /// Has the connector begin a sync.
    pub(crate) async fn begin_sync(&mut self) -> anyhow::Result<TaskId> {
        self.world.governance.plan_next_syncs().await?;
        self.world.clock.advance(SignedDuration::from_hours(2));
        self.world.governance.queue_due_syncs().await?;
        let work = self.desk.next_tasks(&self.caller, 1, &[]).await?;
        let task = work.tasks.into_iter().next().context("a sync is due")?;
        anyhow::ensure!(matches!(task.task_type, Some(TaskType::SyncFull(_))), "not a sync: {task:?}");
        Ok(task.id.parse()?)
    }

    /// Has it end the sync, in which it sees nobody, so that the sync is held.
    pub(crate) async fn end_empty_sync(&mut self, task: &TaskId) -> anyhow::Result<()> {
        let members = std::mem::take(&mut self.members);
        self.upload(task).await?;
        self.members = members;
        let done = Report::Success { response: None, annotations: Vec::new() };
        self.desk.finish(&self.caller, task, done).await?;
        self.world.run_due_jobs().await
    }

    /// One turn of the connector. Tells whether there was something to do.
    async fn work_once(&mut self) -> anyhow::Result<bool> {
        let work = self.desk.next_tasks(&self.caller, 1, &[]).await?;
        let Some(task) = work.tasks.into_iter().next() else { return Ok(false) };
        let id = task.id.parse()?;
        let report = match task.task_type.clone().context("a task has a type")? {
            TaskType::SyncFull(_) => {
                self.upload(&id).await?;
                Some(Report::Success { response: None, annotations: Vec::new() })
            }
            _ => self.write(task)?,
        };
        if let Some(report) = report {
            self.desk.finish(&self.caller, &id, report).await?;
        }
        Ok(true)
    }

    fn write(&mut self, task: Task) -> anyhow::Result<Option<Report>> {
        let done = |annotations| Some(Report::Success { response: None, annotations });
        let failed = |code, non_retryable| {
            let status = rpc::Status { code, message: "the app refuses".to_owned(), details: Vec::new() };
            Some(Report::Error { status, non_retryable, annotations: Vec::new() })
        };
        let task = task.task_type.context("a task has a type")?;
        self.asked.push(words(&task));
        match self.manner {
            Manner::Fails => return Ok(failed(9, true)),
            Manner::Stumbles => return Ok(failed(9, false)),
            Manner::Cannot => return Ok(failed(12, true)),
            Manner::Vanishes => {
                self.surprises += 1;
                return Ok(None);
            }
            Manner::Lies => return Ok(done(Vec::new())),
            Manner::Honest => {}
            Manner::DoesAndVanishes => self.surprises += 1,
        }
        let before = self.members.clone();
        let report = match task {
            TaskType::Grant(grant) => {
                let login = login(grant.principal.context("a principal")?.id);
                let role = role(&grant.entitlement.context("an entitlement")?.id);
                let before = self.members.insert(login, role);
                let replaced = before.map(|before| GrantReplaced { replaced_grant_id: before });
                done(replaced.iter().map(proto::annotations::pack).collect())
            }
            TaskType::Revoke(revoke) => {
                let grant = revoke.grant.context("a grant")?;
                let login = login(grant.principal.context("a principal")?.id);
                let gone = role(&grant.entitlement.context("an entitlement")?.id);
                if self.members.get(&login) == Some(&gone) {
                    self.members.insert(login, "viewer".to_owned());
                }
                done(Vec::new())
            }
            TaskType::CreateAccount(create) => {
                let login = create.account_info.context("an account")?.login;
                self.members.insert(login.clone(), "viewer".to_owned());
                let made = create_account_response::SuccessResult {
                    resource: Some(account(&login)),
                    is_create_account_result: true,
                    ..Default::default()
                };
                let result = Some(create_account_response::Result::Success(made));
                let response = CreateAccountResponse { result, ..Default::default() };
                Some(Report::Success { response: Some(proto::annotations::pack(&response)), annotations: Vec::new() })
            }
            TaskType::DeleteResource(delete) => {
                self.members.remove(&login(delete.resource_id));
                done(Vec::new())
            }
            other => anyhow::bail!("nobody asks for {}", words(&other)),
        };
        self.needless += usize::from(self.members == before);
        Ok(report.filter(|_| self.manner == Manner::Honest))
    }

    async fn upload(&self, task: &TaskId) -> anyhow::Result<()> {
        let path = Utf8PathBuf::try_from(self.folder.path().join("sync.c1z"))?;
        let mut file = c1z::Store::open(&path, Options::default())?;
        file.start_sync(SyncType::Full, None)?;
        let types = [("role", resource_type::Trait::Role), ("user", resource_type::Trait::User)];
        file.put(&types.map(|(id, kind)| ResourceType {
            id: id.to_owned(),
            display_name: id.to_owned(),
            traits: vec![kind as i32],
            ..ResourceType::default()
        }))?;
        file.put(&ROLES.map(|role| resource("role", role)))?;
        file.put(&self.members.keys().map(|login| account(login)).collect::<Vec<_>>())?;
        file.put(&ROLES.map(entitlement))?;
        let grant = |(login, role): (&String, &String)| Grant {
            id: format!("role:{role}:assigned:user:{login}"),
            entitlement: Some(entitlement(role)),
            principal: Some(account(login)),
            ..Grant::default()
        };
        file.put(&self.members.iter().map(grant).collect::<Vec<_>>())?;
        file.end_sync()?;
        file.save()?;
        let bytes = std::fs::read(&path)?;
        std::fs::remove_file(&path)?;
        let mut asset = self.desk.begin_upload(self.caller.clone(), task.clone()).await?;
        asset.write(Bytes::from(bytes.clone())).await?;
        asset.finish(store::file::Digest::new(Sha256::digest(&bytes).into())).await?;
        Ok(())
    }

    /// The entitlement of a role.
    pub(crate) async fn entitlement(&self, role: &str) -> anyhow::Result<EntitlementId> {
        let sql = "SELECT id FROM entitlement WHERE external_id = $1";
        let external = format!("role:{role}:assigned");
        let mut conn = self.world.store().read().await?;
        Ok(sqlx::query(sql).bind(external).fetch_one(&mut *conn).await?.parsed("id")?)
    }

    /// The account of a member.
    pub(crate) async fn account(&self, login: &str) -> anyhow::Result<AccountId> {
        let mut conn = self.world.store().read().await?;
        let sql = "SELECT id FROM account WHERE login = $1 AND gone_at IS NULL";
        Ok(sqlx::query(sql).bind(login.to_owned()).fetch_one(&mut *conn).await?.parsed("id")?)
    }

    /// The period in which a member holds a role now.
    pub(crate) async fn held(&self, login: &str, role: &str) -> anyhow::Result<Option<store::grant::Grant>> {
        let (account, entitlement) = (self.account(login).await?, self.entitlement(role).await?);
        Ok(store::grant::held(&mut *self.world.store().read().await?, account, entitlement).await?)
    }

    /// All periods of a member by their starts and ends: role, origin, state, why it ended.
    pub(crate) async fn periods(&self, login: &str) -> anyhow::Result<Vec<String>> {
        self.periods_of(self.account(login).await?).await
    }

    /// All periods of an account, also of one that is gone.
    pub(crate) async fn periods_of(&self, account: AccountId) -> anyhow::Result<Vec<String>> {
        let mut conn = self.world.store().read().await?;
        let filter = list::GrantFilter::Account(account);
        let mut page = list::grants(&mut conn, filter, list::When::Ever, Paging::first(100)).await?;
        let words = |grant: &list::Grant| {
            let why = grant.end_reason.as_ref().map(|why| format!("({why})")).unwrap_or_default();
            format!("{} {} {}{why}", grant.entitlement_name, grant.origin, grant.state)
        };
        page.rows.sort_by_key(|grant| (grant.starts_at, grant.ended_at.is_none(), grant.ended_at, words(grant)));
        Ok(page.rows.iter().map(words).collect())
    }

    /// All jobs by the time they were made, those of one instant by their words: effect and state.
    pub(crate) async fn jobs(&self) -> anyhow::Result<Vec<String>> {
        let mut conn = self.world.store().read().await?;
        let filter = store::provision::Filter::default();
        let tenant = self.world.store().tenant();
        let mut jobs = store::provision::list(&mut conn, tenant, &filter, Paging::first(200)).await?.rows;
        let words = |job: &store::provision::Job| format!("{} {}", job.effect, job.state);
        jobs.sort_by_key(|job| (job.created_at, words(job)));
        Ok(jobs.iter().map(words).collect())
    }
}

fn resource(of_type: &str, id: &str) -> Resource {
    let id_of = ResourceId { resource_type: of_type.to_owned(), resource: id.to_owned(), ..ResourceId::default() };
    Resource { id: Some(id_of), display_name: id.to_owned(), ..Resource::default() }
}

fn account(login: &str) -> Resource {
    // What follows a `#` tells accounts apart that have one address.
    let address = login.split('#').next().unwrap_or(login).to_owned();
    let email = user_trait::Email { address, is_primary: true };
    let person = UserTrait { login: login.to_owned(), emails: vec![email], ..UserTrait::default() };
    Resource { annotations: vec![proto::annotations::pack(&person)], ..resource("user", login) }
}

/// A role; they are exclusive, as the connector says itself.
fn entitlement(role: &str) -> Entitlement {
    let group = proto::c1::connector::v2::EntitlementExclusionGroup {
        exclusion_group_id: "role".to_owned(),
        ..Default::default()
    };
    Entitlement {
        id: format!("role:{role}:assigned"),
        display_name: role.to_owned(),
        slug: "assigned".to_owned(),
        resource: Some(resource("role", role)),
        annotations: vec![proto::annotations::pack(&group)],
        ..Entitlement::default()
    }
}

fn login(id: Option<ResourceId>) -> String {
    id.unwrap_or_default().resource
}

fn role(entitlement: &str) -> String {
    entitlement.split(':').nth(1).unwrap_or_default().to_owned()
}

fn words(task: &TaskType) -> String {
    match task {
        TaskType::Grant(grant) => format!(
            "grant {} {}",
            role(&grant.entitlement.clone().unwrap_or_default().id),
            login(grant.principal.clone().unwrap_or_default().id)
        ),
        TaskType::Revoke(revoke) => {
            let grant = revoke.grant.clone().unwrap_or_default();
            format!(
                "revoke {} {}",
                role(&grant.entitlement.unwrap_or_default().id),
                login(grant.principal.unwrap_or_default().id)
            )
        }
        TaskType::CreateAccount(create) => {
            format!("create {}", create.account_info.clone().unwrap_or_default().login)
        }
        TaskType::DeleteResource(delete) => format!("delete {}", login(delete.resource_id.clone())),
        _ => "something else".to_owned(),
    }
}
