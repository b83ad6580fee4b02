//! Too much taken away at once waits for a person (R-B-1, R-B-2).

use domain::actor::Role;
use governance::{Caller, Code};
use ids::AppId;
use jiff::SignedDuration;

use crate::workplace::Workplace;

const HOUR: SignedDuration = SignedDuration::from_hours(1);
const EDITORS: usize = 14;

/// An app in which the access of all editors ends in an hour.
async fn all_ending(database: &testkit::database::Database) -> anyhow::Result<(Workplace, Caller, AppId)> {
    let logins: Vec<String> = (0..EDITORS).map(|n| format!("editor-{n:02}@example.com")).collect();
    let members: Vec<(&str, &str)> = logins.iter().map(|login| (login.as_str(), "editor")).collect();
    let at = Workplace::new(database, &members).await?;
    let admin = at.world.person(&[Role::SuperAdministrator]).await?;
    let end = at.world.store().now() + HOUR;
    for login in &logins {
        let editor = at.held(login, "editor").await?.unwrap();
        at.world.governance.set_expiry(&admin, editor.id, None, Some(end)).await?;
    }
    let app = at.world.governance.connector(&admin, at.connector).await?.connector.app_id;
    Ok((at, admin, app))
}

fn editors(at: &Workplace) -> usize {
    at.members.values().filter(|role| *role == "editor").count()
}

testkit::on_both_engines! {
    async fn r_b_1_after_ten_in_an_hour_the_rest_waits_and_r_b_2_goes_on_by_a_person(database: Database) {
        let (mut at, admin, app) = all_ending(&database).await?;
        let governance = at.world.governance.clone();
        at.later(HOUR).await?;
        assert_eq!(editors(&at), EDITORS - 10);
        let blocked = at.jobs().await?.iter().filter(|job| *job == "revoke blocked").count();
        assert_eq!(blocked, EDITORS - 10);
        // Neither a sync nor time lets them go.
        at.sync().await?;
        at.later(HOUR * 2).await?;
        assert_eq!(editors(&at), EDITORS - 10);
        let tripped = governance.breakers(&admin).await?;
        assert_eq!(tripped.len(), 1);
        let audit = at.world.audit().await?;
        assert_eq!(audit.iter().filter(|row| row.contains("breaker.tripped")).count(), 1);

        let nobody = at.world.person(&[Role::User]).await?;
        let refused = governance.resume_breaker(&nobody, app, None, "mine").await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        let version = governance.breaker(&admin, app).await?.version;
        let stale = governance.resume_breaker(&admin, app, Some(version + 1), "the course is over").await.unwrap_err();
        assert_eq!(stale.code(), Code::Aborted);
        governance.resume_breaker(&admin, app, Some(version), "the course is over").await?;
        at.settle().await?;
        assert_eq!(editors(&at), 0);
        let again = governance.resume_breaker(&admin, app, None, "twice").await.unwrap_err();
        assert_eq!(again.code(), Code::FailedPrecondition);
    }

    async fn r_b_2_what_the_breaker_kept_can_be_called_off(database: Database) {
        let (mut at, admin, app) = all_ending(&database).await?;
        at.later(HOUR).await?;
        at.world.governance.cancel_breaker(&admin, app, None, "they stay for another week").await?;
        at.settle().await?;
        assert_eq!(editors(&at), EDITORS - 10);
        let cancelled = at.jobs().await?.iter().filter(|job| *job == "revoke cancelled").count();
        assert_eq!(cancelled, EDITORS - 10);
        assert!(at.world.governance.breakers(&admin).await?.is_empty());
    }
}
