//! Bundles: named sets of entitlements that are asked for as one, each part decided by its own policy.
//!
//! Source: governance §1.20 (whoever edits policies makes them; owners edit their own), R-Q-2, R-Q-3.

use std::collections::BTreeSet;

use domain::access::{Action, Relation, may};
use domain::audit::Object;
use domain::bundle::{Audience, MOST_OWNERS, MOST_PARTS};
use ids::{BundleId, EntitlementId, PersonId};
use jiff::SignedDuration;
use serde_json::{Value, json};
use store::bundle::{self, Bundle};
use store::inventory::list;
use store::person::Group;
use store::{Connection, Page, Paging, Tx};

use crate::change::{Changes, check_version, line, text};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::request::{self, NewRequest, RequestView};
use crate::{Written, access};

const LONGEST_NAME: usize = 100;
const LONGEST_DESCRIPTION: usize = 2_000;

/// A wish for a bundle, or for changes of one; what is absent stays, or is empty in a new one.
#[derive(Debug, Clone, Default)]
pub struct BundleEdit {
    /// What people call it.
    pub name: Option<String>,
    /// What it is for.
    pub description: Option<String>,
    /// Who may ask for it; everyone in a new one.
    pub audience: Option<Audience>,
    /// Whoever holds one of these may, where the audience is its holders.
    pub holders_of: Option<Vec<EntitlementId>>,
    /// Its parts, in their order.
    pub entitlements: Option<Vec<EntitlementId>>,
    /// Who owns it; the caller, in a new one.
    pub owners: Option<Vec<PersonId>>,
}

/// A wish for all parts of a bundle.
#[derive(Debug, Clone, Default)]
pub struct Wish {
    /// For whom; the caller when nobody is named.
    pub for_person: Option<PersonId>,
    /// For how long; as each part has it set when nothing is said.
    pub duration: Option<SignedDuration>,
    /// Why.
    pub reason: String,
}

/// What became of the wish for one part.
#[derive(Debug)]
pub struct Part {
    /// The entitlement.
    pub entitlement: EntitlementId,
    /// Its request, also when it was made before; or why there is none.
    pub request: Result<Written<RequestView>>,
}

impl Governance {
    /// The bundles that the caller may ask for or owns, by the time they were made; all for whoever sees policies.
    ///
    /// # Errors
    /// `PermissionDenied` for a machine without a role for it.
    pub async fn bundles(&self, caller: &Caller, paging: Paging<'_>) -> Result<Page<Bundle>> {
        let of = access::scope(caller, Action::SeePolicies)?;
        let mut conn = self.store().read().await?;
        Ok(bundle::list(&mut conn, self.store().tenant(), of, paging).await?)
    }

    /// One bundle.
    ///
    /// # Errors
    /// `NotFound` for whoever may neither ask for it nor edit it.
    pub async fn bundle(&self, caller: &Caller, id: BundleId) -> Result<Bundle> {
        let mut conn = self.store().read().await?;
        let found = bundle::find(&mut conn, self.store().tenant(), id).await?;
        let bundle = found.ok_or_else(|| Error::not_found("bundle", id))?;
        if sees(&mut conn, caller, &bundle).await? {
            return Ok(bundle);
        }
        Err(Error::not_found("bundle", id))
    }

    /// Makes a bundle.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field; `AlreadyExists` when the name is taken; `PermissionDenied`.
    pub async fn create_bundle(&self, caller: &Caller, new: BundleEdit) -> Result<Written<Bundle>> {
        access::require(caller, Action::EditPolicies, Relation::None)?;
        let mut tx = self.store().begin().await?;
        let (now, tenant) = (tx.now(), tx.tenant());
        let mut made = Bundle {
            id: BundleId::new(now, tx.rng()),
            name: String::new(),
            description: String::new(),
            audience: Audience::Everyone,
            holders_of: Vec::new(),
            entitlements: Vec::new(),
            owners: Vec::new(),
            created_at: now,
            updated_at: now,
            version: 1,
        };
        let name = Some(new.name.unwrap_or_default());
        let owners = Some(new.owners.unwrap_or_else(|| caller.actor.person().into_iter().collect()));
        let changes = change(&mut tx, &mut made, BundleEdit { name, owners, ..new }).await?;
        bundle::insert(tx.conn(), tenant, &made).await.map_err(|error| taken(error, &made.name))?;
        tx.audit(caller.event("bundle.created", object(made.id)).with_change(Value::Null, changes.into_values().1));
        let seq = tx.commit().await?;
        Ok(Written::new(made, seq))
    }

    /// Changes a bundle. Requests that were made with it go on as they are.
    ///
    /// # Errors
    /// As [`Governance::create_bundle`]; `Aborted`; `NotFound`.
    pub async fn edit_bundle(
        &self,
        caller: &Caller,
        id: BundleId,
        version: Option<i64>,
        edit: BundleEdit,
    ) -> Result<Written<Bundle>> {
        let (mut tx, mut bundle) = self.own_bundle(caller, id, version).await?;
        let changes = change(&mut tx, &mut bundle, edit).await?;
        if changes.is_empty() {
            return Ok(Written::new(bundle, None));
        }
        let (now, name) = (tx.now(), bundle.name.clone());
        bundle::update(tx.conn(), &mut bundle, now).await.map_err(|error| taken(error, &name))?;
        let (before, after) = changes.into_values();
        tx.audit(caller.event("bundle.edited", object(id)).with_change(before, after));
        let seq = tx.commit().await?;
        Ok(Written::new(bundle, seq))
    }

    /// Takes a bundle away. Requests that were made with it go on.
    ///
    /// # Errors
    /// `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn delete_bundle(&self, caller: &Caller, id: BundleId, version: Option<i64>) -> Result<Written<()>> {
        let (mut tx, bundle) = self.own_bundle(caller, id, version).await?;
        let now = tx.now();
        bundle::delete(tx.conn(), id, now).await?;
        let before = json!({"name": bundle.name, "entitlements": bundle.entitlements});
        tx.audit(caller.event("bundle.deleted", object(id)).with_change(before, Value::Null));
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// Asks for every part of a bundle: each gets a request of its own, which its own policy decides. What was asked for
    /// already is the same request; what cannot be asked for, or is held, says why, and stands in nobody's way.
    ///
    /// # Errors
    /// `PermissionDenied` for whoever may not ask for this person; `NotFound` when the bundle is not for them.
    pub async fn request_bundle(&self, caller: &Caller, id: BundleId, wish: Wish) -> Result<Vec<Part>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let person = request::person(&mut tx, caller, wish.for_person).await?;
        let found = bundle::find(tx.conn(), tenant, id).await?;
        let bundle = found.ok_or_else(|| Error::not_found("bundle", id))?;
        if !bundle::is_offered(tx.conn(), id, person).await? {
            return Err(Error::not_found("bundle", id));
        }
        drop(tx);
        let mut parts = Vec::with_capacity(bundle.entitlements.len());
        for entitlement in bundle.entitlements {
            let new = NewRequest {
                for_person: Some(person),
                entitlement: Some(entitlement),
                duration: wish.duration,
                reason: wish.reason.clone(),
                bundle: Some(id),
                ..NewRequest::default()
            };
            let request = Box::pin(self.submit_request(caller, new)).await;
            if request.as_ref().is_err_and(|error| error.retry().is_some()) {
                request?;
                continue;
            }
            parts.push(Part { entitlement, request });
        }
        Ok(parts)
    }

    async fn own_bundle(&self, caller: &Caller, id: BundleId, version: Option<i64>) -> Result<(Tx, Bundle)> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let found = bundle::find(tx.conn(), tenant, id).await?;
        let bundle = found.ok_or_else(|| Error::not_found("bundle", id))?;
        if !sees(tx.conn(), caller, &bundle).await? {
            return Err(Error::not_found("bundle", id));
        }
        if !is_owner(caller, &bundle) {
            access::require(caller, Action::EditPolicies, Relation::None)?;
        }
        check_version(version, bundle.version, "bundle", id)?;
        Ok((tx, bundle))
    }
}

fn is_owner(caller: &Caller, bundle: &Bundle) -> bool {
    caller.actor.person().is_some_and(|me| bundle.owners.contains(&me))
}

async fn sees(conn: &mut Connection, caller: &Caller, bundle: &Bundle) -> Result<bool> {
    if may(&caller.actor, Action::SeePolicies, Relation::None) || is_owner(caller, bundle) {
        return Ok(true);
    }
    match caller.actor.person() {
        Some(me) => Ok(bundle::is_offered(conn, bundle.id, me).await?),
        None => Ok(false),
    }
}

/// Puts what is wished in the place of what is there.
async fn change(tx: &mut Tx, bundle: &mut Bundle, edit: BundleEdit) -> Result<Changes> {
    let mut changes = Changes::default();
    if let Some(name) = edit.name {
        changes.set("name", &mut bundle.name, line("name", &name, LONGEST_NAME)?)?;
    }
    if let Some(description) = edit.description {
        let description = text("description", &description, LONGEST_DESCRIPTION)?;
        changes.set("description", &mut bundle.description, description)?;
    }
    if let Some(audience) = edit.audience {
        changes.set("audience", &mut bundle.audience, audience)?;
    }
    if let Some(holders) = edit.holders_of {
        let holders: BTreeSet<EntitlementId> = holders.into_iter().collect();
        check_entitlements(tx, "holdersOf", holders.iter(), MOST_OWNERS).await?;
        changes.set("holdersOf", &mut bundle.holders_of, holders.into_iter().collect())?;
    }
    if let Some(mut parts) = edit.entitlements {
        let mut seen = BTreeSet::new();
        parts.retain(|part| seen.insert(*part));
        check_entitlements(tx, "entitlements", parts.iter(), MOST_PARTS).await?;
        changes.set("entitlements", &mut bundle.entitlements, parts)?;
    }
    if let Some(owners) = edit.owners {
        let owners: Vec<PersonId> = owners.into_iter().collect::<BTreeSet<_>>().into_iter().collect();
        if owners.len() > MOST_OWNERS {
            return Err(Error::invalid("owners", format!("a bundle has at most {MOST_OWNERS} owners")));
        }
        let tenant = tx.tenant();
        let active = store::person::active(tx.conn(), tenant, Group::Named(&owners)).await?;
        if let Some(odd) = owners.iter().find(|person| !active.contains(person)) {
            return Err(Error::invalid("owners", format!("there is no active person `{odd}`")));
        }
        changes.set("owners", &mut bundle.owners, owners)?;
    }
    if bundle.entitlements.is_empty() {
        return Err(Error::invalid("entitlements", "a bundle has at least one part"));
    }
    Ok(changes)
}

async fn check_entitlements(
    tx: &mut Tx,
    field: &str,
    ids: impl ExactSizeIterator<Item = &EntitlementId>,
    most: usize,
) -> Result<()> {
    if ids.len() > most {
        return Err(Error::invalid(field, format!("at most {most} entitlements can be named")));
    }
    let tenant = tx.tenant();
    for id in ids {
        let found = list::entitlement(tx.conn(), tenant, *id).await?;
        if found.is_none_or(|entitlement| entitlement.gone_at.is_some()) {
            return Err(Error::invalid(field, format!("there is no entitlement `{id}`")));
        }
    }
    Ok(())
}

fn taken(error: store::Error, name: &str) -> Error {
    if error.is_conflict() {
        return Error::new(Code::AlreadyExists, format!("there is a bundle `{name}` already"))
            .with_hint("choose another name");
    }
    error.into()
}

fn object(id: BundleId) -> Object {
    Object::new("bundle", id)
}
