//! What people are told, and of what (governance §3.11).

use domain::actor::Role;
use domain::notice::{Payload, Template};
use domain::person::Step;
use domain::request::State;
use domain::switch::Switch;
use governance::notice::NoticeCounts;
use governance::request::Decision;
use governance::{Caller, Code};
use ids::RequestId;
use jiff::SignedDuration;
use serde_json::json;
use store::delegation::Delegation;
use store::{Paging, RowExt as _};
use testkit::mail::MailServer;

use crate::office::{ADA, HOUR, Office, id};
use crate::workplace::Manner;

const SECOND: SignedDuration = SignedDuration::from_secs(1);

impl Office {
    /// What is in somebody's inbox, the oldest first; what came at the same time by its name.
    pub(crate) async fn inbox(&self, of: &Caller) -> anyhow::Result<Vec<&'static str>> {
        let page = self.at.world.governance.notices(of, false, Paging::first(200)).await?;
        let mut rows: Vec<_> = page.rows.iter().map(|row| (row.created_at, row.template.name())).collect();
        rows.sort_unstable();
        Ok(rows.into_iter().map(|(_, name)| name).collect())
    }

    /// What became of the mails to somebody, by name.
    async fn mails(&self, to: &Caller) -> anyhow::Result<Vec<String>> {
        let sql = "SELECT state FROM notice WHERE person_id = $1 AND channel = 'email' ORDER BY state";
        let mut conn = self.at.world.store().read().await?;
        let rows = sqlx::query(sql).bind(id(to).to_string()).fetch_all(&mut *conn).await?;
        Ok(rows.iter().map(|row| row.text("state")).collect::<Result<_, _>>()?)
    }

    /// Somebody has another address.
    async fn address(&self, of: &Caller, user: &str) -> anyhow::Result<()> {
        let mut tx = self.at.world.store().begin().await?;
        let sql = "UPDATE person SET primary_email = $2 WHERE id = $1";
        sqlx::query(sql).bind(id(of).to_string()).bind(format!("{user}@example.com")).execute(tx.conn()).await?;
        tx.commit().await?;
        Ok(())
    }

    /// The request that was made last.
    async fn last(&self) -> anyhow::Result<RequestId> {
        let mut conn = self.at.world.store().read().await?;
        let sql = "SELECT id FROM request ORDER BY id DESC LIMIT 1";
        Ok(sqlx::query(sql).fetch_one(&mut *conn).await?.parsed("id")?)
    }

    /// The newest notice of this kind in somebody's inbox.
    pub(crate) async fn notice(&self, of: &Caller, template: Template) -> anyhow::Result<Payload> {
        let page = self.at.world.governance.notices(of, false, Paging::first(200)).await?;
        Ok(page.rows.into_iter().find(|row| row.template == template).unwrap().payload)
    }
}

testkit::on_both_engines! {
    async fn those_who_decide_and_those_who_asked_are_told(database: Database) {
        let mut office = Office::new(&database, "manager_then_app_owner").await?;
        let (ben, cy) = (id(&office.ben), id(&office.cy));
        let away = Delegation { from: ben, to: cy, starts_at: office.at.world.store().now(), ends_at: None };
        office.at.world.governance.set_delegation(&office.ben, ben, Some(away)).await?;

        let request = office.ask(&office.ada, 4).await?.value.request.id;
        assert_eq!(office.inbox(&office.cy).await?, ["step.opened"]);
        assert!(office.inbox(&office.ben).await?.is_empty(), "R-P-6: whoever is away is not asked");
        assert!(office.inbox(&office.ada).await?.is_empty(), "whoever did something knows of it");
        assert!(office.inbox(&office.owner).await?.is_empty(), "T-A1: not before their step opens");
        let words = office.notice(&office.cy, Template::StepOpened).await?.words(Template::StepOpened);
        assert_eq!(words.path, format!("/requests/{request}"));
        assert!(words.title.starts_with("Please decide: editor in "), "{}", words.title);

        office.answer(&office.cy, request, Decision::Approve).await?;
        assert_eq!(office.inbox(&office.owner).await?, ["step.opened"]);
        office.answer(&office.owner, request, Decision::Approve).await?;
        assert_eq!(office.inbox(&office.ada).await?, ["request.approved"]);
        office.at.world.clock.advance(HOUR / 60);
        office.at.settle().await?;
        office.at.later(HOUR * 4).await?;
        let told = ["request.approved", "request.fulfilled", "grant.ended"];
        assert_eq!(office.inbox(&office.ada).await?, told);
        assert_eq!(office.notice(&office.ada, Template::GrantEnded).await?.reason.as_deref(), Some("expired"));
        office.at.sync().await?;
        assert_eq!(office.inbox(&office.ada).await?, told, "a proof is no news");
    }

    async fn a_denial_tells_its_reason(database: Database) {
        let office = Office::new(&database, "manager").await?;
        let request = office.ask(&office.ada, 4).await?.value.request.id;
        assert_eq!(office.answer(&office.ben, request, Decision::Deny).await?, State::Denied);
        assert_eq!(office.inbox(&office.ada).await?, ["request.denied"]);
        assert_eq!(office.notice(&office.ada, Template::RequestDenied).await?.reason.as_deref(), Some("because"));
    }

    async fn t_a7_a_step_that_is_handed_on_is_told_to_its_new_assignee_only(database: Database) {
        let office = Office::new(&database, "manager").await?;
        let governance = &office.at.world.governance;
        let request = office.ask(&office.ada, 4).await?.value.request.id;
        governance.reassign_request(&office.ben, request, None, id(&office.cy), "you know it better").await?;
        assert_eq!(office.inbox(&office.cy).await?, ["step.reassigned"]);
        assert_eq!(office.inbox(&office.ben).await?, ["step.opened"]);
        // Whoever called it off knows; nobody else asked.
        governance.cancel_request(&office.ada, request, None, "not needed").await?;
        assert!(office.inbox(&office.ada).await?.is_empty());
    }

    async fn t_a2_super_administrators_are_told_when_nobody_else_is_left(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = &office.at.world.governance;
        governance.move_person(&office.admin, id(&office.owner), None, Step::Suspend, "a long leave").await?;
        office.ask(&office.ada, 4).await?;
        assert_eq!(office.inbox(&office.admin).await?, ["step.last_resort"]);
    }

    async fn r_role_4_an_auditor_alone_has_no_inbox(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = &office.at.world.governance;
        let auditor = office.at.world.person(&[Role::Auditor]).await?;
        let app = office.app().await?;
        let version = governance.app(&office.admin, app).await?.version;
        governance.set_app_owners(&office.admin, app, Some(version), vec![id(&auditor)]).await?;
        office.ask(&office.ada, 4).await?;
        assert!(office.inbox(&auditor).await?.is_empty());
    }

    async fn owners_are_told_of_what_happens_outside_and_does_not_work(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        assert!(office.inbox(&office.owner).await?.is_empty(), "what was there at first did not appear");
        for login in [ADA, "zoe@example.com"] {
            office.at.members.insert(login.to_owned(), "editor".to_owned());
        }
        office.at.sync().await?;
        assert_eq!(office.inbox(&office.owner).await?, ["grant.appeared_outside"]);
        let payload = office.notice(&office.owner, Template::GrantAppeared).await?;
        assert_eq!(payload.count, 2, "one sync, one notice");

        office.at.manner = Manner::Fails;
        let editor = office.at.held(ADA, "editor").await?.unwrap();
        office.at.world.governance.return_access(&office.ada, editor.id, None).await?;
        office.at.settle().await?;
        let told = ["grant.appeared_outside", "grant.removal_failed", "job.manual"];
        assert_eq!(office.inbox(&office.owner).await?, told);
        office.at.manner = Manner::Lies;
        // Tried again after a day; said to be done, and not so.
        office.at.later(HOUR * 24).await?;
        office.at.sync().await?;
        assert!(office.inbox(&office.owner).await?.contains(&"grant.still_there"));
    }

    async fn what_is_read_is_read_once(database: Database) {
        let office = Office::new(&database, "manager").await?;
        let governance = &office.at.world.governance;
        let request = office.ask(&office.ada, 4).await?.value.request.id;
        office.answer(&office.ben, request, Decision::Deny).await?;
        let again = office.ask(&office.ada, 4).await?.value.request.id;
        office.answer(&office.ben, again, Decision::Deny).await?;
        let first = governance.notices(&office.ben, true, Paging::first(1)).await?;
        assert!(first.next.is_some());
        let read = governance.read_notice(&office.ben, first.rows[0].id).await?.value;
        assert!(read.read_at.is_some());
        assert_eq!(governance.notice_counts(&office.ben).await?.unread, 1);
        assert_eq!(governance.read_all_notices(&office.ben).await?.value, 1);
        assert_eq!(governance.notice_counts(&office.ben).await?.unread, 0);
        assert!(governance.notices(&office.ben, true, Paging::first(9)).await?.rows.is_empty());
        assert_eq!(governance.notices(&office.ben, false, Paging::first(9)).await?.rows.len(), 2);
        let not_mine = governance.read_notice(&office.ada, first.rows[0].id).await.unwrap_err();
        assert_eq!(not_mine.code(), Code::NotFound);
    }

    async fn mail_goes_once_with_one_link_and_folds_what_comes_within_an_hour(database: Database) {
        let mut office = Office::new(&database, "manager").await?;
        let server = MailServer::start()?;
        office.at.world.set_mail_up(&database, &server.url()).await?;
        let first = office.ask(&office.ada, 4).await?.value.request.id;
        office.at.world.run_due_jobs().await?;
        let mail = server.receive()?;
        assert_eq!(mail["receivers"], json!([format!("{}@example.com", id(&office.ben))]));
        assert!(mail["subject"].as_str().unwrap().starts_with("Please decide: editor in "), "{mail}");
        assert_eq!((&mail["from"], &mail["auto-submitted"]), (&json!("Podium <podium@example.com>"), &json!("auto-generated")));
        let text = mail["text"].as_str().unwrap();
        assert_eq!(text.matches("https://").count(), 1, "one link: {text}");
        assert!(text.lines().any(|line| line == format!("See: https://localhost/requests/{first}")), "{text}");

        // Two more within the hour are one mail after it; of another kind there is one at once.
        office.answer(&office.ben, first, Decision::Deny).await?;
        for _ in 0..2 {
            let next = office.ask(&office.ada, 4).await?.value.request.id;
            office.answer(&office.ben, next, Decision::Deny).await?;
        }
        office.at.world.run_due_jobs().await?;
        let denied = server.receive()?;
        assert_eq!(denied["subject"], "Podium: 3 notices", "what was queued together goes together");
        assert_eq!(office.mails(&office.ben).await?, ["queued", "queued", "sent"]);
        office.at.world.clock.advance(HOUR);
        office.at.world.run_due_jobs().await?;
        let folded = server.receive()?;
        assert_eq!(folded["subject"], "Podium: 2 notices");
        assert_ne!(folded["message-id"], mail["message-id"]);
        assert_eq!(office.mails(&office.ben).await?, ["sent", "sent", "sent"]);
        assert_eq!(office.at.world.governance.send_mail().await?, None, "nothing is sent twice");
    }

    async fn mail_that_is_not_taken_is_tried_again_and_then_given_up(database: Database) {
        let mut office = Office::new(&database, "manager").await?;
        let server = MailServer::start()?;
        office.at.world.set_mail_up(&database, &server.url()).await?;
        office.address(&office.ben, "later").await?;
        office.ask(&office.ada, 4).await?;
        office.at.world.run_due_jobs().await?;
        assert_eq!(office.mails(&office.ben).await?, ["queued"]);
        // Another server begins a mail and dies; the next tries it again under the same id, after its lease.
        office.address(&office.ben, "ben").await?;
        assert!(office.at.world.governance.send_mail().await?.is_some(), "not before its pause is over");
        office.at.world.clock.advance(HOUR);
        office.at.world.run_due_jobs().await?;
        let mail = server.receive()?;
        assert!(mail["message-id"].as_str().unwrap().ends_with("@example.com>"), "{mail}");
        assert_eq!(office.mails(&office.ben).await?, ["sent"]);

        office.address(&office.cy, "refused").await?;
        let governance = &office.at.world.governance;
        governance.set_manager(&office.admin, id(&office.ada), None, Some(id(&office.cy))).await?;
        governance.cancel_request(&office.ada, office.last().await?, None, "not needed").await?;
        office.ask(&office.ada, 4).await?;
        office.at.world.run_due_jobs().await?;
        assert_eq!(office.mails(&office.cy).await?, ["failed"]);
        assert_eq!(office.at.world.governance.notice_counts(&office.cy).await?.unsent, 1);
    }

    async fn a_server_that_is_away_is_waited_for(database: Database) {
        let mut office = Office::new(&database, "manager").await?;
        let mut server = MailServer::start()?;
        office.at.world.set_mail_up(&database, &server.url()).await?;
        server.stop()?;
        office.ask(&office.ada, 4).await?;
        office.at.world.run_due_jobs().await?;
        assert_eq!(office.mails(&office.ben).await?, ["queued"]);
        let now = office.at.world.store().now();
        let next = office.at.world.governance.send_mail().await?;
        assert!(next.is_some_and(|at| at > now && at <= now + HOUR), "{next:?}");
    }

    async fn without_mail_the_inbox_says_what_was_not_sent(database: Database) {
        let office = Office::new(&database, "manager").await?;
        office.ask(&office.ada, 4).await?;
        assert_eq!(office.mails(&office.ben).await?, ["suppressed"]);
        assert_eq!(office.at.world.governance.notice_counts(&office.ben).await?, NoticeCounts { unread: 1, unsent: 1 });
    }

    async fn while_the_switch_is_off_no_mail_goes_and_afterwards_everybody_gets_one(database: Database) {
        let mut office = Office::new(&database, "manager").await?;
        let server = MailServer::start()?;
        office.at.world.set_mail_up(&database, &server.url()).await?;
        let governance = &office.at.world.governance;
        office.ask(&office.ada, 4).await?;
        governance.set_switches(&office.admin, &[(Switch::Notices, false)], "an exercise").await?;
        office.at.world.run_due_jobs().await?;
        assert_eq!(office.mails(&office.ben).await?, ["suppressed"], "what waited does not go either");
        governance.cancel_request(&office.ada, office.last().await?, None, "not needed").await?;
        office.ask(&office.ada, 2).await?;
        assert_eq!(office.inbox(&office.ben).await?, ["step.opened", "step.opened"], "the inbox goes on");
        governance.set_switches(&office.admin, &[(Switch::Notices, true)], "it is over").await?;
        office.at.world.run_due_jobs().await?;
        assert_eq!(server.receive()?["subject"], "Waiting for you: 1");
        assert_eq!(office.mails(&office.ben).await?, ["sent", "suppressed", "suppressed"]);
    }

    async fn r_d_3_the_holder_is_told_when_a_quarter_is_left(database: Database) {
        let mut office = Office::new(&database, "manager").await?;
        let request = office.ask(&office.ada, 4).await?.value.request.id;
        office.answer(&office.ben, request, Decision::Approve).await?;
        office.at.settle().await?;
        office.at.later(HOUR * 3 - SECOND).await?;
        assert!(!office.inbox(&office.ada).await?.contains(&"grant.ends_soon"));
        office.at.later(SECOND).await?;
        office.at.later(SECOND).await?;
        let told = office.inbox(&office.ada).await?;
        assert_eq!(told.iter().filter(|told| **told == "grant.ends_soon").count(), 1, "{told:?}");
        let payload = office.notice(&office.ada, Template::GrantEndsSoon).await?;
        assert_eq!(payload.ends_at, office.at.held(ADA, "editor").await?.unwrap().expires_at);
    }

    async fn r_d_10_an_end_that_is_meant_is_told_to_nobody(database: Database) {
        let mut office = Office::new(&database, "manager").await?;
        let request = office.ask(&office.ada, 4).await?.value.request.id;
        office.answer(&office.ben, request, Decision::Approve).await?;
        office.at.settle().await?;
        let editor = office.at.held(ADA, "editor").await?.unwrap();
        let governance = &office.at.world.governance;
        let stranger = governance.let_end(&office.cy, editor.id, None).await.unwrap_err();
        assert_eq!(stranger.code(), Code::NotFound);
        assert!(governance.let_end(&office.ada, editor.id, None).await?.seq.is_some());
        assert_eq!(governance.let_end(&office.owner, editor.id, None).await?.seq, None, "it is so already");
        office.at.later(HOUR * 5).await?;
        assert!(office.at.held(ADA, "editor").await?.is_none());
        let told = office.inbox(&office.ada).await?;
        assert_eq!(told, ["request.approved", "request.fulfilled"]);
    }
}
