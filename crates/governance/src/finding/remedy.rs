//! What ends a finding (T-F5).
//!
//! Each remedy checks the right that it needs by itself.

use domain::access::Action;
use domain::audit::Object;
use domain::finding::{Remedy, State, Step};
use domain::grant::{Origin, State as GrantState};
use domain::provision::{Cause, Effect};
use ids::{FindingId, GrantId, PersonId};
use serde_json::{Map, Value, json};
use store::Tx;
use store::finding::Finding;
use store::grant::Grant;

use super::{decidable, step};
use crate::change::{check_version, reason as checked_reason};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::grant::{self, exclusive};
use crate::provision::{self, Change};
use crate::{Written, access};

impl Governance {
    /// Runs what ends the finding. `person` is whoever becomes the owner, where an owner is missing.
    ///
    /// # Errors
    /// `InvalidArgument` without a reason or a person who is needed; `FailedPrecondition` when it is not open, there is no
    /// remedy, or the remedy cannot be run; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn remedy_finding(
        &self,
        caller: &Caller,
        id: FindingId,
        version: Option<i64>,
        person: Option<PersonId>,
        reason: &str,
    ) -> Result<Written<Finding>> {
        let mut tx = self.store().begin().await?;
        let mut finding = decidable(&mut tx, caller, id, Action::DecideFinding).await?;
        if finding.state == State::Remedied {
            return Ok(Written::new(finding, None));
        }
        check_version(version, finding.version, "finding", id)?;
        let reason = checked_reason(reason)?;
        let remedy = finding.kind.remedy().ok_or_else(|| {
            Error::refused("Podium has no remedy for this").with_hint("end it where it is, or accept it")
        })?;
        step(&mut tx, caller, &mut finding, Step::Remedy, Some(reason))?;
        match remedy {
            Remedy::Revert => revert(&mut tx, caller, &finding).await?,
            Remedy::Retry => retry(&mut tx, caller, &finding).await?,
            Remedy::SetOwner => {
                let person = person.ok_or_else(|| Error::invalid("personId", "say who becomes the owner"))?;
                set_owner(&mut tx, caller, &finding, person).await?;
            }
        }
        store::finding::update(tx.conn(), &mut finding).await?;
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(finding, seq))
    }
}

/// Takes away what was given outside. Where it took the place of something above the floor of its set, that is given back.
pub(super) async fn revert(tx: &mut Tx, caller: &Caller, finding: &Finding) -> Result<()> {
    let held = subject_grant(tx, caller, finding).await?;
    if held.state == GrantState::Ending {
        return Ok(());
    }
    let now = tx.now();
    for other in exclusive::others(tx.conn(), held.entitlement_id).await? {
        let Some(before) = store::grant::displaced(tx.conn(), held.id, other).await? else { continue };
        let is_over = before.expires_at.is_some_and(|end| end <= now);
        if !is_over && !exclusive::is_floor(tx.conn(), other).await? {
            return give_back(tx, caller, &held, before).await;
        }
    }
    grant::end(tx, caller, held, Cause::Rule, None).await.map(drop)
}

/// A swap back to what an account held before, for the time that was left.
async fn give_back(tx: &mut Tx, caller: &Caller, held: &Grant, before: Grant) -> Result<()> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let again = Grant {
        id: GrantId::new(now, tx.rng()),
        state: GrantState::Approved,
        origin: Origin::Rule,
        starts_at: now,
        lasts: before.expires_at.map(|end| end.duration_since(now)),
        expires_at: None,
        ended_at: None,
        end_reason: None,
        settled_at: None,
        proved_sync_id: None,
        is_end_seen: false,
        version: 1,
        ..before
    };
    store::grant::insert(tx.conn(), tenant, &again).await?;
    let event = caller.event("grant.approved", Object::new("grant", again.id)).with_app(again.app_id);
    tx.audit(event.with_change(Value::Null, json!({"origin": again.origin, "insteadOf": held.id})));
    let change = Change {
        app: again.app_id,
        connector: again.connector_id,
        effect: Effect::Swap,
        cause: Cause::Rule,
        account: again.account_id,
        person: again.person_id,
        entitlement: Some(again.entitlement_id),
        grant: Some(again.id),
        request: None,
        retry_of: None,
        profile: Map::new(),
    };
    provision::queue(tx, caller, change).await.map(drop)
}

/// Tries again what failed.
async fn retry(tx: &mut Tx, caller: &Caller, finding: &Finding) -> Result<()> {
    let held = subject_grant(tx, caller, finding).await?;
    match held.state {
        GrantState::Stuck => grant::timer::take_again(tx, caller, &held).await.map(drop),
        GrantState::Active => grant::end(tx, caller, held, Cause::Expiry, None).await.map(drop),
        // It is on its way already.
        _ => Ok(()),
    }
}

/// The grant that the finding is about, for a caller who may edit its app.
async fn subject_grant(tx: &mut Tx, caller: &Caller, finding: &Finding) -> Result<Grant> {
    let tenant = tx.tenant();
    let id = finding.subject.id.parse().map_err(Error::internal)?;
    let found = store::grant::find_for_update(tx, id).await?.filter(|grant| grant.state.is_held());
    let grant =
        found.ok_or_else(|| Error::refused("the access is gone already").with_hint("wait for the next sync"))?;
    access::app(tx.conn(), tenant, caller, grant.app_id, Action::EditApp).await?;
    Ok(grant)
}

/// Puts somebody in the place of whoever left, or where nobody is.
async fn set_owner(tx: &mut Tx, caller: &Caller, finding: &Finding, person: PersonId) -> Result<()> {
    let (tenant, now) = (tx.tenant(), tx.now());
    let found = store::person::find(tx.conn(), tenant, person).await?;
    if found.is_none_or(|found| found.status != "active") {
        return Err(Error::invalid("personId", "this person cannot own anything").with_hint("name an active person"));
    }
    let app = finding.app_id.ok_or_else(|| Error::refused("this belongs to no app"))?;
    access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
    let gone: Option<PersonId> = finding.evidence.get("personId").and_then(|id| id.as_str()?.parse().ok());
    let replaced = |owners: &[PersonId]| {
        let mut after: Vec<PersonId> = owners.iter().copied().filter(|owner| Some(*owner) != gone).collect();
        if !after.contains(&person) {
            after.push(person);
        }
        after
    };
    let id = finding.subject.id.as_str();
    let (before, after, action) = match finding.subject.kind.as_str() {
        "app" => {
            let before = store::app::owners(tx.conn(), app).await?;
            let after = replaced(&before);
            store::app::set_owners(tx.conn(), app, &after).await?;
            if let Some(mut app) = store::app::find(tx.conn(), tenant, app).await? {
                store::app::update(tx.conn(), &mut app, now).await?;
            }
            (before, after, "app.owners_changed")
        }
        "connector" => {
            let connector = id.parse().map_err(Error::internal)?;
            let before = store::connector::owners(tx.conn(), connector).await?;
            let after = replaced(&before);
            store::connector::set_owners(tx.conn(), connector, &after).await?;
            (before, after, "connector.owners_changed")
        }
        "entitlement" => {
            let entitlement = id.parse().map_err(Error::internal)?;
            let before = store::request_setting::owners(tx.conn(), entitlement).await?;
            let after = replaced(&before);
            store::request_setting::set_owners(tx.conn(), entitlement, &after).await?;
            (before, after, "entitlement.owners_changed")
        }
        _ => {
            let account = id.parse().map_err(Error::internal)?;
            store::inventory::set_account_owner(tx.conn(), account, Some(person), "manual", None).await?;
            (gone.into_iter().collect(), vec![person], "account.owner_changed")
        }
    };
    let event = caller.event(action, Object::new(finding.subject.kind.as_str(), id)).with_app(app);
    tx.audit(event.with_change(json!({"owners": before}), json!({"owners": after})).with_correlation(finding.id));
    Ok(())
}
