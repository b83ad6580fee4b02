//! Queues the notices of every change, in its transaction.

use std::collections::BTreeMap;

use async_trait::async_trait;
use domain::audit::{Event, Object};
use domain::notice::{Channel, Fold, Payload, Rule, State, Template};
use domain::switch::Switch;
use ids::{NoticeId, PersonId};
use serde_json::{Value, json};
use store::notice::Notice;
use store::{Result, Tx, Watch};

use super::about::find;
use super::recipients::recipients;
use super::{people, send};

/// What all kinds share that are gathered for an hour.
const HOURLY: &str = "hourly";

/// What is said of mail that is not sent because of the switch.
pub(super) const SWITCHED_OFF: &str = "notices are switched off";

/// Watches every change, and queues what has to be told of it.
#[derive(Debug)]
pub(crate) struct Notices {
    /// Whether mail is set up.
    mails: bool,
}

impl Notices {
    /// Whether mail is set up, is known when the server starts.
    pub(crate) const fn new(mails: bool) -> Self {
        Self { mails }
    }
}

#[async_trait]
impl Watch for Notices {
    async fn before_commit(&self, tx: &mut Tx, events: &[Event]) -> Result<()> {
        let mut told: BTreeMap<(&str, String), Told> = BTreeMap::new();
        let follow = owner_left(tx, events).await?;
        for event in events.iter().chain(&follow) {
            if event.action == "switch.on" && event.object.id == Switch::Notices.name() {
                still_open(tx, self.mails).await?;
            }
            let Some(rule) = Rule::of(event) else { continue };
            let Some(about) = find(tx, event, rule.template).await? else { continue };
            let of = match rule.template {
                // However many appeared with one sync, they are told of together.
                Template::GrantAppeared => about.app().map(|app| app.to_string()).unwrap_or_default(),
                // However many are held, one look is enough.
                Template::LeavingHeld => String::new(),
                _ => event.object.id.clone(),
            };
            if let Some(known) = told.get_mut(&(rule.template.name(), of.clone())) {
                known.payload.count += u64::from(rule.template == Template::GrantAppeared);
                continue;
            }
            let payload = about.payload(tx, event, rule.template).await?;
            let people = recipients(tx, event, rule, &about).await?;
            told.insert((rule.template.name(), of), Told { template: rule.template, payload, people });
        }
        let told: Vec<_> = told.into_iter().filter(|(_, told)| !told.people.is_empty()).collect();
        if told.is_empty() {
            return Ok(());
        }
        let mailing = Mailing::now(tx, self.mails).await?;
        for ((_, of), told) in told {
            for (person, nth) in &told.people {
                // Of one step a person is told once, however it came to them; the most urgent kind comes first.
                let kind = if told.template.is_step() { "step" } else { told.template.name() };
                write(tx, &told, *person, &format!("{kind}:{of}:{nth}"), mailing).await?;
            }
        }
        Ok(())
    }
}

/// Tells what follows from this event, which is no row of the audit log.
pub(crate) async fn tell(tx: &mut Tx, event: &Event, mails: bool) -> Result<()> {
    Notices::new(mails).before_commit(tx, std::slice::from_ref(event)).await
}

/// What becomes of mail now.
#[derive(Debug, Clone, Copy)]
enum Mailing {
    Goes,
    Not(&'static str),
}

impl Mailing {
    async fn now(tx: &mut Tx, mails: bool) -> Result<Self> {
        let tenant = tx.tenant();
        if !store::switch::is_on(tx.conn(), tenant, Switch::Notices).await? {
            return Ok(Self::Not(SWITCHED_OFF));
        }
        if !mails {
            return Ok(Self::Not(send::NOT_SET_UP));
        }
        send::wish(tx).await?;
        Ok(Self::Goes)
    }
}

/// Whoever has something to do is told how much, in one notice.
async fn still_open(tx: &mut Tx, mails: bool) -> Result<()> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let open = store::notice::open_tasks(tx.conn(), tenant).await?;
    let people = people::with_inbox(tx.conn(), tenant, &open.keys().copied().collect()).await?;
    let mailing = Mailing::now(tx, mails).await?;
    for (person, count) in open.into_iter().filter(|(person, _)| people.contains(person)) {
        let mut payload = Payload::new(Object::new("request", ""));
        payload.count = count;
        let told = Told { template: Template::StillOpen, payload, people: BTreeMap::new() };
        write(tx, &told, person, &format!("{}:{now}", Template::StillOpen), mailing).await?;
    }
    Ok(())
}

/// What follows for apps from people who leave: an event for each app that has at most one owner now.
async fn owner_left(tx: &mut Tx, events: &[Event]) -> Result<Vec<Event>> {
    let tenant = tx.tenant();
    let mut follow = Vec::new();
    for event in events.iter().filter(|event| event.action == "person.left") {
        let Ok(person) = event.object.id.parse::<PersonId>() else { continue };
        let name = store::person::find(tx.conn(), tenant, person).await?.map(|person| person.display_name);
        for app in store::app::owned_by(tx.conn(), tenant, person).await? {
            if people::direct_owners(tx.conn(), tenant, app).await?.len() <= 1 {
                let change = json!({ "person": name });
                let left =
                    Event { action: "app.owner_left".to_owned(), object: Object::new("app", app), ..event.clone() };
                follow.push(left.with_app(app).with_change(Value::Null, change));
            }
        }
    }
    Ok(follow)
}

struct Told {
    template: Template,
    payload: Payload,
    /// Who is told, each with what tells this time from others at which they are told of the same object.
    people: BTreeMap<PersonId, String>,
}

async fn write(tx: &mut Tx, told: &Told, person: PersonId, key: &str, mailing: Mailing) -> Result<()> {
    let (now, tenant) = (tx.now(), tx.tenant());
    let fold = match told.template.fold() {
        Fold::AtOnce => told.template.name(),
        Fold::Hourly => HOURLY,
    };
    let notice = Notice {
        id: NoticeId::new(now, tx.rng()),
        person_id: person,
        channel: Channel::Inbox,
        template: told.template,
        fold: fold.to_owned(),
        payload: told.payload.clone(),
        dedupe_key: key.to_owned(),
        state: State::Sent,
        note: None,
        attempts: 0,
        next_try_at: None,
        mail_id: None,
        sent_at: Some(now),
        read_at: None,
        created_at: now,
    };
    if !store::notice::insert(tx.conn(), tenant, &notice).await? {
        return Ok(());
    }
    let (state, note, next_try_at) = match mailing {
        Mailing::Goes => (State::Queued, None, Some(now)),
        Mailing::Not(why) => (State::Suppressed, Some(why.to_owned()), None),
    };
    let id = NoticeId::new(now, tx.rng());
    let mail = Notice { id, channel: Channel::Email, state, note, next_try_at, sent_at: None, ..notice };
    store::notice::insert(tx.conn(), tenant, &mail).await.map(drop)
}
