//! The audit log: its anchors.

use domain::actor::Role;
use jiff::SignedDuration;
use jiff::civil::date;
use store::Paging;
use store::audit::Fault;
use store::seal::SealKey;

use crate::world::World;

testkit::on_both_engines! {
    async fn each_day_is_anchored_once_and_a_chain_written_anew_shows(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::SuperAdministrator]).await?;
        world.connector().await?;
        assert_eq!(world.governance.anchor_audit().await?, None, "there is nothing from yesterday");
        world.clock.advance(SignedDuration::from_hours(16));
        let head = world.governance.audit_head(&admin).await?;
        world.governance.plan_upkeep().await?;
        world.run_due_jobs().await?;
        assert_eq!(world.governance.anchor_audit().await?, None, "once a day");
        // A server that was away for days anchors the last one.
        world.connector().await?;
        world.clock.advance(SignedDuration::from_hours(72));
        world.run_due_jobs().await?;
        let anchors = world.governance.audit_anchors(&admin, Paging::first(10)).await?;
        let days: Vec<_> = anchors.page.rows.iter().map(|anchor| anchor.day).collect();
        assert_eq!(days, [date(2026, 11, 26), date(2026, 11, 23)]);
        let first = &anchors.page.rows[1];
        assert_eq!((first.seq, &first.hash), (head.seq, &head.hash));
        assert!(anchors.keys.contains_key(&first.key_id));
        let verified = world.governance.verify_audit(&admin).await?;
        assert_eq!(verified.faults, []);
        let anchored = |row: &String| row.contains("audit.anchored");
        assert_eq!(world.audit().await?.iter().filter(|row| anchored(row)).count(), 2);

        // The whole chain is cut, and its head says so: only the anchors know.
        let last = anchors.page.rows[0].clone();
        let mut tx = world.store().begin().await?;
        sqlx::query("DELETE FROM audit_event WHERE seq >= $1").bind(first.seq).execute(tx.conn()).await?;
        let head = "UPDATE audit_head SET seq = $1, hash = (SELECT hash FROM audit_event WHERE seq = $1)";
        sqlx::query(head).bind(first.seq - 1).execute(tx.conn()).await?;
        let faults = store::audit::verify(tx.conn(), world.store().tenant()).await?.faults;
        assert_eq!(faults, [
            Fault::Anchor { day: first.day, seq: first.seq },
            Fault::Anchor { day: last.day, seq: last.seq },
        ]);
        drop(tx);

        // An anchor that is changed to fit is not signed; one that is taken away is missed.
        let mut tx = world.store().begin().await?;
        sqlx::query("UPDATE audit_anchor SET seq = seq - 1 WHERE day = '2026-11-23'").execute(tx.conn()).await?;
        sqlx::query("DELETE FROM audit_anchor WHERE day = '2026-11-26'").execute(tx.conn()).await?;
        tx.commit().await?;
        let faults = world.governance.verify_audit(&admin).await?.faults;
        assert!(matches!(faults[..], [
            Fault::Anchor { .. },
            Fault::NoAnchor { day, .. },
            Fault::Signature { day: forged },
        ] if day == last.day && forged == first.day), "{faults:?}");
        // Nor is a key of its own of use to whoever has the database only.
        let stranger = world.with_keys(&database, &[SealKey::generate(&ids::SeededRng::new(2))]).await?;
        let faults = stranger.governance.verify_audit(&admin).await?.faults;
        assert!(faults.contains(&Fault::Signature { day: first.day }), "{faults:?}");
    }
}
