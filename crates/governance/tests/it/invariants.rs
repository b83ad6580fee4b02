//! Whatever people, clocks, connectors and the app do, the rules of access hold.
//!
//! Random sequences of actions, on the real use cases and the real store. [`Story::check_now`] looks after each action, and
//! [`Story::check_calm`] once everybody behaves.

use std::collections::{BTreeMap, BTreeSet};

use anyhow::Context as _;
use domain::actor::Role;
use domain::grant::{Origin, State as Held};
use domain::provision::State as Job;
use domain::request::State;
use governance::request::{Decision, NewRequest};
use governance::{Caller, Code};
use jiff::SignedDuration;
use proptest::prelude::*;
use proptest::strategy::ValueTree as _;
use proptest::test_runner::{Config, RngAlgorithm, TestRng, TestRunner};
use store::inventory::list;
use store::{Paging, RowExt as _};

use crate::office::{ADA, HOUR, Office};
use crate::workplace::Manner;

/// How many actions a sequence has.
const ACTIONS: usize = 30;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);

/// Something that happens.
#[derive(Debug, Clone)]
enum Act {
    /// Ada, or somebody without an account, asks for the editor role.
    Ask { is_new: bool, hours: i64 },
    /// The owner of the app, or whoever asked, answers the newest open request.
    Answer { by_subject: bool, decision: Decision },
    /// The newest request is called off by whoever asked.
    Withdraw,
    /// Ada gives the role back.
    Return,
    /// Ada asks to hold it longer.
    Extend { hours: i64 },
    /// An owner says when Ada's role ends.
    End { minutes: i64 },
    /// Time passes while the connector works.
    Later { minutes: i64 },
    /// Time passes and the connector is not there.
    Alone { minutes: i64 },
    /// The connector does otherwise from now on.
    Behave(Manner),
    /// Somebody changes Ada's role in the app itself.
    Outside { editor: bool },
    /// A sync, at once.
    Sync,
    /// A person has done what they were given to do, and really did it.
    ByHand,
    /// The connector is paused, or goes on.
    Pause(bool),
}

fn acts() -> impl Strategy<Value = Vec<Act>> {
    let manner = prop_oneof![
        3 => Just(Manner::Honest),
        1 => Just(Manner::Lies),
        1 => Just(Manner::Fails),
        1 => Just(Manner::Stumbles),
        1 => Just(Manner::Vanishes),
        1 => Just(Manner::DoesAndVanishes),
    ];
    let decision = prop_oneof![4 => Just(Decision::Approve), 1 => Just(Decision::Deny)];
    let act = prop_oneof![
        4 => (any::<bool>(), 1..9_i64).prop_map(|(is_new, hours)| Act::Ask { is_new, hours }),
        5 => (prop::bool::weighted(0.2), decision).prop_map(|(by_subject, decision)| Act::Answer { by_subject, decision }),
        1 => Just(Act::Withdraw),
        1 => Just(Act::Return),
        1 => (1..9_i64).prop_map(|hours| Act::Extend { hours }),
        1 => (1..200_i64).prop_map(|minutes| Act::End { minutes }),
        4 => (1..300_i64).prop_map(|minutes| Act::Later { minutes }),
        1 => (1..300_i64).prop_map(|minutes| Act::Alone { minutes }),
        2 => manner.prop_map(Act::Behave),
        1 => any::<bool>().prop_map(|editor| Act::Outside { editor }),
        3 => Just(Act::Sync),
        2 => Just(Act::ByHand),
        1 => any::<bool>().prop_map(Act::Pause),
    ];
    prop::collection::vec(act, ACTIONS)
}

/// What the rules refuse is as good as what they allow; what is broken is not.
fn allowed<T>(outcome: governance::Result<T>) -> anyhow::Result<Option<T>> {
    match outcome {
        Ok(value) => Ok(Some(value)),
        Err(error) if matches!(error.code(), Code::Internal | Code::Unavailable) => Err(error.into()),
        Err(_) => Ok(None),
    }
}

const fn is_held(state: Held) -> bool {
    matches!(state, Held::Active | Held::Expiring | Held::Ending | Held::Stuck)
}

struct Story {
    office: Office,
    /// Somebody who has no account yet, and its login.
    new: Caller,
    new_login: String,
}

impl Story {
    async fn new(database: &testkit::database::Database) -> anyhow::Result<Self> {
        let office = Office::new(database, "app_owner").await?;
        let new = office.at.world.person(&[Role::User]).await?;
        let new_login = format!("{}@example.com", crate::office::id(&new));
        Ok(Self { office, new, new_login })
    }

    async fn take(&mut self, act: &Act) -> anyhow::Result<()> {
        let governance = self.office.at.world.governance.clone();
        match act {
            Act::Ask { is_new, hours } => {
                let who = if *is_new { self.new.clone() } else { self.office.ada.clone() };
                allowed(self.office.ask(&who, *hours).await)?;
            }
            Act::Answer { by_subject, decision } => {
                let requests = self.requests().await?;
                let Some(request) = requests.iter().find(|request| request.state == State::Open) else { return Ok(()) };
                let subject =
                    if request.for_person_id == crate::office::id(&self.new) { &self.new } else { &self.office.ada };
                let who = if *by_subject { subject } else { &self.office.owner };
                let answered = allowed(self.office.answer(who, request.id, *decision).await)?;
                anyhow::ensure!(!*by_subject || answered.is_none(), "the subject decided about themself");
            }
            Act::Withdraw => {
                let requests = self.requests().await?;
                let Some(request) = requests.first() else { return Ok(()) };
                for who in [&self.office.ada, &self.new] {
                    allowed(governance.cancel_request(who, request.id, None, "").await)?;
                }
            }
            Act::Return => {
                if let Some(held) = self.office.at.held(ADA, "editor").await? {
                    allowed(governance.return_access(&self.office.ada, held.id, None).await)?;
                }
            }
            Act::Extend { hours } => {
                if let Some(held) = self.office.at.held(ADA, "editor").await? {
                    let more = NewRequest {
                        grant: Some(held.id),
                        duration: Some(HOUR * i32::try_from(*hours)?),
                        reason: "not done yet".to_owned(),
                        ..NewRequest::default()
                    };
                    allowed(Box::pin(governance.submit_request(&self.office.ada, more)).await)?;
                }
            }
            Act::End { minutes } => {
                if let Some(held) = self.office.at.held(ADA, "editor").await? {
                    let at = governance.store().now() + MINUTE * i32::try_from(*minutes)?;
                    allowed(governance.set_expiry(&self.office.owner, held.id, None, Some(at)).await)?;
                }
            }
            Act::Later { minutes } => self.office.at.later(MINUTE * i32::try_from(*minutes)?).await?,
            Act::Alone { minutes } => {
                self.office.at.world.clock.advance(MINUTE * i32::try_from(*minutes)?);
                self.office.at.desk.sweep().await?;
                self.office.at.world.run_due_jobs().await?;
            }
            Act::Behave(manner) => self.office.at.manner = *manner,
            Act::Outside { editor } => {
                let role = if *editor { "editor" } else { "viewer" };
                self.office.at.members.insert(ADA.to_owned(), role.to_owned());
                self.office.at.surprises += 1;
            }
            Act::Sync => self.office.at.sync().await?,
            Act::ByHand => self.by_hand().await?,
            Act::Pause(true) => {
                governance.pause_connector(&self.office.admin, self.office.at.connector, "maintenance").await?;
            }
            Act::Pause(false) => {
                governance.resume_connector(&self.office.admin, self.office.at.connector).await?;
            }
        }
        Ok(())
    }

    /// A person does what they were given to do, in the app and then in Podium.
    async fn by_hand(&mut self) -> anyhow::Result<()> {
        for job in self.jobs().await?.into_iter().filter(|job| job.state == Job::Manual) {
            let login = match job.account_id {
                Some(account) => {
                    let mut conn = self.office.at.world.store().read().await?;
                    let sql = "SELECT login FROM account WHERE id = $1 AND gone_at IS NULL";
                    let row = sqlx::query(sql).bind(account.to_string()).fetch_optional(&mut *conn).await?;
                    row.map(|row| row.text("login")).transpose()?
                }
                None => Some(self.new_login.clone()),
            };
            let Some(login) = login else { continue };
            let governance = self.office.at.world.governance.clone();
            let done = governance.job_done_by_hand(&self.office.owner, job.id, None, Some("done in the app")).await;
            if allowed(done)?.is_some() {
                self.office.at.surprises += 1;
                self.office.at.do_by_hand(job.effect, &login, "editor");
            }
        }
        Ok(())
    }

    /// The newest first.
    async fn requests(&self) -> anyhow::Result<Vec<store::request::Request>> {
        let filter = store::request::Filter::default();
        let governance = &self.office.at.world.governance;
        let mut page = governance.requests(&self.office.admin, filter, Paging::first(200)).await?;
        page.rows.sort_by_key(|request| std::cmp::Reverse(request.id));
        Ok(page.rows)
    }

    async fn jobs(&self) -> anyhow::Result<Vec<store::provision::Job>> {
        let filter = store::provision::Filter::default();
        let governance = &self.office.at.world.governance;
        Ok(governance.provision_jobs(&self.office.admin, filter, Paging::first(200)).await?.rows)
    }

    /// Every period there was, with the login of its account.
    async fn grants(&self) -> anyhow::Result<Vec<(store::grant::Grant, Option<String>, String)>> {
        let store = self.office.at.world.store();
        let mut conn = store.read().await?;
        let (filter, when) = (list::GrantFilter::App(self.office.app().await?), list::When::Ever);
        let mut grants = Vec::new();
        for listed in list::grants(&mut conn, filter, when, Paging::first(200)).await?.rows {
            let grant = store::grant::by_id(&mut conn, listed.id).await?.context("it was listed")?;
            grants.push((grant, listed.login, listed.entitlement_name));
        }
        Ok(grants)
    }

    /// What holds at every instant at which nothing is due.
    async fn check_now(&self) -> anyhow::Result<()> {
        let now = self.office.at.world.store().now();
        let mut held = BTreeSet::new();
        for (grant, ..) in self.grants().await? {
            let is_late = grant.state == Held::Active && grant.expires_at.is_some_and(|end| end <= now);
            anyhow::ensure!(!is_late, "it is still held at {now}: {grant:?}");
            let is_new = !is_held(grant.state) || held.insert((grant.account_id, grant.entitlement_id));
            anyhow::ensure!(is_new, "held twice: {grant:?}");
        }
        Ok(())
    }

    /// What holds once everybody behaves, everything due is done, and a sync has shown what there is.
    async fn check_calm(&self) -> anyhow::Result<()> {
        let mut shown: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
        let requests = self.requests().await?;
        for (grant, login, role) in self.grants().await? {
            if !is_held(grant.state) {
                continue;
            }
            shown.entry(login.context("an account that holds something")?).or_default().insert(role);
            // No access without a decision or an origin.
            if grant.origin == Origin::Request {
                let decided = requests.iter().find(|request| request.grant_id == Some(grant.id));
                anyhow::ensure!(
                    decided.is_some_and(|request| matches!(request.state, State::Fulfilled | State::Approved)),
                    "nobody decided: {grant:?} {decided:?}"
                );
            }
        }
        let there = self.office.at.members.iter().map(|(login, role)| (login.clone(), BTreeSet::from([role.clone()])));
        anyhow::ensure!(shown == there.collect(), "shown {shown:?}, there {:?}", self.office.at.members);
        // Every decision ends in a proved effect or in an open item for a person.
        let jobs = self.jobs().await?;
        for job in &jobs {
            let goes_on =
                matches!(job.state, Job::Queued | Job::Blocked | Job::Leased | Job::Reported | Job::WaitingPerson);
            anyhow::ensure!(!goes_on, "it is neither done nor anybody's: {job:?}");
        }
        for request in requests {
            let view = self.office.at.world.governance.request(&self.office.admin, request.id).await?;
            let has_somebody = view.steps.iter().any(|step| step.assignees.iter().any(|one| one.is_open));
            let is_settled = match request.state {
                State::Open => has_somebody,
                State::Approved => {
                    jobs.iter().any(|job| job.request_id == Some(request.id) && job.state == Job::Manual)
                }
                _ => true,
            };
            anyhow::ensure!(is_settled, "nobody looks after {request:?}");
        }
        // Nothing is done twice, but what nobody could know to be done.
        let (needless, surprises) = (self.office.at.needless, self.office.at.surprises);
        anyhow::ensure!(needless <= surprises, "{needless} of {:?}, {surprises} surprises", self.office.at.asked);
        let mut conn = self.office.at.world.store().read().await?;
        let verified = store::audit::verify(&mut conn, self.office.at.world.store().tenant()).await?;
        anyhow::ensure!(verified.faults.is_empty(), "{:?}", verified.faults);
        Ok(())
    }

    /// Everybody behaves, and time passes.
    async fn calm_down(&mut self) -> anyhow::Result<()> {
        self.office.at.manner = Manner::Honest;
        self.take(&Act::Pause(false)).await?;
        for _ in 0..3 {
            self.take(&Act::Alone { minutes: 16 }).await?;
            self.office.at.later(HOUR * 9).await?;
            self.by_hand().await?;
            self.office.at.sync().await?;
        }
        Ok(())
    }
}

async fn hold_whatever_happens(database: &testkit::database::Database, seed: u8) -> anyhow::Result<()> {
    let seed = TestRng::from_seed(RngAlgorithm::ChaCha, &[seed; 32]);
    let mut runner = TestRunner::new_with_rng(Config::default(), seed);
    let acts = acts().new_tree(&mut runner).map_err(|error| anyhow::anyhow!(error.to_string()))?.current();
    let mut story = Box::pin(Story::new(database)).await?;
    for (count, act) in acts.iter().enumerate() {
        let taken = async {
            Box::pin(story.take(act)).await?;
            story.office.at.world.run_due_jobs().await?;
            story.check_now().await
        };
        Box::pin(taken).await.map_err(|error| error.context(format!("after {:#?}", &acts[..=count])))?;
    }
    Box::pin(story.calm_down()).await?;
    story.check_calm().await.map_err(|error| error.context(format!("when all is calm after {acts:#?}")))
}

testkit::on_both_engines! {
    async fn the_rules_hold_whatever_happens_1(database: Database) {
        hold_whatever_happens(&database, 1).await?;
    }

    async fn the_rules_hold_whatever_happens_2(database: Database) {
        hold_whatever_happens(&database, 2).await?;
    }

    async fn the_rules_hold_whatever_happens_3(database: Database) {
        hold_whatever_happens(&database, 3).await?;
    }

    async fn the_rules_hold_whatever_happens_4(database: Database) {
        hold_whatever_happens(&database, 4).await?;
    }
}
