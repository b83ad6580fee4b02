//! Making and ending credentials (governance §2.1: Rotate, T-C3).

use auth::credential::{self, Overlap, Rotation};
use ids::{ConnectorId, CredentialId, SystemRng};
use store::credential::{State, of_connector};
use testkit::on_both_engines;

use crate::world::{Client, World, by};

async fn states(world: &World, connector: ConnectorId) -> anyhow::Result<Vec<State>> {
    let mut conn = world.store.read().await?;
    let all = of_connector(&mut conn, world.store.tenant(), connector).await?;
    Ok(all.iter().rev().map(|credential| credential.state).collect())
}

on_both_engines! {
    async fn t_c3_rotate_makes_the_first_credential(database: Database) {
        let world = World::new(&database).await?;
        let connector = world.connector().await?;
        let issued = world.rotate(connector, &Rotation { label: " first ".into(), ..Rotation::default() }).await?;
        assert_eq!(issued.client_id.host(), "podium.example:8443");
        assert_eq!(issued.client_id.rest(), format!("connector/{connector}"));
        assert_eq!((issued.credential.state, issued.credential.label.as_str()), (State::Active, "first"));
        assert_eq!(world.audit().await?, ["credential.rotated"]);
    }

    async fn at_most_two_credentials_work(database: Database) {
        let world = World::new(&database).await?;
        let connector = world.connector().await?;
        for expected in [
            vec![State::Active],
            vec![State::Retiring, State::Active],
            vec![State::Expired, State::Retiring, State::Active],
        ] {
            world.pass(1);
            world.rotate(connector, &Rotation::default()).await?;
            assert_eq!(states(&world, connector).await?, expected);
        }
        world.pass(1);
        world.rotate(connector, &Rotation { overlap: Overlap::Now, ..Rotation::default() }).await?;
        let ended = State::Expired;
        assert_eq!(states(&world, connector).await?, [ended, ended, ended, State::Active]);
        let audit = world.audit().await?;
        assert_eq!(audit.iter().filter(|action| *action == "credential.retired").count(), 5);
    }

    async fn racing_rotations_leave_two_that_work(database: Database) {
        let world = World::new(&database).await?;
        let connector = world.connector().await?;
        let wish = Rotation::default();
        let (one, two, three) =
            tokio::join!(world.rotate(connector, &wish), world.rotate(connector, &wish), world.rotate(connector, &wish));
        for issued in [one, two, three] {
            issued?;
        }
        let mut states = states(&world, connector).await?;
        states.sort_by_key(|state| state.name());
        assert_eq!(states, [State::Active, State::Expired, State::Retiring]);
    }

    async fn the_overlap_is_the_one_that_was_chosen(database: Database) {
        let world = World::new(&database).await?;
        for (overlap, seconds) in [(Overlap::Hour, 3600), (Overlap::Day, 86_400), (Overlap::Week, 604_800)] {
            let client = world.client().await?;
            world.pass(1);
            world.rotate(client.connector, &Rotation { overlap, ..Rotation::default() }).await?;
            world.pass(seconds - 1);
            assert_eq!(world.ask(&client.form(&world), &[]).await.status, 200, "{overlap}");
            world.pass(1);
            assert_eq!(world.ask(&client.form(&world), &[]).await.status, 401, "{overlap}");
            assert_eq!(states(&world, client.connector).await?, [State::Retiring, State::Active]);
            world.authority.tend().await?;
            assert_eq!(states(&world, client.connector).await?, [State::Expired, State::Active]);
            assert_eq!(overlap.name().parse(), Ok(overlap));
        }
        let before = world.audit().await?;
        world.authority.tend().await?;
        assert_eq!(world.audit().await?, before, "done once");
    }

    async fn revoking_twice_is_one_change(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        world.revoke(&client).await?;
        world.revoke(&client).await?;
        assert_eq!(world.audit().await?, ["credential.rotated", "credential.revoked"]);
        assert_eq!(states(&world, client.connector).await?, [State::Revoked]);
        world.pass(1);
        world.rotate(client.connector, &Rotation::default()).await?;
        assert_eq!(states(&world, client.connector).await?, [State::Revoked, State::Active], "a revoked one stays so");
    }

    async fn deleting_a_connector_ends_all_of_its_credentials(database: Database) {
        let world = World::new(&database).await?;
        let client = world.client().await?;
        let second = Client::of(&world.rotate(client.connector, &Rotation::default()).await?)?;
        let mut tx = world.store.begin().await?;
        assert_eq!(credential::revoke_all(&mut tx, client.connector, by()).await?, 2);
        tx.commit().await?;
        assert_eq!(states(&world, client.connector).await?, [State::Revoked, State::Revoked]);
        for client in [client, second] {
            assert_eq!(world.ask(&client.form(&world), &[]).await.status, 401);
        }
    }

    async fn what_cannot_be_is_refused_and_changes_nothing(database: Database) {
        let world = World::new(&database).await?;
        let connector = world.connector().await?;
        let nobody = ConnectorId::new(world.store.now(), &SystemRng);
        let long = Rotation { label: "x".repeat(101), ..Rotation::default() };
        let lines = Rotation { label: "a\nb".into(), ..Rotation::default() };
        let over = Rotation { expires_at: Some(world.store.now()), ..Rotation::default() };
        let many = Rotation { allowed_cidrs: vec!["10.0.0.0/8".parse()?; 33], ..Rotation::default() };
        for (connector, rotation, text) in [
            (nobody, &Rotation::default(), "there is no connector"),
            (connector, &long, "at most 100 letters"),
            (connector, &lines, "on one line"),
            (connector, &over, "in the future"),
            (connector, &many, "at most 32 networks"),
        ] {
            let error = world.rotate(connector, rotation).await.unwrap_err().to_string();
            assert!(error.contains(text), "{error}");
        }
        let mut tx = world.store.begin().await?;
        let error = credential::rotate(&mut tx, connector, "", &Rotation::default(), by()).await.unwrap_err();
        assert!(error.to_string().contains("hint: set base_url"), "{error}");
        drop(tx);
        let mut tx = world.store.begin().await?;
        let unknown = CredentialId::new(world.store.now(), &SystemRng);
        assert!(credential::revoke(&mut tx, unknown, None, by()).await.is_err());
        drop(tx);
        assert!(states(&world, connector).await?.is_empty() && world.audit().await?.is_empty());
    }
}
