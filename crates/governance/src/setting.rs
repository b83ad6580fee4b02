//! What owners set about requests: whether something can be asked for, for how long, who decides; and who owns it.
//!
//! Source: governance §1.3, §1.8, §3.2 (R-A-6, R-A-7).

use std::collections::BTreeSet;

use domain::access::Action;
use domain::audit::Object;
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
        let app = app_of(&mut tx, of).await?;
        let tenant = tx.tenant();
        access::app(tx.conn(), tenant, caller, app, Action::SeeInventory).await?;
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
        let (tenant, app) = (tx.tenant(), app_of(&mut tx, of).await?);
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let before = request_setting::find(tx.conn(), of).await?;
        let (kind, id) = name(of);
        check_version(version, before.version, "setting", &id)?;
        check(&mut tx, &wished).await?;
        wished.version = before.version;
        if wished == before {
            return Ok(Written::new(view(&mut tx, of, app).await?, None));
        }
        request_setting::set(tx.conn(), tenant, of, &mut wished).await?;
        let event = caller.event(&format!("{kind}.request_setting_changed"), Object::new(kind, id)).with_app(app);
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
        let (tenant, app) = (tx.tenant(), app_of(&mut tx, Of::Entitlement(id)).await?);
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
        let (tenant, app) = (tx.tenant(), app_of(&mut tx, Of::Entitlement(id)).await?);
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

async fn app_of(tx: &mut Tx, of: Of) -> Result<AppId> {
    match of {
        Of::App(id) => Ok(id),
        Of::Entitlement(id) => {
            let tenant = tx.tenant();
            let found = list::entitlement(tx.conn(), tenant, id).await?;
            Ok(found.ok_or_else(|| Error::not_found("entitlement", id))?.app_id)
        }
    }
}

async fn view(tx: &mut Tx, of: Of, app: AppId) -> Result<SettingView> {
    let entitlement = match of {
        Of::App(_) => None,
        Of::Entitlement(id) => Some(id),
    };
    Ok(SettingView {
        own: request_setting::find(tx.conn(), of).await?,
        effective: request_setting::effective(tx.conn(), app, entitlement).await?,
    })
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

fn name(of: Of) -> (&'static str, String) {
    match of {
        Of::App(id) => ("app", id.to_string()),
        Of::Entitlement(id) => ("entitlement", id.to_string()),
    }
}

fn document(setting: &Setting) -> Value {
    json!({
        "requestable": setting.is_requestable, "requestPolicyId": setting.request_policy,
        "revokePolicyId": setting.revoke_policy, "emergencyPolicyId": setting.emergency_policy,
        "maxDuration": setting.max_duration, "defaultDuration": setting.default_duration,
        "start": setting.start, "claimBy": setting.claim_by,
    })
}
