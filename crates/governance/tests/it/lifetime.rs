//! Access that ends: by its time, by its holder, in the app, and proved by a sync.

use domain::actor::Role;
use domain::grant::State;
use jiff::SignedDuration;

use crate::workplace::{Manner, Workplace};

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const DAY: SignedDuration = SignedDuration::from_hours(24);

/// A workplace in which Ada's editor role ends in an hour.
async fn ending_in_an_hour(database: &testkit::database::Database) -> anyhow::Result<Workplace> {
    let workplace = Workplace::new(database, &[("ada@example.com", "editor"), ("ben@example.com", "viewer")]).await?;
    let admin = workplace.world.person(&[Role::SuperAdministrator]).await?;
    let editor = workplace.held("ada@example.com", "editor").await?.unwrap();
    let at = workplace.world.store().now() + HOUR;
    workplace.world.governance.set_expiry(&admin, editor.id, None, Some(at)).await?;
    Ok(workplace)
}

testkit::on_both_engines! {
    async fn t_g7_t_g10_access_ends_with_its_time_and_a_sync_proves_it(database: Database) {
        let mut at = ending_in_an_hour(&database).await?;
        at.later(HOUR - SignedDuration::from_secs(1)).await?;
        assert!(at.asked.is_empty(), "never before its time");
        at.later(SignedDuration::from_secs(1)).await?;
        assert_eq!(at.asked, ["revoke editor ada@example.com"]);
        assert_eq!(at.members["ada@example.com"], "viewer");
        // R-X-2: whoever loses editor is a viewer again, which no sync has to say first.
        assert_eq!(at.periods("ada@example.com").await?, ["editor initial ended(expired)", "viewer swap active"]);
        assert_eq!(at.jobs().await?, ["revoke reported"]);
        at.sync().await?;
        assert_eq!(at.jobs().await?, ["revoke confirmed"]);
        assert_eq!(at.periods("ada@example.com").await?, ["editor initial ended(expired)", "viewer swap active"]);
        at.sync().await?;
        assert_eq!(at.asked.len(), 1, "nothing is done twice");
    }

    async fn r_v_1_a_sync_that_began_before_the_change_says_nothing_of_it(database: Database) {
        let mut at = ending_in_an_hour(&database).await?;
        let before = at.members.clone();
        at.world.clock.advance(HOUR);
        at.settle().await?;
        // A sync that starts within the time that the app may take to show the change, and still shows the old role.
        let now = std::mem::replace(&mut at.members, before);
        at.sync_at_once().await?;
        assert_eq!(at.jobs().await?, ["revoke reported"], "it proves nothing");
        assert_eq!(at.periods("ada@example.com").await?, ["editor initial ended(expired)", "viewer swap active"]);
        at.members = now;
        at.sync().await?;
        assert_eq!(at.jobs().await?, ["revoke confirmed"]);
    }

    async fn t_j12_what_is_said_and_not_done_is_tried_once_more_and_then_a_persons(database: Database) {
        let mut at = ending_in_an_hour(&database).await?;
        at.manner = Manner::Lies;
        at.later(HOUR).await?;
        at.sync().await?;
        assert_eq!(at.jobs().await?, ["revoke contradicted", "revoke reported"]);
        assert_eq!(
            at.periods("ada@example.com").await?,
            ["editor initial ended(expired)", "viewer swap ended(outside)", "editor outside ended(expired)", "viewer swap active"]
        );
        at.sync().await?;
        assert_eq!(at.jobs().await?, ["revoke contradicted", "revoke contradicted", "revoke manual"]);
        assert_eq!(at.asked.len(), 2);
        assert_eq!(at.held("ada@example.com", "editor").await?.unwrap().state, State::Ending);
    }

    async fn t_g16_what_cannot_be_taken_away_is_stuck_and_tried_every_day(database: Database) {
        let mut at = ending_in_an_hour(&database).await?;
        at.manner = Manner::Fails;
        at.later(HOUR).await?;
        assert_eq!(at.jobs().await?, ["revoke failed", "revoke manual"]);
        assert_eq!(at.held("ada@example.com", "editor").await?.unwrap().state, State::Stuck);
        at.later(DAY).await?;
        assert_eq!(at.asked.len(), 2, "expiry is never forgotten");
        at.manner = Manner::Honest;
        at.later(DAY).await?;
        assert_eq!(at.members["ada@example.com"], "viewer");
        at.sync().await?;
        let periods = at.periods("ada@example.com").await?;
        assert_eq!(periods, ["editor initial ended(expired)", "viewer swap active"]);
        at.later(DAY).await?;
        assert_eq!(at.asked.len(), 3);
    }

    async fn t_j7_what_passes_by_itself_is_tried_again_soon(database: Database) {
        let mut at = ending_in_an_hour(&database).await?;
        at.manner = Manner::Stumbles;
        at.later(HOUR).await?;
        assert_eq!(at.jobs().await?, ["revoke queued"]);
        assert_eq!(at.held("ada@example.com", "editor").await?.unwrap().state, State::Expiring);
        at.manner = Manner::Honest;
        at.later(SignedDuration::from_secs(30)).await?;
        assert_eq!(at.asked.len(), 2);
        assert_eq!(at.jobs().await?, ["revoke reported"]);
    }

    async fn t_g14_t_g5_what_changes_outside_is_told_apart(database: Database) {
        let mut at = Workplace::new(&database, &[("ada@example.com", "viewer"), ("ben@example.com", "viewer")]).await?;
        at.members.insert("ada@example.com".to_owned(), "editor".to_owned());
        at.sync().await?;
        assert_eq!(at.periods("ada@example.com").await?, ["viewer initial ended(outside)", "editor outside active"]);
        assert!(at.jobs().await?.is_empty());
    }

    async fn t_g18_an_end_can_be_moved_and_taken_back(database: Database) {
        let mut at = ending_in_an_hour(&database).await?;
        let admin = at.world.person(&[Role::SuperAdministrator]).await?;
        let editor = at.held("ada@example.com", "editor").await?.unwrap();
        let later = at.world.store().now() + HOUR * 3;
        at.world.governance.set_expiry(&admin, editor.id, Some(editor.version), Some(later)).await?;
        at.later(HOUR * 2).await?;
        assert!(at.asked.is_empty());
        at.world.governance.set_expiry(&admin, editor.id, None, None).await?;
        at.later(HOUR * 2).await?;
        assert!(at.asked.is_empty());
        let soon = at.world.store().now() + HOUR;
        at.world.governance.set_expiry(&admin, editor.id, None, Some(soon)).await?;
        at.later(HOUR).await?;
        assert_eq!(at.asked.len(), 1);
        let stranger = at.world.person(&[Role::User]).await?;
        let denied = at.world.governance.set_expiry(&stranger, editor.id, None, None).await.unwrap_err();
        assert_eq!(denied.code(), governance::Code::NotFound);
    }

    async fn t_c8_a_pause_holds_back_what_is_to_be_done(database: Database) {
        let mut at = ending_in_an_hour(&database).await?;
        let admin = at.world.person(&[Role::SuperAdministrator]).await?;
        at.world.clock.advance(HOUR);
        at.world.run_due_jobs().await?;
        at.world.governance.pause_connector(&admin, at.connector, "maintenance").await?;
        at.settle().await?;
        assert_eq!(at.jobs().await?, ["revoke blocked"]);
        assert!(at.asked.is_empty());
        at.world.governance.resume_connector(&admin, at.connector).await?;
        at.settle().await?;
        assert_eq!(at.jobs().await?, ["revoke reported"]);
        assert_eq!(at.members["ada@example.com"], "viewer");
    }

    async fn t_c9_what_a_deleted_connector_was_to_do_is_for_people(database: Database) {
        let at = ending_in_an_hour(&database).await?;
        let admin = at.world.person(&[Role::SuperAdministrator]).await?;
        at.world.clock.advance(HOUR);
        at.world.run_due_jobs().await?;
        let name = at.world.governance.connector(&admin, at.connector).await?.connector.display_name;
        at.world.governance.delete_connector(&admin, at.connector, None, &name).await?;
        assert_eq!(at.jobs().await?, ["revoke manual"]);
        let filter = governance::provision::JobFilter::default();
        let jobs = at.world.governance.provision_jobs(&admin, filter, store::Paging::first(10)).await?.rows;
        let done = at.world.governance.job_done_by_hand(&admin, jobs[0].id, None, Some("in the app")).await?;
        assert_eq!(done.value.state, domain::provision::State::Reported);
        assert!(at.world.audit().await?.iter().any(|row| row.contains("job.done_by_hand")));
    }

    async fn t_j5_a_connector_that_vanishes_is_asked_again(database: Database) {
        let mut at = ending_in_an_hour(&database).await?;
        at.manner = Manner::Vanishes;
        at.later(HOUR).await?;
        assert_eq!(at.jobs().await?, ["revoke leased"]);
        at.manner = Manner::Honest;
        at.world.clock.advance(SignedDuration::from_mins(16));
        at.desk.sweep().await?;
        at.settle().await?;
        assert_eq!(at.jobs().await?, ["revoke reported"]);
        assert_eq!(at.asked.len(), 2);
    }
}
