//! What is not as it should be: found, decided about, ended (T-F, R-O).

use auth::credential::Rotation;
use domain::actor::Role;
use domain::classification::{Classification, Risk};
use domain::finding::{Reaction, Severity, State, Type};
use domain::notice::Template;
use domain::person::Step;
use domain::switch::Switch;
use governance::request::Decision;
use governance::{Caller, Code};
use jiff::SignedDuration;
use store::Paging;
use store::classification::Of;
use store::finding::{Filter, Finding};

use crate::office::{ADA, HOUR, Office, id};
use crate::workplace::Manner;

const DAY: SignedDuration = SignedDuration::from_hours(24);

impl Office {
    /// Findings in words: type, state, login; the oldest first.
    async fn findings(&self) -> anyhow::Result<Vec<String>> {
        let mut words: Vec<String> = self
            .all_findings(&self.admin)
            .await?
            .iter()
            // The app of the workplace was made without an owner.
            .filter(|finding| finding.kind != Type::AppWithoutOwner)
            .map(|finding| {
                let login = finding.evidence["login"].as_str().unwrap_or("-");
                format!("{} {} {login}", finding.kind, finding.state)
            })
            .collect();
        words.sort();
        Ok(words)
    }

    async fn all_findings(&self, caller: &Caller) -> governance::Result<Vec<Finding>> {
        Ok(self.at.world.governance.findings(caller, Filter::default(), Paging::first(100)).await?.rows)
    }

    async fn findings_of(&self, kind: Type) -> governance::Result<Vec<Finding>> {
        let filter = Filter { kind: Some(kind), ..Filter::default() };
        Ok(self.at.world.governance.findings(&self.admin, filter, Paging::first(9)).await?.rows)
    }

    async fn only(&self, kind: Type) -> anyhow::Result<Finding> {
        let mut rows = self.findings_of(kind).await?;
        anyhow::ensure!(rows.len() == 1, "{rows:?}");
        Ok(rows.remove(0))
    }

    /// Somebody makes Ada an editor in the app itself, and the connector sees it.
    async fn promote_outside(&mut self) -> anyhow::Result<()> {
        self.at.members.insert(ADA.to_owned(), "editor".to_owned());
        self.at.sync().await
    }

    /// Ada is an editor as asked.
    async fn promote_as_asked(&mut self) -> anyhow::Result<()> {
        let request = self.ask(&self.ada, 4).await?.value.request.id;
        self.answer(&self.owner, request, Decision::Approve).await?;
        self.at.settle().await?;
        self.at.sync().await
    }
}

testkit::on_both_engines! {
    async fn r_o_1_what_podium_did_is_no_finding_and_what_it_did_not_is(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.promote_as_asked().await?;
        assert_eq!(office.findings().await?, Vec::<String>::new());
        office.at.members.insert("zoe@example.com".to_owned(), "editor".to_owned());
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["granted_outside open zoe@example.com"]);
        office.at.sync().await?;
        assert_eq!(office.only(Type::GrantedOutside).await?.version, 1, "the same file changes nothing");
    }

    async fn t_f5_to_t_f8_reverted_resolved_and_seen_again(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.promote_outside().await?;
        let finding = office.only(Type::GrantedOutside).await?;
        let governance = office.at.world.governance.clone();
        let remedy = async |who: &Caller| governance.remedy_finding(who, finding.id, None, None, "nobody asked").await;
        assert_eq!(remedy(&office.ben).await.unwrap_err().code(), Code::NotFound);
        assert_eq!(remedy(&office.owner).await?.value.state, State::Remedied);
        assert_eq!(remedy(&office.owner).await?.seq, None, "doing it again is no change");
        // A sync that comes before the job is done does not open it again.
        governance.watch_findings().await?;
        office.at.settle().await?;
        assert_eq!(office.at.asked, ["revoke editor ada@example.com"]);
        assert_eq!(office.findings().await?, ["granted_outside remedied ada@example.com"], "a report is no proof");
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["granted_outside resolved ada@example.com"]);
        office.promote_outside().await?;
        let again = office.only(Type::GrantedOutside).await?;
        assert_eq!((again.id, again.state, again.recurrences), (finding.id, State::Open, 1));
        let actions = office.at.world.audit().await?;
        let of = |action: &str| actions.iter().filter(|row| row.contains(&format!("\"finding.{action}\""))).count();
        assert_eq!((of("opened"), of("remedied"), of("resolved"), of("reopened")), (1, 1, 1, 1));
    }

    async fn t_f2_to_t_f4_t_f6_t_f9_decided_and_opened_again(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.promote_outside().await?;
        let governance = office.at.world.governance.clone();
        let id = office.only(Type::GrantedOutside).await?.id;
        let now = office.at.world.store().now();
        let too_long = governance.accept_finding(&office.owner, id, None, Some(now + DAY * 400), "fine").await;
        assert_eq!(too_long.unwrap_err().field(), Some("until"));
        assert_eq!(governance.accept_finding(&office.owner, id, None, None, " ").await.unwrap_err().field(), Some("reason"));
        let accepted = governance.accept_finding(&office.owner, id, Some(1), Some(now + DAY), "fine").await?.value;
        assert_eq!((accepted.state, accepted.until), (State::Accepted, Some(now + DAY)));
        let stale = governance.reopen_finding(&office.owner, id, Some(1)).await.unwrap_err();
        assert_eq!(stale.code(), Code::Aborted);
        let twice = governance.snooze_finding(&office.owner, id, None, now + DAY, "later").await.unwrap_err();
        assert_eq!(twice.code(), Code::FailedPrecondition, "only what is open can be put off");
        office.at.world.clock.advance(DAY);
        assert_eq!(governance.watch_findings().await?, 1);
        assert_eq!(governance.finding(&office.owner, id).await?.state, State::Open);
        governance.snooze_finding(&office.owner, id, None, office.at.world.store().now() + DAY, "later").await?;
        assert_eq!(governance.reopen_finding(&office.owner, id, None).await?.value.state, State::Open);
        let denied = governance.suppress_finding(&office.owner, id, None, "for good").await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
        governance.suppress_finding(&office.admin, id, None, "for good").await?;
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["granted_outside suppressed ada@example.com"]);
    }

    async fn t_g15_a_revocation_that_did_not_hold(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.promote_as_asked().await?;
        office.at.manner = Manner::Lies;
        office.at.later(HOUR * 5).await?;
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["revocation_did_not_hold open ada@example.com"]);
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["revocation_did_not_hold open ada@example.com"]);
        office.at.members.insert(ADA.to_owned(), "viewer".to_owned());
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["revocation_did_not_hold resolved ada@example.com"]);
    }

    async fn t_g16_t_g21_stuck_until_it_is_gone(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.promote_as_asked().await?;
        office.at.manner = Manner::Fails;
        office.at.later(HOUR * 5).await?;
        office.at.world.governance.watch_findings().await?;
        assert_eq!(office.findings().await?, ["expiry_stuck open ada@example.com"]);
        office.at.manner = Manner::Honest;
        let stuck = office.only(Type::ExpiryStuck).await?.id;
        office.at.world.governance.remedy_finding(&office.owner, stuck, None, None, "the app works again").await?;
        office.at.settle().await?;
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["expiry_stuck resolved ada@example.com"]);
    }

    async fn r_o_2_nothing_on_the_first_sync_and_one_finding_after_a_gap(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        assert_eq!(office.findings().await?, Vec::<String>::new());
        office.at.world.clock.advance(DAY * 8);
        for login in ["new-1@example.com", "new-2@example.com"] {
            office.at.members.insert(login.to_owned(), "editor".to_owned());
        }
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["outside_after_gap open -"]);
        assert_eq!(office.only(Type::OutsideAfterGap).await?.evidence["count"], 2);
        office.promote_outside().await?;
        assert_eq!(office.findings().await?, ["granted_outside open ada@example.com", "outside_after_gap open -"]);
    }

    async fn r_o_6_a_removal_outside_counts_only_right_after_the_approval(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.promote_as_asked().await?;
        office.at.members.insert(ADA.to_owned(), "viewer".to_owned());
        office.at.sync().await?;
        // A viewer again, which is what is left when the editor role goes: no finding of its own.
        assert_eq!(office.findings().await?, ["removed_outside open ada@example.com"]);
        office.promote_outside().await?;
        assert_eq!(
            office.findings().await?,
            ["granted_outside open ada@example.com", "removed_outside resolved ada@example.com"]
        );
    }

    async fn r_i_7_a_new_account_with_the_same_address(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.promote_as_asked().await?;
        office.at.members.remove(ADA);
        office.at.members.insert(format!("{ADA}#2"), "viewer".to_owned());
        office.at.sync().await?;
        let found = office.findings().await?;
        assert!(found.contains(&format!("account_replaced open {ADA}#2")), "{found:?}");
    }

    async fn r_l_2_r_a_6_owners_who_left_and_apps_without_one(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        governance.watch_findings().await?;
        let kinds = async |state| {
            let filter = Filter { state: Some(state), ..Filter::default() };
            let rows = governance.findings(&office.admin, filter, Paging::first(9)).await.unwrap().rows;
            let mut kinds: Vec<Type> = rows.iter().map(|finding| finding.kind).collect();
            kinds.sort();
            kinds
        };
        assert_eq!(kinds(State::Open).await, []);
        governance.move_person(&office.admin, id(&office.owner), None, Step::Leave, "as told").await?;
        governance.watch_findings().await?;
        assert_eq!(kinds(State::Open).await, [Type::OwnerLeft, Type::AppWithoutOwner]);
        let missing = office.only(Type::AppWithoutOwner).await?;
        let nobody = governance.remedy_finding(&office.admin, missing.id, None, None, "new owner").await.unwrap_err();
        assert_eq!(nobody.field(), Some("personId"));
        let left = office.only(Type::OwnerLeft).await?;
        governance.remedy_finding(&office.admin, left.id, None, Some(id(&office.ben)), "new owner").await?;
        governance.watch_findings().await?;
        assert_eq!(kinds(State::Resolved).await, [Type::OwnerLeft, Type::AppWithoutOwner]);
        assert_eq!(governance.app_owners(&office.admin, office.app().await?).await?.1, [id(&office.ben)]);
    }

    async fn r_l_3_an_account_that_outlives_its_person(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.at.world.clock.advance(DAY);
        office.at.world.governance.move_person(&office.admin, id(&office.ada), None, Step::Leave, "as told").await?;
        office.at.sync().await?;
        assert_eq!(office.findings().await?, Vec::<String>::new(), "an owner has a day to remove it");
        office.at.world.clock.advance(DAY);
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["leaver_has_account open ada@example.com"]);
        office.at.members.remove(ADA);
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["leaver_has_account resolved ada@example.com"]);
    }

    async fn r_h_1_holds_switched_off_and_silence(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        governance.rotate(&office.admin, office.at.connector, &Rotation::default()).await?;
        office.at.sync().await?;
        office.at.desk.flush_contacts().await?;
        governance.set_switches(&office.admin, &[(Switch::SyncHolds, false)], "a big move").await?;
        office.at.world.clock.advance(DAY);
        governance.notice_silence().await?;
        governance.watch_findings().await?;
        assert_eq!(office.findings().await?, ["connector_silent open -", "sync_holds_off open -"]);
        // §1.20: Connector Administrators decide about what is about connectors.
        let keeper = office.at.world.person(&[Role::ConnectorAdministrator]).await?;
        assert_eq!(office.all_findings(&keeper).await?.len(), 2);
        let silent = office.only(Type::ConnectorSilent).await?.id;
        governance.accept_finding(&keeper, silent, None, None, "it moves house").await?;
        governance.set_switches(&office.admin, &[(Switch::SyncHolds, true)], "moved").await?;
        governance.watch_findings().await?;
        assert_eq!(office.findings().await?, ["connector_silent accepted -", "sync_holds_off resolved -"]);
    }

    async fn t_f1_a_type_that_is_off_is_not_looked_for(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let denied = governance.set_finding_type(&office.owner, Type::GrantedOutside, false).await.unwrap_err();
        assert_eq!(denied.code(), Code::PermissionDenied);
        governance.set_finding_type(&office.admin, Type::GrantedOutside, false).await?;
        office.promote_outside().await?;
        assert_eq!(office.findings().await?, Vec::<String>::new());
        governance.set_finding_type(&office.admin, Type::GrantedOutside, true).await?;
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["granted_outside open ada@example.com"]);
    }

    async fn r_o_3_each_app_has_its_reaction(database: Database) {
        for (reaction, expected, asked) in [
            (Reaction::RecordOnly, vec![], vec![]),
            (Reaction::TellOwner, vec!["granted_outside open ada@example.com"], vec![]),
            (
                Reaction::RevokeAtOnce,
                vec!["granted_outside remedied ada@example.com"],
                vec!["revoke editor ada@example.com"],
            ),
        ] {
            let database = database.another()?;
            let mut office = Office::new(&database, "app_owner").await?;
            let governance = office.at.world.governance.clone();
            let app = office.app().await?;
            let risky = Classification { risk_level: Some(Risk::High), ..Classification::default() };
            governance.set_classification(&office.owner, Of::App(app), None, risky).await?;
            let denied = governance.set_outside_changes(&office.ben, app, None, reaction, None).await.unwrap_err();
            assert_eq!(denied.code(), Code::NotFound);
            governance.set_outside_changes(&office.owner, app, None, reaction, None).await?;
            office.promote_outside().await?;
            assert_eq!(office.findings().await?, expected, "{reaction}");
            assert_eq!(office.at.asked, asked, "{reaction}");
            let told = governance.notices(&office.owner, false, Paging::first(9)).await?.rows;
            let told = told.iter().any(|notice| notice.template == Template::GrantAppeared);
            assert_eq!(told, reaction != Reaction::RecordOnly);
        }
    }

    async fn r_o_3_a_revert_gives_back_what_was_displaced(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.promote_as_asked().await?;
        office.at.asked.clear();
        office.at.members.insert(ADA.to_owned(), "admin".to_owned());
        office.at.sync().await?;
        let finding = office.findings_of(Type::GrantedOutside).await?.remove(0);
        office.at.world.governance.remedy_finding(&office.owner, finding.id, None, None, "not agreed").await?;
        office.at.settle().await?;
        assert_eq!(office.at.asked, ["grant editor ada@example.com"]);
        let again = office.at.held(ADA, "editor").await?.unwrap();
        assert!(again.expires_at.is_some(), "for the time that was left: {again:?}");
        office.at.sync().await?;
        assert_eq!(office.findings_of(Type::GrantedOutside).await?[0].state, State::Resolved);
        assert_eq!(office.findings_of(Type::RemovedOutside).await?[0].state, State::Resolved);
    }

    async fn r_o_5_two_writers_that_undo_each_other(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let (governance, app) = (office.at.world.governance.clone(), office.app().await?);
        for writer in [None, Some("the company directory")] {
            governance.set_outside_changes(&office.owner, app, None, Reaction::TellOwner, writer).await?;
            assert_eq!(office.findings_of(Type::TugOfWar).await?, []);
            office.promote_as_asked().await?;
            office.at.members.insert(ADA.to_owned(), "viewer".to_owned());
            office.at.sync().await?;
        }
        let tug = office.only(Type::TugOfWar).await?;
        assert_eq!((tug.state, tug.severity), (State::Open, Severity::High));
        assert_eq!(tug.evidence["note"], "Podium and the company directory undo each other");
    }

    async fn opt_in_types_are_looked_for_once_somebody_wants_them(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        office.at.sync().await?;
        assert_eq!(office.findings().await?, Vec::<String>::new());
        let governance = office.at.world.governance.clone();
        for (kind, is_on, _) in governance.finding_types(&office.admin).await? {
            if !is_on {
                governance.set_finding_type(&office.admin, kind, true).await?;
            }
        }
        office.at.sync().await?;
        assert_eq!(office.findings().await?, ["unmatched_account open zoe@example.com"]);
    }
}
