//! What connectors found in apps: accounts, resources, entitlements, and who holds what.
//!
//! Source: governance §1.7–1.9, §1.20 (see accounts, entitlements, grants).

use std::ops::DerefMut;

use domain::access::Action;
use ids::{AccountId, AppId, EntitlementId, GrantId, SyncId};
use store::inventory::Difference;
use store::inventory::list::{
    self, Account, AccountFilter, DifferenceFilter, Entitlement, EntitlementFilter, Grant, Resource, ResourceFilter,
    ResourceType, When,
};
use store::{Connection, Page, Paging};

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Code, Error, Result};

/// The longest text to search for, in letters.
const LONGEST_SEARCH: usize = 200;
/// The states of an account.
const ACCOUNT_STATES: [&str; 4] = ["pending", "enabled", "disabled", "gone"];

/// Whose grants a list holds.
#[derive(Debug, Clone, Copy)]
pub enum GrantsOf {
    /// Everybody's in this app.
    App(AppId),
    /// Everybody's who holds this entitlement.
    Entitlement(EntitlementId),
    /// This account's.
    Account(AccountId),
}

impl Governance {
    /// The accounts of an app.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the app; `InvalidArgument` naming the filter.
    pub async fn accounts(
        &self,
        caller: &Caller,
        app: AppId,
        filter: AccountFilter<'_>,
        paging: Paging<'_>,
    ) -> Result<Page<Account>> {
        if let Some(status) = filter.status.filter(|status| !ACCOUNT_STATES.contains(status)) {
            return Err(Error::invalid("status", format!("`{status}` is none of {}", ACCOUNT_STATES.join(", "))));
        }
        if filter.text.is_some_and(|text| text.chars().count() > LONGEST_SEARCH) {
            return Err(Error::invalid("text", format!("search for at most {LONGEST_SEARCH} letters")));
        }
        let mut conn = self.visible(caller, app).await?;
        Ok(list::accounts(&mut conn, app, filter, paging).await?)
    }

    /// An account of an app.
    ///
    /// # Errors
    /// `NotFound` when it is of another app, and for whoever may not see the app.
    pub async fn account(&self, caller: &Caller, app: AppId, id: AccountId) -> Result<Account> {
        let mut conn = self.visible(caller, app).await?;
        let found = list::account(&mut conn, self.store().tenant(), id).await?;
        found.filter(|account| account.app_id == app).ok_or_else(|| Error::not_found("account", id))
    }

    /// The resource types of an app.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the app.
    pub async fn resource_types(&self, caller: &Caller, app: AppId, paging: Paging<'_>) -> Result<Page<ResourceType>> {
        let mut conn = self.visible(caller, app).await?;
        Ok(list::resource_types(&mut conn, app, paging).await?)
    }

    /// The resources of an app that are no accounts.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the app.
    pub async fn resources(
        &self,
        caller: &Caller,
        app: AppId,
        filter: ResourceFilter<'_>,
        paging: Paging<'_>,
    ) -> Result<Page<Resource>> {
        let mut conn = self.visible(caller, app).await?;
        Ok(list::resources(&mut conn, app, filter, paging).await?)
    }

    /// The entitlements of an app.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the app.
    pub async fn entitlements(
        &self,
        caller: &Caller,
        app: AppId,
        filter: EntitlementFilter,
        paging: Paging<'_>,
    ) -> Result<Page<Entitlement>> {
        let mut conn = self.visible(caller, app).await?;
        Ok(list::entitlements(&mut conn, app, filter, paging).await?)
    }

    /// An entitlement of an app.
    ///
    /// # Errors
    /// `NotFound` when it is of another app, and for whoever may not see the app.
    pub async fn entitlement(&self, caller: &Caller, app: AppId, id: EntitlementId) -> Result<Entitlement> {
        let mut conn = self.visible(caller, app).await?;
        let found = list::entitlement(&mut conn, self.store().tenant(), id).await?;
        found.filter(|entitlement| entitlement.app_id == app).ok_or_else(|| Error::not_found("entitlement", id))
    }

    /// Who holds what, now or then.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the app that it is in.
    pub async fn grants(&self, caller: &Caller, of: GrantsOf, when: When, paging: Paging<'_>) -> Result<Page<Grant>> {
        let (mut conn, tenant) = (self.store().read().await?, self.store().tenant());
        let (filter, app, not_found) = match of {
            GrantsOf::App(id) => (list::GrantFilter::App(id), Some(id), Error::not_found("app", id)),
            GrantsOf::Entitlement(id) => {
                let found = list::entitlement(&mut conn, tenant, id).await?.map(|found| found.app_id);
                (list::GrantFilter::Entitlement(id), found, Error::not_found("entitlement", id))
            }
            GrantsOf::Account(id) => {
                let found = list::account(&mut conn, tenant, id).await?.map(|found| found.app_id);
                (list::GrantFilter::Account(id), found, Error::not_found("account", id))
            }
        };
        hidden(self.see(&mut conn, caller, app).await, not_found)?;
        Ok(list::grants(&mut conn, filter, when, paging).await?)
    }

    /// One period in which an account holds an entitlement.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see its app.
    pub async fn grant(&self, caller: &Caller, id: GrantId) -> Result<Grant> {
        let mut conn = self.store().read().await?;
        let not_found = || Error::not_found("grant", id);
        let grant = list::grant(&mut conn, self.store().tenant(), id).await?.ok_or_else(not_found)?;
        hidden(self.see(&mut conn, caller, Some(grant.app_id)).await, not_found())?;
        Ok(grant)
    }

    /// What a sync changed, or would change while it is held.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see its connector.
    pub async fn differences(
        &self,
        caller: &Caller,
        sync: SyncId,
        filter: DifferenceFilter,
        paging: Paging<'_>,
    ) -> Result<Page<Difference>> {
        self.sync(caller, sync).await?;
        let mut conn = self.store().read().await?;
        Ok(list::differences(&mut conn, self.store().tenant(), sync, filter, paging).await?)
    }

    /// A connection for reading about an app that the caller may see.
    async fn visible(&self, caller: &Caller, app: AppId) -> Result<impl DerefMut<Target = Connection> + use<>> {
        let mut conn = self.store().read().await?;
        access::app(&mut conn, self.store().tenant(), caller, app, Action::SeeInventory).await?;
        Ok(conn)
    }

    async fn see(&self, conn: &mut Connection, caller: &Caller, app: Option<AppId>) -> Result<()> {
        let app = app.ok_or_else(|| Error::new(Code::NotFound, "there is no such object"))?;
        access::app(conn, self.store().tenant(), caller, app, Action::SeeInventory).await.map(drop)
    }
}

/// What hides the app hides the object in the same words.
fn hidden(seen: Result<()>, not_found: Error) -> Result<()> {
    seen.map_err(|error| if error.code() == Code::NotFound { not_found } else { error })
}
