//! The audit log, for those who may see it; and whether it was tampered with.
//!
//! Source: governance §1.19, §1.20.

mod export;
mod shape;

use std::collections::HashMap;

use domain::access::{Action, Relation, may};
use domain::actor::Role;
use store::audit::anchor::Anchor;
use store::audit::{Fault, Filter, Head, Order, Scope, Stored, Verified};
use store::{Page, Paging};

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

pub use export::Export;
pub use shape::Shape;

/// Anchors of the log.
#[derive(Debug, Clone)]
pub struct Anchors {
    /// The anchors.
    pub page: Page<Anchor>,
    /// The public keys that signed, JWKs by their names.
    pub keys: HashMap<String, String>,
}

impl Governance {
    /// The audit rows that the caller may see.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine without a role for it; `InvalidArgument` for a token of no page.
    pub async fn audit(
        &self,
        caller: &Caller,
        filter: &Filter,
        order: Order,
        paging: Paging<'_>,
    ) -> Result<Page<Stored>> {
        let scope = scope(caller)?;
        check(filter)?;
        let mut conn = self.store().read().await?;
        Ok(store::audit::list(&mut conn, self.store().tenant(), scope, filter, order, paging).await?)
    }

    /// The place and the hash of the last row: kept elsewhere, they show later whether the log was cut or rewritten.
    ///
    /// # Errors
    /// `PermissionDenied` for whoever may not verify the log.
    pub async fn audit_head(&self, caller: &Caller) -> Result<Head> {
        access::require(caller, Action::VerifyAudit, Relation::None)?;
        let mut conn = self.store().read().await?;
        Ok(store::audit::head(&mut conn, self.store().tenant()).await?)
    }

    /// Reads the whole log and tells where it was tampered with.
    ///
    /// # Errors
    /// `PermissionDenied`.
    pub async fn verify_audit(&self, caller: &Caller) -> Result<Verified> {
        access::require(caller, Action::VerifyAudit, Relation::None)?;
        let (mut conn, tenant) = (self.store().read().await?, self.store().tenant());
        let mut verified = store::audit::verify(&mut conn, tenant).await?;
        for day in auth::anchor::forged(&mut conn, tenant, self.sealer()).await? {
            verified.fault(Fault::Signature { day });
        }
        Ok(verified)
    }

    /// What the log was at the end of each day, signed, the newest first; and the keys that signed, by name.
    ///
    /// # Errors
    /// `PermissionDenied` for whoever may not verify the log; `InvalidArgument` for a token of no page.
    pub async fn audit_anchors(&self, caller: &Caller, paging: Paging<'_>) -> Result<Anchors> {
        access::require(caller, Action::VerifyAudit, Relation::None)?;
        let (mut conn, tenant) = (self.store().read().await?, self.store().tenant());
        let keys = auth::anchor::public_keys(&mut conn, tenant).await?.into_iter().collect();
        Ok(Anchors { page: store::audit::anchor::list(&mut conn, tenant, paging).await?, keys })
    }
}

/// Which rows the caller may see: everybody sees what they did, owners what concerns their apps.
fn scope(caller: &Caller) -> Result<Scope> {
    let roles = caller.actor.roles();
    if [Role::SuperAdministrator, Role::Auditor].iter().any(|role| roles.contains(role)) {
        return Ok(Scope::All);
    }
    let of_connectors = may(&caller.actor, Action::SeeAudit, Relation::None);
    let person = caller.actor.person();
    if !of_connectors && person.is_none() {
        access::require(caller, Action::SeeAudit, Relation::None)?;
    }
    Ok(Scope::Some { of_connectors, person })
}

fn check(filter: &Filter) -> Result<()> {
    if filter.from.zip(filter.to).is_some_and(|(from, to)| from > to) {
        return Err(Error::invalid("to", "`to` lies before `from`"));
    }
    Ok(())
}
