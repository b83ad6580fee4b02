//! What is remembered of credentials, tokens, keys and what was shown once.

use std::collections::BTreeSet;

use domain::actor::Role;
use ids::{ApiTokenId, AppId, ConnectorId, CredentialId, PersonId, SystemRng};
use jiff::{SignedDuration, Timestamp};
use store::api_token::{self, ApiToken};
use store::credential::{self, Credential, State};
use store::signing_key::{self, SigningKey};
use store::{Store, person, replay, setup_link};
use testkit::on_both_engines;

fn later(now: Timestamp, seconds: i64) -> Timestamp {
    now.checked_add(SignedDuration::from_secs(seconds)).unwrap_or(now)
}

/// A connector, not of this tenant's own making but good enough for a foreign key.
async fn connector(store: &Store) -> anyhow::Result<(AppId, ConnectorId)> {
    let mut tx = store.begin().await?;
    let (tenant, now) = (tx.tenant().to_string(), tx.now());
    let (app, connector) = (AppId::new(now, &SystemRng), ConnectorId::new(now, &SystemRng));
    sqlx::query(
        "INSERT INTO app (id, tenant_id, name, description, state, settings, created_at, updated_at, version) \
         VALUES ($1, $2, 'x', '', 'managed', '{}', 0, 0, 1)",
    )
    .bind(app.to_string())
    .bind(&tenant)
    .execute(tx.conn())
    .await?;
    sqlx::query(
        "INSERT INTO connector (id, tenant_id, app_id, catalog_id, hosting, display_name, config, config_version, \
         provisioning_enabled, require_dpop, schedule, hold_rules, attributes_sync, poll_interval_us, \
         failures_in_a_row, known_status, created_at, updated_at, version) \
         VALUES ($1, $2, $3, 'baton', 'self_hosted', 'x', '{}', 1, 1, 1, '{}', '{}', '{}', 1, 0, '', 0, 0, 1)",
    )
    .bind(connector.to_string())
    .bind(&tenant)
    .bind(app.to_string())
    .execute(tx.conn())
    .await?;
    tx.commit().await?;
    Ok((app, connector))
}

fn new_credential(connector: ConnectorId, now: Timestamp) -> Credential {
    let id = CredentialId::new(now, &SystemRng);
    Credential {
        id,
        connector_id: connector,
        client_id: format!("a-b-1@h/{id}"),
        public_jwk: "{}".into(),
        label: "label".into(),
        state: State::Active,
        retire_at: None,
        expires_at: Some(later(now, 100)),
        revoked_at: None,
        last_used_at: None,
        last_used_from: None,
        allowed_cidrs: vec!["192.0.2.0/24".into()],
        created_by: "system".into(),
        created_at: now,
    }
}

on_both_engines! {
    async fn what_was_shown_is_remembered_until_its_time_is_over(database: Database) {
        let (store, _) = crate::open(&database).await?;
        let now = store.now();
        let key = |byte: u8, seconds: i64| ([byte; 32], later(now, seconds));
        let mut tx = store.begin().await?;
        assert_eq!(replay::remember(tx.conn(), &[]).await?, Vec::<bool>::new());
        let first = [key(1, 10), key(2, 20), key(1, 10)];
        assert_eq!(replay::remember(tx.conn(), &first).await?, [true, true, false], "twice in one list is a replay");
        assert_eq!(replay::remember(tx.conn(), &[key(3, 30), key(2, 20)]).await?, [true, false]);
        tx.commit().await?;
        let mut tx = store.begin().await?;
        let all: Vec<replay::Key> = (0..=255).flat_map(|byte| [key(byte, 99), ([byte ^ 0x55; 32], now)]).collect();
        assert_eq!(replay::remember(tx.conn(), &all).await?.iter().filter(|fresh| **fresh).count(), 253);
        drop(tx);
        let mut tx = store.begin().await?;
        assert_eq!(replay::forget(tx.conn(), later(now, 10), 10).await?, 0);
        assert_eq!(replay::forget(tx.conn(), later(now, 31), 2).await?, 2);
        assert_eq!(replay::forget(tx.conn(), later(now, 31), 2).await?, 1);
        assert_eq!(replay::remember(tx.conn(), &[key(1, 10)]).await?, [true]);
    }

    async fn of_many_who_show_the_same_one_is_first(database: Database) {
        let (store, _) = crate::open(&database).await?;
        let until = later(store.now(), 10);
        let show = async || {
            let mut tx = store.begin().await?;
            let fresh = replay::remember(tx.conn(), &[([1; 32], until), ([2; 32], until)]).await?;
            tx.commit().await?;
            anyhow::Ok(fresh)
        };
        let shown = tokio::try_join!(show(), show(), show(), show())?;
        let first = [shown.0, shown.1, shown.2, shown.3].into_iter().filter(|fresh| *fresh == [true, true]).count();
        assert_eq!(first, 1);
    }

    async fn a_credential_is_read_back_with_what_its_connector_demands(database: Database) {
        let (store, clock) = crate::open(&database).await?;
        let (app, connector) = connector(&store).await?;
        let (tenant, engine, now) = (store.tenant(), store.engine(), store.now());
        let mut stored = new_credential(connector, now);
        let mut tx = store.begin().await?;
        credential::insert(tx.conn(), tenant, &stored).await?;
        assert_eq!(credential::get(tx.conn(), tenant, stored.id).await?, Some(stored.clone()));
        let caller = credential::caller(tx.conn(), tenant, stored.id).await?.unwrap();
        assert_eq!(credential::caller_by_client_id(tx.conn(), tenant, &stored.client_id).await?, Some(caller.clone()));
        assert!(caller.credential == stored && caller.require_dpop && !caller.connector_deleted && !caller.connector_paused);
        assert_eq!(credential::lock_connector(tx.conn(), engine, tenant, connector).await?, Some(app));
        assert_eq!(credential::app_of(tx.conn(), tenant, connector).await?, Some(app));

        stored.state = State::Retiring;
        stored.retire_at = Some(later(now, 50));
        credential::set_state(tx.conn(), tenant, &stored).await?;
        assert!(credential::touch(tx.conn(), stored.id, now, Some("192.0.2.1"), now).await?);
        assert!(!credential::touch(tx.conn(), stored.id, later(now, 5), None, now).await?, "somebody wrote that since");
        tx.commit().await?;
        (stored.last_used_at, stored.last_used_from) = (Some(now), Some("192.0.2.1".into()));
        clock.advance(SignedDuration::from_secs(49));
        let mut conn = store.read().await?;
        assert_eq!(credential::of_connector(&mut conn, tenant, connector).await?, [stored.clone()]);
        assert!(credential::overdue(&mut conn, tenant, later(now, 49), 10).await?.is_empty());
        assert_eq!(credential::overdue(&mut conn, tenant, later(now, 50), 10).await?, [stored]);
    }

    async fn a_client_id_is_taken_once(database: Database) {
        let (store, _) = crate::open(&database).await?;
        let (_, connector) = connector(&store).await?;
        let mut tx = store.begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let one = new_credential(connector, now);
        credential::insert(tx.conn(), tenant, &one).await?;
        let two = Credential { client_id: one.client_id, ..new_credential(connector, now) };
        assert!(credential::insert(tx.conn(), tenant, &two).await.unwrap_err().is_conflict());
    }

    async fn a_token_is_found_by_its_hash_alone(database: Database) {
        let (store, _) = crate::open(&database).await?;
        let (tenant, now) = (store.tenant(), store.now());
        let mut tx = store.begin().await?;
        let person = person::Person::new(PersonId::new(now, &SystemRng), "a@b".into(), "A".into(), now);
        person::insert(tx.conn(), tenant, &person).await?;
        assert_eq!(person::by_email(tx.conn(), tenant, "a@b").await?, Some(person.clone()));
        let token = ApiToken {
            id: ApiTokenId::new(now, &SystemRng), person_id: Some(person.id), name: "n".into(), token_hash: "aa".into(),
            last_four: "xxxx".into(), roles: BTreeSet::from([Role::Auditor, Role::User]), expires_at: None, revoked_at: None,
            last_used_at: None, created_by: "system".into(), created_at: now,
        };
        api_token::insert(tx.conn(), tenant, &token).await?;
        let found = api_token::by_hash(tx.conn(), tenant, "aa").await?.unwrap();
        assert_eq!((&found.token, found.person.unwrap().roles), (&token, BTreeSet::new()));
        assert!(!person::anybody_is(tx.conn(), tenant, Role::Auditor).await?);
        for _ in 0..2 {
            person::add_role(tx.conn(), person.id, Role::Auditor, "system", now).await?;
            person::add_role(tx.conn(), person.id, Role::User, "system", now).await?;
        }
        let roles = api_token::by_hash(tx.conn(), tenant, "aa").await?.unwrap().person.unwrap().roles;
        assert_eq!(roles, BTreeSet::from([Role::Auditor, Role::User]));
        assert!(person::anybody_is(tx.conn(), tenant, Role::Auditor).await?);
        assert_eq!(api_token::by_hash(tx.conn(), tenant, "ab").await?, None);
    }

    async fn signing_keys_are_retired_and_removed_by_age(database: Database) {
        let (store, _) = crate::open(&database).await?;
        let (tenant, now) = (store.tenant(), store.now());
        let mut tx = store.begin().await?;
        for (id, age) in [("old", -20), ("new", -10)] {
            let key = SigningKey {
                id: id.into(), purpose: "p".into(), public_jwk: "{}".into(), sealed_private: vec![0, 255], created_at: later(now, age),
                retired_at: None,
            };
            signing_key::insert(tx.conn(), tenant, &key).await?;
        }
        signing_key::reseal(tx.conn(), "old", vec![7]).await?;
        assert_eq!(signing_key::retire(tx.conn(), tenant, "p", later(now, -10), now).await?, 1);
        let keys = signing_key::list(tx.conn(), tenant, "p").await?;
        let seen: Vec<_> = keys.iter().map(|key| (key.id.as_str(), key.sealed_private.as_slice(), key.retired_at)).collect();
        assert_eq!(seen, [("new", [0, 255].as_slice(), None), ("old", &[7], Some(now))]);
        assert!(signing_key::list(tx.conn(), tenant, "other").await?.is_empty());
        assert_eq!(signing_key::remove_retired(tx.conn(), tenant, "p", now).await?, 0);
        assert_eq!(signing_key::remove_retired(tx.conn(), tenant, "p", later(now, 1)).await?, 1);
    }

    async fn a_setup_link_is_taken_once_and_in_time(database: Database) {
        let (store, _) = crate::open(&database).await?;
        let (tenant, now) = (store.tenant(), store.now());
        let mut tx = store.begin().await?;
        setup_link::insert(tx.conn(), tenant, "aa", later(now, 10), now).await?;
        setup_link::insert(tx.conn(), tenant, "bb", later(now, 5), now).await?;
        assert_eq!(setup_link::pending(tx.conn(), tenant, now).await?, Some(later(now, 10)));
        assert_eq!(setup_link::pending(tx.conn(), tenant, later(now, 10)).await?, None);
        assert!(!setup_link::claim(tx.conn(), tenant, "aa", later(now, 10)).await?);
        assert!(setup_link::claim(tx.conn(), tenant, "aa", now).await?);
        assert!(!setup_link::claim(tx.conn(), tenant, "aa", now).await?);
        assert!(!setup_link::claim(tx.conn(), tenant, "cc", now).await?);
        assert_eq!(setup_link::remove_unclaimed(tx.conn(), tenant).await?, 1);
        tx.commit().await?;
    }
}
