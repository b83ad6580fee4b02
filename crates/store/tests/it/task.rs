//! Tasks: offered once, under a lease, to whoever they are for.

use std::collections::BTreeSet;
use std::time::Duration;

use domain::task::{Kind, Outcome, State, TaskId};
use ids::{AppId, ConnectorId, CredentialId, SystemRng};
use jiff::{SignedDuration, Timestamp};
use store::task::{Ending, Lease, NewTask, Renewal, claim, pause};
use store::{Store, task};

use crate::open;

const LEASE: SignedDuration = SignedDuration::from_secs(90);

async fn connector(store: &Store) -> anyhow::Result<ConnectorId> {
    let mut tx = store.begin().await?;
    let (tenant, now) = (tx.tenant(), tx.now());
    let (app, id) = (AppId::new(now, &SystemRng), ConnectorId::new(now, &SystemRng));
    let app_row = store::app::App {
        id: app,
        name: app.to_string(),
        description: String::new(),
        state: "managed".to_owned(),
        discovered_by_app_id: None,
        leaver_rule: None,
        created_at: now,
        updated_at: now,
        version: 1,
    };
    store::app::insert(tx.conn(), tenant, &app_row).await?;
    let insert = "INSERT INTO connector (id, tenant_id, app_id, catalog_id, hosting, display_name, config, config_version, \
         provisioning_enabled, require_dpop, schedule, hold_rules, attributes_sync, poll_interval_us, failures_in_a_row, \
         known_status, created_at, updated_at, version) VALUES ($1, $2, $3, 'baton', 'self_hosted', 'Baton', '{}', 1, 1, \
         0, '{}', '{}', '\"all\"', 15000000, 0, '', 0, 0, 1)";
    let query = sqlx::query(insert).bind(id.to_string()).bind(tenant.to_string()).bind(app.to_string());
    query.execute(tx.conn()).await?;
    tx.commit().await?;
    Ok(id)
}

fn new(connector_id: ConnectorId, kind: Kind, available_at: Timestamp) -> NewTask {
    let (sync_id, idempotency_key, wished_by) = (None, None, "timer".to_owned());
    NewTask { connector_id, kind, payload: vec![7], available_at, sync_id, idempotency_key, wished_by }
}

async fn wish(store: &Store, new: &NewTask) -> anyhow::Result<TaskId> {
    let mut tx = store.begin().await?;
    let id = task::enqueue(&mut tx, new).await?;
    tx.commit().await?;
    Ok(id)
}

fn lease(store: &Store, host: &str) -> Lease {
    let other = Duration::from_mins(15);
    let credential = CredentialId::new(store.now(), &SystemRng);
    Lease { host: host.to_owned(), credential, sync: LEASE.unsigned_abs(), other }
}

async fn kinds(store: &Store, connector: ConnectorId, limit: u32) -> anyhow::Result<Vec<Kind>> {
    Ok(claim(store, connector, &lease(store, "pod"), limit).await?.into_iter().map(|task| task.kind).collect())
}

fn failed() -> Ending {
    let (code, message) = (Some(2), Some("no".to_owned()));
    Ending { state: State::Failed, outcome: Outcome::Failed, code, message, response: None, annotations: None }
}

testkit::on_both_engines! {
    async fn peoples_changes_come_before_syncs_and_nothing_before_its_time(database: Database) {
        let (store, clock) = open(&database).await?;
        let (one, other) = (connector(&store).await?, connector(&store).await?);
        let now = store.now();
        for kind in [Kind::SyncFull, Kind::Grant, Kind::Hello] {
            wish(&store, &new(one, kind, now)).await?;
        }
        wish(&store, &new(one, Kind::Revoke, now + SignedDuration::from_secs(30))).await?;
        assert_eq!(kinds(&store, other, 9).await?, [], "they are another's");
        assert_eq!(kinds(&store, one, 2).await?, [Kind::Hello, Kind::Grant]);
        assert_eq!(kinds(&store, one, 9).await?, [Kind::SyncFull]);
        clock.advance(SignedDuration::from_secs(30));
        assert_eq!(kinds(&store, one, 9).await?, [Kind::Revoke]);
    }

    async fn item_13_a_task_is_offered_to_one_of_many(database: Database) {
        let (store, _) = open(&database).await?;
        let id = connector(&store).await?;
        for _ in 0..40 {
            wish(&store, &new(id, Kind::Grant, store.now())).await?;
        }
        let mut pods = tokio::task::JoinSet::new();
        for pod in 0..8 {
            let store = store.clone();
            pods.spawn(async move {
                let lease = lease(&store, &format!("pod-{pod}"));
                let mut taken = Vec::new();
                while task::count_available(&mut *store.read().await?, id, store.now()).await? > 0 {
                    taken.extend(claim(&store, id, &lease, 3).await?.into_iter().map(|task| task.id));
                }
                Ok::<_, store::Error>(taken)
            });
        }
        let taken: Vec<Vec<TaskId>> = pods.join_all().await.into_iter().collect::<Result<_, _>>()?;
        let taken: Vec<TaskId> = taken.into_iter().flatten().collect();
        assert_eq!(taken.len(), 40);
        assert_eq!(taken.iter().collect::<BTreeSet<_>>().len(), 40);
    }

    async fn a_wish_with_the_same_key_is_the_same_wish(database: Database) {
        let (store, _) = open(&database).await?;
        let id = connector(&store).await?;
        let wished = NewTask { idempotency_key: Some("k".to_owned()), ..new(id, Kind::Grant, store.now()) };
        let first = wish(&store, &wished).await?;
        assert_eq!(wish(&store, &wished).await?, first);
        let mut tx = store.begin().await?;
        assert!(task::end(&mut tx, &first, failed()).await?);
        tx.commit().await?;
        assert_eq!(wish(&store, &wished).await?, first, "also when it has ended");
    }

    async fn leases_are_renewed_by_who_has_them_and_run_out(database: Database) {
        let (store, clock) = open(&database).await?;
        let id = connector(&store).await?;
        let (sync, grant) =
            (wish(&store, &new(id, Kind::SyncFull, store.now())).await?, wish(&store, &new(id, Kind::Grant, store.now())).await?);
        assert_eq!(claim(&store, id, &lease(&store, "pod-1"), 9).await?.len(), 2);
        let expired = async || task::expired(&mut *store.read().await?, store.now(), 9).await;
        clock.advance(SignedDuration::from_secs(89));
        assert_eq!(expired().await?, []);
        let until = store.now() + LEASE;
        let renewal = |id: &TaskId, host: &str, until| Renewal { id: id.clone(), host: host.to_owned(), until };
        let mut tx = store.begin().await?;
        // A stranger's renewal, and one that would shorten the lease, change nothing.
        task::renew_all(&mut tx, &[renewal(&sync, "pod-1", until), renewal(&grant, "pod-2", Timestamp::MAX)]).await?;
        task::renew_all(&mut tx, &[renewal(&sync, "pod-1", store.now())]).await?;
        tx.commit().await?;
        clock.advance(SignedDuration::from_secs(89));
        assert_eq!(expired().await?, []);
        clock.advance(SignedDuration::from_secs(1));
        assert_eq!(expired().await?, std::slice::from_ref(&sync));
        clock.advance(SignedDuration::from_mins(15));
        assert_eq!(expired().await?, [sync.clone(), grant.clone()]);
        // The sync is offered again; the first pod still works on it, unless another was quicker.
        let mut tx = store.begin().await?;
        let now = tx.now();
        task::offer_again(&mut tx, &sync, now).await?;
        let credential = CredentialId::new(now, &SystemRng);
        assert!(task::take_again(&mut tx, &sync, "pod-1", credential, now + LEASE).await?);
        assert!(!task::take_again(&mut tx, &sync, "pod-2", credential, now + LEASE).await?);
        tx.commit().await?;
        let task = task::get(&mut *store.read().await?, &sync).await?.unwrap();
        assert_eq!((task.state, task.lease_host.as_deref(), task.attempts), (State::Leased, Some("pod-1"), 1));
    }

    async fn item_18_a_task_ends_once(database: Database) {
        let (store, _) = open(&database).await?;
        let id = connector(&store).await?;
        let grant = wish(&store, &new(id, Kind::Grant, store.now())).await?;
        let mut tx = store.begin().await?;
        assert!(task::ask_cancel(&mut tx, &grant).await?);
        assert!(task::end(&mut tx, &grant, failed()).await?);
        assert!(!task::end(&mut tx, &grant, Ending { outcome: Outcome::Success, state: State::Done, ..failed() }).await?);
        assert!(!task::ask_cancel(&mut tx, &grant).await?);
        tx.commit().await?;
        let ended = task::get(&mut *store.read().await?, &grant).await?.unwrap();
        assert_eq!((ended.state, ended.outcome, ended.code), (State::Failed, Some(Outcome::Failed), Some(2)));
        assert!(ended.cancel_asked_at.is_some());
        assert!(task::get(&mut *store.read().await?, &"a".repeat(27).parse()?).await?.is_none());
    }

    async fn r_b_4_after_a_pause_one_task_is_tried(database: Database) {
        let (store, clock) = open(&database).await?;
        let id = connector(&store).await?;
        for _ in 0..4 {
            wish(&store, &new(id, Kind::Grant, store.now())).await?;
        }
        let mut tx = store.begin().await?;
        assert_eq!(pause::count_failure(&mut tx, id).await?, 1);
        assert_eq!(pause::count_failure(&mut tx, id).await?, 2);
        tx.commit().await?;
        assert_eq!(kinds(&store, id, 1).await?.len(), 1, "it is not paused yet");
        let mut tx = store.begin().await?;
        let until = tx.now() + SignedDuration::from_mins(15);
        pause::set(&mut tx, id, Some(until)).await?;
        tx.commit().await?;
        assert_eq!(kinds(&store, id, 9).await?, []);
        clock.advance(SignedDuration::from_mins(15));
        assert_eq!(kinds(&store, id, 9).await?.len(), 1, "one is tried");
        assert_eq!(kinds(&store, id, 9).await?, [], "and nothing more before it is known what came of it");
        let mut tx = store.begin().await?;
        pause::clear(&mut tx, id).await?;
        tx.commit().await?;
        assert_eq!(kinds(&store, id, 9).await?.len(), 2);
    }
}
