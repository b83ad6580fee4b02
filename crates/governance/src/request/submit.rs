//! Asking for access (T-Q1).
//!
//! Source: governance §3.3 (R-Q-1…R-Q-4, R-P-8), §3.4 (R-D-2, R-D-4).

use domain::access::{Action, Relation, may};
use domain::actor::Actor;
use domain::form;
use domain::grant::{self, Origin as GrantOrigin, State as GrantState, time};
use domain::policy;
use domain::request::{Kind, Origin, State};
use ids::{AccountId, AppId, BundleId, EntitlementId, GrantId, PersonId, RequestId};
use jiff::SignedDuration;
use serde_json::{Map, Value, json};
use store::Tx;
use store::grant::Grant;
use store::inventory::list::{self, Account, Entitlement};
use store::request::Request;
use store::request_setting::{self, Setting};

use super::{RequestView, flow, outcome, timer, view};
use crate::change::text;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::grant::exclusive;
use crate::policy::{Case, Subject, freeze};
use crate::setting::{SELF_APPROVAL_HINT, check_self_approval};
use crate::{Written, access};

/// How long a request waits for answers.
const DEADLINE: SignedDuration = SignedDuration::from_hours(14 * 24);
/// How long access lasts that was given in an emergency, at most (R-P-8).
pub(super) const EMERGENCY_CAP: SignedDuration = SignedDuration::from_hours(4);
/// How many letters the reason of an emergency has at least.
const EMERGENCY_REASON: usize = 10;
/// How many letters a reason has at most.
const LONGEST_REASON: usize = 2_000;

/// A wish for access, or for its end.
#[derive(Debug, Clone, Default)]
pub struct NewRequest {
    /// For whom; the caller when nobody is named.
    pub for_person: Option<PersonId>,
    /// What to hold.
    pub entitlement: Option<EntitlementId>,
    /// The app to have an account in, when nothing in it is asked for.
    pub app: Option<AppId>,
    /// For which account of the person, when there are several.
    pub account: Option<AccountId>,
    /// What is held and to be extended, or ended.
    pub grant: Option<GrantId>,
    /// Whether the grant is to end.
    pub is_revocation: bool,
    /// For how long; for ever when nothing is said and nothing else is set.
    pub duration: Option<SignedDuration>,
    /// Why.
    pub reason: String,
    /// Whether it is urgent.
    pub is_emergency: bool,
    /// The answers to the form of the entitlement, by their keys.
    pub form: Map<String, Value>,
    /// The bundle that it is a part of.
    pub bundle: Option<BundleId>,
}

/// What is asked for, looked up.
struct Wish {
    kind: Kind,
    app: AppId,
    entitlement: Option<Entitlement>,
    account: Option<Account>,
    grant: Option<Grant>,
    person: PersonId,
}

impl Governance {
    /// Asks for access, for longer access, for an account, or for the end of access. What was asked for already, and is
    /// not decided, is the same request; then nothing is written and the answer has no audit row.
    ///
    /// # Errors
    /// `FailedPrecondition` when it is held already, may not be asked for, or nobody may have it now; `InvalidArgument`
    /// naming the field; `PermissionDenied` for whoever may not ask for this person; `NotFound`.
    pub async fn submit_request(&self, caller: &Caller, new: NewRequest) -> Result<Written<RequestView>> {
        let reason = text("reason", &new.reason, LONGEST_REASON)?;
        let mut tx = self.store().begin().await?;
        let wish = look_up(&mut tx, caller, &new).await?;
        let entitlement = wish.entitlement.as_ref().map(|entitlement| entitlement.id);
        if let Some(known) = store::request::open_for(tx.conn(), wish.person, wish.kind, wish.app, entitlement).await? {
            let view = view::of(tx.conn(), known).await?;
            return Ok(Written::new(view, None));
        }
        let setting = request_setting::effective(tx.conn(), wish.app, entitlement).await?;
        let duration = duration(&wish, &new, &setting, &reason)?;
        let form = answers(&mut tx, &wish, &new).await?;
        let policy = match (wish.kind, new.is_emergency) {
            (Kind::Revoke, _) => setting.revoke_policy,
            (_, true) => setting.emergency_policy,
            (_, false) => setting.request_policy,
        };
        let of = if wish.kind == Kind::Revoke { policy::Kind::Revoke } else { policy::Kind::Request };
        let (now, tenant) = (tx.now(), tx.tenant());
        let mut request = Request {
            id: RequestId::new(now, tx.rng()),
            app_id: wish.app,
            kind: wish.kind,
            origin: origin(caller),
            state: State::Open,
            requested_by: caller.actor.to_string(),
            requester_id: caller.actor.person(),
            for_person_id: wish.person,
            entitlement_id: entitlement,
            account_id: wish.account.as_ref().map(|account| account.id),
            grant_id: wish.grant.as_ref().map(|grant| grant.id),
            duration,
            asked_duration: None,
            reason,
            is_emergency: new.is_emergency,
            policy_snapshot: String::new(),
            outcome: None,
            form,
            bundle_id: new.bundle,
            claim_until: None,
            started_at: None,
            deadline_at: now.checked_add(DEADLINE).unwrap_or(now),
            created_at: now,
            updated_at: now,
            closed_at: None,
            version: 1,
        };
        let frozen = freeze(&mut tx, of, policy, &Case::of(&request)).await?;
        if request.kind != Kind::Revoke && !request.is_emergency {
            let risk = store::classification::effective(tx.conn(), wish.app, entitlement).await?.risk();
            check_self_approval(frozen.verdict.asks_only_the_subject(), risk, &setting).map_err(|why| {
                Error::refused(format!("this cannot be asked for now: {why}")).with_hint(SELF_APPROVAL_HINT)
            })?;
        }
        request.policy_snapshot = serde_json::to_string(&frozen).map_err(Error::internal)?;
        if let (Kind::Grant | Kind::Swap, Some(entitlement)) = (wish.kind, &wish.entitlement) {
            let grant = requested(&mut tx, &request, entitlement)?;
            store::grant::insert(tx.conn(), tenant, &grant).await?;
            request.grant_id = Some(grant.id);
        }
        store::request::insert(tx.conn(), tenant, &request).await?;
        let after = json!({
            "kind": request.kind, "forPersonId": request.for_person_id, "entitlementId": request.entitlement_id,
            "accountId": request.account_id, "duration": request.duration, "emergency": request.is_emergency,
            "bundleId": request.bundle_id,
            "policy": frozen.words(),
        });
        let event = outcome::event(caller, &request, "request.created").with_change(Value::Null, after);
        let reason = request.reason.clone();
        tx.audit(if reason.is_empty() { event } else { event.with_reason(reason) });
        timer::deadline(&mut tx, &request).await?;
        let subject = Subject { person: wish.person, app: wish.app, entitlement };
        flow::begin(&mut tx, caller, &mut request, &frozen, &subject).await?;
        let view = view::of(tx.conn(), request).await?;
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        self.job_queued().notify_waiters();
        Ok(Written::new(view, seq))
    }
}

const fn origin(caller: &Caller) -> Origin {
    match (&caller.actor, caller.via) {
        (Actor::System(_), _) => Origin::Rule,
        (_, domain::audit::Via::Web) => Origin::Web,
        (_, domain::audit::Via::Cli) => Origin::Cli,
        _ => Origin::Api,
    }
}

/// What was answered to the form of what is to be held (R-Q-5).
async fn answers(tx: &mut Tx, wish: &Wish, new: &NewRequest) -> Result<Map<String, Value>> {
    let form = match (&wish.entitlement, wish.kind) {
        (Some(entitlement), Kind::Grant | Kind::Swap) => store::form::of_entitlement(tx.conn(), entitlement.id).await?,
        _ => None,
    };
    match form {
        Some(form) => {
            form::answers(&form.fields, &new.form).map_err(|error| Error::invalid(&error.field, error.message))
        }
        None if new.form.is_empty() => Ok(Map::new()),
        None => Err(Error::invalid("form", "nothing is to be answered for this")),
    }
}

/// The period that a request opens.
fn requested(tx: &mut Tx, request: &Request, entitlement: &Entitlement) -> Result<Grant> {
    let connector = entitlement.connector_id.ok_or_else(|| Error::refused("no connector gives this entitlement"))?;
    let now = tx.now();
    Ok(Grant {
        id: GrantId::new(now, tx.rng()),
        app_id: request.app_id,
        connector_id: connector,
        entitlement_id: entitlement.id,
        account_id: request.account_id,
        person_id: Some(request.for_person_id),
        request_id: Some(request.id),
        state: GrantState::Requested,
        origin: GrantOrigin::Request,
        starts_at: now,
        lasts: request.duration,
        expires_at: None,
        ended_at: None,
        end_reason: None,
        is_immutable: false,
        settled_at: None,
        proved_sync_id: None,
        is_end_seen: false,
        version: 1,
    })
}

async fn look_up(tx: &mut Tx, caller: &Caller, new: &NewRequest) -> Result<Wish> {
    match (new.grant, new.entitlement, new.app) {
        (Some(grant), None, None) => of_grant(tx, caller, new, grant).await,
        (None, Some(entitlement), None) => of_entitlement(tx, caller, new, entitlement).await,
        (None, None, Some(app)) => of_app(tx, caller, new, app).await,
        _ => Err(Error::invalid("entitlementId", "name one of `entitlementId`, `appId` and `grantId`")),
    }
}

/// The person for whom access is asked, if the caller may (R-Q-1).
pub(crate) async fn person(tx: &mut Tx, caller: &Caller, wished: Option<PersonId>) -> Result<PersonId> {
    let me = caller.actor.person();
    let Some(person) = wished.or(me) else {
        return Err(Error::invalid("forPersonId", "say for whom; a machine asks for nobody by itself"));
    };
    let tenant = tx.tenant();
    let found = store::person::find(tx.conn(), tenant, person).await?;
    let is_own = me == Some(person);
    let may_ask = if is_own {
        asks_for_oneself(caller)
    } else {
        may(&caller.actor, Action::RequestForOthers, Relation::None)
            || (me.is_some() && store::person::manager(tx.conn(), person).await? == me)
    };
    if !may_ask {
        return Err(match found {
            Some(_) if is_own => Error::denied("whoever only audits asks for nothing"),
            // Whoever may not see people does not learn who is there.
            _ => Error::denied("you may ask for yourself and for your direct reports")
                .with_hint("ask the person's manager, or the helpdesk"),
        });
    }
    match found {
        Some(found) if found.status == "active" => Ok(person),
        Some(found) => Err(Error::invalid("forPersonId", format!("the person is {}", found.status))),
        None => Err(Error::invalid("forPersonId", format!("there is no person `{person}`"))),
    }
}

/// Whoever was given only *Auditor* asks for nothing (R-ROLE-4).
fn asks_for_oneself(caller: &Caller) -> bool {
    use domain::actor::Role;
    match &caller.actor {
        Actor::Person { roles, .. } => {
            !roles.contains(&Role::Auditor) || roles.iter().any(|role| *role != Role::Auditor)
        }
        _ => true,
    }
}

async fn of_entitlement(tx: &mut Tx, caller: &Caller, new: &NewRequest, id: EntitlementId) -> Result<Wish> {
    let person = person(tx, caller, new.for_person).await?;
    let tenant = tx.tenant();
    let found = list::entitlement(tx.conn(), tenant, id).await?.filter(|entitlement| entitlement.gone_at.is_none());
    let entitlement = found.ok_or_else(|| Error::not_found("entitlement", id))?;
    requestable(tx, entitlement.app_id, Some(id)).await?;
    let account = account(tx, person, &entitlement, new.account).await?;
    if let Some(account) = &account
        && let Some(held) = store::grant::held(tx.conn(), account.id, id).await?
    {
        let error = Error::refused("this is held already");
        return Err(match held.expires_at {
            Some(at) => error.with_hint(format!("it ends at {at}; ask for an extension of the grant `{}`", held.id)),
            None => error,
        });
    }
    let kind = match &account {
        Some(account) if replaces(tx, account.id, id).await? => Kind::Swap,
        _ => Kind::Grant,
    };
    Ok(Wish { kind, app: entitlement.app_id, entitlement: Some(entitlement), account, grant: None, person })
}

/// Whether the account holds another member of the entitlement's exclusive set (R-X-2).
async fn replaces(tx: &mut Tx, account: AccountId, entitlement: EntitlementId) -> Result<bool> {
    for other in exclusive::others(tx.conn(), entitlement).await? {
        if store::grant::held(tx.conn(), account, other).await?.is_some() {
            return Ok(true);
        }
    }
    Ok(false)
}

/// Which account of the person is meant: the one named, else the first that can be used (R-Q-4).
async fn account(
    tx: &mut Tx,
    person: PersonId,
    entitlement: &Entitlement,
    named: Option<AccountId>,
) -> Result<Option<Account>> {
    let tenant = tx.tenant();
    let accounts = list::accounts_of(tx.conn(), tenant, person, Some(entitlement.app_id)).await?;
    let mut ours = accounts.into_iter().filter(|account| Some(account.connector_id) == entitlement.connector_id);
    if let Some(id) = named {
        let found = ours.find(|account| account.id == id);
        return found
            .map(Some)
            .ok_or_else(|| Error::invalid("accountId", format!("the person has no account `{id}` there")));
    }
    let ours: Vec<Account> = ours.collect();
    Ok(ours.iter().find(|account| account.status == "enabled").or(ours.first()).cloned())
}

async fn of_app(tx: &mut Tx, caller: &Caller, new: &NewRequest, app: AppId) -> Result<Wish> {
    let person = person(tx, caller, new.for_person).await?;
    requestable(tx, app, None).await?;
    let tenant = tx.tenant();
    if !list::accounts_of(tx.conn(), tenant, person, Some(app)).await?.is_empty() {
        return Err(Error::refused("the person has an account there already"));
    }
    Ok(Wish { kind: Kind::Account, app, entitlement: None, account: None, grant: None, person })
}

async fn requestable(tx: &mut Tx, app: AppId, entitlement: Option<EntitlementId>) -> Result<()> {
    let tenant = tx.tenant();
    let found = store::app::find(tx.conn(), tenant, app).await?.ok_or_else(|| Error::not_found("app", app))?;
    if found.state != "managed" {
        return Err(Error::refused(format!("`{}` is not managed: nothing in it can be asked for", found.name)));
    }
    let setting = request_setting::effective(tx.conn(), app, entitlement).await?;
    if setting.is_requestable != Some(true) {
        return Err(Error::refused("this cannot be asked for")
            .with_hint(format!("an owner of `{}` has to make it requestable first", found.name)));
    }
    Ok(())
}

async fn of_grant(tx: &mut Tx, caller: &Caller, new: &NewRequest, id: GrantId) -> Result<Wish> {
    let not_found = || Error::not_found("grant", id);
    let held =
        store::grant::find_for_update(tx, id).await?.filter(|grant| grant.state.is_held()).ok_or_else(not_found)?;
    let tenant = tx.tenant();
    let account = match held.account_id {
        Some(account) => list::account(tx.conn(), tenant, account).await?,
        None => None,
    };
    let holder = account.as_ref().and_then(|account| account.owner_person_id).or(held.person_id);
    let entitlement = list::entitlement(tx.conn(), tenant, held.entitlement_id).await?;
    let entitlement = entitlement.ok_or_else(not_found)?;
    let kind = if new.is_revocation { Kind::Revoke } else { Kind::Extend };
    let Some(person) = holder else {
        return Err(Error::refused("nobody answers for the account").with_hint("give the account an owner first"));
    };
    if new.is_revocation {
        may_revoke(tx, caller, &held, person).await.map_err(|denied| denied.unwrap_or_else(not_found))?;
    } else if self::person(tx, caller, Some(person)).await.is_err() {
        return Err(not_found());
    } else if held.expires_at.is_none() {
        return Err(Error::refused("this access has no end that could be extended"));
    }
    Ok(Wish { kind, app: held.app_id, entitlement: Some(entitlement), account, grant: Some(held), person })
}

/// Who may start a revocation: Super Administrators, the helpdesk, owners of the app or the entitlement, the holder and
/// their manager (§1.20). Whoever may not even see the grant hears that there is none.
async fn may_revoke(
    tx: &mut Tx,
    caller: &Caller,
    grant: &Grant,
    holder: PersonId,
) -> std::result::Result<(), Option<Error>> {
    let own = |error: Error| Some(error);
    let relation = access::to_app(tx.conn(), caller, grant.app_id).await.map_err(own)?;
    let me = caller.actor.person();
    let manager = store::person::manager(tx.conn(), holder).await.map_err(|error| own(error.into()))?;
    let owners = request_setting::owners(tx.conn(), grant.entitlement_id).await.map_err(|error| own(error.into()))?;
    let may = may(&caller.actor, Action::RequestForOthers, Relation::None)
        || relation == Relation::Owner
        || (me.is_some() && (me == Some(holder) || me == manager || me.is_some_and(|me| owners.contains(&me))));
    if may { Ok(()) } else { Err(None) }
}

/// For how long, checked against what may be asked for (R-D-2, R-D-4, R-P-8).
fn duration(wish: &Wish, new: &NewRequest, setting: &Setting, reason: &str) -> Result<Option<SignedDuration>> {
    if new.is_emergency {
        if setting.emergency_policy.is_none() {
            return Err(Error::invalid("emergency", "there is no emergency access to this"));
        }
        if reason.chars().count() < EMERGENCY_REASON {
            return Err(Error::invalid(
                "reason",
                format!("say in at least {EMERGENCY_REASON} letters why it is urgent"),
            ));
        }
    }
    if new.duration.is_some_and(|duration| duration <= SignedDuration::ZERO) {
        return Err(Error::invalid("duration", "a duration is longer than nothing"));
    }
    let cap = match (setting.max_duration, new.is_emergency) {
        (Some(cap), true) => Some(cap.min(EMERGENCY_CAP)),
        (None, true) => Some(EMERGENCY_CAP),
        (cap, false) => cap,
    };
    let too_long = |error: time::TooLong| Error::invalid("duration", error.to_string());
    match wish.kind {
        Kind::Revoke | Kind::Account => Ok(None),
        Kind::Extend => {
            let more = new.duration.ok_or_else(|| Error::invalid("duration", "say for how much longer"))?;
            if let Some((grant, end)) = wish.grant.as_ref().and_then(|grant| Some((grant, grant.expires_at?))) {
                time::extended(grant.starts_at, end, more, setting.max_duration).map_err(too_long)?;
            }
            Ok(Some(more))
        }
        Kind::Grant | Kind::Swap => {
            let default = setting.default_duration.or(cap);
            let asked = new.duration.or(default);
            grant::time::check(asked, cap).map_err(too_long)?;
            Ok(asked)
        }
    }
}
