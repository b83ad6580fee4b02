//! Tokens of machines (governance §5, API clients).

use std::collections::BTreeSet;

use auth::By;
use auth::machine::{self, CallError, Error, NewToken};
use domain::actor::{Actor, Role};
use domain::audit::Via;
use ids::{ApiTokenId, PersonId, SystemRng};
use secrecy::{ExposeSecret as _, SecretString};
use store::api_token::ApiToken;
use store::person::{self, Person};
use testkit::on_both_engines;

use crate::world::{World, by};

fn wish(roles: &[Role]) -> NewToken {
    NewToken { name: "robot".into(), roles: roles.iter().copied().collect(), person_id: None, expires_at: None }
}

async fn create(world: &World, new: &NewToken, by: By<'_>) -> Result<(ApiToken, SecretString), Error> {
    let mut tx = world.store.begin().await?;
    let made = machine::create(&mut tx, new, by).await?;
    tx.commit().await?;
    Ok(made)
}

async fn who(world: &World, text: &SecretString) -> Result<Actor, CallError> {
    machine::authenticate(&world.store, Some(&format!("Bearer {}", text.expose_secret()))).await
}

on_both_engines! {
    async fn a_token_names_its_machine_and_its_roles(database: Database) {
        let world = World::new(&database).await?;
        let (token, text) = create(&world, &wish(&[Role::Auditor]), by()).await?;
        let actor = who(&world, &text).await?;
        assert_eq!(actor, Actor::Machine { token: token.id, roles: BTreeSet::from([Role::Auditor]) });
        assert!(text.expose_secret().starts_with("podium_") && text.expose_secret().ends_with(&token.last_four));
        assert!(!world.everything().await?.contains(text.expose_secret()));
        assert_eq!(world.audit().await?, ["api_client.created"]);
        let header = format!("bearer  {}", text.expose_secret());
        assert!(machine::authenticate(&world.store, Some(&header)).await.is_ok(), "the scheme's case does not count");
    }

    async fn a_token_that_is_none_is_refused_without_a_reason(database: Database) {
        let world = World::new(&database).await?;
        let (_, good) = create(&world, &wish(&[Role::Auditor]), by()).await?;
        let good = good.expose_secret();
        let mut wrong = good.to_owned();
        wrong.pop();
        wrong.push(if good.ends_with('A') { 'B' } else { 'A' });
        for text in ["", "x", "podium_", &wrong, &good[1..], &format!("{good} "), &format!("{good}x")] {
            let refusal = machine::authenticate(&world.store, Some(&format!("Bearer {text}"))).await;
            assert!(refusal.is_err() || text.trim() == good, "{text}");
        }
        for header in [None, Some(""), Some("Bearer"), Some("Basic x"), Some(good)] {
            assert!(matches!(machine::authenticate(&world.store, header).await, Err(CallError::Missing)), "{header:?}");
        }
        world.store.close().await;
        assert!(matches!(who(&world, &SecretString::from(good)).await, Err(CallError::Unavailable(_))));
    }

    async fn a_token_ends_at_its_time_or_when_it_is_revoked(database: Database) {
        let world = World::new(&database).await?;
        let end = world.store.now().checked_add(jiff::SignedDuration::from_hours(1))?;
        let (_, limited) = create(&world, &NewToken { expires_at: Some(end), ..wish(&[Role::User]) }, by()).await?;
        let (token, unlimited) = create(&world, &wish(&[Role::User]), by()).await?;
        world.pass(3599);
        assert!(who(&world, &limited).await.is_ok());
        world.pass(1);
        assert!(matches!(who(&world, &limited).await, Err(CallError::Refused)));
        assert!(who(&world, &unlimited).await.is_ok());
        for _ in 0..2 {
            let mut tx = world.store.begin().await?;
            machine::revoke(&mut tx, token.id, by()).await?;
            tx.commit().await?;
        }
        assert!(matches!(who(&world, &unlimited).await, Err(CallError::Refused)));
        assert_eq!(world.audit().await?, ["api_client.created", "api_client.created", "api_client.revoked"]);
        let mut tx = world.store.begin().await?;
        let nobody = ApiTokenId::new(world.store.now(), &SystemRng);
        assert!(matches!(machine::revoke(&mut tx, nobody, by()).await, Err(Error::NoToken(_))));
    }

    async fn a_person_s_token_is_never_more_than_the_person(database: Database) {
        let world = World::new(&database).await?;
        let now = world.store.now();
        let mut tx = world.store.begin().await?;
        let person = Person::new(PersonId::new(now, &SystemRng), "a@b.example".into(), "A".into(), now);
        let tenant = tx.tenant();
        person::insert(tx.conn(), tenant, &person).await?;
        person::add_role(tx.conn(), person.id, Role::Auditor, "system", now).await?;
        person::add_role(tx.conn(), person.id, Role::Helpdesk, "system", now).await?;
        tx.commit().await?;
        let roles = [Role::SuperAdministrator, Role::Auditor, Role::User];
        let (token, text) = create(&world, &NewToken { person_id: Some(person.id), ..wish(&roles) }, by()).await?;
        let expected = BTreeSet::from([Role::Auditor, Role::User]);
        assert_eq!(who(&world, &text).await?, Actor::Person { id: person.id, roles: expected, token: Some(token.id) });
        for change in ["UPDATE person SET status = 'suspended'", "UPDATE person SET status = 'active', deleted_at = 1"] {
            let mut tx = world.store.begin().await?;
            sqlx::query(change).execute(tx.conn()).await?;
            tx.commit().await?;
            assert!(matches!(who(&world, &text).await, Err(CallError::Refused)), "{change}");
        }
    }

    async fn r_role_2_nobody_makes_a_token_that_is_more_than_they_are(database: Database) {
        let world = World::new(&database).await?;
        let maker = |roles: &[Role]| Actor::Machine {
            token: ApiTokenId::new(world.store.now(), &SystemRng), roles: roles.iter().copied().collect(),
        };
        for (has, wants, good) in [
            (vec![Role::SuperAdministrator], Role::Auditor, true),
            (vec![Role::Auditor], Role::Auditor, true),
            (vec![Role::Auditor], Role::User, true),
            (vec![Role::Auditor], Role::ConnectorAdministrator, false),
            (vec![], Role::SuperAdministrator, false),
        ] {
            let actor = maker(&has);
            let made = create(&world, &wish(&[wants]), By { actor: &actor, via: Via::Rest, ip: None }).await;
            assert_eq!(made.is_ok(), good, "{has:?} {wants}");
        }
        for new in [wish(&[]), NewToken { name: " ".into(), ..wish(&[Role::User]) }, NewToken { name: "x".repeat(101), ..wish(&[Role::User]) },
            NewToken { expires_at: Some(world.store.now()), ..wish(&[Role::User]) }] {
            assert!(matches!(create(&world, &new, by()).await, Err(Error::Invalid { .. })), "{new:?}");
        }
    }

    async fn the_last_use_is_written_down_now_and_then(database: Database) {
        let world = World::new(&database).await?;
        let (token, text) = create(&world, &wish(&[Role::User]), by()).await?;
        let used = async || {
            let mut conn = world.store.read().await?;
            let token = store::api_token::get(&mut conn, world.store.tenant(), token.id).await?;
            anyhow::Ok(token.unwrap().last_used_at)
        };
        assert_eq!(used().await?, None);
        let first = world.store.now();
        for (seconds, expected) in [(0, 0), (300, 0), (1, 301), (10, 301)] {
            world.pass(seconds);
            who(&world, &text).await?;
            assert_eq!(used().await?, Some(first.checked_add(jiff::SignedDuration::from_secs(expected))?));
        }
        let mut conn = world.store.read().await?;
        let tenant = world.store.tenant();
        let first = store::api_token::list(&mut conn, tenant, None, store::Paging::first(10)).await?;
        assert_eq!(first.rows.len(), 1);
        let beyond = token.id.to_string();
        let next = store::Paging { after: Some(&beyond), limit: 10 };
        assert!(store::api_token::list(&mut conn, tenant, None, next).await?.rows.is_empty());
    }
}
