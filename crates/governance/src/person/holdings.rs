//! What a person has: accounts, and what these hold.
//!
//! Source: governance §1.20 (see accounts, entitlements, grants), the routes of §5.

use domain::access::{Action, Relation, may};
use ids::{AppId, PersonId};
use store::inventory::list::{self, Access, Account};
use store::{Page, Paging};

use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

impl Governance {
    /// What the accounts of a person hold now, in all apps, the oldest first. Everybody sees their own.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see it.
    pub async fn person_access(&self, caller: &Caller, id: PersonId, paging: Paging<'_>) -> Result<Page<Access>> {
        self.may_see_holdings(caller, id).await?;
        let mut conn = self.store().read().await?;
        Ok(list::access_of(&mut conn, self.store().tenant(), id, paging).await?)
    }

    /// The accounts that a person answers for, in one app or in all, the oldest first. Everybody sees their own.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see them.
    pub async fn person_accounts(&self, caller: &Caller, id: PersonId, app: Option<AppId>) -> Result<Vec<Account>> {
        self.may_see_holdings(caller, id).await?;
        let mut conn = self.store().read().await?;
        Ok(list::accounts_of(&mut conn, self.store().tenant(), id, app).await?)
    }

    async fn may_see_holdings(&self, caller: &Caller, id: PersonId) -> Result<()> {
        let sees = caller.actor.person() == Some(id) || may(&caller.actor, Action::SeeInventory, Relation::None);
        let mut conn = self.store().read().await?;
        let found = if sees { store::person::find(&mut conn, self.store().tenant(), id).await? } else { None };
        found.map(drop).ok_or_else(|| Error::not_found("person", id))
    }
}
