//! Repeated requests get the first answer (governance §5).

use jiff::SignedDuration;
use store::idempotency::{Answer, Key, Known, answer, forget_expired, release, take};

use crate::open;

testkit::on_both_engines! {
    async fn a_key_has_one_request_and_one_answer(database: Database) {
        let (store, clock) = open(&database).await?;
        let until = store.now() + SignedDuration::from_hours(24);
        let key = Key { actor: "person:1", key: "k" };
        let other = Key { actor: "person:2", key: "k" };
        assert_eq!(take(&store, key, "a", until).await?, Known::New);
        assert_eq!(take(&store, key, "a", until).await?, Known::Unfinished);
        assert_eq!(take(&store, key, "b", until).await?, Known::Other);
        assert_eq!(take(&store, other, "b", until).await?, Known::New);
        release(&store, other).await?;
        assert_eq!(take(&store, other, "c", until).await?, Known::New);

        let kept = Answer { status: 201, headers: "{}".to_owned(), sealed_body: vec![1, 2] };
        answer(&store, key, &kept).await?;
        release(&store, key).await?;
        assert_eq!(take(&store, key, "a", until).await?, Known::Answered(kept));

        clock.advance(SignedDuration::from_hours(25));
        assert_eq!(take(&store, key, "b", store.now() + SignedDuration::from_hours(1)).await?, Known::New);
        assert_eq!(forget_expired(&store).await?, 1);
    }

    async fn of_many_at_once_one_does_the_work(database: Database) {
        let (store, _) = open(&database).await?;
        let until = store.now() + SignedDuration::from_hours(24);
        let mut tries = tokio::task::JoinSet::new();
        for _ in 0..12 {
            let store = store.clone();
            tries.spawn(async move { take(&store, Key { actor: "a", key: "k" }, "r", until).await });
        }
        let known: Vec<Known> = tries.join_all().await.into_iter().collect::<Result<_, _>>()?;
        assert_eq!(known.iter().filter(|known| **known == Known::New).count(), 1);
        assert_eq!(known.iter().filter(|known| **known == Known::Unfinished).count(), 11);
    }
}
