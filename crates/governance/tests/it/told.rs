//! Rows of the table of governance §3.11 that other tests do not come by.

use domain::actor::{Actor, Part};
use domain::audit::{Event, Object, Via};
use domain::notice::Template;
use domain::person::Step;
use domain::policy::Overdue;
use governance::connector::ConnectorEdit;
use jiff::SignedDuration;
use testkit::database::Database;

use crate::office::{ADA, HOUR, Office, id};
use crate::steps::{asking, limited, manager, pass};

const DAY: SignedDuration = SignedDuration::from_hours(24);

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_p_7_assignees_are_reminded_at_half_time() -> anyhow::Result<()> {
    let database = Database::sqlite()?;
    let office = Office::new(&database, "app_owner").await?;
    office.decided_by("Limited", asking(vec![limited(manager(), Overdue::Skip)])).await?;
    office.ask(&office.ada, 4).await?;
    pass(&office, HOUR * 2).await?;
    assert_eq!(office.inbox(&office.ben).await?, ["step.opened", "step.reminded"]);
    assert!(office.inbox(&office.ada).await?.is_empty());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn whoever_is_left_to_own_an_app_is_told() -> anyhow::Result<()> {
    let database = Database::sqlite()?;
    let office = Office::new(&database, "app_owner").await?;
    let governance = &office.at.world.governance;
    let app = office.app().await?;
    let owners = vec![id(&office.owner), id(&office.ben), id(&office.cy)];
    let version = governance.app(&office.admin, app).await?.version;
    governance.set_app_owners(&office.admin, app, Some(version), owners).await?;
    governance.move_person(&office.admin, id(&office.cy), None, Step::Leave, "a new job").await?;
    assert!(office.inbox(&office.owner).await?.is_empty(), "there is another owner");
    governance.move_person(&office.admin, id(&office.ben), None, Step::Leave, "a new job").await?;
    assert_eq!(office.inbox(&office.owner).await?, ["app.owner_left"]);
    let notice = office.notice(&office.owner, Template::OwnerLeft).await?;
    assert_eq!((notice.object.kind.as_str(), notice.object.id), ("app", app.to_string()));
    assert!(notice.person.is_some() && notice.app.is_some());
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_g18_the_holder_hears_that_access_lasts_longer() -> anyhow::Result<()> {
    let database = Database::sqlite()?;
    let mut office = Office::new(&database, "app_owner").await?;
    office.at.members.insert(ADA.to_owned(), "editor".to_owned());
    office.at.sync().await?;
    let governance = &office.at.world.governance;
    let grant = office.at.held(ADA, "editor").await?.unwrap();
    let now = office.at.world.store().now();
    let ends = |hours: i64| now + HOUR * i32::try_from(hours).unwrap();
    governance.set_expiry(&office.owner, grant.id, None, Some(ends(4))).await?;
    assert!(office.inbox(&office.ada).await?.is_empty(), "R-D-3 tells of ends");
    governance.set_expiry(&office.owner, grant.id, None, Some(ends(8))).await?;
    assert_eq!(office.inbox(&office.ada).await?, ["grant.extended"]);
    assert_eq!(office.notice(&office.ada, Template::GrantExtended).await?.ends_at, Some(ends(8)));
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn t_h1_whoever_looks_after_a_connector_hears_of_a_hold_once_a_day() -> anyhow::Result<()> {
    let database = Database::sqlite()?;
    let mut office = Office::new(&database, "app_owner").await?;
    let edit = ConnectorEdit { owners: Some(vec![id(&office.cy)]), ..ConnectorEdit::default() };
    office.at.world.governance.edit_connector(&office.admin, office.at.connector, None, edit).await?;
    assert_eq!(office.inbox(&office.cy).await?, ["connector.set_up_asked"]);

    office.at.members.clear();
    for expected in [1, 1, 2] {
        office.at.sync().await?;
        let told = office.inbox(&office.cy).await?;
        assert_eq!(told.iter().filter(|told| **told == "hold.opened").count(), expected, "{told:?}");
        office.at.later(DAY / 2).await?;
    }
    Ok(())
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn r_l_4_super_administrators_hear_once_that_many_would_leave() -> anyhow::Result<()> {
    let database = Database::sqlite()?;
    let office = Office::new(&database, "app_owner").await?;
    for person in [&office.ada, &office.ben] {
        let mut tx = office.at.world.store().begin().await?;
        let object = Object::new("person", id(person));
        tx.audit(Event::new(&Actor::System(Part::System), Via::Rest, "person.leaving_held", object));
        tx.commit().await?;
    }
    assert_eq!(office.inbox(&office.admin).await?, ["person.leaving_held"]);
    let path = office.notice(&office.admin, Template::LeavingHeld).await?.words(Template::LeavingHeld).path;
    assert_eq!(path, "/people");
    Ok(())
}
