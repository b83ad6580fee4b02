//! What is set about requests, level above level, and what is said about how much harm access can do.

use domain::classification::{Classification, Risk};
use domain::policy::Kind;
use domain::request::State;
use governance::Code;
use governance::request::NewRequest;
use serde_json::{Value, json};
use store::request_setting::{Of, Setting};
use store::{classification, request_setting};

use crate::office::{HOUR, Office};

/// Sets one thing about requests, and leaves the others.
async fn set(
    office: &Office,
    who: &governance::Caller,
    of: Of,
    change: impl FnOnce(&mut Setting),
) -> governance::Result<Setting> {
    let governance = &office.at.world.governance;
    let mut own = governance.request_setting(who, of).await?.own;
    change(&mut own);
    Ok(governance.set_request_setting(who, of, None, own).await?.value.effective)
}

async fn classify(
    office: &Office,
    of: classification::Of,
    risk: Option<Risk>,
    tags: &[&str],
) -> governance::Result<Classification> {
    let tags = tags.iter().map(|&tag| tag.to_owned()).collect();
    let wished = Classification { risk_level: risk, tags, frameworks: Vec::new() };
    let governance = &office.at.world.governance;
    Ok(governance.set_classification(&office.owner, of, None, wished).await?.value.effective)
}

async fn made(office: &Office, name: &str, policy: Value) -> anyhow::Result<ids::PolicyId> {
    let policy = serde_json::from_value(policy)?;
    Ok(office.at.world.governance.create_policy(&office.admin, name, Kind::Request, policy).await?.value.id)
}

testkit::on_both_engines! {
    async fn r_a_7_the_entitlement_then_the_app_then_everything(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let (app, editor) = (Of::App(office.app().await?), Of::Entitlement(office.editor));
        let all = Of::Tenant(office.at.world.store().tenant());

        let refused = set(&office, &office.owner, all, |own| own.max_duration = Some(HOUR)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        set(&office, &office.admin, all, |own| {
            own.max_duration = Some(HOUR * 2);
            own.default_duration = Some(HOUR);
        })
        .await?;
        // The entitlement says eight hours itself; the rest comes from above.
        let effective = governance.request_setting(&office.admin, editor).await?.effective;
        assert_eq!((effective.max_duration, effective.default_duration), (Some(HOUR * 8), Some(HOUR)));
        let effective = set(&office, &office.owner, editor, |own| own.max_duration = None).await?;
        assert_eq!(effective.max_duration, Some(HOUR * 2), "from the tenant");
        let effective = set(&office, &office.owner, app, |own| own.max_duration = Some(HOUR * 4)).await?;
        assert_eq!(effective.max_duration, Some(HOUR * 4));
        let effective = governance.request_setting(&office.admin, editor).await?.effective;
        assert_eq!(effective.max_duration, Some(HOUR * 4), "from the app, which stands before the tenant");

        let error = office.ask(&office.ada, 5).await.unwrap_err();
        assert_eq!(error.field(), Some("duration"));
        let new = NewRequest { entitlement: Some(office.editor), ..NewRequest::default() };
        assert_eq!(governance.submit_request(&office.ada, new).await?.value.request.duration, Some(HOUR));
    }

    async fn r_a_7_a_policy_that_is_everybodys_default_is_in_use(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let all = Of::Tenant(office.at.world.store().tenant());
        let policy = made(&office, "Yes", json!({"rules": [], "baseline": {"type": "approve"}})).await?;
        set(&office, &office.admin, all, |own| own.request_policy = Some(policy)).await?;
        set(&office, &office.owner, Of::Entitlement(office.editor), |own| own.request_policy = None).await?;
        assert_eq!(office.ask(&office.ada, 1).await?.value.request.state, State::Approved);
        let kept = governance.delete_policy(&office.admin, policy, None).await.unwrap_err();
        assert_eq!(kept.code(), Code::FailedPrecondition);
        set(&office, &office.admin, all, |own| own.request_policy = None).await?;
        governance.delete_policy(&office.admin, policy, None).await?;
    }

    async fn r_p_3_nobody_lets_themselves_have_what_can_do_much_harm(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let editor = Of::Entitlement(office.editor);
        let harm = classification::Of::Entitlement(office.editor);
        let myself = json!({"type": "steps", "steps": [{"who": {"type": "self"}}]});
        let alone = made(&office, "Myself", json!({"rules": [], "baseline": myself})).await?;
        let both = json!({"type": "steps", "steps": [{"who": {"type": "self"}}, {"who": {"type": "app_owner"}}]});
        let both = made(&office, "Myself, then the owner", json!({"rules": [], "baseline": both})).await?;

        set(&office, &office.owner, editor, |own| own.request_policy = Some(alone)).await?;
        for (risk, fine) in [(Risk::Medium, true), (Risk::High, false), (Risk::Critical, false)] {
            let classified = classify(&office, harm, Some(risk), &[]).await;
            assert_eq!(classified.as_ref().err().map(governance::Error::field), (!fine).then_some(Some("requestPolicyId")), "{risk}");
        }
        set(&office, &office.owner, editor, |own| own.request_policy = Some(both)).await?;
        classify(&office, harm, Some(Risk::High), &[]).await?;
        let error = set(&office, &office.owner, editor, |own| own.request_policy = Some(alone)).await.unwrap_err();
        assert_eq!((error.code(), error.field()), (Code::InvalidArgument, Some("requestPolicyId")));
        assert!(error.detail().contains("high"), "{}", error.detail());

        // What does much harm is often said of the app, after the policy was chosen: then it is refused to whoever asks.
        classify(&office, harm, None, &[]).await?;
        set(&office, &office.owner, editor, |own| own.request_policy = Some(alone)).await?;
        let version = governance.classification(&office.owner, harm).await?.version;
        let app = classification::Of::App(office.app().await?);
        classify(&office, app, Some(Risk::Critical), &[]).await?;
        assert_eq!(governance.classification(&office.owner, harm).await?.version, version);
        let error = office.ask(&office.ada, 1).await.unwrap_err();
        assert_eq!(error.code(), Code::FailedPrecondition);
        assert!(error.detail().contains("nobody but the person themselves"), "{}", error.detail());

        // Only a Super Administrator answers for it.
        let refused = set(&office, &office.owner, editor, |own| own.is_self_approval_allowed = Some(true)).await;
        assert_eq!(refused.unwrap_err().code(), Code::PermissionDenied);
        set(&office, &office.admin, editor, |own| own.is_self_approval_allowed = Some(true)).await?;
        let asked = office.ask(&office.ada, 1).await?.value.request;
        assert_eq!(office.answer(&office.ada, asked.id, governance::request::Decision::Approve).await?, State::Approved);
    }

    async fn policies_know_people_and_what_is_asked_for(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let app = classification::Of::App(office.app().await?);
        let editor = classification::Of::Entitlement(office.editor);
        classify(&office, app, Some(Risk::High), &["design"]).await?;
        let effective = classify(&office, editor, Some(Risk::Medium), &["paid"]).await?;
        assert_eq!(effective.tags, ["design", "paid"]);
        for (condition, state) in [
            ("'cheap' in entitlement.tags", State::Denied),
            ("'paid' in app.tags", State::Denied),
            ("subject.department == 'Design'", State::Denied),
            (
                "app.risk_level == 'high' && entitlement.risk_level == 'medium' && 'design' in entitlement.tags",
                State::Approved,
            ),
        ] {
            let policy = json!({
                "rules": [{"condition": condition, "action": {"type": "approve"}}],
                "baseline": {"type": "deny"},
            });
            office.decided_by(condition, serde_json::from_value(policy)?).await?;
            let request = office.ask(&office.ada, 1).await?.value.request;
            assert_eq!(request.state, state, "{condition}");
        }
    }
}

/// A setting that leaves everything open leaves all of what is above it.
#[test]
fn nothing_set_is_nothing_changed() {
    let above = Setting { max_duration: Some(HOUR), is_self_approval_allowed: Some(false), ..Setting::default() };
    assert_eq!(request_setting::Setting::default().or(above), above);
}
