//! Entitlements that are asked for as one (R-Q-2, R-Q-3).

use domain::bundle::Audience;
use domain::request::State;
use governance::catalogue::{BundleEdit, NewEntitlement, Wish};
use governance::request::Decision;
use governance::{Caller, Code};
use ids::{BundleId, EntitlementId};
use store::Paging;
use store::request_setting::{Of, Setting};

use crate::office::{HOUR, Office, id};

/// A bundle of the editor role, which the owner of the app decides about, a parking space, which everybody gets, and the
/// viewer role, which nobody may ask for.
async fn bundle(office: &Office) -> anyhow::Result<(BundleId, EntitlementId)> {
    let governance = &office.at.world.governance;
    let app = office.app().await?;
    let parking = NewEntitlement { name: "Parking".to_owned(), ..NewEntitlement::default() };
    let parking = governance.create_entitlement(&office.owner, app, parking).await?.value.id;
    let setting = Setting {
        is_requestable: Some(true),
        request_policy: Some(office.policy("auto_approve").await?),
        ..Setting::default()
    };
    governance.set_request_setting(&office.owner, Of::Entitlement(parking), None, setting).await?;
    let viewer = office.at.entitlement("viewer").await?;
    let new = BundleEdit {
        name: Some("Workshop".to_owned()),
        entitlements: Some(vec![office.editor, parking, viewer, office.editor]),
        owners: Some(vec![id(&office.cy)]),
        ..BundleEdit::default()
    };
    let made = governance.create_bundle(&office.admin, new).await?.value;
    assert_eq!(made.entitlements, [office.editor, parking, viewer], "each part once");
    Ok((made.id, parking))
}

fn wish() -> Wish {
    Wish { duration: Some(HOUR), reason: "workshop".to_owned(), ..Wish::default() }
}

async fn seen(office: &Office, who: &Caller) -> anyhow::Result<usize> {
    Ok(office.at.world.governance.bundles(who, Paging::first(10)).await?.rows.len())
}

testkit::on_both_engines! {
    async fn r_q_2_each_part_is_decided_by_its_own_policy_and_r_q_3_asked_for_once(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let (workshop, parking) = bundle(&office).await?;
        let parts = governance.request_bundle(&office.ada, workshop, wish()).await?;
        let states: Vec<_> = parts
            .iter()
            .map(|part| match &part.request {
                Ok(written) => Ok(written.value.request.state),
                Err(error) => Err(error.code()),
            })
            .collect();
        assert_eq!(states, [Ok(State::Open), Ok(State::Approved), Err(Code::FailedPrecondition)]);
        let first = parts[0].request.as_ref().unwrap().value.request.clone();
        assert_eq!((first.bundle_id, first.duration), (Some(workshop), Some(HOUR)));
        let filter = store::request::Filter { bundle: Some(workshop), ..Default::default() };
        let listed = governance.requests(&office.ada, filter, Paging::first(10)).await?.rows;
        assert_eq!(listed.len(), 2);

        let again = governance.request_bundle(&office.ada, workshop, wish()).await?;
        let known = again[0].request.as_ref().unwrap();
        assert_eq!((known.value.request.id, known.seq), (first.id, None));
        office.answer(&office.owner, first.id, Decision::Approve).await?;
        office.at.settle().await?;
        assert_eq!(office.state(first.id).await?, State::Fulfilled);
        assert!(office.story(first.id).await?.contains(&"request.created".to_owned()));
        let held = governance.request_bundle(&office.ada, workshop, wish()).await?;
        assert_eq!(held[0].request.as_ref().unwrap_err().code(), Code::FailedPrecondition, "it is held");
        assert!(held.iter().any(|part| part.entitlement == parking && part.request.is_ok()));
    }

    async fn r_q_2_a_bundle_is_for_its_audience(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let (workshop, _) = bundle(&office).await?;
        assert_eq!((seen(&office, &office.ada).await?, seen(&office, &office.ben).await?), (1, 1));
        let viewer = office.at.entitlement("viewer").await?;
        let edit = BundleEdit {
            audience: Some(Audience::Holders),
            holders_of: Some(vec![viewer]),
            ..BundleEdit::default()
        };
        let refused = governance.edit_bundle(&office.ben, workshop, None, edit.clone()).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
        governance.edit_bundle(&office.cy, workshop, Some(1), edit.clone()).await?;
        assert!(governance.edit_bundle(&office.cy, workshop, None, edit.clone()).await?.seq.is_none());
        assert_eq!(governance.edit_bundle(&office.cy, workshop, Some(1), edit).await.unwrap_err().code(), Code::Aborted);
        assert_eq!((seen(&office, &office.ada).await?, seen(&office, &office.ben).await?), (1, 0));
        assert_eq!(seen(&office, &office.cy).await?, 1, "its owner sees it");
        let none = governance.request_bundle(&office.ben, workshop, wish()).await.unwrap_err();
        assert_eq!(none.code(), Code::NotFound);
        // The manager asks for Ada, who is a viewer.
        let for_ada = Wish { for_person: Some(id(&office.ada)), ..wish() };
        assert!(governance.request_bundle(&office.ben, workshop, for_ada.clone()).await?[0].request.is_ok());
        assert_eq!(governance.request_bundle(&office.cy, workshop, for_ada).await.unwrap_err().code(), Code::PermissionDenied);
        governance.delete_bundle(&office.cy, workshop, None).await?;
        assert_eq!(governance.bundle(&office.admin, workshop).await.unwrap_err().code(), Code::NotFound);
    }

    async fn r_q_2_a_bundle_names_what_there_is(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let (workshop, _) = bundle(&office).await?;
        let unknown = EntitlementId::new(office.at.world.store().now(), &ids::SystemRng);
        for (edit, field) in [
            (BundleEdit { entitlements: Some(Vec::new()), ..BundleEdit::default() }, "entitlements"),
            (BundleEdit { entitlements: Some(vec![unknown]), ..BundleEdit::default() }, "entitlements"),
            (BundleEdit { holders_of: Some(vec![unknown]), ..BundleEdit::default() }, "holdersOf"),
            (BundleEdit { name: Some(" ".to_owned()), ..BundleEdit::default() }, "name"),
        ] {
            let error = governance.edit_bundle(&office.admin, workshop, None, edit).await.unwrap_err();
            assert_eq!((error.code(), error.field()), (Code::InvalidArgument, Some(field)));
        }
        let same = BundleEdit {
            name: Some("Workshop".to_owned()),
            entitlements: Some(vec![office.editor]),
            ..BundleEdit::default()
        };
        assert_eq!(governance.create_bundle(&office.admin, same).await.unwrap_err().code(), Code::AlreadyExists);
    }
}
