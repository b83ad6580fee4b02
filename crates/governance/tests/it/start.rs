//! Access that begins when its holder says so (R-D-9, T-Q16).

use domain::request::{Start, State};
use governance::Code;
use governance::request::Decision;
use ids::RequestId;
use store::request_setting::Of;

use crate::office::{ADA, HOUR, Office};

/// Ada asked for four hours of the editor role, which starts on use, and the owner agreed.
async fn agreed(database: &testkit::database::Database) -> anyhow::Result<(Office, RequestId)> {
    let mut office = Office::new(database, "app_owner").await?;
    let governance = office.at.world.governance.clone();
    let of = Of::Entitlement(office.editor);
    let mut setting = governance.request_setting(&office.admin, of).await?.own;
    (setting.start, setting.claim_by) = (Some(Start::OnUse), Some(HOUR * 24));
    governance.set_request_setting(&office.admin, of, None, setting).await?;
    let request = office.ask(&office.ada, 4).await?.value.request.id;
    assert_eq!(
        governance.start_request(&office.ada, request, None).await.unwrap_err().code(),
        Code::FailedPrecondition
    );
    office.answer(&office.owner, request, Decision::Approve).await?;
    office.at.later(HOUR * 20).await?;
    assert_eq!(office.state(request).await?, State::Approved);
    assert!(office.at.asked.is_empty() && office.at.jobs().await?.is_empty());
    Ok((office, request))
}

testkit::on_both_engines! {
    async fn r_d_9_the_clock_starts_when_the_holder_does(database: Database) {
        let (mut office, request) = agreed(&database).await?;
        let governance = office.at.world.governance.clone();
        let other = governance.start_request(&office.owner, request, None).await.unwrap_err();
        assert_eq!(other.code(), Code::PermissionDenied);
        let started = governance.start_request(&office.ada, request, None).await?;
        assert!(started.seq.is_some() && started.value.request.started_at.is_some());
        assert!(governance.start_request(&office.ada, request, None).await?.seq.is_none(), "twice is once");
        office.at.settle().await?;
        assert_eq!(office.state(request).await?, State::Fulfilled);
        let held = office.at.held(ADA, "editor").await?.unwrap();
        assert_eq!(held.expires_at, Some(office.at.world.store().now() + HOUR * 4));
        // The timer finds nothing to do any more.
        office.at.later(HOUR * 5).await?;
        assert_eq!(office.state(request).await?, State::Fulfilled);
    }

    async fn t_q16_what_nobody_starts_in_time_expires(database: Database) {
        let (mut office, request) = agreed(&database).await?;
        office.at.later(HOUR * 4).await?;
        assert_eq!(office.state(request).await?, State::Expired);
        assert_eq!(office.at.periods(ADA).await?, ["viewer initial active", "editor request ended(never)"]);
        let governance = office.at.world.governance.clone();
        let late = governance.start_request(&office.ada, request, None).await.unwrap_err();
        assert_eq!(late.code(), Code::FailedPrecondition);
        assert!(office.at.jobs().await?.is_empty());
        let story = office.story(request).await?;
        assert!(story.contains(&"request.waits_for_start".to_owned()) && story.contains(&"request.expired".to_owned()));
        assert_eq!(office.ask(&office.ada, 2).await?.value.request.state, State::Open);
    }
}
