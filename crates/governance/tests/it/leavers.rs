//! People go away, leave, and come back (R-L), and what that does to their tasks, requests and accounts.

use domain::person::{LeaverRule, Step};
use domain::request::State;
use governance::account::AccountOwner;
use governance::app::AppEdit;
use governance::offboarding::Offboarding;
use governance::request::Decision;
use governance::{Caller, Code};
use ids::RequestId;
use jiff::SignedDuration;
use store::delegation::Delegation;

use crate::office::{ADA, HOUR, Office, id};

impl Office {
    async fn go(&self, who: &Caller, step: Step) -> anyhow::Result<()> {
        self.at.world.clock.advance(SignedDuration::from_secs(1));
        self.at.world.governance.move_person(&self.admin, id(who), None, step, "as told").await?;
        Ok(())
    }

    async fn rule(&self, rule: LeaverRule) -> anyhow::Result<()> {
        let edit = AppEdit { leaver_rule: Some(rule), ..AppEdit::default() };
        self.at.world.governance.edit_app(&self.admin, self.app().await?, None, edit).await?;
        Ok(())
    }

    /// Ada is an editor, and it is 09:06.
    async fn with_editor(database: &testkit::database::Database) -> anyhow::Result<(Self, RequestId)> {
        let mut office = Self::new(database, "manager_then_app_owner").await?;
        let request = office.ask(&office.ada, 4).await?.value.request.id;
        office.answer(&office.ben, request, Decision::Approve).await?;
        office.answer(&office.owner, request, Decision::Approve).await?;
        Box::pin(office.at.settle()).await?;
        Box::pin(office.at.sync()).await?;
        assert_eq!(office.at.members[ADA], "editor");
        office.at.asked.clear();
        Ok((office, request))
    }

    async fn offboarding(&self) -> anyhow::Result<Offboarding> {
        Ok(self.at.world.governance.offboarding(&self.admin, id(&self.ada)).await?)
    }

    /// What is done about Ada's only account: jobs and their states; whether that is proved.
    async fn progress(&self) -> anyhow::Result<(Vec<String>, bool)> {
        let offboarding = self.offboarding().await?;
        assert_eq!(offboarding.accounts.len(), 1);
        let jobs = offboarding.accounts[0].jobs.iter().map(|job| format!("{} {}", job.effect, job.state));
        let mut jobs: Vec<String> = jobs.collect();
        // Those of one instant have no order.
        jobs.sort();
        Ok((jobs, offboarding.is_proved()))
    }
}

testkit::on_both_engines! {
    async fn r_l_3_ada_leaves_at_ten_and_the_timer_finds_nothing_to_do(database: Database) {
        let (mut office, _) = Office::with_editor(&database).await?;
        office.rule(LeaverRule::DeleteAccount).await?;
        let account = office.at.account(ADA).await?;
        office.at.later(HOUR).await?;
        office.go(&office.ada, Step::Leave).await?;
        assert_eq!(office.progress().await?, (vec!["delete_account queued".to_owned()], false));
        office.at.settle().await?;
        assert_eq!(office.at.asked, ["delete ada@example.com"]);
        assert_eq!(office.at.periods_of(account).await?.last().unwrap(), "editor request ended(leaver)");
        assert_eq!(office.progress().await?, (vec!["delete_account reported".to_owned()], false));
        office.at.sync().await?;
        let (jobs, is_proved) = office.progress().await?;
        assert_eq!((jobs, is_proved), (vec!["delete_account confirmed".to_owned()], true));
        let grants = {
            let mut conn = office.at.world.store().read().await?;
            let filter = store::inventory::list::GrantFilter::Account(account);
            store::inventory::list::grants(&mut conn, filter, store::inventory::list::When::Ever, store::Paging::first(9)).await?.rows
        };
        assert!(grants.iter().all(|grant| grant.proof_of_end_sync.is_some()), "{grants:?}");
        office.at.later(HOUR * 5).await?;
        assert_eq!(office.at.asked, ["delete ada@example.com"], "the timer finds nothing to do");
        assert_eq!(office.at.periods_of(account).await?.last().unwrap(), "editor request ended(leaver)");
    }

    async fn r_b_3_a_hold_calls_back_what_would_take_something_away(database: Database) {
        let (mut office, _) = Office::with_editor(&database).await?;
        office.rule(LeaverRule::DeleteAccount).await?;
        let sync = office.at.begin_sync().await?;
        office.go(&office.ada, Step::Leave).await?;
        assert_eq!(office.progress().await?.0, ["delete_account queued"]);
        office.at.end_empty_sync(&sync).await?;
        assert_eq!(office.progress().await?.0, ["delete_account blocked"]);
        office.at.asked.clear();
        office.at.settle().await?;
        assert_eq!(office.at.asked, Vec::<String>::new(), "nothing while it is held");

        let holds = office.at.world.governance.holds(&office.admin, None, None, store::Paging::first(9)).await?.rows;
        let reason = "the directory was down";
        office.at.world.governance.reject_hold(&office.admin, holds[0].hold.id, None, reason).await?;
        office.at.sync().await?;
        assert_eq!(office.at.asked, ["delete ada@example.com"]);
        office.at.sync().await?;
        assert_eq!(office.progress().await?, (vec!["delete_account confirmed".to_owned()], true));
    }

    async fn r_v_4_what_ends_while_the_account_waits_to_be_deleted_needs_no_job(database: Database) {
        let (mut office, _) = Office::with_editor(&database).await?;
        office.rule(LeaverRule::DeleteAccount).await?;
        let account = office.at.account(ADA).await?;
        office.go(&office.ada, Step::Leave).await?;
        // The connector is silent, and the timer runs.
        office.at.world.clock.advance(HOUR * 5);
        office.at.world.run_due_jobs().await?;
        assert_eq!(office.at.jobs().await?[1..], ["delete_account queued", "revoke queued"]);
        office.at.settle().await?;
        assert_eq!(office.at.asked, ["delete ada@example.com"]);
        assert_eq!(office.at.jobs().await?[2..], ["revoke cancelled"]);
        assert_eq!(office.at.periods_of(account).await?.last().unwrap(), "editor request ended(leaver)");
    }

    async fn r_l_3_each_rule_does_what_it_says(database: Database) {
        for (rule, queued, asked, then) in [
            (LeaverRule::DeleteAccount, vec!["delete_account queued"], vec!["delete ada@example.com"], true),
            (LeaverRule::RevokeAll, vec!["revoke queued"], vec!["revoke editor ada@example.com"], true),
            // No connector has an action for it, so a person does it.
            (LeaverRule::DisableAccount, vec!["disable_account failed", "disable_account manual"], vec![], false),
            (LeaverRule::NotifyOwner, vec!["delete_account manual"], vec![], false),
        ] {
            let database = database.another()?;
            let (mut office, _) = Office::with_editor(&database).await?;
            office.rule(rule).await?;
            office.go(&office.ada, Step::Leave).await?;
            assert_eq!(office.progress().await?.0, queued, "{rule}");
            office.at.settle().await?;
            office.at.sync().await?;
            assert_eq!(office.at.asked, asked, "{rule}");
            assert_eq!(office.progress().await?.1, then, "{rule}");
        }
    }

    async fn r_l_3_an_owner_removes_the_account_by_hand_and_the_sync_proves_it(database: Database) {
        let (mut office, _) = Office::with_editor(&database).await?;
        // The connector is none of Whimsical, so an owner decides when nobody chose a rule.
        office.go(&office.ada, Step::Leave).await?;
        let job = office.offboarding().await?.accounts[0].jobs[0].id;
        office.at.world.governance.job_done_by_hand(&office.owner, job, None, None).await?;
        office.at.sync().await?;
        assert!(!office.offboarding().await?.is_proved(), "the account is there still");
        office.at.members.remove(ADA);
        office.at.sync().await?;
        assert!(office.offboarding().await?.is_proved());
    }

    async fn r_l_3_service_accounts_stay(database: Database) {
        let (mut office, _) = Office::with_editor(&database).await?;
        office.rule(LeaverRule::DeleteAccount).await?;
        let (app, account) = (office.app().await?, office.at.account("zoe@example.com").await?);
        let governance = office.at.world.governance.clone();
        governance.set_account_type(&office.admin, app, account, None, "service").await?;
        let ada = AccountOwner::Person(id(&office.ada));
        governance.set_account_owner(&office.admin, app, account, None, ada).await?;
        office.go(&office.ada, Step::Leave).await?;
        office.at.settle().await?;
        office.at.sync().await?;
        assert_eq!(office.at.asked, ["delete ada@example.com"]);
        let offboarding = office.offboarding().await?;
        let left_alone = offboarding.accounts.iter().find(|one| one.account.id == account).unwrap();
        assert_eq!((left_alone.rule, left_alone.jobs.len(), left_alone.still_held), (None, 0, 1));
        assert!(offboarding.is_proved());
    }

    async fn r_l_2_what_they_asked_for_and_what_was_asked_for_them_is_cancelled(database: Database) {
        let office = Office::new(&database, "manager_then_app_owner").await?;
        let open = office.ask(&office.ada, 4).await?.value.request.id;
        let (ada, ben) = (id(&office.ada), id(&office.ben));
        let now = office.at.world.store().now();
        for (from, to) in [(ada, ben), (ben, ada)] {
            let wished = Delegation { from, to, starts_at: now, ends_at: None };
            office.at.world.governance.set_delegation(&office.admin, from, Some(wished)).await?;
        }
        office.go(&office.ada, Step::Leave).await?;
        assert_eq!(office.state(open).await?, State::Cancelled);
        for of in [ada, ben] {
            assert_eq!(office.at.world.governance.delegation(&office.admin, of).await?, None);
        }
        let refused = office.ask(&office.ada, 4).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
    }

    async fn r_l_2_approved_access_that_nobody_began_to_give_is_not_given(database: Database) {
        let mut office = Office::new(&database, "manager_then_app_owner").await?;
        let request = office.ask(&office.ada, 4).await?.value.request.id;
        office.answer(&office.ben, request, Decision::Approve).await?;
        office.answer(&office.owner, request, Decision::Approve).await?;
        office.go(&office.ada, Step::Leave).await?;
        office.at.settle().await?;
        assert_eq!((office.state(request).await?, office.at.asked.len()), (State::Cancelled, 0));
    }

    async fn r_l_2_tasks_go_to_the_delegate_then_the_manager_then_the_fallback(database: Database) {
        let governance = |office: &Office| office.at.world.governance.clone();
        for (has_delegate, has_manager, step) in [
            (true, true, Step::Leave), (false, true, Step::Leave), (false, false, Step::Leave),
            (true, true, Step::Suspend), (false, true, Step::Suspend), (false, false, Step::Suspend),
        ] {
            let database = database.another()?;
            let office = Office::new(&database, "manager_then_app_owner").await?;
            let (ben, cy, above) = (id(&office.ben), id(&office.cy), id(&office.admin));
            let request = office.ask(&office.ada, 4).await?.value.request.id;
            assert_eq!(office.asked(request).await?, [ben]);
            if has_delegate {
                let wished = Delegation { from: ben, to: cy, starts_at: office.at.world.store().now(), ends_at: None };
                governance(&office).set_delegation(&office.ben, ben, Some(wished)).await?;
            }
            if has_manager {
                governance(&office).set_manager(&office.admin, ben, None, Some(above)).await?;
            }
            office.go(&office.ben, step).await?;
            let expected = match (has_delegate, has_manager) {
                (true, _) => cy,
                (false, true) => above,
                (false, false) => id(&office.owner),
            };
            assert_eq!(office.asked(request).await?, [expected], "{has_delegate} {has_manager} {step:?}");
            assert!(office.story(request).await?.contains(&"step.reassigned".to_owned()));
            let refused = office.answer(&office.ben, request, Decision::Approve).await.unwrap_err();
            assert!(matches!(refused.code(), Code::Aborted | Code::PermissionDenied), "{refused}");
            if has_delegate {
                assert_eq!(office.answer(&office.cy, request, Decision::Approve).await?, State::Open);
            }
        }
    }

    async fn r_l_1_whoever_is_suspended_keeps_access_and_gets_no_more(database: Database) {
        let (mut office, _) = Office::with_editor(&database).await?;
        office.rule(LeaverRule::DeleteAccount).await?;
        office.go(&office.ada, Step::Suspend).await?;
        office.at.settle().await?;
        office.at.sync().await?;
        assert!(office.at.asked.is_empty());
        assert!(office.at.held(ADA, "editor").await?.is_some());
        assert_eq!(office.offboarding().await?.started_at, None);
        let refused = office.ask(&office.ada, 4).await.unwrap_err();
        assert_eq!(refused.code(), Code::InvalidArgument, "{refused}");
        // Access ends when it was to end, whoever holds it.
        office.at.later(HOUR * 4).await?;
        assert_eq!(office.at.asked, ["revoke editor ada@example.com"]);
    }

    async fn r_l_7_whoever_returns_is_the_same_person_and_nothing_comes_back(database: Database) {
        let (mut office, request) = Office::with_editor(&database).await?;
        office.rule(LeaverRule::DeleteAccount).await?;
        office.go(&office.ada, Step::Leave).await?;
        office.at.settle().await?;
        office.at.sync().await?;
        office.go(&office.ada, Step::Return).await?;
        office.at.settle().await?;
        office.at.sync().await?;
        assert_eq!(office.at.asked, ["delete ada@example.com"]);
        let held = office.at.world.governance.person_access(&office.ada, id(&office.ada), store::Paging::first(9)).await?;
        assert!(held.rows.is_empty());
        assert_eq!(office.state(request).await?, State::Fulfilled, "what was is history");
        // They may ask anew.
        assert_eq!(office.ask(&office.ada, 4).await?.value.request.state, State::Open);
    }

    async fn r_l_7_what_nobody_began_is_called_off_and_leaving_again_begins_anew(database: Database) {
        let (mut office, _) = Office::with_editor(&database).await?;
        for (rule, taken) in [(LeaverRule::RevokeAll, "revoke"), (LeaverRule::DeleteAccount, "delete_account")] {
            office.rule(rule).await?;
            for _ in 0..2 {
                office.go(&office.ada, Step::Leave).await?;
                assert_eq!(office.progress().await?.0, [format!("{taken} queued")]);
                office.go(&office.ada, Step::Return).await?;
                assert_eq!(office.progress().await?.0, [format!("{taken} cancelled")]);
                office.at.settle().await?;
            }
        }
        assert!(office.at.asked.is_empty());
        let held = office.at.held(ADA, "editor").await?.unwrap();
        assert_eq!(held.state, domain::grant::State::Active);
        office.go(&office.ada, Step::Leave).await?;
        office.at.settle().await?;
        office.at.sync().await?;
        assert_eq!(office.at.asked, ["delete ada@example.com"]);
        assert!(office.offboarding().await?.is_proved());
    }
}
