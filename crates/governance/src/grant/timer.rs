//! The durable timers of grants: telling of their end, their end, and trying again to take away what is stuck.
//!
//! Source: governance T-G7, T-G16, R-D-6.

use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::{Actor, Part};
use domain::audit::{Object, Via};
use domain::grant::State;
use domain::grant::time::notice_at;
use domain::provision::Cause;
use domain::switch::Switch;
use ids::GrantId;
use jiff::civil::Weekday;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use jobs::{Failure, Handler, Next};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::grant::Grant;
use store::job::NewJob;

use super::{begin_again, end};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::notice;
use crate::provision::{self, Change};

/// The kind of the job that ends a grant.
const EXPIRY: &str = "grant-expiry";
/// The kind of the job that tells that a grant ends soon.
const NOTICE: &str = "grant-notice";
/// The kind of the job that tries again to take away what is stuck.
const STUCK: &str = "grant-stuck";
/// How often that is tried.
const DAILY: SignedDuration = SignedDuration::from_hours(24);
/// How often is looked whether expiry is switched on again.
const SWITCHED_OFF: SignedDuration = SignedDuration::from_secs(30);
/// How often a timer that fails is tried before a person must look; its pauses grow, so this is days.
const ATTEMPTS: i64 = 1_000;

/// The days that count when people are told so many working days before (R-D-3); no setting names others yet.
const WORKING_DAYS: [Weekday; 5] =
    [Weekday::Monday, Weekday::Tuesday, Weekday::Wednesday, Weekday::Thursday, Weekday::Friday];

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    grant_id: GrantId,
}

/// Sets the timer of a grant that ends by itself. An earlier one that it had finds that it is not due.
pub(crate) async fn set(tx: &mut Tx, grant: &Grant) -> Result<()> {
    match grant.expires_at {
        Some(at) => {
            wish(tx, EXPIRY, grant.id, at).await?;
            // When that is depends on settings; the timer finds out.
            let now = tx.now();
            wish(tx, NOTICE, grant.id, now).await
        }
        None => Ok(()),
    }
}

/// What is stuck is tried again in a day.
pub(crate) async fn try_again(tx: &mut Tx, grant: &Grant) -> Result<()> {
    let at = tx.now().checked_add(DAILY).unwrap_or(Timestamp::MAX);
    wish(tx, STUCK, grant.id, at).await
}

async fn wish(tx: &mut Tx, kind: &'static str, grant: GrantId, run_at: Timestamp) -> Result<()> {
    let payload = serde_json::to_string(&Payload { grant_id: grant }).map_err(Error::internal)?;
    let key = Some(grant.to_string());
    let job = NewJob { kind, key, payload, run_at, priority: 0, max_attempts: ATTEMPTS };
    Ok(store::job::enqueue(tx, &job).await?)
}

/// What the timers do, by kind.
pub(crate) fn handlers(governance: &Governance) -> [(&'static str, Arc<dyn Handler>); 3] {
    [
        (EXPIRY, Arc::new(Timer { governance: governance.clone(), what: What::Expire })),
        (NOTICE, Arc::new(Timer { governance: governance.clone(), what: What::Tell })),
        (STUCK, Arc::new(Timer { governance: governance.clone(), what: What::TryAgain })),
    ]
}

#[derive(Clone, Copy)]
enum What {
    Expire,
    Tell,
    TryAgain,
}

struct Timer {
    governance: Governance,
    what: What,
}

#[async_trait]
impl Handler for Timer {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let payload: Payload = serde_json::from_str(&context.job.payload)
            .map_err(|error| Failure::Lasting(format!("the job names no grant: {error}")))?;
        let done = match self.what {
            What::Expire => self.governance.expire_grant(payload.grant_id).await,
            What::Tell => self.governance.tell_of_end(payload.grant_id).await,
            What::TryAgain => self.governance.take_stuck_grant(payload.grant_id).await,
        };
        match done {
            Ok(Some(at)) => Ok(Next::At(at)),
            Ok(None) => Ok(Next::Done),
            // Nothing is forgotten: what keeps access from ending is tried again, whatever it is.
            Err(error) => Err(Failure::Passing(error.to_string())),
        }
    }
}

impl Governance {
    /// Has a grant taken away whose time is over (T-G7). Returns when to look again, if that is later.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expire_grant(&self, id: GrantId) -> Result<Option<Timestamp>> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let Some(grant) = store::grant::find_for_update(&mut tx, id).await? else { return Ok(None) };
        let Some(at) = grant.expires_at.filter(|_| grant.state == State::Active) else { return Ok(None) };
        if at > now {
            return Ok(Some(at));
        }
        let tenant = tx.tenant();
        if !store::switch::is_on(tx.conn(), tenant, Switch::Expiry).await? {
            return Ok(Some(now.checked_add(SWITCHED_OFF).unwrap_or(Timestamp::MAX)));
        }
        end(&mut tx, &timer(), grant, Cause::Expiry, None).await?;
        tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(None)
    }

    /// Tells that a grant ends soon (R-D-3), unless its end is meant (R-D-10). Returns when to look again, if that is later.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn tell_of_end(&self, id: GrantId) -> Result<Option<Timestamp>> {
        let zone = TimeZone::get(&self.time_zone().await?).map_err(Error::internal)?;
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let Some(grant) = store::grant::by_id(tx.conn(), id).await? else { return Ok(None) };
        let Some(ends) = grant.expires_at.filter(|_| grant.state == State::Active) else { return Ok(None) };
        let Some(at) = notice_at(grant.starts_at, ends, &WORKING_DAYS, &zone) else { return Ok(None) };
        if at > now {
            return Ok(Some(at));
        }
        if ends > now {
            let event = timer().event("grant.ends_soon", Object::new("grant", id)).with_app(grant.app_id);
            notice::queue::tell(&mut tx, &event, self.settings().mail.is_some()).await?;
            tx.commit().await?;
        }
        Ok(None)
    }

    /// Tries again to take away what is stuck (T-G16). Returns when to look again while it is.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn take_stuck_grant(&self, id: GrantId) -> Result<Option<Timestamp>> {
        let mut tx = self.store().begin().await?;
        let next = tx.now().checked_add(DAILY).ok();
        let Some(grant) = store::grant::find_for_update(&mut tx, id).await? else { return Ok(None) };
        if grant.state != State::Stuck {
            return Ok(None);
        }
        if !take_again(&mut tx, &timer(), &grant).await? {
            return Ok(None);
        }
        tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(next)
    }
}

/// Queues once more what was to take away this grant, which is stuck. Tells whether anything was.
pub(crate) async fn take_again(tx: &mut Tx, caller: &Caller, grant: &Grant) -> Result<bool> {
    let jobs = store::provision::of_grant(tx.conn(), grant.id).await?;
    let Some(last) = jobs.into_iter().rev().find(|job| job.state.is_tried()) else { return Ok(false) };
    let mut change = Change::again(&last);
    change.grant = begin_again(tx, &last).await?;
    provision::queue(tx, caller, change).await?;
    Ok(true)
}

fn timer() -> Caller {
    Caller::new(Actor::System(Part::Timer), Via::Timer)
}
