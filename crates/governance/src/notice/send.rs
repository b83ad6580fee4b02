//! Sends what waits to go by mail: a durable job, so that nothing is forgotten and of several servers one does it.
//!
//! A mail is begun in one transaction, sent, and settled in another. Whoever dies between the two sends it again after
//! its lease, with the same `Message-ID`, by which the receiver's server knows it.
//!
//! Source: governance §1.18: at most one mail per person, template and hour.

use std::sync::Arc;

use async_trait::async_trait;
use domain::notice::State;
use domain::person::Status;
use domain::switch::Switch;
use jiff::{SignedDuration, Timestamp};
use jobs::{Failure, Handler, Next};
use store::Tx;
use store::job::NewJob;
use store::notice::mail as table;
use store::person::Person;

use super::Notice;
use super::mail::{Mail, Mailer, Unsent};
use super::queue::SWITCHED_OFF;
use crate::context::Governance;
use crate::error::Result;

/// The kind of the job that sends mail.
const KIND: &str = "mail";
/// How often it is tried when the database refuses; its pauses grow.
const ATTEMPTS: i64 = 1_000;
/// Within which time a person gets one mail of what folds together.
const APART: SignedDuration = SignedDuration::from_hours(1);
/// How long nobody else tries a mail that was begun; longer than sending may take.
const LEASE: SignedDuration = SignedDuration::from_mins(5);
/// How long to wait before a mail is tried again, by how often it was tried; afterwards the last of these.
const PAUSES: [SignedDuration; 5] = [
    SignedDuration::from_mins(1),
    SignedDuration::from_mins(5),
    SignedDuration::from_mins(15),
    SignedDuration::from_hours(1),
    SignedDuration::from_hours(4),
];
/// How often a mail is tried: for about two days.
const TRIES: i64 = 14;
/// How many notices a mail tells of one by one.
const LISTED: usize = 50;
/// What is said of mail that is not sent because it is not set up.
pub(super) const NOT_SET_UP: &str = "mail is not set up";

/// Wishes for the job that sends mail; to be called in the transaction that queues some.
pub(super) async fn wish(tx: &mut Tx) -> store::Result<()> {
    let job = NewJob {
        kind: KIND,
        key: Some(KIND.to_owned()),
        payload: "{}".to_owned(),
        run_at: tx.now(),
        priority: 0,
        max_attempts: ATTEMPTS,
    };
    store::job::enqueue(tx, &job).await
}

/// What sends mail.
pub(crate) fn handler(governance: Governance) -> (&'static str, Arc<dyn Handler>) {
    (KIND, Arc::new(Sender(governance)))
}

struct Sender(Governance);

#[async_trait]
impl Handler for Sender {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let sent = context.cancel.run_until_cancelled(self.0.send_mail()).await;
        match sent.ok_or_else(|| Failure::Passing("interrupted".to_owned()))? {
            Ok(Some(at)) => Ok(Next::At(at)),
            Ok(None) => Ok(Next::Done),
            Err(error) => Err(Failure::Passing(error.to_string())),
        }
    }
}

impl Governance {
    /// Sends the mail that is due. Returns when more is, if any waits.
    ///
    /// # Errors
    /// When the database refuses; what was sent stays so.
    pub async fn send_mail(&self) -> Result<Option<Timestamp>> {
        loop {
            let (mail, mut notices) = match self.begin_mail().await? {
                Begun::Nothing => break,
                Begun::Settled => continue,
                Begun::Mail(mail, notices) => (mail, notices),
            };
            let unsent = match &self.settings().mail {
                Some(mailer) => send(mailer, mail).await,
                None => Some(Unsent::Refused(NOT_SET_UP.to_owned())),
            };
            let mut tx = self.store().begin().await?;
            let now = tx.now();
            for notice in &mut notices {
                settle(notice, unsent.as_ref(), now);
                table::update(tx.conn(), notice).await?;
            }
            tx.commit().await?;
            // What else is due would not be sent either.
            if matches!(unsent, Some(Unsent::Unreachable(_))) {
                let soon = now.checked_add(PAUSES[0]).unwrap_or(Timestamp::MAX);
                return Ok(Some(soon));
            }
        }
        let store = self.store();
        Ok(table::next_due(&mut *store.read().await?, store.tenant()).await?)
    }

    /// Takes the mail that is due first, so that nobody else sends it.
    async fn begin_mail(&self) -> Result<Begun> {
        let mut tx = self.store().begin().await?;
        let (now, tenant) = (tx.now(), tx.tenant());
        let Some(first) = table::first_due(&mut tx).await? else { return Ok(Begun::Nothing) };
        let (person, fold) = (first.person_id, first.fold.clone());
        let mut notices = match first.mail_id {
            Some(mail) => table::of_mail(tx.conn(), mail).await?,
            None => table::waiting(tx.conn(), person, &fold).await?,
        };
        let found = store::person::find(tx.conn(), tenant, person).await?;
        let found = found.filter(|person| person.status == Status::Active.name());
        let is_on = store::switch::is_on(tx.conn(), tenant, Switch::Notices).await?;
        let wait = if first.mail_id.is_none() { wait_until(&mut tx, &first).await? } else { None };
        let mail = match (found, wait) {
            _ if !is_on => {
                suppress(&mut notices, SWITCHED_OFF);
                None
            }
            (None, _) => {
                suppress(&mut notices, "the person is not active");
                None
            }
            (Some(_), Some(at)) => {
                for notice in &mut notices {
                    notice.next_try_at = Some(at);
                }
                None
            }
            (Some(person), None) => {
                let (id, until) = (first.mail_id.unwrap_or(first.id), now.checked_add(LEASE).unwrap_or(Timestamp::MAX));
                for notice in &mut notices {
                    (notice.mail_id, notice.next_try_at) = (Some(id), Some(until));
                    notice.attempts += 1;
                }
                Some(compose(&self.settings().base_url, id, &person, &notices, now))
            }
        };
        for notice in &notices {
            table::update(tx.conn(), notice).await?;
        }
        tx.commit().await?;
        Ok(mail.map_or(Begun::Settled, |mail| Begun::Mail(mail, notices)))
    }
}

enum Begun {
    Nothing,
    /// Something was due that does not go now.
    Settled,
    Mail(Mail, Vec<Notice>),
}

/// Until when what is due has to wait: an hour apart from the mail before, and never beside one that was begun.
async fn wait_until(tx: &mut Tx, notice: &Notice) -> Result<Option<Timestamp>> {
    let now = tx.now();
    let (sent, begun) = table::last(tx.conn(), notice.person_id, &notice.fold).await?;
    let apart = sent.and_then(|sent| sent.checked_add(APART).ok());
    let after = begun.map(|at| at.max(now)).and_then(|at| at.checked_add(SignedDuration::from_secs(1)).ok());
    Ok(apart.into_iter().chain(after).max().filter(|at| *at > now))
}

/// Sends, and says why not.
async fn send(mailer: &Mailer, mail: Mail) -> Option<Unsent> {
    let id = mail.id;
    let unsent = mailer.send(mail).await.err()?;
    match &unsent {
        Unsent::Refused(why) | Unsent::Later(why) => tracing::warn!(mail.id = %id, "a mail was not taken: {why}"),
        Unsent::Unreachable(why) => tracing::warn!(mail.id = %id, "the mail server cannot be reached: {why}"),
    }
    Some(unsent)
}

fn settle(notice: &mut Notice, unsent: Option<&Unsent>, now: Timestamp) {
    match unsent {
        None => {
            (notice.state, notice.sent_at, notice.next_try_at, notice.note) = (State::Sent, Some(now), None, None);
        }
        Some(Unsent::Refused(why)) => end(notice, State::Failed, why),
        Some(Unsent::Later(why) | Unsent::Unreachable(why)) if notice.attempts >= TRIES => {
            end(notice, State::Failed, why);
        }
        Some(Unsent::Later(why) | Unsent::Unreachable(why)) => {
            let nth = usize::try_from(notice.attempts.saturating_sub(1)).unwrap_or(0);
            let pause = PAUSES.get(nth).or(PAUSES.last()).copied().unwrap_or(APART);
            notice.next_try_at = now.checked_add(pause).ok();
            notice.note = Some(why.clone());
        }
    }
}

fn suppress(notices: &mut [Notice], why: &str) {
    for notice in notices {
        end(notice, State::Suppressed, why);
    }
}

fn end(notice: &mut Notice, state: State, why: &str) {
    (notice.state, notice.next_try_at, notice.note) = (state, None, Some(why.to_owned()));
}

/// One notice as it is, several as a list; one link in either.
fn compose(base_url: &str, id: ids::NoticeId, person: &Person, notices: &[Notice], now: Timestamp) -> Mail {
    let words: Vec<_> = notices.iter().map(|notice| notice.payload.words(notice.template)).collect();
    let mut lines = vec![format!("Hello {},", person.display_name), String::new()];
    let (subject, path) = match words.as_slice() {
        [one] => {
            lines.push(one.title.clone());
            lines.extend(one.details.iter().cloned());
            (one.title.clone(), one.path.as_str())
        }
        several => {
            for one in several.iter().take(LISTED) {
                lines.push(format!("- {}", one.title));
                lines.extend(one.details.iter().map(|line| format!("  {line}")));
            }
            if several.len() > LISTED {
                lines.push(format!("- and {} more", several.len() - LISTED));
            }
            (format!("Podium: {} notices", several.len()), "/")
        }
    };
    lines.extend([String::new(), format!("See: {base_url}{path}"), String::new()]);
    lines.push("Nobody reads answers to this mail.\n".to_owned());
    let text = lines.join("\n");
    Mail { id, name: person.display_name.clone(), address: person.primary_email.clone(), subject, text, at: now }
}
