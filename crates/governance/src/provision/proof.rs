//! What a sync shows of what was said to be done.
//!
//! A report is a claim. A full sync that started later, and was applied, is the proof (R-V-1).
//!
//! Source: governance §2.9 (T-J11, T-J12, T-J16), §3.7 (R-V-1, R-V-2).

use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::{Actor, Part};
use domain::audit::Via;
use domain::grant::{EndReason, Origin};
use domain::provision::{Effect, SETTLE, State, Step};
use domain::sync::Kind;
use ids::{ProvisionJobId, SyncId};
use jobs::{Failure, Handler, Next};
use serde::Deserialize;
use serde_json::{Value, json};
use store::Tx;
use store::grant::Grant;
use store::inventory::list;
use store::provision::Job;
use store::sync::Sync;

use super::{Change, offer_waiting, queue, queue_by_hand, step};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{desk, finding, grant};

/// How many jobs one sync proves in one go; the rest follow at once.
const TURN: u32 = 500;

/// What proves the jobs of a connector once a sync of it was applied.
pub(crate) fn handler(governance: Governance) -> (&'static str, Arc<dyn Handler>) {
    (ingest::PROOF, Arc::new(Proof { governance }))
}

struct Proof {
    governance: Governance,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    sync_id: SyncId,
}

#[async_trait]
impl Handler for Proof {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let payload: Payload = serde_json::from_str(&context.job.payload)
            .map_err(|error| Failure::Lasting(format!("the job names no sync: {error}")))?;
        match self.governance.prove(payload.sync_id).await {
            Ok(()) => Ok(Next::Done),
            Err(error) if error.retry().is_some() => Err(Failure::Passing(error.to_string())),
            Err(error) => Err(Failure::Lasting(error.to_string())),
        }
    }
}

impl Governance {
    /// Compares every job that waits for proof with what this applied sync shows, and offers the jobs that waited for
    /// what it brought. Doing it again changes nothing.
    ///
    /// # Errors
    /// When the database refuses; what was proved stays so.
    pub async fn prove(&self, sync: SyncId) -> Result<()> {
        let store = self.store();
        let caller = Caller::new(Actor::System(Part::Ingest), Via::Ingest);
        let found = store::sync::find(&mut *store.read().await?, store.tenant(), sync).await?;
        let sync = found.ok_or_else(|| Error::not_found("sync", sync))?;
        let counts = sync.state == domain::sync::State::Applied && matches!(sync.kind, Kind::Full | Kind::FileImport);
        if sync.state == domain::sync::State::Applied {
            let mut tx = store.begin().await?;
            self.notice_status(&mut tx, &caller, sync.connector_id).await?;
            tx.commit().await?;
            self.match_accounts(&caller, sync.connector_id).await?;
        }
        let Some(started) = sync.started_at.filter(|_| counts) else { return Ok(()) };
        // What settled before the sync started must be seen in it.
        let by = started.checked_sub(SETTLE).unwrap_or(started);
        loop {
            let mut conn = store.read().await?;
            let waiting = store::provision::awaiting_proof(&mut conn, sync.connector_id, by, TURN).await?;
            drop(conn);
            let mut settled = 0;
            for job in &waiting {
                let mut tx = store.begin().await?;
                settled += usize::from(one(&mut tx, &caller, job.id, &sync).await?);
                tx.commit().await?;
            }
            // Those that go on waiting for their person would come again for ever.
            if settled == 0 || waiting.len() < TURN as usize {
                break;
            }
        }
        let mut tx = store.begin().await?;
        desk::look::looked(&mut tx, &caller, &sync, started).await?;
        offer_waiting(&mut tx, &caller, sync.connector_id).await?;
        tx.commit().await?;
        self.notice_outside(&caller, &sync).await?;
        self.task_queued().notify_waiters();
        Ok(())
    }
}

/// Proves one job, or the contrary. Tells whether it no longer waits.
async fn one(tx: &mut Tx, caller: &Caller, id: ProvisionJobId, sync: &Sync) -> Result<bool> {
    let Some(mut job) = store::provision::find_for_update(tx, id).await? else { return Ok(false) };
    if !job.state.awaits_proof() {
        return Ok(false);
    }
    let shown = shows(tx, &job).await?;
    let how = match shown {
        Shown::AsSaid => Step::Confirmed,
        Shown::Overtaken => Step::Superseded,
        Shown::Otherwise if job.state == State::WaitingPerson => return Ok(false),
        Shown::Otherwise => Step::Contradicted,
    };
    let now = tx.now();
    job.confirmed_sync_id = (shown == Shown::AsSaid).then_some(sync.id);
    step(tx, caller, &mut job, how)?;
    store::provision::update(tx.conn(), &mut job, now).await?;
    match shown {
        Shown::AsSaid => confirmed(tx, caller, &job, sync).await?,
        Shown::Otherwise => contradicted(tx, caller, &job).await?,
        Shown::Overtaken => {}
    }
    Ok(true)
}

/// What a sync shows of a job.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Shown {
    /// It is as the job was to make it.
    AsSaid,
    /// It is not.
    Otherwise,
    /// Podium changed it again before the sync; the proof of that later change counts.
    Overtaken,
}

impl From<bool> for Shown {
    fn from(is_so: bool) -> Self {
        if is_so { Self::AsSaid } else { Self::Otherwise }
    }
}

/// Whether the visible inventory is as the job was to make it.
async fn shows(tx: &mut Tx, job: &Job) -> Result<Shown> {
    let tenant = tx.tenant();
    let account = match job.account_id {
        Some(id) => list::account(tx.conn(), tenant, id).await?.filter(|account| account.gone_at.is_none()),
        None => None,
    };
    let held = match (&account, job.entitlement_id) {
        (Some(account), Some(entitlement)) => store::grant::held(tx.conn(), account.id, entitlement).await?,
        _ => None,
    };
    Ok(match job.effect {
        Effect::Grant | Effect::Swap if held.is_some() => Shown::AsSaid,
        Effect::Grant | Effect::Swap => {
            let given = match job.grant_id {
                Some(id) => store::grant::by_id(tx.conn(), id).await?,
                None => None,
            };
            let seen_to_end = |grant: &Grant| matches!(grant.end_reason, Some(EndReason::Outside) | None);
            if given.as_ref().is_none_or(seen_to_end) { Shown::Otherwise } else { Shown::Overtaken }
        }
        // What Podium gave again after it took it away is no contradiction.
        Effect::Revoke => match held {
            None => Shown::AsSaid,
            Some(grant) if matches!(grant.origin, Origin::Outside | Origin::Initial) => Shown::Otherwise,
            Some(_) => Shown::Overtaken,
        },
        Effect::CreateAccount => super::offer::account_of(tx, job).await?.is_some().into(),
        Effect::DeleteAccount => account.is_none().into(),
        Effect::DisableAccount => account.is_none_or(|account| account.status == "disabled").into(),
    })
}

/// T-J11, T-G6.
async fn confirmed(tx: &mut Tx, caller: &Caller, job: &Job, sync: &Sync) -> Result<()> {
    if let (Effect::DeleteAccount, Some(account)) = (job.effect, job.account_id) {
        return Ok(store::grant::note_ends_seen(tx.conn(), account, sync.id).await?);
    }
    let Some(id) = job.grant_id else { return Ok(()) };
    if job.effect == Effect::Revoke {
        return Ok(store::grant::note_end_seen(tx.conn(), id, sync.id).await?);
    }
    let Some(mut grant) = store::grant::find_for_update(tx, id).await? else { return Ok(()) };
    if !grant.state.is_held() || grant.proved_sync_id.is_some() {
        return Ok(());
    }
    grant.proved_sync_id = Some(sync.id);
    store::grant::update(tx.conn(), &mut grant).await?;
    tx.audit(grant::event(caller, &grant, job, "grant.proved").with_change(Value::Null, json!({"syncId": sync.id})));
    Ok(())
}

/// T-J12, T-J16: the first time it is tried again, the second time a person gets it.
async fn contradicted(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<()> {
    let mut change = Change::again(job);
    match job.effect {
        Effect::Revoke => {
            // What is still held is a new period, seen outside (T-G15).
            let (Some(account), Some(entitlement)) = (job.account_id, job.entitlement_id) else { return Ok(()) };
            let Some(mut held) = store::grant::held(tx.conn(), account, entitlement).await? else { return Ok(()) };
            let event = grant::event(caller, &held, job, "grant.still_there");
            tx.audit(event.with_change(Value::Null, json!({"endedGrantId": job.grant_id})));
            if let Ok(state) = held.state.after(domain::grant::Step::End) {
                held.state = state;
                store::grant::update(tx.conn(), &mut held).await?;
            }
            change.grant = Some(held.id);
        }
        Effect::Grant | Effect::Swap => {
            // The sync ended the period that was said to be held; another is tried.
            let tenant = tx.tenant();
            let mut grant = grant::opened(tx, job, Origin::Request, domain::grant::State::Approved);
            if let Some(before) = job.grant_id {
                grant = grant::like(tx, before, grant).await?;
            }
            store::grant::insert(tx.conn(), tenant, &grant).await?;
            change.grant = Some(grant.id);
        }
        Effect::CreateAccount | Effect::DeleteAccount | Effect::DisableAccount => {}
    }
    let is_second = match job.retry_of {
        Some(before) => {
            let tenant = tx.tenant();
            let before = store::provision::find(tx.conn(), tenant, before).await?;
            before.is_some_and(|before| before.state == State::Contradicted)
        }
        None => false,
    };
    // Whoever undoes every change of Podium is not fought: a person decides (R-O-5).
    if is_second || finding::reaction::is_undone(tx, job).await? {
        let why = "it was said to be done twice, and the syncs after it showed that it is not";
        queue_by_hand(tx, caller, change, why).await?;
    } else {
        queue(tx, caller, change).await?;
    }
    Ok(())
}
