//! What an event is about: the objects behind it, and their names.

use domain::audit::{Event, Object};
use domain::finding::Reaction;
use domain::grant::Origin;
use domain::notice::{FAILURES, Payload, Template, Wish};
use domain::request::Kind;
use ids::{AccountId, AppId, EntitlementId, PersonId};
use store::connector::Connector;
use store::grant::Grant;
use store::inventory::list;
use store::provision::Job;
use store::request::Request;
use store::{Connection, Result, Tx};

/// What an event is about.
#[derive(Debug)]
pub(super) enum About {
    Request(Request),
    Grant(Grant),
    Job(Job),
    App(AppId),
    Connector(Connector),
    People,
}

/// Finds what an event is about, as the change leaves it; nothing when nobody needs to know.
pub(super) async fn find(tx: &mut Tx, event: &Event, template: Template) -> Result<Option<About>> {
    let (tenant, id) = (tx.tenant(), event.object.id.as_str());
    let conn = tx.conn();
    Ok(match event.object.kind.as_str() {
        "request" => match id.parse() {
            Ok(id) => store::request::find(conn, tenant, id).await?.filter(|it| concerns(it, template)),
            Err(_) => None,
        }
        .map(About::Request),
        "grant" => match id.parse() {
            Ok(id) => match store::grant::by_id(conn, id).await? {
                Some(grant) if concerns_grant(conn, &grant, template).await? => Some(grant),
                _ => None,
            },
            Err(_) => None,
        }
        .map(About::Grant),
        "job" => match id.parse() {
            Ok(id) => store::provision::find(conn, tenant, id).await?,
            Err(_) => None,
        }
        .map(About::Job),
        "app" => id.parse().ok().map(About::App),
        "person" => Some(About::People),
        "finding" => event.app_id.map(About::App),
        kind => {
            let connector = match kind {
                "connector" => id.parse().ok(),
                "hold" => match id.parse() {
                    Ok(id) => store::hold::find(conn, tenant, id).await?.map(|hold| hold.connector_id),
                    Err(_) => None,
                },
                "sync" => match id.parse() {
                    Ok(id) => store::sync::find(conn, tenant, id).await?.map(|sync| sync.connector_id),
                    Err(_) => None,
                },
                "credential" => match id.parse() {
                    Ok(id) => store::credential::get(conn, tenant, id).await?.map(|found| found.connector_id),
                    Err(_) => None,
                },
                _ => None,
            };
            let found = match connector {
                Some(id) => store::connector::find(conn, tenant, id).await?,
                None => None,
            };
            found
                .filter(|found| template != Template::SyncsFail || found.failures_in_a_row == FAILURES)
                .map(About::Connector)
        }
    })
}

/// Of an extension that was agreed to, and is thereby carried out, one notice is enough.
fn concerns(request: &Request, template: Template) -> bool {
    request.kind != Kind::Extend || !matches!(template, Template::RequestApproved | Template::RequestFulfilled)
}

/// What was there when the app was read first did not appear; an end that is meant is told to nobody (R-D-10).
async fn concerns_grant(conn: &mut Connection, grant: &Grant, template: Template) -> Result<bool> {
    match (template, grant.expires_at) {
        (Template::GrantAppeared, _) => Ok(grant.origin == Origin::Outside
            && store::finding::reaction::of(conn, grant.app_id).await?.outside != Reaction::RecordOnly),
        (Template::GrantEndsSoon | Template::GrantEnded, Some(at)) => {
            Ok(!store::notice::lets_end(conn, grant.id, at).await?)
        }
        _ => Ok(true),
    }
}

impl About {
    /// The app that it belongs to, if any.
    pub(super) const fn app(&self) -> Option<AppId> {
        match self {
            Self::Request(request) => Some(request.app_id),
            Self::Grant(grant) => Some(grant.app_id),
            Self::Job(job) => Some(job.app_id),
            Self::App(app) => Some(*app),
            Self::Connector(connector) => Some(connector.app_id),
            Self::People => None,
        }
    }

    /// Its names, for people.
    pub(super) async fn payload(&self, tx: &mut Tx, event: &Event, template: Template) -> Result<Payload> {
        let tenant = tx.tenant();
        let mut payload = Payload::new(self.object(event));
        payload.app = match self.app() {
            Some(app) => store::app::find(tx.conn(), tenant, app).await?.map(|app| app.name),
            None => None,
        };
        payload.reason.clone_from(&event.reason);
        match self {
            Self::Request(request) => {
                payload.person = name(tx, Some(request.for_person_id), request.account_id).await?;
                payload.access = access(tx, request.entitlement_id).await?;
                payload.asked = Some(request.kind);
                if template.is_step() || template == Template::StepReminded {
                    let by = name(tx, request.requester_id, None).await?;
                    payload.wish = Some(Wish { by, duration: request.duration, reason: request.reason.clone() });
                }
                if let (Template::GrantExtended, Some(grant)) = (template, request.grant_id) {
                    payload.ends_at = store::grant::by_id(tx.conn(), grant).await?.and_then(|grant| grant.expires_at);
                }
            }
            Self::Grant(grant) => {
                payload.person = name(tx, grant.person_id, grant.account_id).await?;
                payload.access = access(tx, Some(grant.entitlement_id)).await?;
                payload.ends_at = grant.ended_at.or(grant.expires_at);
                if template == Template::GrantEnded && payload.reason.is_none() {
                    payload.reason = grant.end_reason.map(|why| why.name().replace('_', " "));
                }
            }
            Self::Job(job) => {
                payload.person = name(tx, job.person_id, job.account_id).await?;
                payload.access = access(tx, job.entitlement_id).await?;
            }
            // Whoever left it.
            Self::App(_) => {
                payload.person = event.after.get("person").and_then(|name| name.as_str()).map(str::to_owned);
            }
            Self::People => {}
            Self::Connector(connector) => payload.connector = Some(connector.display_name.clone()),
        }
        Ok(payload)
    }

    /// The object that a notice leads to.
    fn object(&self, event: &Event) -> Object {
        match self {
            Self::Connector(connector) if event.object.kind != "hold" => Object::new("connector", connector.id),
            // One notice for all whom it concerns.
            Self::People => Object::new("people", ""),
            _ => event.object.clone(),
        }
    }
}

/// The person who holds a grant: whoever owns the account, or whom it was given to.
pub(super) async fn holder(tx: &mut Tx, grant: &Grant) -> Result<Option<PersonId>> {
    let tenant = tx.tenant();
    let account = match grant.account_id {
        Some(id) => list::account(tx.conn(), tenant, id).await?,
        None => None,
    };
    Ok(account.and_then(|account| account.owner_person_id).or(grant.person_id))
}

/// What people call a person, or else the account.
async fn name(tx: &mut Tx, person: Option<PersonId>, account: Option<AccountId>) -> Result<Option<String>> {
    let tenant = tx.tenant();
    let account = match account {
        Some(id) => list::account(tx.conn(), tenant, id).await?,
        None => None,
    };
    let person = match person.or(account.as_ref().and_then(|account| account.owner_person_id)) {
        Some(id) => store::person::find(tx.conn(), tenant, id).await?,
        None => None,
    };
    Ok(person.map(|person| person.display_name).or_else(|| account.map(|account| account.login)))
}

async fn access(tx: &mut Tx, entitlement: Option<EntitlementId>) -> Result<Option<String>> {
    let tenant = tx.tenant();
    Ok(match entitlement {
        Some(id) => list::entitlement(tx.conn(), tenant, id).await?.map(|found| found.display_name),
        None => None,
    })
}
