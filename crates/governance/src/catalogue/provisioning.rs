//! How an entitlement is given and taken.

use std::collections::BTreeSet;

use domain::access::Action;
use domain::audit::Object;
use ids::{AppId, EntitlementId, PersonId};
use serde_json::{Value, json};
use store::inventory::list;
use store::person::Group;
use store::provisioning::{self, Provisioning};

use crate::change::{check_version, text};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

/// How many people may give and take one entitlement by hand.
const MOST_PROVISIONERS: usize = 32;
/// The longest instructions, in letters.
const LONGEST_INSTRUCTIONS: usize = 4_000;

impl Governance {
    /// How an entitlement is given and taken.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn provisioning(&self, caller: &Caller, app: AppId, id: EntitlementId) -> Result<Provisioning> {
        self.entitlement(caller, app, id).await?;
        let mut conn = self.store().read().await?;
        Ok(provisioning::find(&mut conn, id).await?)
    }

    /// Says how an entitlement is given and taken from now on, if that still has the version that the caller has read.
    /// Jobs that wait stay with whom they are.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn set_provisioning(
        &self,
        caller: &Caller,
        app: AppId,
        id: EntitlementId,
        version: Option<i64>,
        mut wished: Provisioning,
    ) -> Result<Written<Provisioning>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let found = list::entitlement(tx.conn(), tenant, id).await?;
        found.filter(|entitlement| entitlement.app_id == app).ok_or_else(|| Error::not_found("entitlement", id))?;
        let before = provisioning::find(tx.conn(), id).await?;
        check_version(version, before.version, "provisioning", id)?;
        wished.instructions = text("instructions", &wished.instructions, LONGEST_INSTRUCTIONS)?;
        let people: BTreeSet<PersonId> = wished.provisioners.into_iter().collect();
        wished.provisioners = people.into_iter().collect();
        if wished.provisioners.len() > MOST_PROVISIONERS {
            return Err(Error::invalid("provisioners", format!("at most {MOST_PROVISIONERS} people can do it")));
        }
        let active = store::person::active(tx.conn(), tenant, Group::Named(&wished.provisioners)).await?;
        if let Some(odd) = wished.provisioners.iter().find(|person| !active.contains(person)) {
            return Err(Error::invalid("provisioners", format!("there is no active person `{odd}`")));
        }
        wished.version = before.version;
        if wished == before {
            return Ok(Written::new(before, None));
        }
        provisioning::set(tx.conn(), tenant, id, &mut wished).await?;
        let event = caller.event("entitlement.provisioning_changed", Object::new("entitlement", id)).with_app(app);
        tx.audit(event.with_change(document(&before), document(&wished)));
        let seq = tx.commit().await?;
        Ok(Written::new(wished, seq))
    }
}

fn document(of: &Provisioning) -> Value {
    json!({"method": of.method, "provisioners": of.provisioners, "instructions": of.instructions})
}
