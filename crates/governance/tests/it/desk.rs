//! Connectors that vanish, that cannot, that fall silent; and the switches that stop everything.

use auth::credential::Rotation;
use domain::actor::Role;
use domain::request::State;
use domain::switch::Switch;
use governance::Code;

use governance::connector::task::TaskWish;
use jiff::SignedDuration;

use crate::office::Office;
use crate::workplace::Manner;

const MINUTE: SignedDuration = SignedDuration::from_mins(1);
const ADA: &str = "ada@example.com";

impl Office {
    /// So many rows of the audit log have this action.
    async fn told(&self, action: &str) -> anyhow::Result<usize> {
        let action = format!("\"action\":\"{action}\"");
        Ok(self.at.world.audit().await?.iter().filter(|row| row.contains(&action)).count())
    }

    /// A lease passes, and its loss is seen.
    async fn lose(&mut self) -> anyhow::Result<()> {
        self.at.world.clock.advance(MINUTE * 16);
        assert_eq!(self.at.desk.sweep().await?, 1);
        Ok(())
    }

    async fn switch(&self, switch: Switch, is_on: bool) -> anyhow::Result<()> {
        self.at.world.governance.set_switches(&self.admin, &[(switch, is_on)], "an emergency").await?;
        Ok(())
    }
}

testkit::on_both_engines! {
    async fn d3_an_account_that_may_have_been_created_is_looked_for_before_it_is_asked_for_again(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        let new = office.at.world.person(&[Role::User]).await?;
        let login = format!("{}@example.com", new.actor.person().unwrap());
        let request = office.ask(&new, 4).await?.value.request.id;
        office.at.manner = Manner::DoesAndVanishes;
        office.at.settle().await?;
        office.lose().await?;
        office.at.manner = Manner::Honest;
        // The sync that was wished for shows it.
        office.at.settle().await?;
        assert_eq!(office.at.asked, [format!("create {login}"), format!("grant editor {login}")]);
        assert_eq!(office.state(request).await?, State::Fulfilled);
        assert_eq!(office.at.members[&login], "editor");

        // What was lost before it was done is done once more.
        let other = office.at.world.person(&[Role::User]).await?;
        let login = format!("{}@example.com", other.actor.person().unwrap());
        office.ask(&other, 4).await?;
        office.at.manner = Manner::Vanishes;
        office.at.settle().await?;
        office.lose().await?;
        office.at.manner = Manner::Honest;
        office.at.settle().await?;
        assert_eq!(office.at.asked[2..4], [format!("create {login}"), format!("create {login}")]);
        assert_eq!(office.at.members[&login], "viewer");
    }

    async fn t_j7_an_account_that_is_tried_again_later_is_not_taken_for_lost(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        let new = office.at.world.person(&[Role::User]).await?;
        let login = format!("{}@example.com", new.actor.person().unwrap());
        office.ask(&new, 4).await?;
        office.at.manner = Manner::Stumbles;
        office.at.settle().await?;
        office.at.sync_at_once().await?;
        assert_eq!(office.at.asked.len(), 1, "its pause is not over");
        office.at.manner = Manner::Honest;
        office.at.later(MINUTE).await?;
        assert_eq!(office.at.asked, [format!("create {login}"), format!("create {login}")]);
        assert_eq!(office.at.members[&login], "viewer");
    }

    async fn item_21_what_a_connector_cannot_do_goes_to_people_until_it_says_hello_again(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        office.at.manner = Manner::Cannot;
        office.ask(&office.ada, 1).await?;
        office.at.settle().await?;
        assert_eq!(office.at.jobs().await?, ["swap manual"]);
        assert_eq!(office.told("connector.capability_missing").await?, 1);
        let governance = office.at.world.governance.clone();
        let (account, entitlement) = (office.at.account(ADA).await?, office.editor);
        let by_hand = || TaskWish::Grant { account, entitlement };
        let refused = governance.create_task(&office.admin, office.at.connector, by_hand(), None).await.unwrap_err();
        assert!(refused.code() == Code::FailedPrecondition && refused.to_string().contains("cannot do `grant`"));
        let shown = governance.connector(&office.admin, office.at.connector).await?;
        assert_eq!(shown.connector.unsupported.len(), 1);

        // Another version of it may.
        office.at.manner = Manner::Honest;
        office.at.hello().await?;
        governance.create_task(&office.admin, office.at.connector, by_hand(), None).await?;
        office.at.settle().await?;
        assert_eq!(office.at.asked.len(), 2);
        assert_eq!(office.at.members[ADA], "editor");
    }

    async fn while_provisioning_is_off_nothing_is_changed_and_then_everything_is(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        office.switch(Switch::Provisioning, false).await?;
        let request = office.ask(&office.ada, 1).await?.value.request.id;
        office.at.later(MINUTE * 61).await?;
        assert!(office.at.asked.is_empty(), "{:?}", office.at.asked);
        office.switch(Switch::Provisioning, true).await?;
        office.switch(Switch::Provisioning, true).await?;
        office.at.settle().await?;
        assert_eq!(office.state(request).await?, State::Fulfilled);
        assert_eq!((office.told("switch.off").await?, office.told("switch.on").await?), (1, 1));

        // Access does not end while expiry is off, and ends soon after it is on again.
        office.switch(Switch::Expiry, false).await?;
        office.at.later(MINUTE * 90).await?;
        assert_eq!(office.at.members[ADA], "editor");
        office.switch(Switch::Expiry, true).await?;
        office.at.later(MINUTE).await?;
        assert_eq!(office.at.members[ADA], "viewer");

        let refused = office.at.world.governance.set_switches(&office.owner, &[], "mine").await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);
    }

    async fn t_c5_and_t_c7_who_falls_silent_and_who_is_back_is_told_once(database: Database) {
        let mut office = Office::new(&database, "auto_approve").await?;
        let governance = office.at.world.governance.clone();
        governance.rotate(&office.admin, office.at.connector, &Rotation::default()).await?;
        office.at.sync().await?;
        assert_eq!(office.told("connector.connected").await?, 1);
        office.at.sync().await?;
        assert_eq!(office.told("connector.connected").await?, 1, "only when the status changed");
        office.at.desk.flush_contacts().await?;
        office.at.world.clock.advance(MINUTE * 15);
        assert_eq!(governance.notice_silence().await?, 0);
        office.at.world.clock.advance(MINUTE);
        assert_eq!(governance.notice_silence().await?, 1);
        assert_eq!(governance.notice_silence().await?, 0);
        assert_eq!(office.told("connector.silent").await?, 1);
        office.at.settle().await?;
        office.at.desk.flush_contacts().await?;
        assert_eq!(governance.notice_silence().await?, 1);
        assert_eq!(office.told("connector.connected").await?, 2);
    }
}
