//! What people say about accounts: who answers for them, and of what type they are.
//!
//! Source: governance §1.7, §3.1 (R-I-3, R-I-4).

use domain::access::Action;
use domain::audit::Object;
use ids::{AccountId, AppId, PersonId};
use serde_json::json;
use store::Tx;
use store::inventory::list::{self, Account};

use crate::change::check_version;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};
use crate::matching::Match;
use crate::{Written, access, matching};

/// The types of accounts.
pub const TYPES: [&str; 3] = ["user", "service", "system"];

/// Who is to answer for an account.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AccountOwner {
    /// This person, by hand.
    Person(PersonId),
    /// Nobody, by hand.
    Nobody,
    /// Whoever the rules of matching give.
    Matched,
}

impl Governance {
    /// Says who answers for an account, that nobody does, or leaves that to matching again. What is said by hand, no sync
    /// changes any more (R-I-3).
    ///
    /// # Errors
    /// `InvalidArgument` for somebody who has left or is none of the people; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn set_account_owner(
        &self,
        caller: &Caller,
        app: AppId,
        id: AccountId,
        version: Option<i64>,
        wished: AccountOwner,
    ) -> Result<Written<Account>> {
        let (mut tx, account) = self.editable_account(caller, app, id, version).await?;
        let tenant = tx.tenant();
        let owner = match wished {
            AccountOwner::Person(owner) => {
                let person = store::person::find(tx.conn(), tenant, owner).await?;
                if person.is_none_or(|person| matches!(person.status.as_str(), "left" | "erased")) {
                    return Err(Error::invalid("personId", format!("there is no person `{owner}`")));
                }
                (Some(owner), "manual", None)
            }
            AccountOwner::Nobody => (None, "cleared", None),
            AccountOwner::Matched => matched(&mut tx, &account).await?,
        };
        let is_new = set_owner(&mut tx, caller, &account, owner).await?;
        written(tx, account, is_new).await
    }

    /// Says by hand of what type an account is; no sync changes it any more. A service account loses an owner that was
    /// matched, and keeps one that was set by hand; a user account that nobody owns is matched (R-I-4).
    ///
    /// # Errors
    /// `InvalidArgument` for what is no type; `Aborted`; `PermissionDenied`; `NotFound`.
    pub async fn set_account_type(
        &self,
        caller: &Caller,
        app: AppId,
        id: AccountId,
        version: Option<i64>,
        kind: &str,
    ) -> Result<Written<Account>> {
        if !TYPES.contains(&kind) {
            return Err(Error::invalid("type", format!("`{kind}` is none of {}", TYPES.join(", "))));
        }
        let (mut tx, mut account) = self.editable_account(caller, app, id, version).await?;
        if account.kind == kind {
            return Ok(Written::new(account, None));
        }
        store::inventory::set_account_type(tx.conn(), id, kind).await?;
        let event = caller.event("account.type_changed", Object::new("account", id)).with_app(account.app_id);
        tx.audit(event.with_change(json!({"type": account.kind}), json!({"type": kind})));
        kind.clone_into(&mut account.kind);
        if matches!(account.owner_source.as_str(), "matched" | "none") {
            let owner = matched(&mut tx, &account).await?;
            set_owner(&mut tx, caller, &account, owner).await?;
        }
        written(tx, account, true).await
    }

    /// An account of the app, for a caller that may edit it and has read this version.
    async fn editable_account(
        &self,
        caller: &Caller,
        app: AppId,
        id: AccountId,
        version: Option<i64>,
    ) -> Result<(Tx, Account)> {
        let mut tx = self.store().begin().await?;
        let tenant = tx.tenant();
        // Whoever may not see the app does not hear which accounts there are.
        access::app(tx.conn(), tenant, caller, app, Action::SeeInventory).await?;
        let found = list::account(tx.conn(), tenant, id).await?.filter(|account| account.app_id == app);
        let account = found.ok_or_else(|| Error::not_found("account", id))?;
        access::app(tx.conn(), tenant, caller, app, Action::EditApp).await?;
        check_version(version, account.version, "account", id)?;
        Ok((tx, account))
    }
}

/// An owner, where that is known from, and the rule.
type Owner = (Option<PersonId>, &'static str, Option<&'static str>);

async fn matched(tx: &mut Tx, account: &Account) -> Result<Owner> {
    let tenant = tx.tenant();
    Ok(match matching::of_account(tx.conn(), tenant, account).await? {
        Match::One(owner, rule) => (Some(owner), "matched", Some(rule)),
        Match::Several(_) | Match::Nobody => (None, "none", None),
    })
}

/// Writes the owner with its audit row. Tells whether it is another.
async fn set_owner(tx: &mut Tx, caller: &Caller, account: &Account, (owner, source, rule): Owner) -> Result<bool> {
    if account.owner_person_id == owner && account.owner_source == source {
        return Ok(false);
    }
    store::inventory::set_account_owner(tx.conn(), account.id, owner, source, rule).await?;
    let event = caller.event("account.owner_changed", Object::new("account", account.id)).with_app(account.app_id);
    tx.audit(event.with_change(
        json!({"ownerPersonId": account.owner_person_id, "ownerSource": account.owner_source}),
        json!({"ownerPersonId": owner, "ownerSource": source, "matchRule": rule}),
    ));
    Ok(true)
}

async fn written(mut tx: Tx, before: Account, is_new: bool) -> Result<Written<Account>> {
    if !is_new {
        return Ok(Written::new(before, None));
    }
    let tenant = tx.tenant();
    let account = list::account(tx.conn(), tenant, before.id).await?.unwrap_or(before);
    let seq = tx.commit().await?;
    Ok(Written::new(account, seq))
}
