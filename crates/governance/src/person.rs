//! People: made by hand, found, edited; and the roles that they are given.
//!
//! Source: governance §1.2, §1.20 (R-ROLE-1, R-ROLE-2).

mod details;
mod holdings;
mod import;
mod life;
mod relation;

use std::collections::BTreeSet;

use domain::access::{Action, Relation, may};
use domain::actor::Role;
use domain::audit::Object;
use ids::PersonId;
use serde_json::{Value, json};
use store::person::{Filter, Person};
use store::{Connection, Page, Paging, Tx};

use crate::change::{Changes, check_version, email, line};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::{Written, access};

pub use details::Details;
pub use import::{Imported, Mode};

/// The longest name, in letters.
const LONGEST_NAME: usize = 200;
/// The longest text to search for, in letters.
const LONGEST_SEARCH: usize = 200;

/// The states of a person.
const ALL_STATES: [&str; 5] = ["invited", "active", "suspended", "left", "erased"];

/// A person with their roles.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PersonView {
    /// The person.
    pub person: Person,
    /// The roles that they were given. Being a User and owning apps come by themselves.
    pub roles: BTreeSet<Role>,
}

/// A wish for a person.
#[derive(Debug, Clone, Default)]
pub struct NewPerson {
    /// The address.
    pub primary_email: String,
    /// The name.
    pub display_name: String,
    /// The roles.
    pub roles: BTreeSet<Role>,
    /// What else is known.
    pub details: Details,
}

/// What to change of a person; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct PersonEdit {
    /// The address.
    pub primary_email: Option<String>,
    /// The name.
    pub display_name: Option<String>,
    /// What else is known.
    pub details: Details,
}

impl Governance {
    /// The people, by the time they were made.
    ///
    /// # Errors
    /// `PermissionDenied`; `InvalidArgument` naming the filter.
    pub async fn people(&self, caller: &Caller, filter: Filter, paging: Paging<'_>) -> Result<Page<PersonView>> {
        access::require(caller, Action::SeePeople, Relation::None)?;
        if let Some(status) = filter.status.as_deref().filter(|status| !ALL_STATES.contains(status)) {
            return Err(Error::invalid("status", format!("`{status}` is none of {}", ALL_STATES.join(", "))));
        }
        if filter.text.as_ref().is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
            return Err(Error::invalid("query", format!("search for at most {LONGEST_SEARCH} letters")));
        }
        let mut conn = self.store().read().await?;
        let page = store::person::list(&mut conn, self.store().tenant(), &filter, paging).await?;
        let ids: Vec<PersonId> = page.rows.iter().map(|person| person.id).collect();
        let mut roles = store::person::roles_of(&mut conn, &ids).await?;
        let view = |person: Person| PersonView { roles: roles.remove(&person.id).unwrap_or_default(), person };
        Ok(Page { rows: page.rows.into_iter().map(view).collect(), next: page.next })
    }

    /// The person with this id. Everybody sees themselves.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see them.
    pub async fn person(&self, caller: &Caller, id: PersonId) -> Result<PersonView> {
        let mut conn = self.store().read().await?;
        visible(&mut conn, self, caller, id).await
    }

    /// Makes a person by hand, with roles if wished.
    ///
    /// # Errors
    /// `AlreadyExists` when the address is taken; `InvalidArgument` naming the field; `PermissionDenied`.
    pub async fn create_person(&self, caller: &Caller, new: NewPerson) -> Result<Written<PersonView>> {
        access::require(caller, Action::EditPeople, Relation::None)?;
        let primary_email = email("primaryEmail", &new.primary_email)?;
        let display_name = line("displayName", &new.display_name, LONGEST_NAME)?;
        let mut tx = self.store().begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        if store::person::by_email(tx.conn(), tenant, &primary_email).await?.is_some() {
            return Err(address_taken(&primary_email));
        }
        let mut person = Person::new(PersonId::new(now, tx.rng()), primary_email, display_name, now);
        let mut known = Changes::default();
        new.details.apply(&mut tx, &mut person, &mut known).await?;
        store::person::insert(tx.conn(), tenant, &person).await.map_err(|error| taken(error, &person.primary_email))?;
        store::person::set_roles(tx.conn(), person.id, &new.roles, &caller.actor.to_string(), now).await?;
        known.made("primaryEmail", person.primary_email.clone());
        known.made("displayName", person.display_name.clone());
        known.made("status", person.status.clone());
        known.made("source", person.source.clone());
        known.made("roles", json!(new.roles));
        let (_, after) = known.into_values();
        tx.audit(caller.event("person.created", object(person.id)).with_change(Value::Null, after));
        let seq = tx.commit().await?;
        Ok(Written::new(PersonView { person, roles: new.roles }, seq))
    }

    /// Changes a person, if they still have the version that the caller has read.
    ///
    /// # Errors
    /// `Aborted`; `AlreadyExists` when the address is taken; `InvalidArgument` naming the field; `PermissionDenied`;
    /// `NotFound`.
    pub async fn edit_person(
        &self,
        caller: &Caller,
        id: PersonId,
        version: Option<i64>,
        edit: PersonEdit,
    ) -> Result<Written<PersonView>> {
        let mut tx = self.store().begin().await?;
        let PersonView { mut person, roles } = editable(&mut tx, self, caller, id, version).await?;
        let mut changes = Changes::default();
        if let Some(name) = edit.display_name {
            changes.set("displayName", &mut person.display_name, line("displayName", &name, LONGEST_NAME)?)?;
        }
        if let Some(address) = edit.primary_email {
            let address = email("primaryEmail", &address)?;
            let tenant = tx.tenant();
            if changes.set("primaryEmail", &mut person.primary_email, address)?
                && store::person::by_email(tx.conn(), tenant, &person.primary_email).await?.is_some()
            {
                return Err(address_taken(&person.primary_email));
            }
        }
        edit.details.apply(&mut tx, &mut person, &mut changes).await?;
        write(tx, caller, PersonView { person, roles }, changes, "person.edited").await
    }

    /// Gives a person these roles, and takes all others.
    ///
    /// # Errors
    /// `FailedPrecondition` when the last Super Administrator would be none (R-ROLE-1); `PermissionDenied`, also for
    /// whoever would raise themselves (R-ROLE-2); `Aborted`; `NotFound`.
    pub async fn set_roles(
        &self,
        caller: &Caller,
        id: PersonId,
        version: Option<i64>,
        wished: BTreeSet<Role>,
    ) -> Result<Written<PersonView>> {
        let mut tx = self.store().begin().await?;
        let PersonView { person, mut roles } = editable(&mut tx, self, caller, id, version).await?;
        if caller.actor.person() == Some(id) && !wished.is_subset(&roles) {
            return Err(Error::denied("nobody raises their own roles").with_hint("ask another Super Administrator"));
        }
        if !wished.contains(&Role::SuperAdministrator) && person.status == "active" {
            keep_one(&mut tx, id, &roles).await?;
        }
        let mut changes = Changes::default();
        if changes.set("roles", &mut roles, wished)? {
            let now = tx.now();
            store::person::set_roles(tx.conn(), id, &roles, &caller.actor.to_string(), now).await?;
        }
        write(tx, caller, PersonView { person, roles }, changes, "person.roles_changed").await
    }
}

/// The person, for a caller that may see them.
async fn visible(conn: &mut Connection, governance: &Governance, caller: &Caller, id: PersonId) -> Result<PersonView> {
    let sees = may(&caller.actor, Action::SeePeople, Relation::None) || caller.actor.person() == Some(id);
    let found = if sees { store::person::find(conn, governance.store().tenant(), id).await? } else { None };
    let person = found.ok_or_else(|| Error::not_found("person", id))?;
    let roles = store::person::roles(conn, id).await?;
    Ok(PersonView { person, roles })
}

/// The person, for a caller that may edit them and has read this version. Nobody else edits people meanwhile.
async fn editable(
    tx: &mut Tx,
    governance: &Governance,
    caller: &Caller,
    id: PersonId,
    version: Option<i64>,
) -> Result<PersonView> {
    store::tenant::lock(tx).await?;
    let view = visible(tx.conn(), governance, caller, id).await?;
    access::require(caller, Action::EditPeople, Relation::None)?;
    check_version(version, view.person.version, "person", id)?;
    Ok(view)
}

/// Fails when this person is the last active Super Administrator (R-ROLE-1).
async fn keep_one(tx: &mut Tx, id: PersonId, roles: &BTreeSet<Role>) -> Result<()> {
    let tenant = tx.tenant();
    let is_super = roles.contains(&Role::SuperAdministrator);
    if !is_super || store::person::others_are(tx.conn(), tenant, Role::SuperAdministrator, id).await? {
        return Ok(());
    }
    Err(Error::new(Code::FailedPrecondition, "this is the last active Super Administrator")
        .with_hint("make somebody else Super Administrator first"))
}

/// Writes a person with their audit row, unless nothing changed.
async fn write(
    mut tx: Tx,
    caller: &Caller,
    mut view: PersonView,
    changes: Changes,
    action: &str,
) -> Result<Written<PersonView>> {
    if changes.is_empty() {
        return Ok(Written::new(view, None));
    }
    let now = tx.now();
    let person = &mut view.person;
    store::person::update(tx.conn(), person, now).await.map_err(|error| taken(error, &person.primary_email))?;
    let (before, after) = changes.into_values();
    tx.audit(caller.event(action, object(person.id)).with_change(before, after));
    let seq = tx.commit().await?;
    Ok(Written::new(view, seq))
}

fn address_taken(address: &str) -> Error {
    Error::new(Code::AlreadyExists, format!("there is a person with the address `{address}` already"))
}

/// Somebody took the address at the same moment.
fn taken(error: store::Error, address: &str) -> Error {
    if error.is_conflict() { address_taken(address) } else { error.into() }
}

fn object(id: PersonId) -> Object {
    Object::new("person", id)
}
