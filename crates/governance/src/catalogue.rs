//! What people keep by hand of an app: resources and entitlements that no connector knows of, and how they are given.
//!
//! Source: governance §1.8, R-V-6.

mod bundle;
mod form;
mod provisioning;

use domain::access::Action;
use domain::audit::Object;
use ids::{AppId, EntitlementId, ResourceId};
use serde_json::{Value, json};
use store::Tx;
use store::inventory::by_hand;
use store::inventory::list::{self, Entitlement, Resource};

use crate::change::{Changes, check_version, line, text};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::{Written, access};

pub use bundle::{BundleEdit, Part, Wish};

/// The longest name, in letters.
const LONGEST_NAME: usize = 200;
/// The longest slug, in letters.
const LONGEST_SLUG: usize = 60;
/// The longest description, in letters.
const LONGEST_DESCRIPTION: usize = 2_000;
/// The type of resources for which nobody says one.
const TYPE: &str = "resource";

/// A wish for a resource that people keep.
#[derive(Debug, Clone, Default)]
pub struct NewResource {
    /// What people call it.
    pub name: String,
    /// What it is.
    pub description: String,
    /// Of what type it is, in one's own word.
    pub kind: Option<String>,
}

/// A wish for an entitlement that people keep.
#[derive(Debug, Clone, Default)]
pub struct NewEntitlement {
    /// What it gives access to; nothing in particular when absent.
    pub resource: Option<ResourceId>,
    /// What people call it.
    pub name: String,
    /// Its short label.
    pub slug: String,
    /// What it is.
    pub description: String,
    /// Whether it is a permission of something else, and not assigned by itself.
    pub is_permission: bool,
}

/// What to change of what people keep; `None` stays as it is.
#[derive(Debug, Clone, Default)]
pub struct KeptEdit {
    /// What people call it.
    pub name: Option<String>,
    /// Its short label; resources have none.
    pub slug: Option<String>,
    /// What it is.
    pub description: Option<String>,
}

impl Governance {
    /// Makes a resource in a managed app that no connector knows of.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field; `FailedPrecondition` when the app is not managed; `PermissionDenied`;
    /// `NotFound`.
    pub async fn create_resource(&self, caller: &Caller, app: AppId, new: NewResource) -> Result<Written<Resource>> {
        let name = line("displayName", &new.name, LONGEST_NAME)?;
        let description = text("description", &new.description, LONGEST_DESCRIPTION)?;
        let kind = line("resourceType", new.kind.as_deref().unwrap_or(TYPE), LONGEST_SLUG)?;
        let mut tx = self.kept_app(caller, app).await?;
        let (now, tenant) = (tx.now(), tx.tenant());
        let id = ResourceId::new(now, tx.rng());
        let resource = Resource {
            id,
            app_id: app,
            connector_id: by_hand::source(&mut tx, app).await?,
            resource_type: kind,
            external_id: id.to_string(),
            parent: None,
            display_name: name,
            description,
            profile: json!({}),
            origin: "manual".to_owned(),
            first_seen_sync: None,
            last_seen_sync: None,
            gone_at: None,
            version: 1,
        };
        by_hand::insert_resource(tx.conn(), tenant, &resource).await?;
        let after = json!({"displayName": resource.display_name, "resourceType": resource.resource_type});
        let event = caller.event("resource.created", Object::new("resource", id)).with_app(app);
        tx.audit(event.with_change(Value::Null, after));
        let seq = tx.commit().await?;
        Ok(Written::new(resource, seq))
    }

    /// Changes a resource that people keep.
    ///
    /// # Errors
    /// `FailedPrecondition` when a connector brought it; `InvalidArgument` naming the field; `Aborted`;
    /// `PermissionDenied`; `NotFound`.
    pub async fn edit_resource(
        &self,
        caller: &Caller,
        app: AppId,
        id: ResourceId,
        version: Option<i64>,
        edit: KeptEdit,
    ) -> Result<Written<Resource>> {
        let (mut tx, mut resource) = self.kept_resource(caller, app, id, version).await?;
        let mut changes = Changes::default();
        if let Some(name) = edit.name {
            changes.set("displayName", &mut resource.display_name, line("displayName", &name, LONGEST_NAME)?)?;
        }
        if let Some(description) = edit.description {
            let description = text("description", &description, LONGEST_DESCRIPTION)?;
            changes.set("description", &mut resource.description, description)?;
        }
        if changes.is_empty() {
            return Ok(Written::new(resource, None));
        }
        by_hand::update_resource(tx.conn(), &mut resource).await?;
        let (before, after) = changes.into_values();
        let event = caller.event("resource.edited", Object::new("resource", id)).with_app(app);
        tx.audit(event.with_change(before, after));
        let seq = tx.commit().await?;
        Ok(Written::new(resource, seq))
    }

    /// Removes a resource that people keep, once it has no entitlements.
    ///
    /// # Errors
    /// `FailedPrecondition` when it has some, or a connector brought it; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn delete_resource(
        &self,
        caller: &Caller,
        app: AppId,
        id: ResourceId,
        version: Option<i64>,
    ) -> Result<Written<()>> {
        let (mut tx, mut resource) = self.kept_resource(caller, app, id, version).await?;
        let entitlements = by_hand::count_entitlements(tx.conn(), id).await?;
        if entitlements > 0 {
            return Err(
                Error::refused(format!("the resource has {entitlements} entitlements")).with_hint("delete those first")
            );
        }
        resource.gone_at = Some(tx.now());
        by_hand::update_resource(tx.conn(), &mut resource).await?;
        let event = caller.event("resource.deleted", Object::new("resource", id)).with_app(app);
        tx.audit(event.with_change(json!({"displayName": resource.display_name}), Value::Null));
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// Makes an entitlement in a managed app that no connector knows of. It is given and taken by hand.
    ///
    /// # Errors
    /// As [`Governance::create_resource`]; `InvalidArgument` when the resource is none of the app.
    pub async fn create_entitlement(
        &self,
        caller: &Caller,
        app: AppId,
        new: NewEntitlement,
    ) -> Result<Written<Entitlement>> {
        let name = line("displayName", &new.name, LONGEST_NAME)?;
        let slug = if new.slug.trim().is_empty() { "member" } else { &new.slug };
        let slug = line("slug", slug, LONGEST_SLUG)?;
        let description = text("description", &new.description, LONGEST_DESCRIPTION)?;
        let mut tx = self.kept_app(caller, app).await?;
        let (now, tenant) = (tx.now(), tx.tenant());
        let source = match new.resource {
            Some(id) => {
                let found = list::resource(tx.conn(), tenant, id).await?;
                let found = found.filter(|resource| resource.app_id == app && resource.gone_at.is_none());
                found
                    .ok_or_else(|| Error::invalid("resourceId", format!("the app has no resource `{id}`")))?
                    .connector_id
            }
            None => by_hand::source(&mut tx, app).await?,
        };
        let id = EntitlementId::new(now, tx.rng());
        let entitlement = Entitlement {
            id,
            app_id: app,
            connector_id: Some(source),
            resource_id: new.resource,
            external_id: id.to_string(),
            slug,
            display_name: name,
            description,
            purpose: if new.is_permission { "permission" } else { "assignment" }.to_owned(),
            grantable_to: Vec::new(),
            exclusion_set: String::new(),
            origin: "virtual".to_owned(),
            first_seen_sync: None,
            last_seen_sync: None,
            gone_at: None,
            version: 1,
        };
        by_hand::insert_entitlement(tx.conn(), tenant, source, &entitlement).await?;
        let after = json!({"displayName": entitlement.display_name, "resourceId": entitlement.resource_id});
        let event = caller.event("entitlement.created", Object::new("entitlement", id)).with_app(app);
        tx.audit(event.with_change(Value::Null, after));
        let seq = tx.commit().await?;
        Ok(Written::new(entitlement, seq))
    }

    /// Changes an entitlement that people keep.
    ///
    /// # Errors
    /// As [`Governance::edit_resource`].
    pub async fn edit_entitlement(
        &self,
        caller: &Caller,
        app: AppId,
        id: EntitlementId,
        version: Option<i64>,
        edit: KeptEdit,
    ) -> Result<Written<Entitlement>> {
        let (mut tx, mut entitlement) = self.kept_entitlement(caller, app, id, version).await?;
        let mut changes = Changes::default();
        if let Some(name) = edit.name {
            changes.set("displayName", &mut entitlement.display_name, line("displayName", &name, LONGEST_NAME)?)?;
        }
        if let Some(slug) = edit.slug {
            changes.set("slug", &mut entitlement.slug, line("slug", &slug, LONGEST_SLUG)?)?;
        }
        if let Some(description) = edit.description {
            let description = text("description", &description, LONGEST_DESCRIPTION)?;
            changes.set("description", &mut entitlement.description, description)?;
        }
        if changes.is_empty() {
            return Ok(Written::new(entitlement, None));
        }
        by_hand::update_entitlement(tx.conn(), &mut entitlement).await?;
        let (before, after) = changes.into_values();
        let event = caller.event("entitlement.edited", Object::new("entitlement", id)).with_app(app);
        tx.audit(event.with_change(before, after));
        let seq = tx.commit().await?;
        Ok(Written::new(entitlement, seq))
    }

    /// Removes an entitlement that people keep, once nobody holds it or is about to.
    ///
    /// # Errors
    /// `FailedPrecondition` when somebody does, or a connector brought it; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn delete_entitlement(
        &self,
        caller: &Caller,
        app: AppId,
        id: EntitlementId,
        version: Option<i64>,
    ) -> Result<Written<()>> {
        let (mut tx, mut entitlement) = self.kept_entitlement(caller, app, id, version).await?;
        let holders = by_hand::count_holders(tx.conn(), id).await?;
        if holders > 0 {
            return Err(Error::refused(format!("{holders} people hold the entitlement, or are about to"))
                .with_hint("take it from them first"));
        }
        entitlement.gone_at = Some(tx.now());
        by_hand::update_entitlement(tx.conn(), &mut entitlement).await?;
        let event = caller.event("entitlement.deleted", Object::new("entitlement", id)).with_app(app);
        tx.audit(event.with_change(json!({"displayName": entitlement.display_name}), Value::Null));
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// A managed app in which the caller may keep something by hand.
    async fn kept_app(&self, caller: &Caller, id: AppId) -> Result<Tx> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let app = access::app(tx.conn(), tenant, caller, id, Action::EditApp).await?;
        if app.state == "managed" {
            return Ok(tx);
        }
        Err(Error::refused(format!("`{}` is {}", app.name, app.state)).with_hint("make it managed first"))
    }

    async fn kept_resource(
        &self,
        caller: &Caller,
        app: AppId,
        id: ResourceId,
        version: Option<i64>,
    ) -> Result<(Tx, Resource)> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let found = list::resource(tx.conn(), tenant, id).await?;
        let found = found.filter(|resource| resource.app_id == app && resource.gone_at.is_none());
        let resource = found.ok_or_else(|| Error::not_found("resource", id))?;
        check_kept(&resource.origin)?;
        check_version(version, resource.version, "resource", id)?;
        Ok((tx, resource))
    }

    async fn kept_entitlement(
        &self,
        caller: &Caller,
        app: AppId,
        id: EntitlementId,
        version: Option<i64>,
    ) -> Result<(Tx, Entitlement)> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let found = list::entitlement(tx.conn(), tenant, id).await?;
        let found = found.filter(|entitlement| entitlement.app_id == app && entitlement.gone_at.is_none());
        let entitlement = found.ok_or_else(|| Error::not_found("entitlement", id))?;
        check_kept(&entitlement.origin)?;
        check_version(version, entitlement.version, "entitlement", id)?;
        Ok((tx, entitlement))
    }
}

fn check_kept(origin: &str) -> Result<()> {
    match origin {
        "manual" | "virtual" => Ok(()),
        "synced" => Err(Error::refused("a connector brought it, and says what it is")),
        _ => Err(Error::refused("it comes with Podium, and stays as it is")),
    }
}
