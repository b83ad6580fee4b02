//! The token endpoint (baton-service-mode §3, §16 server items 2–4).

use std::num::NonZeroU32;

use auth::authority::{Answer, Ended, Refusal, Request};
use auth::credential::{Overlap, Rotation};
use dpop::{SigningKey, assertion};
use ids::{Clock as _, SystemRng};
use serde_json::json;
use testkit::on_both_engines;

use crate::world::{Client, TOKEN_URL, World, form, json, token_in};

/// Status, `error`, and what the description must contain.
fn assert_refused(answer: &Answer, status: u16, error: &str, description: &str) {
    let body = json(answer);
    assert_eq!((answer.status, body["error"].as_str()), (status, Some(error)), "{body}");
    let text = body["error_description"].as_str().unwrap();
    assert!(text.contains(description), "{text}");
    assert!(answer.refusal.is_some() && body.get("access_token").is_none());
}

on_both_engines! {
    async fn a_go_connector_gets_a_bearer_token(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let answer = world.ask(&client.form(&world), &[]).await;
        assert_eq!(answer.status, 200, "{:?}", answer.refusal);
        let body = json(&answer);
        assert_eq!(body["token_type"], "bearer");
        assert_eq!(body["expires_in"], json!(900));
        assert_eq!(body.as_object().unwrap().len(), 3);
        assert_eq!(answer.subject.unwrap().connector_id, client.connector);
        // An assertion with `aud` as a list, `typ`, `jti` and no nonce is good too, and so is a form without client id.
        let now = world.clock.now().as_second();
        let claims = json!({"iss": client.id.as_str(), "sub": client.id.as_str(), "aud": ["podium.example"],
            "exp": now + 60, "jti": "1"});
        let other = dpop::jws::sign(&client.key, &json!({"alg": "EdDSA", "typ": "JWT"}), &claims)?;
        let without_id = form(&other, "x").replace("client_id=x&", "");
        assert_eq!(world.ask(&without_id, &[]).await.status, 200);
    }

    async fn a_token_bound_to_a_key_is_made_for_a_proof(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let without = client.proof(&world, TOKEN_URL, None, None);
        assert_refused(&world.ask(&client.form(&world), &[&without]).await, 400, "use_dpop_nonce", "DPoP-Nonce");
        let proof = client.proof(&world, TOKEN_URL, Some(&world.authority.nonce()), None);
        let answer = world.ask(&client.form(&world), &[&proof]).await;
        assert_eq!(json(&answer)["token_type"], "DPoP", "{:?}", answer.refusal);

        assert_refused(&world.ask(&client.form(&world), &[&proof]).await, 400, "invalid_dpop_proof", "shown before");
        let fresh = client.proof(&world, TOKEN_URL, Some(&world.authority.nonce()), None);
        assert_refused(&world.ask(&client.form(&world), &[&fresh, &fresh]).await, 400, "invalid_dpop_proof", "more than one");
        let elsewhere = client.proof(&world, "https://other.example/", Some(&world.authority.nonce()), None);
        assert_refused(&world.ask(&client.form(&world), &[&elsewhere]).await, 400, "invalid_dpop_proof", "`htu`");
    }

    async fn an_assertion_works_once_in_all_servers(database: Database) {
        let world = World::new(&database).await?;
        let other = world.another(&database).await?;
        let client = world.client().await?;
        let form = client.form(&world);
        assert_eq!(world.ask(&form, &[]).await.status, 200);
        for server in [&other, &world] {
            assert_refused(&server.ask(&form, &[]).await, 401, "invalid_client", "shown before");
        }
        // Of several who show it at the same time, one gets a token.
        let form = client.form(&world);
        let together = tokio::join!(world.ask(&form, &[]), other.ask(&form, &[]), world.ask(&form, &[]), other.ask(&form, &[]));
        let statuses = [together.0.status, together.1.status, together.2.status, together.3.status];
        assert_eq!(statuses.iter().filter(|status| **status == 200).count(), 1, "{statuses:?}");
        // What it left behind is forgotten when it is over.
        world.pass(300);
        world.authority.tend().await?;
        assert!(matches!(world.ask(&form, &[]).await.refusal, Some(Refusal::Assertion(_))));
    }

    async fn who_asks_too_often_is_told_when_to_ask_again(database: Database) {
        let mut world = World::new(&database).await?;
        let [client, other] = [world.client().await?, world.client().await?];
        let limits = auth::authority::Limits { per_client: NonZeroU32::new(3).unwrap(), per_address: NonZeroU32::new(8).unwrap() };
        world.authority = world.authority.with_limits(limits);
        for _ in 0..3 {
            assert_eq!(world.ask(&client.form(&world), &[]).await.status, 200);
        }
        let refused = world.ask(&client.form(&world), &[]).await;
        assert_refused(&refused, 429, "slow_down", "too many requests");
        assert!((1..=20).contains(&refused.retry_after.unwrap()), "{:?}", refused.retry_after);
        // Another client has its own; then their address has had enough, whoever it says it is.
        assert_eq!(world.ask(&other.form(&world), &[]).await.status, 200);
        for unknown in 0..3 {
            assert_eq!(world.ask(&form("x", &format!("c-{unknown}@podium.example/spe")), &[]).await.status, 401);
        }
        assert_refused(&world.ask("", &[]).await, 429, "slow_down", "too many requests");
    }

    async fn a_clock_that_is_off_is_named(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        for (seconds, text) in [
            (120, None),
            (-120, None),
            (600, Some("the clock of the connector is 600 seconds behind this server's")),
            (-600, Some("the clock of the connector is 600 seconds ahead of this server's")),
        ] {
            let form = client.form(&world);
            world.pass(seconds);
            let answer = world.ask(&form, &[]).await;
            match text {
                None => assert_eq!(answer.status, 200, "{:?}", answer.refusal),
                Some(text) => assert_refused(&answer, 401, "invalid_client", text),
            }
            world.pass(-seconds);
        }
    }

    async fn who_does_not_hold_the_key_learns_nothing(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        world.revoke(&client).await?;
        let wrong_key = SigningKey::generate(&SystemRng)?;
        let now = world.clock.now();
        let wrong = assertion::create(&wrong_key, &client.id, now, &SystemRng)?;
        let unknown = "calm-otter-11111@podium.example:8443/connector/x".parse()?;
        let stranger = assertion::create(&wrong_key, &unknown, now, &SystemRng)?;
        let answers =
            [world.ask(&form(&wrong, client.id.as_str()), &[]).await, world.ask(&form(&stranger, unknown.as_str()), &[]).await];
        assert_eq!(answers[0].body, answers[1].body);
        assert_refused(&answers[0], 401, "invalid_client", "use the client id and the client secret");
        assert!(matches!(answers[0].refusal, Some(Refusal::Assertion(_))), "the log tells them apart");
        assert!(matches!(answers[1].refusal, Some(Refusal::UnknownClient)));
        let audit = world.audit().await?;
        assert!(!audit.contains(&"credential.used_after_revoke".to_owned()), "{audit:?}");
    }

    async fn credentials_that_have_ended_get_no_token(database: Database) {
        let world = World::new(&database).await?;
        let ended = |answer: &Answer, expected: Ended| {
            assert_refused(answer, 401, "invalid_client", &expected.to_string());
            assert!(matches!(answer.refusal, Some(Refusal::Ended(why)) if why == expected), "{:?}", answer.refusal);
        };
        let revoked = world.client().await?;
        world.revoke(&revoked).await?;
        ended(&world.ask(&revoked.form(&world), &[]).await, Ended::Revoked);

        let replaced = world.client().await?;
        world.rotate(replaced.connector, &Rotation { overlap: Overlap::Hour, ..Rotation::default() }).await?;
        world.pass(3599);
        assert_eq!(world.ask(&replaced.form(&world), &[]).await.status, 200, "R: the old pair works until its overlap ends");
        world.pass(1);
        ended(&world.ask(&replaced.form(&world), &[]).await, Ended::Retired);

        let connector = world.connector().await?;
        let end = world.clock.now().checked_add(jiff::SignedDuration::from_hours(1))?;
        let limited = Client::of(&world.rotate(connector, &Rotation { expires_at: Some(end), ..Rotation::default() }).await?)?;
        assert_eq!(world.ask(&limited.form(&world), &[]).await.status, 200);
        world.pass(3600);
        ended(&world.ask(&limited.form(&world), &[]).await, Ended::Expired);

        let orphan = world.client().await?;
        world.set(orphan.connector, "deleted_at", 1).await?;
        ended(&world.ask(&orphan.form(&world), &[]).await, Ended::ConnectorDeleted);

        let networks = Rotation { allowed_cidrs: vec!["198.51.100.0/24".parse()?], ..Rotation::default() };
        let elsewhere = Client::of(&world.rotate(world.connector().await?, &networks).await?)?;
        ended(&world.ask(&elsewhere.form(&world), &[]).await, Ended::Address);
        let (form, from) = (elsewhere.form(&world), Some("198.51.100.7".parse()?));
        let request = Request { form: form.as_bytes(), proofs: &[], url: TOKEN_URL, from };
        assert_eq!(world.authority.token(request).await.status, 200);
    }

    async fn use_after_revoke_is_told_once_a_day(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let token = world.bearer(&client).await?;
        world.pass(10);
        world.revoke(&client).await?;
        let told = async || anyhow::Ok(world.audit().await?.iter().filter(|action| *action == "credential.used_after_revoke").count());
        assert_eq!(told().await?, 0);
        for _ in 0..3 {
            world.pass(60);
            assert_eq!(world.ask(&client.form(&world), &[]).await.status, 401);
            assert!(world.call(&format!("Bearer {token}"), &[]).await.is_err());
        }
        assert_eq!(told().await?, 1);
        world.pass(86_400);
        assert_eq!(world.ask(&client.form(&world), &[]).await.status, 401);
        assert_eq!(told().await?, 2);
    }

    async fn a_connector_may_demand_proofs(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        world.set(client.connector, "require_dpop", 1).await?;
        assert_refused(&world.ask(&client.form(&world), &[]).await, 400, "invalid_dpop_proof", "bound to a key");
        assert!(world.bound(&client).await.is_ok());
    }

    async fn a_form_that_is_none_is_refused(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let good = client.form(&world);
        for (form, error, description) in [
            (String::new(), "invalid_request", "`grant_type` is missing"),
            (r#"{"grant_type":"client_credentials"}"#.to_owned(), "invalid_request", "not JSON"),
            (good.replace("client_credentials", "password"), "unsupported_grant_type", "client_credentials"),
            (good.replace("client_assertion=", "x="), "invalid_request", "`client_assertion` is missing"),
            (good.replace("jwt-bearer", "saml2-bearer"), "invalid_request", "`client_assertion_type`"),
            (format!("{good}&client_id=x"), "invalid_request", "twice"),
            (format!("{good}&x={}", "x".repeat(16_384)), "invalid_request", "longer than"),
        ] {
            assert_refused(&world.ask(&form, &[]).await, 400, error, description);
        }
        assert_refused(&world.ask(&form("not.a.jws", "x"), &[]).await, 401, "invalid_client", "client id");
        assert_refused(&world.ask(&form("é", client.id.as_str()), &[]).await, 401, "invalid_client", "client id");
        assert_eq!(world.ask(&format!("{good}&scope=x"), &[]).await.status, 200, "other fields don't count");
    }

    async fn a_server_without_its_database_asks_to_try_again(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        world.store.close().await;
        let answer = world.ask(&client.form(&world), &[]).await;
        assert_refused(&answer, 503, "temporarily_unavailable", "try again");
        assert!(!answer.body.contains("pool"), "{}", answer.body);
    }

    async fn nothing_secret_is_stored_or_printed(database: Database) {
        let world = World::new(&database).await?;
        let connector = world.connector().await?;
        let issued = world.rotate(connector, &Rotation::default()).await?;
        let client = Client::of(&issued)?;
        let token = token_in(&world.ask(&client.form(&world), &[]).await)?;
        let stored = world.everything().await? + &format!("{issued:?} {:?}", world.authority);
        let secret = secrecy::ExposeSecret::expose_secret(&issued.client_secret);
        assert!(secret.starts_with("secret-token:podium:v1:"));
        let jwk = secrecy::ExposeSecret::expose_secret(&client.key.to_jwk()).to_owned();
        let private = serde_json::from_str::<serde_json::Value>(&jwk)?["d"].as_str().unwrap().to_owned();
        assert!(stored.contains(client.id.as_str()) && stored.contains("11") );
        for hidden in [secret, &private, &token, r#""d":"#] {
            assert!(!stored.contains(hidden), "{hidden}");
        }
    }
}
