//! What is called off while a connector works on it (T-J18).

use domain::actor::Role;
use domain::request::State;
use governance::request::{Decision, NewRequest};
use ids::RequestId;
use jiff::SignedDuration;

use crate::office::{ADA, HOUR, Office, id};
use crate::workplace::Manner;

/// Ada asked for the editor role, everybody agreed, and the connector, which is like this, has its task.
async fn begun(database: &testkit::database::Database, manner: Manner) -> anyhow::Result<(Office, RequestId)> {
    let mut office = Office::new(database, "app_owner").await?;
    let request = office.ask(&office.ada, 4).await?.value.request.id;
    office.answer(&office.owner, request, Decision::Approve).await?;
    office.at.manner = manner;
    office.at.settle().await?;
    assert_eq!(office.at.jobs().await?, ["swap leased"]);
    Ok((office, request))
}

/// The connector, which vanished, comes back and is like this from now on.
async fn back(office: &mut Office, manner: Manner) -> anyhow::Result<()> {
    office.at.manner = manner;
    office.at.world.clock.advance(SignedDuration::from_mins(16));
    office.at.desk.sweep().await?;
    office.at.settle().await
}

testkit::on_both_engines! {
    async fn t_j18_a_write_under_way_goes_on_and_is_undone(database: Database) {
        let (mut office, request) = begun(&database, Manner::DoesAndVanishes).await?;
        let governance = office.at.world.governance.clone();
        let cancelled = governance.cancel_request(&office.ada, request, None, "").await?.value;
        assert_eq!(cancelled.request.state, State::Cancelled);
        assert_eq!(office.at.jobs().await?, ["swap leased"], "the write is not torn off");
        assert!(office.story(request).await?.contains(&"job.superseded".to_owned()));
        back(&mut office, Manner::Honest).await?;
        assert_eq!(office.at.members[ADA], "viewer");
        assert_eq!(office.at.asked, ["grant editor ada@example.com", "grant editor ada@example.com", "revoke editor ada@example.com"]);
        assert_eq!(office.at.jobs().await?, ["swap reported", "revoke reported"]);
        office.at.sync().await?;
        let periods = office.at.periods(ADA).await?;
        assert_eq!(
            periods,
            ["viewer initial ended(replaced)", "editor request ended(revoked_request)", "viewer swap active"]
        );
        assert_eq!(office.state(request).await?, State::Cancelled);
    }

    async fn t_j18_what_fails_and_nobody_wants_is_for_nobody(database: Database) {
        let (mut office, request) = begun(&database, Manner::Vanishes).await?;
        office.at.world.governance.cancel_request(&office.ada, request, None, "").await?;
        back(&mut office, Manner::Stumbles).await?;
        assert_eq!(office.at.jobs().await?, ["swap failed"], "neither tried again nor done by hand");
        assert_eq!(office.at.periods(ADA).await?, ["viewer initial active", "editor request failed(never)"]);
    }

    async fn t_j18_an_account_that_nobody_wants_is_deleted_once_it_is_seen(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let newcomer = office.at.world.person(&[Role::User]).await?;
        let login = format!("{}@example.com", id(&newcomer));
        let request = office.ask(&newcomer, 4).await?.value.request.id;
        office.answer(&office.owner, request, Decision::Approve).await?;
        office.at.manner = Manner::Vanishes;
        office.at.settle().await?;
        office.at.world.governance.cancel_request(&newcomer, request, None, "").await?;
        assert_eq!(office.at.jobs().await?, ["create_account leased", "grant cancelled"]);
        back(&mut office, Manner::Honest).await?;
        assert!(office.at.members.contains_key(&login));
        office.at.later(HOUR).await?;
        assert!(!office.at.members.contains_key(&login), "{:?}", office.at.asked);
        let jobs = office.at.jobs().await?;
        assert!(jobs.iter().any(|job| job.starts_with("delete_account")), "{jobs:?}");
    }

    async fn t_j18_an_account_that_is_wanted_after_all_stays(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let newcomer = office.at.world.person(&[Role::User]).await?;
        let login = format!("{}@example.com", id(&newcomer));
        let request = office.ask(&newcomer, 4).await?.value.request.id;
        office.answer(&office.owner, request, Decision::Approve).await?;
        office.at.manner = Manner::Vanishes;
        office.at.settle().await?;
        office.at.world.governance.cancel_request(&newcomer, request, None, "").await?;
        back(&mut office, Manner::Honest).await?;
        let again = office.ask(&newcomer, 4).await?.value.request.id;
        office.answer(&office.owner, again, Decision::Approve).await?;
        office.at.settle().await?;
        office.at.later(HOUR).await?;
        assert_eq!(office.at.members[&login], "editor", "{:?}", office.at.jobs().await?);
    }

    async fn t_q5_a_revocation_called_off_in_time_leaves_the_access(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let request = office.ask(&office.ada, 4).await?.value.request.id;
        office.answer(&office.owner, request, Decision::Approve).await?;
        office.at.settle().await?;
        let held = office.at.held(ADA, "editor").await?.unwrap();
        let revocation = NewRequest { grant: Some(held.id), is_revocation: true, ..NewRequest::default() };
        let governance = office.at.world.governance.clone();
        let revocation = governance.submit_request(&office.admin, revocation).await?.value.request;
        assert_eq!(revocation.state, State::Approved);
        governance.cancel_request(&office.admin, revocation.id, None, "a mistake").await?;
        office.at.settle().await?;
        assert_eq!(office.at.held(ADA, "editor").await?.unwrap().state, domain::grant::State::Active);
        assert_eq!(office.at.members[ADA], "editor");
    }
}
