//! Jobs that people see, do, decline, try again and call off.
//!
//! Source: governance §2.9 (T-J13…T-J15), R-V-6, the routes of §5.

use domain::access::Action;
use domain::provision::{Effect, State, Step};
use ids::ProvisionJobId;
use store::grant::Grant;
use store::provision::{Job, Trouble};
use store::task::Ending;
use store::{Page, Paging, Tx};

use super::{ByHand, Change, assignee, effect, kept, offer, queue, step};
use crate::change::{check_version, reason as checked_reason};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access, request};

pub use store::provision::Filter as JobFilter;

impl Governance {
    /// Provision jobs, the newest first: of one app, or of all for whoever may see all.
    ///
    /// # Errors
    /// `PermissionDenied`; `NotFound` for an app that the caller may not see.
    pub async fn provision_jobs(&self, caller: &Caller, filter: JobFilter, paging: Paging<'_>) -> Result<Page<Job>> {
        let mut conn = self.store().read().await?;
        let tenant = self.store().tenant();
        match filter.app {
            Some(app) => drop(access::app(&mut conn, tenant, caller, app, Action::SeeInventory).await?),
            None => access::require(caller, Action::SeeInventory, domain::access::Relation::None)?,
        }
        Ok(store::provision::list(&mut conn, tenant, &filter, paging).await?)
    }

    /// A person did what the job says (T-J13). A later sync still has to show it.
    ///
    /// # Errors
    /// `FailedPrecondition` when it is no job for a person; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn job_done_by_hand(
        &self,
        caller: &Caller,
        id: ProvisionJobId,
        version: Option<i64>,
        note: Option<&str>,
    ) -> Result<Written<Job>> {
        let (mut tx, mut job) = self.own_job(caller, id, version).await?;
        let now = tx.now();
        if job.account_id.is_none() {
            job.account_id = offer::account_of(&mut tx, &job).await?;
        }
        if job.state == State::Manual {
            kept::note(&mut tx, caller, &mut job).await?;
        }
        (job.reported_at, job.reported_by) = (Some(now), Some(caller.actor.to_string()));
        let note = note.map(checked_reason).transpose()?;
        step(&mut tx, caller, &mut job, Step::Reported)?;
        store::provision::update(tx.conn(), &mut job, now).await?;
        let event = super::event(caller, &job, "job.done_by_hand");
        tx.audit(match note {
            Some(note) => event.with_reason(note),
            None => event,
        });
        effect::done(&mut tx, caller, &mut job).await?;
        self.written(tx, job).await
    }

    /// A person will not do what the job says (T-J13).
    ///
    /// # Errors
    /// `InvalidArgument` without a reason; else as [`Governance::job_done_by_hand`].
    pub async fn decline_job(
        &self,
        caller: &Caller,
        id: ProvisionJobId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<Job>> {
        let reason = checked_reason(reason)?;
        let (mut tx, mut job) = self.own_job(caller, id, version).await?;
        let now = tx.now();
        if job.state != State::Manual {
            return Err(Error::refused(format!("the provision job is {}", job.state)));
        }
        job.error = Some(Trouble { code: None, message: reason });
        step(&mut tx, caller, &mut job, Step::Declined)?;
        store::provision::update(tx.conn(), &mut job, now).await?;
        effect::not_done(&mut tx, caller, &job, ByHand::No).await?;
        self.written(tx, job).await
    }

    /// Tries a job again that failed or was declined: a new job that names it (T-J15).
    ///
    /// # Errors
    /// `FailedPrecondition` in any other state; else as [`Governance::job_done_by_hand`].
    pub async fn retry_job(&self, caller: &Caller, id: ProvisionJobId, version: Option<i64>) -> Result<Written<Job>> {
        let (mut tx, job) = self.change_job(caller, id, version).await?;
        if !matches!(job.state, State::Failed | State::Declined) {
            return Err(Error::refused(format!("the provision job is {}", job.state)));
        }
        let again = retry(&mut tx, caller, &job).await?;
        self.written(tx, again).await
    }

    /// Calls a job off that nobody has begun (T-J14).
    ///
    /// # Errors
    /// `FailedPrecondition` when a connector works on it or it has ended; else as [`Governance::job_done_by_hand`].
    pub async fn cancel_job(
        &self,
        caller: &Caller,
        id: ProvisionJobId,
        version: Option<i64>,
        reason: &str,
    ) -> Result<Written<Job>> {
        let reason = checked_reason(reason)?;
        let (mut tx, mut job) = self.change_job(caller, id, version).await?;
        cancel(&mut tx, caller, &mut job, &reason).await?;
        request::job_failed(&mut tx, caller, &job).await?;
        self.written(tx, job).await
    }

    async fn change_job(&self, caller: &Caller, id: ProvisionJobId, version: Option<i64>) -> Result<(Tx, Job)> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let job = store::provision::find_for_update(&mut tx, id).await?.ok_or_else(|| Error::not_found("job", id))?;
        access::app(tx.conn(), tenant, caller, job.app_id, Action::EditApp).await?;
        check_version(version, job.version, "provision job", id)?;
        Ok((tx, job))
    }

    /// The job, for those who are to do it and for those who may take it over.
    async fn own_job(&self, caller: &Caller, id: ProvisionJobId, version: Option<i64>) -> Result<(Tx, Job)> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let job = store::provision::find_for_update(&mut tx, id).await?.ok_or_else(|| Error::not_found("job", id))?;
        let view = assignee::view(tx.conn(), tenant, job).await?;
        if !view.is_of(caller) {
            access::app(tx.conn(), tenant, caller, view.job.app_id, Action::EditApp).await?;
        }
        check_version(version, view.job.version, "provision job", id)?;
        Ok((tx, view.job))
    }

    async fn written(&self, mut tx: Tx, job: Job) -> Result<Written<Job>> {
        let tenant = tx.tenant();
        let job = store::provision::find(tx.conn(), tenant, job.id).await?.unwrap_or(job);
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(job, seq))
    }
}

/// A job that tries again what this one could not do, in a new period where one is given; the job of a person that stood
/// for it is called off.
pub(crate) async fn retry(tx: &mut Tx, caller: &Caller, job: &Job) -> Result<Job> {
    let tenant = tx.tenant();
    let by_hand = Change::again(job).key(ByHand::Yes);
    if let Some(mut by_hand) = store::provision::by_key(tx.conn(), tenant, &by_hand).await?
        && by_hand.state == State::Manual
    {
        cancel(tx, caller, &mut by_hand, "the connector tries it again").await?;
    }
    let mut change = Change::again(job);
    change.grant = crate::grant::begin_again(tx, job).await?;
    queue(tx, caller, change).await
}

/// T-J14, T-J17.
pub(crate) async fn cancel(tx: &mut Tx, caller: &Caller, job: &mut Job, why: &str) -> Result<()> {
    let now = tx.now();
    job.error = Some(Trouble { code: None, message: why.to_owned() });
    step(tx, caller, job, Step::Cancelled)?;
    if let Some(id) = &job.task_id {
        let task = store::task::get_for_update(tx, id).await?;
        if task.is_some_and(|task| task.state == domain::task::State::Leased) {
            return Err(Error::refused("a connector works on the provision job"));
        }
        store::task::end(tx, id, Ending::cancelled(why)).await?;
    }
    store::provision::update(tx.conn(), job, now).await?;
    offer::next(tx, caller, &job.subject).await
}

/// The end of a grant is called off before the app was asked: its jobs go, the period stays (T-G9).
///
/// # Errors
/// `FailedPrecondition` when a connector works on it.
pub(crate) async fn call_off_end(tx: &mut Tx, caller: &Caller, grant: &Grant) -> Result<()> {
    for mut job in store::provision::of_grant(tx.conn(), grant.id).await? {
        if job.state == State::Leased {
            return Err(Error::refused("the access is being taken away at this moment").with_hint("ask for it anew"));
        }
        if job.state.is_pending() && job.effect == Effect::Revoke {
            cancel(tx, caller, &mut job, "it was extended").await?;
        }
    }
    Ok(())
}
