//! Connectors: added to each kind of app, edited, paused, deleted.

use auth::credential::Rotation;
use domain::actor::Role;
use domain::connector::{Hosting, Status};
use domain::schedule::Schedule;
use governance::connector::{AppChoice, ConnectorEdit, NewConnector};
use governance::{Caller, Code};
use ids::{AppId, SystemRng};
use store::app::App;

use crate::world::World;

fn new(app: AppChoice) -> NewConnector {
    NewConnector { catalog_id: "whimsical".to_owned(), hosting: None, display_name: None, app, owners: Vec::new() }
}

async fn found_app(world: &World) -> anyhow::Result<AppId> {
    let mut tx = world.store().begin().await?;
    let (tenant, now) = (tx.tenant(), tx.now());
    let app = App {
        id: AppId::new(now, &SystemRng),
        name: "Found".to_owned(),
        description: String::new(),
        state: "unmanaged".to_owned(),
        discovered_by_app_id: None,
        leaver_rule: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::app::insert(tx.conn(), tenant, &app).await?;
    tx.commit().await?;
    Ok(app.id)
}

async fn app(world: &World, id: AppId) -> anyhow::Result<App> {
    Ok(store::app::find(&mut *world.store().read().await?, world.store().tenant(), id).await?.unwrap())
}

testkit::on_both_engines! {
    async fn r_a_1_an_unmanaged_app_becomes_managed_once(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::ConnectorAdministrator]).await?;
        let id = found_app(&world).await?;
        let refused = world.governance.create_connector(&admin, new(AppChoice::Managed(id))).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        let view = world.governance.create_connector(&admin, new(AppChoice::Unmanaged(id))).await?.value;
        assert_eq!((view.connector.app_id, view.status), (id, Status::Incomplete));
        assert_eq!(app(&world, id).await?.state, "managed");
        let owners = store::app::owners(&mut *world.store().read().await?, id).await?;
        assert_eq!(owners, [admin.actor.person().unwrap()]);
        let refused = world.governance.create_connector(&admin, new(AppChoice::Unmanaged(id))).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        // R-A-2: a second source of the same app.
        let second = world.governance.create_connector(&admin, new(AppChoice::Managed(id))).await?.value;
        assert_eq!(second.connector.app_id, id);
    }

    async fn r_a_3_the_name_of_a_new_app_is_made_unique_with_a_number(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::ConnectorAdministrator]).await?;
        for name in ["Whimsical", "Whimsical 2", "Whimsical 3"] {
            let view = world.governance.create_connector(&admin, new(AppChoice::New { name: None })).await?.value;
            assert_eq!(app(&world, view.connector.app_id).await?.name, name);
            assert_eq!((view.owners, view.connector.hosting), (vec![admin.actor.person().unwrap()], Hosting::Hosted));
        }
        let taken = new(AppChoice::New { name: Some("Whimsical 2".to_owned()) });
        let refused = world.governance.create_connector(&admin, taken).await.unwrap_err();
        assert_eq!(refused.code(), Code::AlreadyExists);
    }

    async fn t_c1_nobody_else_adds_a_connector_and_nothing_is_left(database: Database) {
        let world = World::new(&database).await?;
        let id = found_app(&world).await?;
        for role in [Role::CampaignAdministrator, Role::Auditor, Role::Helpdesk, Role::User] {
            let caller = world.person(&[role]).await?;
            for choice in [AppChoice::Unmanaged(id), AppChoice::New { name: None }] {
                let refused = world.governance.create_connector(&caller, new(choice)).await.unwrap_err();
                assert_eq!(refused.code(), Code::PermissionDenied, "{role}");
            }
        }
        assert_eq!(app(&world, id).await?.state, "unmanaged");
        assert_eq!(world.audit().await?, Vec::<String>::new());
    }

    async fn an_edit_of_what_somebody_else_changed_is_aborted_and_a_repeated_one_writes_nothing(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::SuperAdministrator]).await?;
        let id = world.connector().await?;
        let wish = ConnectorEdit {
            display_name: Some("Ours".to_owned()),
            schedule: Some(Schedule::every(15)),
            ..ConnectorEdit::default()
        };
        let edit = async |version| world.governance.edit_connector(&admin, id, version, wish.clone()).await;
        let changed = edit(Some(1)).await?;
        assert_eq!((changed.value.connector.version, changed.seq.is_some()), (2, true));
        let rows = world.audit().await?.len();
        assert_eq!(edit(Some(1)).await.unwrap_err().code(), Code::Aborted);
        let again = edit(Some(2)).await?;
        assert_eq!((again.value.connector.version, again.seq), (2, None));
        let short = ConnectorEdit { schedule: Some(Schedule::every(14)), ..ConnectorEdit::default() };
        let refused = world.governance.edit_connector(&admin, id, None, short).await.unwrap_err();
        assert_eq!((refused.code(), refused.field()), (Code::InvalidArgument, Some("schedule")));
        assert_eq!(world.audit().await?.len(), rows);
    }

    async fn t_c8_a_pause_needs_a_reason_and_calls_the_open_sync_off(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::ConnectorAdministrator]).await?;
        let id = world.connector().await?;
        let sync = world.governance.sync_now(&admin, id).await?.value;
        let folded = world.governance.sync_now(&admin, id).await?;
        assert_eq!((folded.value.id, folded.seq), (sync.id, None), "T-S1: the second wish is the first");
        let refused = world.governance.pause_connector(&admin, id, "  ").await.unwrap_err();
        assert_eq!(refused.field(), Some("reason"));
        let paused = world.governance.pause_connector(&admin, id, "moving house").await?.value;
        assert_eq!(paused.status, Status::Disabled);
        assert!(paused.reason.contains("moving house"), "{}", paused.reason);
        assert_eq!(paused.open_sync, None);
        assert!(store::task::open_of(&mut *world.store().read().await?, id).await?.is_empty());
        assert_eq!(world.governance.pause_connector(&admin, id, "again").await?.seq, None);
        assert_eq!(world.governance.sync_now(&admin, id).await.unwrap_err().code(), Code::FailedPrecondition);
        assert!(world.governance.resume_connector(&admin, id).await?.seq.is_some());
        assert_eq!(world.governance.resume_connector(&admin, id).await?.seq, None);
        assert!(world.governance.sync_now(&admin, id).await?.seq.is_some());
    }

    async fn t_c9_a_connector_is_deleted_by_its_typed_name_and_its_credentials_end(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::ConnectorAdministrator]).await?;
        let id = world.connector().await?;
        let issued = world.governance.rotate(&admin, id, &Rotation::default()).await?.value;
        let view = world.governance.connector(&admin, id).await?;
        assert_eq!(view.status, Status::Waiting, "T-C3");
        let delete = async |caller: Caller, name: &str| world.governance.delete_connector(&caller, id, None, name).await;
        let owner = Caller::new(
            domain::actor::Actor::Person { id: view.owners[0], roles: [Role::User].into(), token: None },
            domain::audit::Via::Rest,
        );
        let name = view.connector.display_name;
        assert_eq!(delete(owner, &name).await.unwrap_err().code(), Code::PermissionDenied, "owners edit, and no more");
        let stranger = world.person(&[Role::User]).await?;
        assert_eq!(delete(stranger, &name).await.unwrap_err().code(), Code::NotFound, "R-API-2");
        assert_eq!(delete(admin.clone(), "baton").await.unwrap_err().field(), Some("name"));
        delete(admin.clone(), &name).await?;
        assert_eq!(world.governance.connector(&admin, id).await.unwrap_err().code(), Code::NotFound);
        let (store, tenant) = (world.store(), world.store().tenant());
        let credential = store::credential::get(&mut *store.read().await?, tenant, issued.credential.id).await?.unwrap();
        assert_eq!(credential.state.name(), "revoked");
        assert_eq!(world.governance.verify_audit(&world.person(&[Role::Auditor]).await?).await?.faults, []);
    }
}
