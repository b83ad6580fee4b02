//! Forms: what whoever asks for an entitlement has to answer.
//!
//! Source: governance R-Q-5.

use domain::access::{Action, Relation};
use domain::audit::Object;
use domain::form::{Field, check};
use ids::{AppId, EntitlementId, FormId};
use serde_json::{Value, json};
use store::form::{self, Form};
use store::inventory::list;
use store::request_setting;
use store::{Page, Paging, Tx};

use crate::change::{Changes, check_version, line};
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};
use crate::{Written, access};

const LONGEST_NAME: usize = 100;

impl Governance {
    /// The forms, by the time they were made.
    ///
    /// # Errors
    /// `PermissionDenied` for whoever may not see policies.
    pub async fn forms(&self, caller: &Caller, paging: Paging<'_>) -> Result<Page<Form>> {
        let mut conn = self.store().read().await?;
        self.may_see_policies(&mut conn, caller).await?;
        Ok(form::list(&mut conn, self.store().tenant(), paging).await?)
    }

    /// One form.
    ///
    /// # Errors
    /// `PermissionDenied`; `NotFound`.
    pub async fn form(&self, caller: &Caller, id: FormId) -> Result<Form> {
        let mut conn = self.store().read().await?;
        self.may_see_policies(&mut conn, caller).await?;
        form::find(&mut conn, self.store().tenant(), id).await?.ok_or_else(|| Error::not_found("form", id))
    }

    /// Makes a form.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field; `AlreadyExists` when the name is taken; `PermissionDenied`.
    pub async fn create_form(&self, caller: &Caller, name: &str, fields: Vec<Field>) -> Result<Written<Form>> {
        access::require(caller, Action::EditPolicies, Relation::None)?;
        let name = line("name", name, LONGEST_NAME)?;
        check(&fields).map_err(|error| Error::invalid(&error.field, error.message))?;
        let mut tx = self.store().begin().await?;
        let (now, tenant) = (tx.now(), tx.tenant());
        let id = FormId::new(now, tx.rng());
        let made = Form { id, name, fields, created_at: now, updated_at: now, version: 1 };
        form::insert(tx.conn(), tenant, &made).await.map_err(|error| taken(error, &made.name))?;
        let after = json!({"name": made.name, "fields": made.fields});
        tx.audit(caller.event("form.created", object(id)).with_change(Value::Null, after));
        let seq = tx.commit().await?;
        Ok(Written::new(made, seq))
    }

    /// Changes a form; `None` stays. What was answered before stays as it was.
    ///
    /// # Errors
    /// As [`Governance::create_form`]; `Aborted`; `NotFound`.
    pub async fn edit_form(
        &self,
        caller: &Caller,
        id: FormId,
        version: Option<i64>,
        name: Option<String>,
        fields: Option<Vec<Field>>,
    ) -> Result<Written<Form>> {
        let (mut tx, mut form) = self.own_form(caller, id, version).await?;
        let mut changes = Changes::default();
        if let Some(name) = name {
            changes.set("name", &mut form.name, line("name", &name, LONGEST_NAME)?)?;
        }
        if let Some(fields) = fields {
            check(&fields).map_err(|error| Error::invalid(&error.field, error.message))?;
            changes.set("fields", &mut form.fields, fields)?;
        }
        if changes.is_empty() {
            return Ok(Written::new(form, None));
        }
        let (now, name) = (tx.now(), form.name.clone());
        form::update(tx.conn(), &mut form, now).await.map_err(|error| taken(error, &name))?;
        let (before, after) = changes.into_values();
        tx.audit(caller.event("form.edited", object(id)).with_change(before, after));
        let seq = tx.commit().await?;
        Ok(Written::new(form, seq))
    }

    /// Takes a form away that no entitlement wants answered.
    ///
    /// # Errors
    /// `FailedPrecondition` when one does; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn delete_form(&self, caller: &Caller, id: FormId, version: Option<i64>) -> Result<Written<()>> {
        let (mut tx, form) = self.own_form(caller, id, version).await?;
        let uses = form::uses(tx.conn(), id).await?;
        if uses > 0 {
            return Err(
                Error::refused(format!("{uses} entitlements want it answered")).with_hint("take it from them first")
            );
        }
        let now = tx.now();
        form::delete(tx.conn(), id, now).await?;
        tx.audit(caller.event("form.deleted", object(id)).with_change(json!({"name": form.name}), Value::Null));
        let seq = tx.commit().await?;
        Ok(Written::new((), seq))
    }

    /// The form that whoever asks for this entitlement has to answer, for those who may ask for it or see the app.
    ///
    /// # Errors
    /// `NotFound` for everybody else.
    pub async fn entitlement_form(&self, caller: &Caller, app: AppId, id: EntitlementId) -> Result<Option<Form>> {
        let mut conn = self.store().read().await?;
        let found = list::entitlement(&mut conn, self.store().tenant(), id).await?;
        found.filter(|entitlement| entitlement.app_id == app).ok_or_else(|| Error::not_found("entitlement", id))?;
        let setting = request_setting::effective(&mut conn, app, Some(id)).await?;
        if setting.is_requestable != Some(true) || caller.actor.person().is_none() {
            access::app(&mut conn, self.store().tenant(), caller, app, Action::SeeInventory)
                .await
                .map_err(|_| Error::not_found("entitlement", id))?;
        }
        Ok(form::of_entitlement(&mut conn, id).await?)
    }

    /// Says which form whoever asks for this entitlement has to answer, if any.
    ///
    /// # Errors
    /// `InvalidArgument` when there is no such form; `PermissionDenied`; `NotFound`.
    pub async fn set_entitlement_form(
        &self,
        caller: &Caller,
        app: AppId,
        id: EntitlementId,
        form: Option<FormId>,
    ) -> Result<Written<Option<Form>>> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let found = list::entitlement(tx.conn(), tenant, id).await?;
        found.filter(|entitlement| entitlement.app_id == app).ok_or_else(|| Error::not_found("entitlement", id))?;
        let before = form::of_entitlement(tx.conn(), id).await?;
        let after = match form {
            Some(form) => {
                let found = form::find(tx.conn(), tenant, form).await?;
                Some(found.ok_or_else(|| Error::invalid("formId", format!("there is no form `{form}`")))?)
            }
            None => None,
        };
        let (was, is) = (before.as_ref().map(|form| form.id), after.as_ref().map(|form| form.id));
        if was == is {
            return Ok(Written::new(after, None));
        }
        form::assign(tx.conn(), id, is).await?;
        let event = caller.event("entitlement.form_changed", Object::new("entitlement", id)).with_app(app);
        tx.audit(event.with_change(json!({"formId": was}), json!({"formId": is})));
        let seq = tx.commit().await?;
        Ok(Written::new(after, seq))
    }

    async fn own_form(&self, caller: &Caller, id: FormId, version: Option<i64>) -> Result<(Tx, Form)> {
        access::require(caller, Action::EditPolicies, Relation::None)?;
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        let form = form::find(tx.conn(), tenant, id).await?.ok_or_else(|| Error::not_found("form", id))?;
        check_version(version, form.version, "form", id)?;
        Ok((tx, form))
    }
}

fn taken(error: store::Error, name: &str) -> Error {
    if error.is_conflict() {
        return Error::new(Code::AlreadyExists, format!("there is a form `{name}` already"))
            .with_hint("choose another name");
    }
    error.into()
}

fn object(id: FormId) -> Object {
    Object::new("form", id)
}
