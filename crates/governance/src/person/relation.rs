//! Who manages whom, and who stands in for whom.
//!
//! Source: governance §1.2, §1.15.

use domain::access::{Action, Relation};
use domain::audit::Object;
use ids::PersonId;
use serde_json::json;
use store::Tx;
use store::delegation::{self, Delegation};

use super::{Details, PersonView, editable, write};
use crate::change::Changes;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

/// How many managers are followed before it counts as a circle.
const HIGHEST: usize = 64;

impl Governance {
    /// Says who manages a person, if they still have the version that the caller has read.
    ///
    /// # Errors
    /// `InvalidArgument` for a manager who is none of the people, or who is managed by the person; `Aborted`;
    /// `PermissionDenied`; `NotFound`.
    pub async fn set_manager(
        &self,
        caller: &Caller,
        id: PersonId,
        version: Option<i64>,
        manager: Option<PersonId>,
    ) -> Result<Written<PersonView>> {
        let mut tx = self.store().begin().await?;
        let PersonView { mut person, roles } = editable(&mut tx, self, caller, id, version).await?;
        let mut changes = Changes::default();
        let details = Details { manager_id: Some(manager), ..Details::default() };
        details.apply(&mut tx, &mut person, &mut changes).await?;
        write(tx, caller, PersonView { person, roles }, changes, "person.manager_changed").await
    }

    /// Says who decides for a person while they are away, or takes that back. It counts for what is asked from then on.
    ///
    /// # Errors
    /// `InvalidArgument` for a delegate who is not active, or is the person; `PermissionDenied` for whoever is neither
    /// the person nor edits people; `NotFound`.
    pub async fn set_delegation(
        &self,
        caller: &Caller,
        person: PersonId,
        wished: Option<Delegation>,
    ) -> Result<Written<Option<Delegation>>> {
        if caller.actor.person() != Some(person) {
            access::require(caller, Action::EditPeople, Relation::None)?;
        }
        let mut tx = self.store().begin().await?;
        exists(&mut tx, person).await?.ok_or_else(|| Error::not_found("person", person))?;
        if let Some(Delegation { to, starts_at, ends_at, .. }) = &wished {
            let is_active = exists(&mut tx, *to).await?.is_some_and(|status| status == "active");
            if *to == person || !is_active {
                return Err(Error::invalid("to", "name another person who is active"));
            }
            if ends_at.is_some_and(|end| end <= *starts_at) {
                return Err(Error::invalid("endsAt", "it would end before it starts"));
            }
        }
        let before = delegation::of(tx.conn(), person).await?;
        if before == wished {
            return Ok(Written::new(wished, None));
        }
        match &wished {
            Some(wished) => delegation::set(tx.conn(), wished, &caller.actor.to_string()).await?,
            None => drop(delegation::clear(tx.conn(), person).await?),
        }
        let words = |delegation: &Option<Delegation>| {
            delegation.as_ref().map_or(serde_json::Value::Null, |delegation| {
                json!({"to": delegation.to, "startsAt": delegation.starts_at, "endsAt": delegation.ends_at})
            })
        };
        let event = caller.event("person.delegation_changed", Object::new("person", person));
        tx.audit(event.with_change(words(&before), words(&wished)));
        let seq = tx.commit().await?;
        Ok(Written::new(wished, seq))
    }

    /// The delegation of a person.
    ///
    /// # Errors
    /// `NotFound` for whoever is neither the person nor sees people.
    pub async fn delegation(&self, caller: &Caller, person: PersonId) -> Result<Option<Delegation>> {
        if caller.actor.person() != Some(person) {
            access::require(caller, Action::SeePeople, Relation::None)?;
        }
        Ok(delegation::of(&mut *self.store().read().await?, person).await?)
    }
}

/// Fails unless this person can be managed by that one: the manager is one of the people, and is not managed by them.
pub(super) async fn check_manager(tx: &mut Tx, person: PersonId, manager: Option<PersonId>) -> Result<()> {
    let mut above = manager;
    for _ in 0..HIGHEST {
        let Some(one) = above else { return Ok(()) };
        if one == person {
            return Err(Error::invalid("managerId", "the person would manage themselves in the end"));
        }
        let status = exists(tx, one).await?;
        status.ok_or_else(|| Error::invalid("managerId", format!("there is no person `{one}`")))?;
        above = store::person::manager(tx.conn(), one).await?;
    }
    Ok(())
}

/// The status of a person who is there.
async fn exists(tx: &mut Tx, person: PersonId) -> Result<Option<String>> {
    let tenant = tx.tenant();
    Ok(store::person::find(tx.conn(), tenant, person).await?.map(|person| person.status))
}
