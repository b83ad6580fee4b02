//! Whose accounts are whose: user accounts are matched to people by addresses and user names.
//!
//! Source: governance §3.1 (R-I-1, R-I-2, R-I-3, R-I-4).

use std::collections::{BTreeMap, BTreeSet};

use domain::audit::Object;
use ids::{AccountId, AppId, ConnectorId, PersonId, TenantId};
use serde_json::{Value, json};
use store::inventory::Unowned;
use store::inventory::list::Account;
use store::person::Key;
use store::{Connection, inventory};

use crate::context::{Caller, Governance};
use crate::error::Result;

/// How many accounts are looked at in one transaction.
const TURN: u32 = 500;
/// How many addresses of an account are looked at.
const MOST_EMAILS: usize = 16;

/// The rules, in their order: whose primary address it has; whose further address; whose user name is its login.
const RULES: [&str; 3] = ["primary email", "secondary email", "username"];

/// Whom the rules give for an account. The first rule that knows anybody decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Match {
    /// This person, by this rule.
    One(PersonId, &'static str),
    /// All of these alike: nobody guesses (R-I-2).
    Several(BTreeSet<PersonId>),
    /// Nobody.
    Nobody,
}

/// What is known of the people whom some accounts may belong to.
struct People {
    primary: BTreeMap<String, PersonId>,
    secondary: BTreeMap<String, BTreeSet<PersonId>>,
    usernames: BTreeMap<String, BTreeSet<PersonId>>,
}

impl People {
    async fn of(conn: &mut Connection, tenant: TenantId, accounts: &[Unowned]) -> Result<Self> {
        let emails: BTreeSet<&str> = accounts.iter().flat_map(emails).collect();
        let logins: Vec<String> = accounts.iter().map(|account| domain::email::fold(&account.login)).collect();
        let logins = logins.iter().map(String::as_str).filter(|login| !login.is_empty()).collect();
        Ok(Self {
            primary: store::person::by_emails(conn, tenant, &emails).await?,
            secondary: store::person::by_keys(conn, tenant, Key::Email, &emails).await?,
            usernames: store::person::by_keys(conn, tenant, Key::Username, &logins).await?,
        })
    }

    fn matched(&self, account: &Unowned) -> Match {
        let [primary, secondary, username] = RULES;
        // The account's own primary address comes before its others.
        if let Some(person) = emails(account).next().and_then(|email| self.primary.get(email)) {
            return Match::One(*person, primary);
        }
        let of =
            |people: &BTreeMap<String, BTreeSet<PersonId>>, key: &str| people.get(key).cloned().unwrap_or_default();
        let by_primary = emails(account).filter_map(|email| self.primary.get(email).copied()).collect();
        let by_secondary = emails(account).flat_map(|email| of(&self.secondary, email)).collect();
        let by_username = of(&self.usernames, &domain::email::fold(&account.login));
        for (people, rule) in [(by_primary, primary), (by_secondary, secondary), (by_username, username)] {
            let people: BTreeSet<PersonId> = people;
            match (people.first(), people.len()) {
                (None, _) => {}
                (Some(person), 1) => return Match::One(*person, rule),
                (Some(_), _) => return Match::Several(people),
            }
        }
        Match::Nobody
    }
}

fn emails(account: &Unowned) -> impl Iterator<Item = &str> {
    account.emails.iter().map(String::as_str).take(MOST_EMAILS)
}

/// Whom the rules give for this account: only user accounts are matched (R-I-4).
pub(crate) async fn of_account(conn: &mut Connection, tenant: TenantId, account: &Account) -> Result<Match> {
    if account.kind != "user" || account.gone_at.is_some() {
        return Ok(Match::Nobody);
    }
    let account = Unowned { id: account.id, emails: account.emails.clone(), login: account.login.clone() };
    Ok(People::of(conn, tenant, std::slice::from_ref(&account)).await?.matched(&account))
}

impl Governance {
    /// The people whom an account that nobody answers for may belong to alike; nobody when the rules are clear.
    ///
    /// # Errors
    /// `NotFound` for whoever may not see the account.
    pub async fn owner_suggestions(&self, caller: &Caller, app: AppId, id: AccountId) -> Result<BTreeSet<PersonId>> {
        let account = self.account(caller, app, id).await?;
        if account.owner_source != "none" {
            return Ok(BTreeSet::new());
        }
        let mut conn = self.store().read().await?;
        Ok(match of_account(&mut conn, self.store().tenant(), &account).await? {
            Match::Several(people) => people,
            Match::One(..) | Match::Nobody => BTreeSet::new(),
        })
    }

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
            let people = People::of(&mut conn, self.store().tenant(), &unowned).await?;
            drop(conn);
            let Some(last) = unowned.last() else { return Ok(matched) };
            after = Some(last.id);
            let found: Vec<(AccountId, PersonId, &str)> = unowned
                .iter()
                .filter_map(|account| match people.matched(account) {
                    Match::One(person, rule) => Some((account.id, person, rule)),
                    Match::Several(_) | Match::Nobody => None,
                })
                .collect();
            if found.is_empty() {
                continue;
            }
            let mut tx = self.store().begin().await?;
            let app = inventory::app_of(tx.conn(), connector).await?;
            for (account, person, rule) in found {
                inventory::set_account_owner(tx.conn(), account, Some(person), "matched", Some(rule)).await?;
                let event = caller.event("account.owner_changed", Object::new("account", account));
                let event = event.with_change(
                    Value::Null,
                    json!({"ownerPersonId": person, "ownerSource": "matched", "matchRule": rule}),
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
