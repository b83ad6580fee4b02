//! Switches of the whole install: what Podium stops doing at once, for everybody, until somebody switches it on again.
//!
//! Source: governance §1.1 (`switches`), R-B-4.

use domain::access::{Action, Relation};
use domain::audit::Object;
use domain::switch::Switch;
use serde_json::json;
use store::switch::{self as table, Touched};

use crate::change::reason as checked_reason;
use crate::context::{Caller, Governance};
use crate::error::Result;
use crate::{Written, access};

/// A switch: itself, and who touched it last if anybody did.
pub type Setting = (Switch, Option<Touched>);

impl Governance {
    /// Every switch.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn switches(&self, caller: &Caller) -> Result<Vec<Setting>> {
        access::require(caller, Action::SeeSettings, Relation::None)?;
        let touched = table::all(&mut *self.store().read().await?, self.store().tenant()).await?;
        Ok(settings(&touched))
    }

    /// Turns switches on or off, for one reason. Those that are as wished stay untouched.
    ///
    /// # Errors
    /// `InvalidArgument` without a reason; `PermissionDenied`.
    pub async fn set_switches(
        &self,
        caller: &Caller,
        wished: &[(Switch, bool)],
        reason: &str,
    ) -> Result<Written<Vec<Setting>>> {
        access::require(caller, Action::EditSettings, Relation::None)?;
        let reason = checked_reason(reason)?;
        let mut tx = self.store().begin().await?;
        store::tenant::lock(&mut tx).await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        for (switch, is_on) in wished {
            if table::is_on(tx.conn(), tenant, *switch).await? == *is_on {
                continue;
            }
            let touched = Touched {
                switch: *switch,
                is_on: *is_on,
                changed_at: now,
                changed_by: caller.actor.to_string(),
                reason: reason.clone(),
            };
            table::set(tx.conn(), tenant, &touched).await?;
            let action = if *is_on { "switch.on" } else { "switch.off" };
            let event = caller.event(action, Object::new("switch", switch));
            tx.audit(event.with_change(json!({"isOn": !is_on}), json!({"isOn": is_on})).with_reason(&reason));
        }
        let touched = table::all(tx.conn(), tenant).await?;
        let seq = tx.commit().await?;
        self.task_queued().notify_waiters();
        Ok(Written::new(settings(&touched), seq))
    }
}

fn settings(touched: &[Touched]) -> Vec<Setting> {
    let of = |switch: &Switch| (*switch, touched.iter().find(|touched| touched.switch == *switch).cloned());
    Switch::ALL.iter().map(of).collect()
}
