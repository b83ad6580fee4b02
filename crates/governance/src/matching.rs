//! Whose accounts are whose: user accounts are matched to people by their primary addresses.
//!
//! Source: governance §3.1 (R-I-1, R-I-2 rule 2, R-I-3, R-I-4).

use std::collections::{BTreeMap, BTreeSet};

use domain::audit::Object;
use ids::{AccountId, ConnectorId, PersonId};
use serde_json::{Value, json};
use store::inventory::list::Account;
use store::{Tx, inventory};

use crate::context::{Caller, Governance};
use crate::error::Result;

/// How many accounts are looked at in one transaction.
const TURN: u32 = 500;
/// The rule by which an account belongs to whoever has its primary address.
pub(crate) const RULE: &str = "primary email";

/// Whom the rule gives for this account: only user accounts are matched (R-I-4).
pub(crate) async fn of_account(tx: &mut Tx, account: &Account) -> Result<Option<PersonId>> {
    let Some(address) = account.emails.first().filter(|_| account.kind == "user" && account.gone_at.is_none()) else {
        return Ok(None);
    };
    let tenant = tx.tenant();
    let mut people = store::person::by_emails(tx.conn(), tenant, &[address.as_str()].into()).await?;
    Ok(people.remove(address))
}

impl Governance {
    /// Matches the accounts of a connector that nobody answers for yet. What people set by hand stays. Returns how many
    /// were matched.
    ///
    /// # Errors
    /// When the database refuses; what was matched stays so.
    pub async fn match_accounts(&self, caller: &Caller, connector: ConnectorId) -> Result<u64> {
        let (mut after, mut matched): (Option<AccountId>, u64) = (None, 0);
        loop {
            let mut conn = self.store().read().await?;
            let unowned = inventory::unowned_accounts(&mut conn, connector, after, TURN).await?;
            let addresses: BTreeSet<&str> = unowned.iter().filter_map(|account| account.primary_email()).collect();
            let tenant = self.store().tenant();
            let people = store::person::by_emails(&mut conn, tenant, &addresses).await?;
            drop(conn);
            let Some(last) = unowned.last() else { return Ok(matched) };
            after = Some(last.id);
            let found: BTreeMap<AccountId, _> = unowned
                .iter()
                .filter_map(|account| Some((account.id, *people.get(account.primary_email()?)?)))
                .collect();
            if found.is_empty() {
                continue;
            }
            let mut tx = self.store().begin().await?;
            let app = inventory::app_of(tx.conn(), connector).await?;
            for (account, person) in found {
                inventory::set_account_owner(tx.conn(), account, Some(person), "matched", Some(RULE)).await?;
                let event = caller.event("account.owner_changed", Object::new("account", account));
                let event = event.with_change(
                    Value::Null,
                    json!({"ownerPersonId": person, "ownerSource": "matched", "matchRule": RULE}),
                );
                tx.audit(match app {
                    Some(app) => event.with_app(app),
                    None => event,
                });
                matched += 1;
            }
            tx.commit().await?;
        }
    }
}
