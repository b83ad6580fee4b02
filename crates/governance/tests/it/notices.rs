//! What people are told, and of what (governance §3.11).

use domain::actor::Role;
use domain::notice::{Payload, Template};
use domain::person::Step;
use domain::request::State;
use governance::notice::NoticeCounts;
use governance::request::Decision;
use governance::{Caller, Code};
use store::Paging;
use store::delegation::Delegation;

use crate::office::{ADA, HOUR, Office, id};
use crate::workplace::Manner;

impl Office {
    /// What is in somebody's inbox, the oldest first; what came at the same time by its name.
    async fn inbox(&self, of: &Caller) -> anyhow::Result<Vec<&'static str>> {
        let page = self.at.world.governance.notices(of, false, Paging::first(200)).await?;
        let mut rows: Vec<_> = page.rows.iter().map(|row| (row.created_at, row.template.name())).collect();
        rows.sort_unstable();
        Ok(rows.into_iter().map(|(_, name)| name).collect())
    }

    /// The newest notice of this kind in somebody's inbox.
    async fn notice(&self, of: &Caller, template: Template) -> anyhow::Result<Payload> {
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
        assert_eq!(governance.notice_counts(&office.ben).await?, NoticeCounts::default());
        assert!(governance.notices(&office.ben, true, Paging::first(9)).await?.rows.is_empty());
        assert_eq!(governance.notices(&office.ben, false, Paging::first(9)).await?.rows.len(), 2);
        let not_mine = governance.read_notice(&office.ada, first.rows[0].id).await.unwrap_err();
        assert_eq!(not_mine.code(), Code::NotFound);
    }
}
