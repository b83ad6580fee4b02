//! The accounts of apps that people keep by hand: there is one once a person says that they gave something.

use domain::audit::Object;
use domain::provision::Effect;
use ids::AccountId;
use serde_json::{Value, json};
use store::Tx;
use store::inventory::by_hand;
use store::provision::Job;

use crate::context::Caller;
use crate::error::{Error, Result};

/// Notes what a person did to an account that no connector knows of.
pub(super) async fn note(tx: &mut Tx, caller: &Caller, job: &mut Job) -> Result<()> {
    if !by_hand::is_kept(tx.conn(), job.connector_id).await? {
        return Ok(());
    }
    let (now, tenant) = (tx.now(), tx.tenant());
    match (job.effect, job.account_id) {
        (Effect::CreateAccount | Effect::Grant | Effect::Swap, None) => {
            let Some(person) = job.person_id else { return Ok(()) };
            let found = store::person::find(tx.conn(), tenant, person).await?;
            let person = found.ok_or_else(|| Error::not_found("person", person))?;
            let id = AccountId::new(now, tx.rng());
            let of = (person.id, person.primary_email.as_str(), person.display_name.as_str());
            by_hand::insert_account(tx.conn(), tenant, job.app_id, job.connector_id, id, of).await?;
            job.account_id = Some(id);
            let event = super::event(caller, job, "account.created").with_change(
                Value::Null,
                json!({"accountId": id, "ownerPersonId": person.id, "ownerSource": "manual"}),
            );
            tx.audit(event);
        }
        (Effect::DeleteAccount, Some(account)) => set(tx, caller, job, account, "gone").await?,
        (Effect::DisableAccount, Some(account)) => set(tx, caller, job, account, "disabled").await?,
        _ => {}
    }
    Ok(())
}

async fn set(tx: &mut Tx, caller: &Caller, job: &Job, account: AccountId, status: &str) -> Result<()> {
    let now = tx.now();
    by_hand::set_account_status(tx.conn(), account, status, now).await?;
    let event = caller.event("account.status_changed", Object::new("account", account)).with_app(job.app_id);
    tx.audit(event.with_correlation(job.id).with_change(Value::Null, json!({"status": status})));
    Ok(())
}
