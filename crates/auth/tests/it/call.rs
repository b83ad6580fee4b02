//! Which connector makes a call (baton-service-mode §16 server items 5 and 30, §15 D2 and D7).

use auth::authority::{Call, CallError, Ended};
use testkit::on_both_engines;

use crate::world::{HOST, PATH, World, address};

on_both_engines! {
    async fn a_bearer_token_names_its_connector(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = world.bearer(&client).await?;
        for scheme in ["Bearer", "bearer", "BEARER", "Bearer "] {
            let caller = world.call(&format!("{scheme} {token}"), &[]).await?;
            assert_eq!((caller.connector_id, caller.credential_id), (client.connector, client.credential));
            assert!(!caller.bound && !caller.paused);
            assert_eq!(caller.actor("host").to_string(), format!("connector:{}@host", client.connector));
        }
        world.set(client.connector, "paused_at", 1).await?;
        assert!(world.call(&format!("Bearer {token}"), &[]).await?.paused);
    }

    async fn what_is_no_token_of_ours_is_refused(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = world.bearer(&client).await?;
        let call = Call { authorization: None, proofs: &[], authority: HOST, path: PATH, from: Some(address()) };
        assert!(matches!(world.authority.authenticate(call).await, Err(CallError::Missing)));
        for header in ["", "Bearer", "Bearer ", "Basic abc", &token] {
            assert!(matches!(world.call(header, &[]).await, Err(CallError::Missing)), "{header}");
        }
        let assertion = client.assertion(&world);
        let swapped = token.replacen('.', "x.", 1);
        let cut = &token[..token.len() - 1];
        let header = token.split_once('.').unwrap().1;
        for text in ["x", "a.b.c", &assertion, &swapped, cut, header, &"x".repeat(10_000)] {
            let refusal = world.call(&format!("Bearer {text}"), &[]).await.unwrap_err();
            assert!(matches!(refusal, CallError::Token(_)) && !refusal.is_unavailable(), "{text}: {refusal}");
        }
        assert!(matches!(world.call(&format!("DPoP {token}"), &[]).await, Err(CallError::NotBound)));
        let proof = client.call_proof(&world, &token);
        assert!(matches!(world.call(&format!("Bearer {token}"), &[&proof]).await, Err(CallError::NotBound)));
    }

    async fn a_foreign_token_is_refused(database: Database) {
        let world = World::new(&database).await?;
        let other_database = testkit::database::Database::sqlite()?;
        let other = World::new(&other_database).await?;
        let stranger = other.client().await?;
        let token = other.bearer(&stranger).await?;
        assert!(matches!(world.call(&format!("Bearer {token}"), &[]).await, Err(CallError::Token(_))));
    }

    async fn a_token_lives_a_quarter_of_an_hour_and_survives_restarts(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = format!("Bearer {}", world.bearer(&client).await?);
        let restarted = world.another(&database).await?;
        world.pass(899);
        assert_eq!(restarted.call(&token, &[]).await?.connector_id, client.connector);
        world.pass(1);
        assert!(matches!(restarted.call(&token, &[]).await, Err(CallError::Over)));
    }

    async fn revoking_counts_from_the_next_call_in_every_server(database: Database) {
        let world = World::new(&database).await?;
        let other = world.another(&database).await?;
        let client = world.client().await?;
        let token = format!("Bearer {}", world.bearer(&client).await?);
        assert!(other.call(&token, &[]).await.is_ok());
        world.revoke(&client).await?;
        for server in [&world, &other] {
            assert!(matches!(server.call(&token, &[]).await, Err(CallError::Ended(Ended::Revoked))));
        }
        let deleted = world.client().await?;
        let token = format!("Bearer {}", world.bearer(&deleted).await?);
        world.set(deleted.connector, "deleted_at", 1).await?;
        assert!(matches!(world.call(&token, &[]).await, Err(CallError::Ended(Ended::ConnectorDeleted))));
    }

    async fn a_bound_token_is_useless_without_its_key(database: Database) {
        let world = World::new(&database).await?;
        let (client, thief) = (world.client().await?, world.client().await?);
        let token = world.bound(&client).await?;
        let header = format!("DPoP {token}");
        let proof = client.call_proof(&world, &token);
        let caller = world.call(&header, &[&proof]).await?;
        assert!(caller.bound && caller.connector_id == client.connector);
        assert!(world.call(&format!("dpop {token}"), &[&client.call_proof(&world, &token)]).await.is_ok());

        assert!(matches!(world.call(&format!("Bearer {token}"), &[]).await, Err(CallError::ProofMissing)));
        assert!(matches!(world.call(&header, &[]).await, Err(CallError::ProofMissing)));
        let proof = client.call_proof(&world, &token);
        assert!(matches!(world.call(&format!("Bearer {token}"), &[&proof]).await, Err(CallError::ProofMissing)));
        assert!(matches!(world.call(&header, &[&proof, &proof]).await, Err(CallError::SeveralProofs)));
        let stolen = thief.call_proof(&world, &token);
        let refusal = world.call(&header, &[&stolen]).await.unwrap_err();
        assert!(refusal.to_string().contains("another key"), "{refusal}");
        let url = format!("https://{HOST}/c1.connectorapi.baton.v1.BatonService/Hello");
        let elsewhere = client.proof(&world, &url, Some(&world.authority.nonce()), Some(&token));
        assert!(world.call(&header, &[&elsewhere]).await.unwrap_err().to_string().contains("`htu`"));
        let other_token = client.call_proof(&world, "other");
        assert!(world.call(&header, &[&other_token]).await.unwrap_err().to_string().contains("`ath`"));
    }

    async fn a_proof_works_once_even_across_servers(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = world.bound(&client).await?;
        let header = format!("DPoP {token}");
        let proof = client.call_proof(&world, &token);
        assert!(world.call(&header, &[&proof]).await.is_ok());
        assert!(matches!(world.call(&header, &[&proof]).await, Err(CallError::ProofReplay)));
        // SQLite: a restart forgets what was shown, and therefore wants a nonce of its own. PostgreSQL: it is remembered.
        world.pass(1);
        let restarted = world.another(&database).await?;
        let refusal = restarted.call(&header, &[&proof]).await.unwrap_err();
        match world.store.engine() {
            store::Engine::Sqlite => assert!(refusal.wants_nonce(), "{refusal}"),
            store::Engine::Postgres => assert!(matches!(refusal, CallError::ProofReplay), "{refusal}"),
        }
        let again = client.call_proof(&restarted, &token);
        assert!(restarted.call(&header, &[&again]).await.is_ok());
        let proof = client.call_proof(&world, &token);
        let proofs = [proof.as_str()];
        let racing = tokio::join!(world.call(&header, &proofs), world.call(&header, &proofs));
        assert_ne!(racing.0.is_ok(), racing.1.is_ok());
    }

    async fn a_proof_without_a_nonce_is_good_once_the_server_has_run_for_a_while(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        world.pass(301);
        let token = world.bound(&client).await?;
        let url = format!("https://{HOST}{PATH}");
        let proof = client.proof(&world, &url, None, Some(&token));
        assert!(world.call(&format!("DPoP {token}"), &[&proof]).await.is_ok());
        let stale = client.proof(&world, &url, Some("AAAA"), Some(&token));
        assert!(world.call(&format!("DPoP {token}"), &[&stale]).await.unwrap_err().wants_nonce());
    }

    async fn demanding_proofs_ends_bearer_tokens_that_are_out(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = format!("Bearer {}", world.bearer(&client).await?);
        world.set(client.connector, "require_dpop", 1).await?;
        assert!(matches!(world.call(&token, &[]).await, Err(CallError::ProofRequired)));
    }

    async fn a_database_that_is_gone_is_no_reason_to_give_up(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = format!("Bearer {}", world.bearer(&client).await?);
        world.store.close().await;
        assert!(world.call(&token, &[]).await.unwrap_err().is_unavailable());
    }

    async fn a_restart_of_the_database_is_never_taken_for_a_wrong_token(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = format!("Bearer {}", world.bearer(&client).await?);
        for _ in 0..3 {
            database.disconnect_all()?;
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
            while let Err(refusal) = world.call(&token, &[]).await {
                assert!(refusal.is_unavailable(), "{refusal}");
                assert!(std::time::Instant::now() < deadline, "the database does not come back");
            }
            database.disconnect_all()?;
            loop {
                let answer = world.ask(&client.form(&world), &[]).await;
                if answer.status == 200 {
                    break;
                }
                assert_eq!(answer.status, 503, "{:?}", answer.refusal);
                assert!(std::time::Instant::now() < deadline, "the database does not come back");
            }
        }
    }

    async fn signing_keys_follow_each_other_without_a_gap(database: Database) {
        let world = World::new(&database).await?;
        let other = world.another(&database).await?;
        let client = world.client().await?;
        let keys = async || {
            let mut conn = world.store.read().await?;
            anyhow::Ok(store::signing_key::list(&mut conn, world.store.tenant(), "access_token").await?)
        };
        assert_eq!(keys().await?.len(), 1, "the second server takes the first one's key");
        world.pass(31 * 86_400);
        let old = format!("Bearer {}", world.bearer(&client).await?);
        world.authority.tend().await?;
        world.authority.tend().await?;
        assert_eq!(keys().await?.len(), 2);
        let kid = |token: &str| token.split_once('.').map(|(header, _)| header.to_owned());
        let same = format!("Bearer {}", world.bearer(&client).await?);
        assert_eq!(kid(&same), kid(&old), "the new key waits until every server has read it");
        world.pass(600);
        world.authority.tend().await?;
        let old = same;
        let new = format!("Bearer {}", world.bearer(&client).await?);
        assert_ne!(kid(&new), kid(&old));
        for token in [&old, &new] {
            assert!(world.call(token, &[]).await.is_ok());
            assert!(other.call(token, &[]).await.is_ok(), "it reads the keys again when it meets a new one");
        }
        for days in [2, 2] {
            world.pass(days * 86_400);
            world.authority.tend().await?;
        }
        assert_eq!(keys().await?.len(), 1);
        let fresh = format!("Bearer {}", world.bearer(&client).await?);
        assert!(other.call(&fresh, &[]).await.is_ok());
    }

    async fn servers_that_start_together_read_each_other_s_tokens(database: Database) {
        let world = World::new(&database).await?;
        let mut tx = world.store.begin().await?;
        sqlx::query("DELETE FROM signing_key").execute(tx.conn()).await?;
        tx.commit().await?;
        let (one, two) = tokio::join!(world.another(&database), world.another(&database));
        let (one, two) = (one?, two?);
        let client = one.client().await?;
        for (maker, reader) in [(&one, &two), (&two, &one)] {
            let token = format!("Bearer {}", maker.bearer(&client).await?);
            assert_eq!(reader.call(&token, &[]).await?.connector_id, client.connector);
        }
    }

    async fn keys_sealed_elsewhere_are_named(database: Database) {
        let world = World::new(&database).await?;
        let foreign = store::seal::Sealer::new(&[store::seal::SealKey::generate(&ids::SeededRng::new(2))])?;
        let error = auth::Authority::open(world.store.clone(), &foreign).await.unwrap_err();
        let cause = std::error::Error::source(&error).unwrap().to_string();
        assert!(cause.contains("every server of one database needs the same keys"), "{cause}");
        assert!(auth::Authority::open(world.store.clone(), &world.sealer).await.is_ok());
    }

    async fn the_key_for_sealing_can_be_changed(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = format!("Bearer {}", world.bearer(&client).await?);
        let [old, new] = [1, 2].map(|seed| store::seal::SealKey::generate(&ids::SeededRng::new(seed)));
        let both = store::seal::Sealer::new(&[new.clone(), old])?;
        auth::Authority::open(world.store.clone(), &both).await?.tend().await?;
        let only_new = store::seal::Sealer::new(&[new])?;
        let authority = auth::Authority::open(world.store.clone(), &only_new).await?;
        let call = Call { authorization: Some(&token), proofs: &[], authority: HOST, path: PATH, from: None };
        assert_eq!(authority.authenticate(call).await?.connector_id, client.connector);
    }
}
