//! R-AUDIT: the chain is gapless and shows every kind of tampering (governance §1.19).

use domain::actor::{Actor, Part};
use domain::audit::{Event, Object, Via};
use store::Store;
use store::audit::{Fault, Verified, verify};

use crate::open;

async fn append(store: &Store, count: usize) -> anyhow::Result<Option<i64>> {
    let mut tx = store.begin().await?;
    for n in 0..count {
        let object = Object::new("connector", format!("c{n}"));
        tx.audit(Event::new(&Actor::System(Part::Timer), Via::Timer, "connector.created", object));
    }
    Ok(tx.commit().await?)
}

async fn verified(store: &Store) -> anyhow::Result<Verified> {
    Ok(verify(&mut *store.read().await?, store.tenant()).await?)
}

testkit::on_both_engines! {
    async fn rows_are_numbered_without_gaps_also_from_many_writers(database: Database) {
        let (store, _) = open(&database).await?;
        assert_eq!(append(&store, 2).await?, Some(2));
        assert_eq!(append(&store, 0).await?, None);
        let mut writers = tokio::task::JoinSet::new();
        for _ in 0..20 {
            let store = store.clone();
            writers.spawn(async move { append(&store, 3).await });
        }
        for written in writers.join_all().await {
            written?;
        }
        let found = verified(&store).await?;
        assert_eq!((found.rows, found.faults), (62, vec![]));
    }

    async fn tampering_shows(database: Database) {
        let (store, _) = open(&database).await?;
        append(&store, 5).await?;
        let cases: [(&'static str, Vec<Fault>); 7] = [
            ("UPDATE audit_event SET event = replace(event, 'c1', 'cX') WHERE seq = 2",
             vec![Fault::Hash { seq: 2 }, Fault::Column { seq: 2 }]),
            ("UPDATE audit_event SET action = 'connector.deleted' WHERE seq = 3", vec![Fault::Column { seq: 3 }]),
            ("UPDATE audit_event SET at = at + 1000000 WHERE seq = 4", vec![Fault::Column { seq: 4 }]),
            ("UPDATE audit_event SET via = 'web' WHERE seq = 4", vec![Fault::Column { seq: 4 }]),
            ("UPDATE audit_event SET correlation_id = 'x' WHERE seq = 4", vec![Fault::Column { seq: 4 }]),
            ("DELETE FROM audit_event WHERE seq = 3",
             vec![Fault::Gap { expected: 3, found: 4 }, Fault::Hash { seq: 4 }]),
            ("DELETE FROM audit_event WHERE seq = 5", vec![Fault::Head { head: 5, last: 4 }]),
        ];
        for (statement, expected) in cases {
            // Tampered inside a transaction that is dropped, so that each case starts whole.
            let mut tx = store.begin().await?;
            sqlx::query(statement).execute(tx.conn()).await?;
            let tenant = store.tenant();
            assert_eq!(verify(tx.conn(), tenant).await?.faults, expected, "{statement}");
        }
    }
}
