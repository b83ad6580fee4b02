//! What owners set about requests: whether something can be asked for, for how long, who decides; and who owns it.
//!
//! Source: governance §1.3, §1.8, §3.2 (R-A-6, R-A-7).

use std::collections::BTreeSet;

use domain::access::{Action, Relation};
use domain::audit::Object;
use domain::classification::Risk;
use domain::grant::time;
use domain::policy::Kind;
use ids::{AppId, EntitlementId, PersonId, PolicyId};
use serde_json::{Value, json};
use store::Tx;
use store::inventory::list;
use store::person::Group;
use store::request_setting::{self, Of, Setting};

use crate::change::check_version;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

/// How many people may own an entitlement.
const MOST_OWNERS: usize = 32;

/// What was set about something, and what holds for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SettingView {
    /// What was set here.
    pub own: Setting,
    /// With what comes from the app.
    pub effective: Setting,
}

impl Governance {
    /// What was set about requests for an app or an entitlement.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn request_setting(&self, caller: &Caller, of: Of) -> Result<SettingView> {
        let mut tx = self.store().begin().await?;
        let app = allowed(&mut tx, caller, of, Wish::See).await?;
        view(&mut tx, of, app).await
    }

    /// Sets it anew, if it still has the version that the caller has read.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn set_request_setting(
        &self,
        caller: &Caller,
        of: Of,
        version: Option<i64>,
        mut wished: Setting,
    ) -> Result<Written<SettingView>> {
        let mut tx = self.store().begin().await?;
        let app = allowed(&mut tx, caller, of, Wish::Edit).await?;
        let tenant = tx.tenant();
        let before = request_setting::find(tx.conn(), of).await?;
        let (kind, id) = of.object();
        check_version(version, before.version, "setting", &id)?;
        check(&mut tx, &wished).await?;
        let had = before.is_self_approval_allowed == Some(true);
        if wished.is_self_approval_allowed == Some(true) && !had {
            access::require(caller, Action::EditPolicies, Relation::None)?;
        }
        wished.version = before.version;
        if wished == before {
            return Ok(Written::new(view(&mut tx, of, app).await?, None));
        }
        request_setting::set(tx.conn(), tenant, of, &mut wished).await?;
        if let Some(app) = app {
            refuse_self_approval(&mut tx, of, app).await?;
        }
        let event = caller.event(&format!("{kind}.request_setting_changed"), Object::new(kind, id));
        let event = match app {
            Some(app) => event.with_app(app),
            None => event,
        };
        tx.audit(event.with_change(document(&before), document(&wished)));
        let view = view(&mut tx, of, app).await?;
        let seq = tx.commit().await?;
        Ok(Written::new(view, seq))
    }

    /// The people who own an entitlement.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn entitlement_owners(&self, caller: &Caller, id: EntitlementId) -> Result<Vec<PersonId>> {
        let mut tx = self.store().begin().await?;
        let (tenant, app) = (tx.tenant(), app_of(&mut tx, id).await?);
        access::app(tx.conn(), tenant, caller, app, Action::SeeInventory).await?;
        Ok(request_setting::owners(tx.conn(), id).await?)
    }

    /// Makes these people, and nobody else, the owners of an entitlement.
    ///
    /// # Errors
    /// `InvalidArgument` when there are more than 32, or one of them is no active person; `PermissionDenied`;
    /// `NotFound`.
    pub async fn set_entitlement_owners(
        &self,
        caller: &Caller,
        id: EntitlementId,
        owners: Vec<PersonId>,
    ) -> Result<Written<Vec<PersonId>>> {
        let mut tx = self.store().begin().await?;
        let (tenant, app) = (tx.tenant(), app_of(&mut tx, id).await?);
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let wished: Vec<PersonId> = owners.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        if wished.len() > MOST_OWNERS {
            return Err(Error::invalid("owners", format!("an entitlement has at most {MOST_OWNERS} owners")));
        }
        let active = store::person::active(tx.conn(), tenant, Group::Named(&wished)).await?;
        if let Some(odd) = wished.iter().find(|person| !active.contains(person)) {
            return Err(Error::invalid("owners", format!("there is no active person `{odd}`")));
        }
        let before = request_setting::owners(tx.conn(), id).await?;
        if before == wished {
            return Ok(Written::new(wished, None));
        }
        request_setting::set_owners(tx.conn(), id, &wished).await?;
        let event = caller.event("entitlement.owners_changed", Object::new("entitlement", id)).with_app(app);
        tx.audit(event.with_change(json!({"owners": before}), json!({"owners": wished})));
        let seq = tx.commit().await?;
        Ok(Written::new(wished, seq))
    }
}

/// What somebody wants with a setting.
#[derive(Clone, Copy)]
enum Wish {
    See,
    Edit,
}

/// The app that the setting belongs to, none for everything, if the caller may do this with it.
async fn allowed(tx: &mut Tx, caller: &Caller, of: Of, wish: Wish) -> Result<Option<AppId>> {
    let (of_app, of_all) = match wish {
        Wish::See => (Action::SeeInventory, Action::SeeSettings),
        Wish::Edit => (Action::EditApp, Action::EditSettings),
    };
    let app = match of {
        Of::Tenant(_) => return access::require(caller, of_all, Relation::None).map(|()| None),
        Of::App(id) => id,
        Of::Entitlement(id) => app_of(tx, id).await?,
    };
    let tenant = tx.tenant();
    access::app(tx.conn(), tenant, caller, app, of_app).await.map(|app| Some(app.id))
}

async fn app_of(tx: &mut Tx, id: EntitlementId) -> Result<AppId> {
    let tenant = tx.tenant();
    let found = list::entitlement(tx.conn(), tenant, id).await?;
    Ok(found.ok_or_else(|| Error::not_found("entitlement", id))?.app_id)
}

async fn view(tx: &mut Tx, of: Of, app: Option<AppId>) -> Result<SettingView> {
    let own = request_setting::find(tx.conn(), of).await?;
    let effective = match (of, app) {
        (Of::Entitlement(id), Some(app)) => request_setting::effective(tx.conn(), app, Some(id)).await?,
        (_, Some(app)) => request_setting::effective(tx.conn(), app, None).await?,
        (_, None) => own,
    };
    Ok(SettingView { own, effective })
}

/// R-P-3: nobody lets themselves have alone what can do much harm. What policies say that this one uses is not known
/// before somebody asks; it is refused then.
pub(crate) async fn refuse_self_approval(tx: &mut Tx, of: Of, app: AppId) -> Result<()> {
    let entitlement = match of {
        Of::Entitlement(id) => Some(id),
        Of::Tenant(_) | Of::App(_) => None,
    };
    let setting = request_setting::effective(tx.conn(), app, entitlement).await?;
    let Some(policy) = setting.request_policy else { return Ok(()) };
    let tenant = tx.tenant();
    let policy = store::policy::find(tx.conn(), tenant, policy).await?;
    let asks_nobody_else =
        policy.is_some_and(|stored| stored.policy.actions().any(|(_, action)| action.asks_only_the_subject()));
    let risk = store::classification::effective(tx.conn(), app, entitlement).await?.risk();
    check_self_approval(asks_nobody_else, risk, &setting)
        .map_err(|why| Error::invalid("requestPolicyId", why).with_hint(SELF_APPROVAL_HINT))
}

/// What to do about it when people would let themselves have what can do much harm.
pub(crate) const SELF_APPROVAL_HINT: &str =
    "choose a policy that asks somebody else, or have a Super Administrator set `allowSelfApproval`";

/// Whether people may let themselves have something alone (R-P-3); why not, if not.
pub(crate) fn check_self_approval(asks_nobody_else: bool, risk: Risk, setting: &Setting) -> Result<(), String> {
    if asks_nobody_else && risk.wants_another_eye() && setting.is_self_approval_allowed != Some(true) {
        return Err(format!("its risk is {risk}, and the policy asks nobody but the person themselves"));
    }
    Ok(())
}

async fn check(tx: &mut Tx, wished: &Setting) -> Result<()> {
    for (field, duration) in [
        ("maxDuration", wished.max_duration),
        ("defaultDuration", wished.default_duration),
        ("claimBy", wished.claim_by),
    ] {
        if duration.is_some_and(|duration| duration <= jiff::SignedDuration::ZERO) {
            return Err(Error::invalid(field, "a duration is longer than nothing"));
        }
    }
    if wished.default_duration.is_some() {
        time::check(wished.default_duration, wished.max_duration)
            .map_err(|error| Error::invalid("defaultDuration", error.to_string()))?;
    }
    for (field, policy, kind) in [
        ("requestPolicyId", wished.request_policy, Kind::Request),
        ("emergencyPolicyId", wished.emergency_policy, Kind::Request),
        ("revokePolicyId", wished.revoke_policy, Kind::Revoke),
    ] {
        let Some(id) = policy else { continue };
        check_policy(tx, field, id, kind).await?;
    }
    Ok(())
}

async fn check_policy(tx: &mut Tx, field: &str, id: PolicyId, kind: Kind) -> Result<()> {
    let tenant = tx.tenant();
    match store::policy::find(tx.conn(), tenant, id).await? {
        Some(policy) if policy.kind == kind => Ok(()),
        Some(policy) => Err(Error::invalid(field, format!("`{}` is a policy for {}", policy.name, policy.kind))),
        None => Err(Error::invalid(field, format!("there is no policy `{id}`"))),
    }
}

fn document(setting: &Setting) -> Value {
    json!({
        "requestable": setting.is_requestable, "requestPolicyId": setting.request_policy,
        "revokePolicyId": setting.revoke_policy, "emergencyPolicyId": setting.emergency_policy,
        "maxDuration": setting.max_duration, "defaultDuration": setting.default_duration,
        "start": setting.start, "claimBy": setting.claim_by,
        "allowSelfApproval": setting.is_self_approval_allowed,
    })
}
