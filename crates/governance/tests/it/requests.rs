//! Asking for access, deciding, carrying it out: the worked example of governance §3.13 and its variants.

use domain::actor::Role;
use domain::request::{Kind, State};
use governance::Code;
use governance::request::{Answer, Decision, NewRequest};
use ids::PersonId;
use jiff::SignedDuration;
use store::delegation::Delegation;

use crate::office::{ADA, HOUR, Office, id};
use crate::workplace::Manner;

testkit::on_both_engines! {
    async fn worked_example_editor_for_four_hours(database: Database) {
        let mut office = Office::new(&database, "manager_then_app_owner").await?;
        let (ben, cy) = (id(&office.ben), id(&office.cy));
        let away = Delegation { from: ben, to: cy, starts_at: office.at.world.store().now(), ends_at: None };
        office.at.world.governance.set_delegation(&office.ben, ben, Some(away)).await?;

        let request = office.ask(&office.ada, 4).await?.value;
        let id = request.request.id;
        assert_eq!((request.request.kind, request.request.state), (Kind::Swap, State::Open));
        assert_eq!(request.steps[0].assignees.len(), 1);
        assert_eq!(request.steps[0].assignees[0].person_id, cy);
        assert_eq!(request.steps[0].assignees[0].on_behalf_of, Some(ben));

        // R-P-6: the delegate decides, not the one who is away.
        assert_eq!(office.answer(&office.ben, id, Decision::Approve).await.unwrap_err().code(), Code::PermissionDenied);
        assert_eq!(office.answer(&office.cy, id, Decision::Approve).await?, State::Open);
        // T-Q13: the app owner shortens it.
        let shorter = Answer { decision: Decision::Approve, reason: String::new(), duration: Some(HOUR * 3) };
        let approved = office.at.world.governance.answer_request(&office.owner, id, None, shorter).await?.value;
        assert_eq!(approved.request.state, State::Approved);
        assert_eq!((approved.request.duration, approved.request.asked_duration), (Some(HOUR * 3), Some(HOUR * 4)));
        assert!(office.at.asked.is_empty());

        office.at.settle().await?;
        assert_eq!(office.at.asked, ["grant editor ada@example.com"]);
        assert_eq!(office.state(id).await?, State::Fulfilled);
        let editor = office.at.held(ADA, "editor").await?.unwrap();
        // R-D-1: the clock starts with the report.
        assert_eq!(editor.expires_at, Some(editor.starts_at + HOUR * 3));
        assert_eq!(office.at.periods(ADA).await?, ["viewer initial ended(replaced)", "editor request active"]);
        office.at.sync().await?;
        assert_eq!(office.at.jobs().await?, ["swap confirmed"]);
        assert!(office.at.held(ADA, "editor").await?.unwrap().proved_sync_id.is_some());

        office.at.later(HOUR * 3).await?;
        assert_eq!(office.at.asked, ["grant editor ada@example.com", "revoke editor ada@example.com"]);
        office.at.sync().await?;
        assert_eq!(office.at.jobs().await?, ["swap confirmed", "revoke confirmed"]);
        assert_eq!(
            office.at.periods(ADA).await?,
            ["viewer initial ended(replaced)", "editor request ended(expired)", "viewer swap active"]
        );
        let expected = [
            "request.created", "step.opened", "step.delegated", "step.approved", "step.opened", "request.step_approved",
            "request.duration_changed", "step.approved", "request.approved", "grant.approved", "job.queued",
            "grant.replaced", "grant.active", "request.fulfilled", "job.reported", "job.confirmed", "grant.proved",
            "grant.expiring", "job.queued", "job.reported", "grant.expired", "grant.active", "job.confirmed",
        ];
        let mut story = office.story(id).await?;
        let mut expected = expected.map(str::to_owned).to_vec();
        // One transaction's events have one instant; what happened is what counts here.
        story.sort();
        expected.sort();
        assert_eq!(story, expected);
    }

    async fn t_q4_one_denial_ends_it_and_nothing_is_given(database: Database) {
        let mut office = Office::new(&database, "manager_then_app_owner").await?;
        let id = office.ask(&office.ada, 4).await?.value.request.id;
        assert_eq!(office.answer(&office.ben, id, Decision::Deny).await?, State::Denied);
        office.at.settle().await?;
        assert!(office.at.asked.is_empty() && office.at.jobs().await?.is_empty());
        let late = office.answer(&office.owner, id, Decision::Approve).await.unwrap_err();
        assert_eq!(late.code(), Code::PermissionDenied, "it was over before it came to them");
        let again = office.answer(&office.ben, id, Decision::Approve).await.unwrap_err();
        assert_eq!(again.code(), Code::Aborted);
        assert!(again.detail().contains("was faster"), "{}", again.detail());
        // A denied request stands in nobody's way.
        assert_eq!(office.ask(&office.ada, 2).await?.value.request.state, State::Open);
    }

    async fn r_q_3_a_second_submit_is_the_first(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let first = office.ask(&office.ada, 4).await?;
        assert!(first.seq.is_some());
        let second = office.ask(&office.ada, 2).await?;
        assert_eq!((second.value.request.id, second.seq), (first.value.request.id, None));
    }

    async fn r_q_1_who_asks_for_whom(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let helpdesk = office.at.world.person(&[Role::Helpdesk]).await?;
        let auditor = office.at.world.person(&[Role::Auditor]).await?;
        for (who, code) in [
            (&office.ben, None),
            (&helpdesk, None),
            (&office.admin, None),
            (&office.cy, Some(Code::PermissionDenied)),
            (&auditor, Some(Code::PermissionDenied)),
        ] {
            let new = NewRequest {
                for_person: Some(id(&office.ada)),
                entitlement: Some(office.editor),
                duration: Some(HOUR),
                ..NewRequest::default()
            };
            let asked = office.at.world.governance.submit_request(who, new).await;
            assert_eq!(asked.err().map(|error| error.code()), code);
        }
        assert_eq!(office.ask(&auditor, 1).await.unwrap_err().code(), Code::PermissionDenied, "R-ROLE-4");
    }

    async fn r_d_2_more_than_the_cap_is_refused(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let error = office.ask(&office.ada, 9).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::InvalidArgument, Some("duration")));
        assert!(error.detail().contains("8h"), "{}", error.detail());
        assert_eq!(office.ask(&office.ada, 8).await?.value.request.duration, Some(HOUR * 8));
    }

    async fn r_p_3_nobody_decides_about_themselves_and_r_p_4_somebody_always_can(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let app = office.app().await?;
        let version = office.at.world.governance.app(&office.admin, app).await?.version;
        office.at.world.governance.set_app_owners(&office.admin, app, Some(version), vec![id(&office.ada)]).await?;
        let request = office.ask(&office.ada, 4).await?.value;
        let asked: Vec<PersonId> = request.steps[0].assignees.iter().map(|one| one.person_id).collect();
        assert!(!asked.contains(&id(&office.ada)) && asked.contains(&id(&office.admin)), "{asked:?}");
        let denied = office.answer(&office.ada, request.request.id, Decision::Approve).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
    }

    async fn t_q5_a_request_is_withdrawn_and_t_q6_dies_unanswered(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let id = office.ask(&office.ada, 4).await?.value.request.id;
        let governance = office.at.world.governance.clone();
        let other = governance.cancel_request(&office.owner, id, None, "no").await.unwrap_err();
        assert_eq!(other.code(), Code::PermissionDenied);
        governance.cancel_request(&office.ada, id, None, "").await?;
        assert_eq!(office.state(id).await?, State::Cancelled);
        let id = office.ask(&office.ada, 4).await?.value.request.id;
        office.at.later(HOUR * 24 * 14).await?;
        assert_eq!(office.state(id).await?, State::Expired);
        assert!(office.at.asked.is_empty());
    }

    async fn t_q9_what_fails_is_a_persons_and_t_q14_they_do_it_by_hand(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        office.at.manner = Manner::Fails;
        let id = office.ask(&office.ada, 4).await?.value.request.id;
        office.at.settle().await?;
        assert_eq!(office.state(id).await?, State::Failed);
        let jobs = office.at.world.governance.request(&office.ada, id).await?.jobs;
        let manual = jobs.iter().find(|job| job.is_by_hand).unwrap();
        office.at.members.insert(ADA.to_owned(), "editor".to_owned());
        office.at.world.governance.job_done_by_hand(&office.owner, manual.id, None, None).await?;
        assert_eq!(office.state(id).await?, State::Fulfilled);
        office.at.sync().await?;
        let editor = office.at.held(ADA, "editor").await?.unwrap();
        assert!(editor.proved_sync_id.is_some());
    }

    async fn t_q10_a_failed_request_is_tried_again_with_its_approvals(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let id = office.ask(&office.ada, 4).await?.value.request.id;
        office.at.manner = Manner::Fails;
        office.answer(&office.owner, id, Decision::Approve).await?;
        office.at.settle().await?;
        assert_eq!(office.state(id).await?, State::Failed);
        office.at.manner = Manner::Honest;
        office.at.world.governance.retry_request(&office.owner, id, None).await?;
        office.at.settle().await?;
        assert_eq!(office.state(id).await?, State::Fulfilled);
        let editor = office.at.held(ADA, "editor").await?.unwrap();
        assert_eq!(editor.expires_at, Some(editor.starts_at + HOUR * 4));
        assert_eq!(office.at.jobs().await?, ["swap cancelled", "swap failed", "swap reported"]);
    }

    async fn r_v_5_an_account_is_made_first(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        let new = office.at.world.person(&[Role::User]).await?;
        let login = format!("{}@example.com", id(&new));
        let request = office.ask(&new, 4).await?.value.request;
        assert_eq!(request.kind, Kind::Grant);
        office.at.settle().await?;
        assert_eq!(office.at.asked, [format!("create {login}")], "access waits until a sync shows the account");
        assert_eq!(office.state(request.id).await?, State::Approved);
        office.at.later(HOUR).await?;
        assert_eq!(office.at.asked.last().unwrap(), &format!("grant editor {login}"));
        assert_eq!(office.state(request.id).await?, State::Fulfilled);
        assert_eq!(office.at.members[&login], "editor");
    }

    async fn t_g8_access_is_extended_from_its_old_end_and_r_d_5_given_back(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        office.ask(&office.ada, 4).await?;
        office.at.settle().await?;
        let editor = office.at.held(ADA, "editor").await?.unwrap();
        let governance = office.at.world.governance.clone();
        let more = |hours| NewRequest {
            grant: Some(editor.id),
            duration: Some(SignedDuration::from_hours(hours)),
            ..NewRequest::default()
        };
        let extended = governance.submit_request(&office.ada, more(8)).await?.value.request;
        assert_eq!((extended.kind, extended.state), (Kind::Extend, State::Fulfilled));
        let longer = office.at.held(ADA, "editor").await?.unwrap();
        assert_eq!(longer.expires_at, Some(editor.expires_at.unwrap() + HOUR * 8));
        // R-D-4: three times the cap in all.
        let error = governance.submit_request(&office.ada, more(20)).await.unwrap_err();
        assert_eq!(error.field(), Some("duration"));
        let stranger = governance.return_access(&office.cy, editor.id, None).await.unwrap_err();
        assert_eq!(stranger.code(), Code::NotFound);
        governance.return_access(&office.ada, editor.id, None).await?;
        office.at.settle().await?;
        assert_eq!(office.at.members[ADA], "viewer");
        let viewer = office.at.held(ADA, "viewer").await?.unwrap();
        let floor = governance.return_access(&office.ada, viewer.id, None).await.unwrap_err();
        assert_eq!(floor.code(), Code::FailedPrecondition, "R-X-3");
    }

    async fn a_revocation_is_asked_for_by_those_who_may(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        office.ask(&office.ada, 4).await?;
        office.at.settle().await?;
        let editor = office.at.held(ADA, "editor").await?.unwrap();
        let governance = office.at.world.governance.clone();
        let end = || NewRequest { grant: Some(editor.id), is_revocation: true, ..NewRequest::default() };
        let stranger = governance.submit_request(&office.cy, end()).await.unwrap_err();
        assert_eq!(stranger.code(), Code::NotFound);
        let ended = governance.submit_request(&office.ben, end()).await?.value.request;
        assert_eq!((ended.kind, ended.state), (Kind::Revoke, State::Approved));
        office.at.settle().await?;
        assert_eq!(office.state(ended.id).await?, State::Fulfilled);
        assert_eq!(office.at.members[ADA], "viewer");
    }

    async fn r_v_1_what_ended_before_a_sync_could_show_it_is_not_given_again(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        office.ask(&office.ada, 1).await?;
        office.at.settle().await?;
        office.at.world.clock.advance(HOUR);
        office.at.settle().await?;
        assert_eq!(office.at.members[ADA], "viewer");
        office.at.sync().await?;
        assert_eq!(office.at.jobs().await?, ["swap cancelled", "revoke confirmed"]);
        // And what was given again before a sync is not taken away again.
        office.ask(&office.ada, 1).await?;
        office.at.settle().await?;
        let editor = office.at.held(ADA, "editor").await?.unwrap();
        office.at.world.governance.return_access(&office.ada, editor.id, None).await?;
        office.at.settle().await?;
        office.ask(&office.ada, 2).await?;
        office.at.settle().await?;
        office.at.sync().await?;
        assert_eq!(office.at.members[ADA], "editor");
        assert_eq!(office.at.asked.len(), 5, "{:?}", office.at.asked);
        let last = office.at.jobs().await?.split_off(2);
        assert_eq!(last, ["revoke cancelled", "swap confirmed", "swap confirmed"]);
    }
}
