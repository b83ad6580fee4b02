//! Whom an event is told, and which time of several it is.
//!
//! Source: governance §3.11.

use std::collections::{BTreeMap, BTreeSet};

use domain::audit::Event;
use domain::notice::{Audience, Rule, Template};
use domain::request::Kind;
use ids::PersonId;
use serde_json::Value;
use store::{Result, Tx};

use super::about::{self, About};
use super::people;

/// Who is told, and which time it is.
pub(super) async fn recipients(
    tx: &mut Tx,
    event: &Event,
    rule: Rule,
    about: &About,
) -> Result<BTreeMap<PersonId, String>> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let people = match (rule.audience, about) {
        (Audience::Assignees, About::Request(request)) => return assignees(tx, request).await,
        (Audience::Parties, About::Request(request)) => {
            // Whoever loses access hears of its end.
            let is_told = request.kind != Kind::Revoke || rule.template != Template::RequestFulfilled;
            let subject = is_told.then_some(request.for_person_id);
            let parties = subject.into_iter().chain(request.requester_id).collect();
            people::with_inbox(tx.conn(), tenant, &parties).await?
        }
        (Audience::Holder, About::Grant(grant)) => {
            let mut people: BTreeSet<PersonId> = about::holder(tx, grant).await?.into_iter().collect();
            if let Some(request) = grant.request_id {
                let request = store::request::find(tx.conn(), tenant, request).await?;
                people.extend(request.and_then(|request| request.requester_id));
            }
            people::with_inbox(tx.conn(), tenant, &people).await?
        }
        (Audience::Assignees | Audience::Parties | Audience::Holder, _) => BTreeSet::new(),
        (Audience::ConnectorOwners, About::Connector(connector)) => {
            people::connector_owners(tx.conn(), tenant, connector.id, connector.app_id).await?
        }
        (Audience::NewConnectorOwners, _) => {
            let named = |value: &Value| serde_json::from_value(value.get("owners").cloned().unwrap_or_default());
            let (before, after): (BTreeSet<PersonId>, BTreeSet<PersonId>) =
                (named(&event.before).unwrap_or_default(), named(&event.after).unwrap_or_default());
            people::with_inbox(tx.conn(), tenant, &after.difference(&before).copied().collect()).await?
        }
        (Audience::Provisioners, About::Job(job)) => people::provisioners(tx.conn(), tenant, job).await?,
        (Audience::ConnectorOwners | Audience::Provisioners | Audience::AppOwners, _) => match about.app() {
            Some(app) => people::app_owners(tx.conn(), tenant, app).await?,
            None => BTreeSet::new(),
        },
        (Audience::SuperAdministrators, _) => people::super_administrators(tx.conn(), tenant).await?,
    };
    let nth = match (rule.template, about) {
        // Set again for the same end, it is the same.
        (Template::GrantEndsSoon, About::Grant(grant)) => grant.expires_at.unwrap_or(now).to_string(),
        // Once a day while it is open (T-H1).
        (Template::HoldOpened, _) => days_held(tx, event).await?.to_string(),
        // More may be held while nobody looks.
        (Template::LeavingHeld, _) => (now.as_second() / 3_600).to_string(),
        _ => now.to_string(),
    };
    let knows = |person: &PersonId| !rule.template.is_task() && event.actor == format!("person:{person}");
    Ok(people.into_iter().filter(|person| !knows(person)).map(|person| (person, nth.clone())).collect())
}

/// For how many whole days a hold has been open.
async fn days_held(tx: &mut Tx, event: &Event) -> Result<i64> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let Ok(id) = event.object.id.parse() else { return Ok(0) };
    let hold = store::hold::find(tx.conn(), tenant, id).await?;
    Ok(hold.map_or(0, |hold| now.duration_since(hold.opened_at).as_hours() / 24))
}

/// Those who decide the open step now. Whoever was told of a step is told again only when it comes back to them.
async fn assignees(tx: &mut Tx, request: &store::request::Request) -> Result<BTreeMap<PersonId, String>> {
    let tenant = tx.tenant();
    let Some(step) = store::request::open_step(tx.conn(), request.id).await? else { return Ok(BTreeMap::new()) };
    let assignees = store::request::assignees(tx.conn(), &step).await?;
    let open: BTreeMap<PersonId, i64> =
        assignees.iter().filter(|one| one.is_open).map(|one| (one.person_id, one.hops)).collect();
    let asked = people::with_inbox(tx.conn(), tenant, &open.keys().copied().collect()).await?;
    let nth = |hops: i64| format!("{}.{}.{hops}", step.round, step.number);
    Ok(open
        .into_iter()
        .filter(|(person, _)| asked.contains(person))
        .map(|(person, hops)| (person, nth(hops)))
        .collect())
}
