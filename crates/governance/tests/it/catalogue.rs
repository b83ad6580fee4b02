//! Apps without a connector, and what people give and take by hand (R-V-6, T-J2, T-J13).

use domain::actor::Role;
use domain::person::Step;
use domain::provision::Method;
use domain::request::State;
use governance::app::NewApp;
use governance::catalogue::{KeptEdit, NewEntitlement, NewResource};
use governance::provision::JobView;
use governance::request::NewRequest;
use governance::{Caller, Code};
use ids::{AppId, EntitlementId};
use store::Paging;
use store::inventory::list::AccountFilter;
use store::provisioning::Provisioning;
use store::request_setting::{Of, Setting};

use crate::office::{ADA, HOUR, Office, id};

/// What this person is to do by hand.
async fn by_hand(office: &Office, who: &Caller) -> anyhow::Result<Vec<JobView>> {
    Ok(office.at.world.governance.jobs_by_hand(who, Paging::first(10)).await?.rows)
}

/// An app of the owner without a connector, and a badge that may be asked for in it without approval.
async fn manual_app(office: &Office) -> anyhow::Result<(AppId, EntitlementId)> {
    let governance = &office.at.world.governance;
    let new = NewApp { name: "Front desk".to_owned(), owners: vec![id(&office.owner)], ..NewApp::default() };
    let app = governance.create_app(&office.admin, new).await?.value.id;
    let door = NewResource { name: "Door".to_owned(), ..NewResource::default() };
    let door = governance.create_resource(&office.owner, app, door).await?.value;
    let badge = NewEntitlement { resource: Some(door.id), name: "Badge".to_owned(), ..NewEntitlement::default() };
    let badge = governance.create_entitlement(&office.owner, app, badge).await?.value;
    assert_eq!((door.origin.as_str(), badge.origin.as_str()), ("manual", "virtual"));
    let setting = Setting {
        is_requestable: Some(true),
        request_policy: Some(office.policy("auto_approve").await?),
        ..Setting::default()
    };
    governance.set_request_setting(&office.owner, Of::App(app), None, setting).await?;
    Ok((app, badge.id))
}

fn asking(entitlement: EntitlementId) -> NewRequest {
    NewRequest { entitlement: Some(entitlement), duration: Some(HOUR), ..NewRequest::default() }
}

testkit::on_both_engines! {
    async fn r_v_6_an_app_without_a_connector_is_kept_by_people(database: Database) {
        let mut office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let (app, badge) = manual_app(&office).await?;
        let request = governance.submit_request(&office.ada, asking(badge)).await?.value.request;
        assert_eq!(request.state, State::Approved);
        let jobs = by_hand(&office, &office.owner).await?;
        assert_eq!(jobs.len(), 1);
        assert_eq!(jobs[0].assignees, [id(&office.owner)]);
        assert!(by_hand(&office, &office.ben).await?.is_empty() && by_hand(&office, &office.admin).await?.is_empty());
        let refused = governance.job_done_by_hand(&office.ben, jobs[0].job.id, None, None).await.unwrap_err();
        assert_eq!(refused.code(), Code::NotFound);
        governance.job_done_by_hand(&office.owner, jobs[0].job.id, None, Some("handed over")).await?;
        assert_eq!(office.state(request.id).await?, State::Fulfilled);
        let accounts = governance.accounts(&office.owner, app, AccountFilter::default(), Paging::first(10)).await?.rows;
        assert_eq!(accounts.len(), 1);
        assert_eq!(accounts[0].owner_person_id, Some(id(&office.ada)));
        let held = store::grant::held(&mut *office.at.world.store().read().await?, accounts[0].id, badge).await?.unwrap();
        assert!(held.expires_at.is_some());
        let in_use = governance.delete_entitlement(&office.owner, app, badge, None).await.unwrap_err();
        assert_eq!(in_use.code(), Code::FailedPrecondition);
        // Its time is over: a person takes it away.
        office.at.later(HOUR).await?;
        let jobs = by_hand(&office, &office.owner).await?;
        assert_eq!(jobs.len(), 1);
        governance.job_done_by_hand(&office.owner, jobs[0].job.id, None, None).await?;
        assert_eq!(office.at.periods_of(accounts[0].id).await?, ["Badge request ended(expired)"]);
        // A second time there is an account already.
        let again = governance.submit_request(&office.ada, asking(badge)).await?.value.request;
        assert_eq!(again.account_id, Some(accounts[0].id));
    }

    async fn t_j13_what_is_declined_fails_and_can_be_tried_again(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let (_, badge) = manual_app(&office).await?;
        let request = governance.submit_request(&office.ada, asking(badge)).await?.value.request;
        let job = by_hand(&office, &office.owner).await?.remove(0).job;
        governance.decline_job(&office.owner, job.id, None, "no badges left").await?;
        assert_eq!(office.state(request.id).await?, State::Failed);
        governance.retry_request(&office.owner, request.id, None).await?;
        let job = by_hand(&office, &office.owner).await?.remove(0).job;
        governance.job_done_by_hand(&office.owner, job.id, None, None).await?;
        assert_eq!(office.state(request.id).await?, State::Fulfilled);
    }

    async fn t_j2_provisioners_first_then_owners_then_super_administrators(database: Database) {
        let office = Office::new(&database, "app_owner").await?;
        let governance = office.at.world.governance.clone();
        let (app, badge) = manual_app(&office).await?;
        let wished = Provisioning {
            method: Method::Manual,
            provisioners: vec![id(&office.cy)],
            instructions: "Ring at the back door.".to_owned(),
            version: 0,
        };
        governance.set_provisioning(&office.owner, app, badge, None, wished).await?;
        governance.submit_request(&office.ada, asking(badge)).await?;
        let job = by_hand(&office, &office.cy).await?.remove(0);
        assert_eq!(job.instructions, "Ring at the back door.");
        assert!(by_hand(&office, &office.owner).await?.is_empty());
        governance.move_person(&office.admin, id(&office.cy), None, Step::Suspend, "away").await?;
        assert_eq!(by_hand(&office, &office.owner).await?.len(), 1);
        governance.move_person(&office.admin, id(&office.owner), None, Step::Suspend, "away").await?;
        let last_resort = governance.provision_job(&office.admin, job.job.id).await?.assignees;
        assert!(last_resort.contains(&id(&office.admin)) && !last_resort.contains(&id(&office.owner)));
        assert_eq!(by_hand(&office, &office.admin).await?.len(), 1);
    }

    async fn r_v_6_a_connector_leaves_alone_what_people_keep_and_what_they_give_by_hand(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        let governance = office.at.world.governance.clone();
        let app = office.app().await?;
        let parking = NewEntitlement { name: "Parking".to_owned(), ..NewEntitlement::default() };
        let parking = governance.create_entitlement(&office.owner, app, parking).await?.value.id;
        let setting = Setting {
            is_requestable: Some(true),
            request_policy: Some(office.policy("auto_approve").await?),
            ..Setting::default()
        };
        governance.set_request_setting(&office.owner, Of::Entitlement(parking), None, setting).await?;
        let mut of_editor = governance.provisioning(&office.owner, app, office.editor).await?;
        of_editor.method = Method::Manual;
        governance.set_provisioning(&office.owner, app, office.editor, None, of_editor).await?;
        governance.submit_request(&office.ada, asking(parking)).await?;
        office.ask(&office.ada, 4).await?;
        office.at.settle().await?;
        assert!(office.at.asked.is_empty(), "{:?}", office.at.asked);
        for view in by_hand(&office, &office.owner).await? {
            governance.job_done_by_hand(&office.owner, view.job.id, None, None).await?;
        }
        office.at.members.insert(ADA.to_owned(), "editor".to_owned());
        office.at.sync().await?;
        office.at.sync().await?;
        let mut periods = office.at.periods(ADA).await?;
        periods.sort();
        assert_eq!(periods, ["Parking request active", "editor request active", "viewer initial ended(replaced)"]);
        assert_eq!(office.at.jobs().await?, ["grant reported", "swap confirmed"]);
        let synced = governance.edit_entitlement(&office.owner, app, office.editor, None, KeptEdit::default()).await;
        assert_eq!(synced.unwrap_err().code(), Code::FailedPrecondition);
        let stranger = office.at.world.person(&[Role::User]).await?;
        let hidden = governance.delete_entitlement(&stranger, app, parking, None).await.unwrap_err();
        assert_eq!(hidden.code(), Code::NotFound);
    }
}
