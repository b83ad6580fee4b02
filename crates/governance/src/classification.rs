//! How much harm apps and entitlements can do, and what they fall under.
//!
//! Source: governance §1.3, §1.8.

use domain::access::Action;
use domain::audit::Object;
use domain::classification::Classification;
use ids::AppId;
use serde_json::json;
use store::Tx;
use store::classification::Of;
use store::request_setting;

use crate::change::check_version;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::setting::refuse_self_approval;
use crate::{Written, access};

/// What was said about something, and what holds for it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ClassificationView {
    /// What was said here.
    pub own: Classification,
    /// With what comes from the app.
    pub effective: Classification,
    /// How often it changed; 0 before anybody said anything.
    pub version: i64,
}

impl Governance {
    /// What was said about an app or an entitlement.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn classification(&self, caller: &Caller, of: Of) -> Result<ClassificationView> {
        let mut tx = self.store().begin().await?;
        let (tenant, app) = (tx.tenant(), app_of(&mut tx, of).await?);
        access::app(tx.conn(), tenant, caller, app, Action::SeeInventory).await?;
        view(&mut tx, of, app).await
    }

    /// Says it anew, if it still has the version that the caller has read.
    ///
    /// # Errors
    /// `InvalidArgument` naming the field; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn set_classification(
        &self,
        caller: &Caller,
        of: Of,
        version: Option<i64>,
        wished: Classification,
    ) -> Result<Written<ClassificationView>> {
        let mut tx = self.store().begin().await?;
        let (tenant, app) = (tx.tenant(), app_of(&mut tx, of).await?);
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        let (before, present) = store::classification::find(tx.conn(), of).await?;
        let (kind, id) = of.object();
        check_version(version, present, "classification", &id)?;
        let wished = wished.checked().map_err(|(field, words)| Error::invalid(field, words))?;
        if wished == before {
            return Ok(Written::new(view(&mut tx, of, app).await?, None));
        }
        store::classification::set(tx.conn(), tenant, of, &wished, present).await?;
        let setting = match of {
            Of::App(id) => request_setting::Of::App(id),
            Of::Entitlement(id) => request_setting::Of::Entitlement(id),
        };
        refuse_self_approval(&mut tx, setting, app).await?;
        let event = caller.event(&format!("{kind}.classified"), Object::new(kind, id)).with_app(app);
        tx.audit(event.with_change(json!(before), json!(wished)));
        let view = view(&mut tx, of, app).await?;
        let seq = tx.commit().await?;
        Ok(Written::new(view, seq))
    }
}

async fn app_of(tx: &mut Tx, of: Of) -> Result<AppId> {
    match of {
        Of::App(id) => Ok(id),
        Of::Entitlement(id) => {
            let tenant = tx.tenant();
            let found = store::inventory::list::entitlement(tx.conn(), tenant, id).await?;
            Ok(found.ok_or_else(|| Error::not_found("entitlement", id))?.app_id)
        }
    }
}

async fn view(tx: &mut Tx, of: Of, app: AppId) -> Result<ClassificationView> {
    let entitlement = match of {
        Of::App(_) => None,
        Of::Entitlement(id) => Some(id),
    };
    let (own, version) = store::classification::find(tx.conn(), of).await?;
    let effective = store::classification::effective(tx.conn(), app, entitlement).await?;
    Ok(ClassificationView { own, effective, version })
}
