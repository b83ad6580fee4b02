//! What becomes of the accounts of people who leave, and how far that has come.
//!
//! The jobs are decided in the transaction in which the person leaves; proof comes from syncs, as for every job.
//!
//! Source: governance §3.10 (R-L-3, R-L-7), R-V-8.

use domain::access::{Action, Relation, may};
use domain::audit::Object;
use domain::grant::Step as GrantStep;
use domain::person::LeaverRule;
use domain::provision::{Cause, Effect, State};
use ids::PersonId;
use jiff::Timestamp;
use serde_json::{Map, Value, json};
use store::inventory::list::{self, Account};
use store::offboarding::{Offboarded, insert, last_of};
use store::provision::Job;
use store::{Connection, Tx};

use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::grant::{self, exclusive};
use crate::provision::{self, Change};

/// What is done about the accounts of a person who left.
#[derive(Debug, Clone, PartialEq)]
pub struct Offboarding {
    /// When the person left; none when they never did.
    pub started_at: Option<Timestamp>,
    /// Their accounts, the oldest first.
    pub accounts: Vec<AccountView>,
}

impl Offboarding {
    /// Whether syncs show that all is done.
    #[must_use]
    pub fn is_proved(&self) -> bool {
        self.accounts.iter().all(|account| account.rule.is_none() || account.is_proved)
    }
}

/// An account of a person who left.
#[derive(Debug, Clone, PartialEq)]
pub struct AccountView {
    /// The account as it is now.
    pub account: Account,
    /// What becomes of it; none when it is left alone.
    pub rule: Option<LeaverRule>,
    /// What does it.
    pub jobs: Vec<Job>,
    /// How many entitlements it holds still.
    pub still_held: usize,
    /// Whether a sync shows that all is done.
    pub is_proved: bool,
}

impl Governance {
    /// What is done about the accounts of a person who left, and how far that has come.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see them.
    pub async fn offboarding(&self, caller: &Caller, id: PersonId) -> Result<Offboarding> {
        let (mut conn, tenant) = (self.store().read().await?, self.store().tenant());
        let sees = may(&caller.actor, Action::SeePeople, Relation::None);
        let found = if sees { store::person::find(&mut conn, tenant, id).await? } else { None };
        let person = found.ok_or_else(|| Error::not_found("person", id))?;
        let mut accounts = Vec::new();
        let mut started_at = person.left_at;
        for one in last_of(&mut conn, id).await? {
            // Whoever left again had no account then.
            if person.left_at.is_some_and(|left_at| left_at > one.started_at) {
                break;
            }
            started_at = Some(one.started_at);
            if let Some(account) = list::account(&mut conn, tenant, one.account_id).await? {
                accounts.push(view(&mut conn, account, &one).await?);
            }
        }
        Ok(Offboarding { started_at, accounts })
    }
}

async fn view(conn: &mut Connection, account: Account, one: &Offboarded) -> Result<AccountView> {
    let jobs = store::provision::of_leaver(conn, account.id, one.started_at).await?;
    let open = store::grant::open_of(conn, account.id).await?;
    let is_settled = |job: &&Job| {
        matches!(job.state, State::Confirmed | State::Cancelled)
            || jobs.iter().any(|later| later.retry_of == Some(job.id))
    };
    let is_proved = account.gone_at.is_some()
        || match one.rule {
            Some(LeaverRule::DisableAccount) => account.status == "disabled",
            Some(LeaverRule::RevokeAll) => jobs.iter().filter(|job| !is_settled(job)).count() == 0,
            Some(LeaverRule::DeleteAccount | LeaverRule::NotifyOwner) | None => false,
        };
    let still_held = open.iter().filter(|grant| grant.state.is_held()).count();
    Ok(AccountView { account, rule: one.rule, jobs, still_held, is_proved })
}

/// Decides what becomes of the accounts of this person, who leaves in this transaction. Returns how many there are.
pub(crate) async fn begin(tx: &mut Tx, caller: &Caller, person: PersonId) -> Result<usize> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let accounts = list::accounts_of(tx.conn(), tenant, person, None).await?;
    for account in &accounts {
        // Somebody else is to answer for a service account; it is not theirs to lose.
        let rule = if account.kind == "user" { Some(rule_of(tx, account).await?) } else { None };
        let (account_id, app_id) = (account.id, account.app_id);
        let one = Offboarded { person_id: person, started_at: now, account_id, app_id, rule };
        insert(tx.conn(), tenant, &one).await?;
        let event = caller.event("account.offboarding", Object::new("account", account_id)).with_app(app_id);
        tx.audit(event.with_change(Value::Null, json!({"personId": person, "rule": rule})));
        match rule {
            Some(LeaverRule::DeleteAccount) => {
                let change = of_account(tx, account, person, Effect::DeleteAccount).await?;
                provision::queue(tx, caller, change).await?;
            }
            Some(LeaverRule::DisableAccount) => {
                let change = of_account(tx, account, person, Effect::DisableAccount).await?;
                provision::queue(tx, caller, change).await?;
            }
            Some(LeaverRule::NotifyOwner) => {
                let change = of_account(tx, account, person, Effect::DeleteAccount).await?;
                let why = "its person left, and an owner of the app decides what becomes of the account";
                provision::queue_by_hand(tx, caller, change, why).await?;
            }
            Some(LeaverRule::RevokeAll) => revoke_all(tx, caller, account).await?,
            None => {}
        }
    }
    Ok(accounts.len())
}

async fn rule_of(tx: &mut Tx, account: &Account) -> Result<LeaverRule> {
    let tenant = tx.tenant();
    let app = store::app::find(tx.conn(), tenant, account.app_id).await?;
    if let Some(rule) = app.and_then(|app| app.leaver_rule) {
        return Ok(rule);
    }
    let connector = store::connector::find(tx.conn(), tenant, account.connector_id).await?;
    Ok(LeaverRule::default_for(connector.map(|connector| connector.catalog_id).as_deref().unwrap_or_default()))
}

/// A change of the account itself. What was done when the person left before does not stand for it.
async fn of_account(tx: &mut Tx, account: &Account, person: PersonId, effect: Effect) -> Result<Change> {
    let before = store::provision::of_leaver(tx.conn(), account.id, Timestamp::UNIX_EPOCH).await?;
    Ok(Change {
        app: account.app_id,
        connector: account.connector_id,
        effect,
        cause: Cause::Leaver,
        account: Some(account.id),
        person: Some(person),
        entitlement: None,
        grant: None,
        request: None,
        retry_of: before.iter().rev().find(|job| job.effect == effect).map(|job| job.id),
        profile: Map::new(),
    })
}

/// Has everything taken away that can be: what never changes stays, and so does the floor of an exclusive set (R-X-3).
async fn revoke_all(tx: &mut Tx, caller: &Caller, account: &Account) -> Result<()> {
    for grant in store::grant::open_of(tx.conn(), account.id).await? {
        let can_end = grant.state.after(GrantStep::End).is_ok() && !grant.is_immutable;
        if can_end && !exclusive::is_floor(tx.conn(), grant.entitlement_id).await? {
            grant::end(tx, caller, grant, Cause::Leaver, None).await?;
        }
    }
    Ok(())
}

/// The person is back: what nobody has begun is not done (T-J14).
pub(crate) async fn call_off(tx: &mut Tx, caller: &Caller, person: PersonId) -> Result<()> {
    for one in last_of(tx.conn(), person).await? {
        for job in store::provision::of_leaver(tx.conn(), one.account_id, one.started_at).await? {
            let Some(mut job) = store::provision::find_for_update(tx, job.id).await? else { continue };
            if !job.state.is_pending() || job.state == State::Leased {
                continue;
            }
            provision::cancel(tx, caller, &mut job, "the person is back").await?;
            grant::keep(tx, caller, &job).await?;
        }
    }
    Ok(())
}
