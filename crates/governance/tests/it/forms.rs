//! What whoever asks has to answer (R-Q-5).

use domain::form::Field;
use domain::policy::Kind;
use domain::request::State;
use governance::Code;
use governance::request::NewRequest;
use serde_json::{Value, json};
use store::request_setting::Of;

use crate::office::{HOUR, Office};

fn fields(of: Value) -> Vec<Field> {
    serde_json::from_value(of).unwrap()
}

fn asking(office: &Office, form: &Value) -> NewRequest {
    NewRequest {
        entitlement: Some(office.editor),
        duration: Some(HOUR),
        form: form.as_object().unwrap().clone(),
        ..NewRequest::default()
    }
}

testkit::on_both_engines! {
    async fn r_q_5_answers_are_checked_kept_and_known_to_policies(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let app = office.app().await?;
        let form = governance
            .create_form(&office.admin, "Why", fields(json!([
                {"key": "ticket", "label": "Ticket", "required": true, "answer": {"type": "text"}},
                {"key": "site", "label": "Site", "answer": {"type": "choice", "options": ["Bern", "Oslo"]}},
            ])))
            .await?
            .value;
        let refused = governance.create_form(&office.owner, "Mine", form.fields.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        governance.set_entitlement_form(&office.owner, app, office.editor, Some(form.id)).await?;
        assert_eq!(governance.entitlement_form(&office.ada, app, office.editor).await?, Some(form.clone()));
        assert_eq!(
            governance.delete_form(&office.admin, form.id, None).await.unwrap_err().code(),
            Code::FailedPrecondition
        );
        let policy = json!({
            "rules": [{"condition": "request.form.site == 'Bern'", "action": {"type": "approve"}}],
            "baseline": {"type": "deny"},
        });
        let policy = governance
            .create_policy(&office.admin, "Bern only", Kind::Request, serde_json::from_value(policy)?)
            .await?
            .value
            .id;
        let of = Of::Entitlement(office.editor);
        let mut setting = governance.request_setting(&office.owner, of).await?.own;
        setting.request_policy = Some(policy);
        governance.set_request_setting(&office.owner, of, None, setting).await?;

        for (wrong, field) in [
            (json!({}), "form.ticket"),
            (json!({"ticket": "T-1", "site": "Rome"}), "form.site"),
            (json!({"ticket": "T-1", "other": 1}), "form.other"),
        ] {
            let error = governance.submit_request(&office.ada, asking(&office, &wrong)).await.unwrap_err();
            assert_eq!((error.code(), error.field()), (Code::InvalidArgument, Some(field)));
        }
        for (site, state) in [(json!("Oslo"), State::Denied), (Value::Null, State::Denied), (json!("Bern"), State::Approved)] {
            let given = json!({"ticket": " T-1 ", "site": site});
            let request = governance.submit_request(&office.ada, asking(&office, &given)).await?.value.request;
            assert_eq!(request.state, state, "{given}");
            assert_eq!(request.form["ticket"], "T-1");
            assert_eq!(governance.request(&office.owner, request.id).await?.request.form, request.form);
        }
        governance.set_entitlement_form(&office.owner, app, office.editor, None).await?;
        governance.delete_form(&office.admin, form.id, Some(1)).await?;
        let given = json!({"ticket": "T-1"});
        let parking = governance.submit_request(&office.ben, asking(&office, &given)).await.unwrap_err();
        assert_eq!(parking.field(), Some("form"), "nothing is asked any more");
    }
}
