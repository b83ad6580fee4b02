//! Who manages whom, who stands in for whom, and who answers for which account.
//!
//! Source: governance §1.2, §1.7, §1.15, §3.1 (R-I-3).

use domain::access::{Action, Relation};
use domain::audit::Object;
use ids::{AccountId, PersonId};
use serde_json::json;
use store::Tx;
use store::delegation::{self, Delegation};
use store::inventory::list;

use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

/// How many managers are followed before it counts as a circle.
const HIGHEST: usize = 64;

impl Governance {
    /// Says who manages a person.
    ///
    /// # Errors
    /// `InvalidArgument` for a manager who is none of the people, or who is managed by the person; `PermissionDenied`;
    /// `NotFound`.
    pub async fn set_manager(
        &self,
        caller: &Caller,
        person: PersonId,
        manager: Option<PersonId>,
    ) -> Result<Written<Option<PersonId>>> {
        access::require(caller, Action::EditPeople, Relation::None)?;
        let mut tx = self.store().begin().await?;
        store::tenant::lock(&mut tx).await?;
        exists(&mut tx, person).await?.ok_or_else(|| Error::not_found("person", person))?;
        let mut above = manager;
        for _ in 0..HIGHEST {
            let Some(one) = above else { break };
            if one == person {
                return Err(Error::invalid("managerId", "the person would manage themselves in the end"));
            }
            exists(&mut tx, one)
                .await?
                .ok_or_else(|| Error::invalid("managerId", format!("there is no person `{one}`")))?;
            above = store::person::manager(tx.conn(), one).await?;
        }
        let before = store::person::manager(tx.conn(), person).await?;
        if before == manager {
            return Ok(Written::new(manager, None));
        }
        store::person::set_manager(tx.conn(), person, manager).await?;
        let event = caller.event("person.manager_changed", Object::new("person", person));
        tx.audit(event.with_change(json!({"managerId": before}), json!({"managerId": manager})));
        let seq = tx.commit().await?;
        Ok(Written::new(manager, seq))
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

    /// Says by hand who answers for an account, or that nobody does; no sync changes it any more (R-I-3).
    ///
    /// # Errors
    /// `InvalidArgument` for somebody who is none of the people; `PermissionDenied`; `NotFound`.
    pub async fn set_account_owner(
        &self,
        caller: &Caller,
        id: AccountId,
        owner: Option<PersonId>,
    ) -> Result<Written<list::Account>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let not_found = || Error::not_found("account", id);
        let account = list::account(tx.conn(), tenant, id).await?.ok_or_else(not_found)?;
        access::app(tx.conn(), tenant, caller, account.app_id, Action::EditApp).await?;
        if let Some(owner) = owner {
            exists(&mut tx, owner)
                .await?
                .ok_or_else(|| Error::invalid("personId", format!("there is no person `{owner}`")))?;
        }
        let source = if owner.is_some() { "manual" } else { "cleared" };
        if account.owner_person_id == owner && account.owner_source == source {
            return Ok(Written::new(account, None));
        }
        store::inventory::set_account_owner(tx.conn(), id, owner, source, None).await?;
        let event = caller.event("account.owner_changed", Object::new("account", id)).with_app(account.app_id);
        tx.audit(event.with_change(
            json!({"ownerPersonId": account.owner_person_id, "ownerSource": account.owner_source}),
            json!({"ownerPersonId": owner, "ownerSource": source}),
        ));
        let account = list::account(tx.conn(), tenant, id).await?.ok_or_else(not_found)?;
        let seq = tx.commit().await?;
        Ok(Written::new(account, seq))
    }
}

/// The status of a person who is there.
async fn exists(tx: &mut Tx, person: PersonId) -> Result<Option<String>> {
    let tenant = tx.tenant();
    Ok(store::person::find(tx.conn(), tenant, person).await?.map(|person| person.status))
}
