//! The first administrator.

use auth::machine;
use auth::setup::{self, Error, Link, Offer};
use domain::actor::Role;
use secrecy::{ExposeSecret as _, SecretString};
use testkit::on_both_engines;

use crate::world::World;

fn link(offer: Offer) -> Link {
    match offer {
        Offer::New(link) => link,
        other => panic!("no link: {other:?}"),
    }
}

async fn claim(world: &World, token: &SecretString) -> Result<setup::Claimed, Error> {
    setup::claim(&world.store, token, " Ada@Example.org", "Ada", Some("192.0.2.1")).await
}

on_both_engines! {
    async fn a_link_makes_the_first_administrator_once(database: Database) {
        let world = World::new(&database).await?;
        let link = link(setup::offer(&world.store).await?);
        assert!(matches!(setup::offer(&world.store).await?, Offer::Pending { expires_at } if expires_at == link.expires_at));
        let claimed = claim(&world, &link.token).await?;
        assert_eq!(claimed.person.primary_email, "ada@example.org");
        let header = format!("Bearer {}", claimed.token.expose_secret());
        let actor = machine::authenticate(&world.store, Some(&header)).await?;
        assert!(actor.is(Role::SuperAdministrator) && actor.person() == Some(claimed.person.id));
        assert!(matches!(claim(&world, &link.token).await, Err(Error::Link)));
        assert!(matches!(setup::offer(&world.store).await?, Offer::NotNeeded));
        let stored = world.everything().await?;
        assert!(!stored.contains(link.token.expose_secret()) && !stored.contains(claimed.token.expose_secret()));
        assert_eq!(
            world.audit().await?,
            ["setup_link.created", "person.created", "person.role_added", "api_client.created", "setup_link.claimed"]
        );
    }

    async fn of_two_servers_that_race_one_offers_and_one_claim_succeeds(database: Database) {
        let world = World::new(&database).await?;
        let other = world.another(&database).await?;
        let (one, two) = tokio::join!(setup::offer(&world.store), setup::offer(&other.store));
        let links: Vec<Link> = [one?, two?].into_iter().filter_map(|offer| match offer {
            Offer::New(link) => Some(link),
            _ => None,
        }).collect();
        assert_eq!(links.len(), 1);
        let token = &links[0].token;
        let claims = tokio::join!(claim(&world, token), claim(&other, token), claim(&world, token), claim(&other, token));
        let good = [claims.0.is_ok(), claims.1.is_ok(), claims.2.is_ok(), claims.3.is_ok()];
        assert_eq!(good.iter().filter(|good| **good).count(), 1, "{good:?}");
    }

    async fn a_link_lives_a_day_and_can_be_made_again(database: Database) {
        let world = World::new(&database).await?;
        let first = link(setup::offer(&world.store).await?);
        world.pass(86_400);
        assert!(matches!(claim(&world, &first.token).await, Err(Error::Link)));
        let second = link(setup::offer(&world.store).await?);
        let third = setup::issue(&world.store).await?;
        assert!(matches!(claim(&world, &second.token).await, Err(Error::Link)), "a new one ends the others");
        world.pass(86_399);
        let ada = claim(&world, &third.token).await?.person;
        // Whoever has the machine has a way back in, as the same person.
        let fourth = setup::issue(&world.store).await?;
        assert_eq!(claim(&world, &fourth.token).await?.person.id, ada.id);
    }

    async fn a_claim_that_is_wrong_leaves_the_link(database: Database) {
        let world = World::new(&database).await?;
        let link = link(setup::offer(&world.store).await?);
        for (email, name) in [("", "Ada"), ("ada", "Ada"), ("@x", "Ada"), ("a b@x", "Ada"), ("a@x", " "), ("a@x", "a\nb")] {
            let refusal = setup::claim(&world.store, &link.token, email, name, None).await;
            assert!(matches!(refusal, Err(Error::Invalid { .. })), "{email} {name}");
        }
        for token in ["", "podium-setup_x", &link.token.expose_secret().replace("setup", "reset")] {
            assert!(matches!(claim(&world, &SecretString::from(token)).await, Err(Error::Link)), "{token}");
        }
        let ada = claim(&world, &link.token).await?.person;
        let mut tx = world.store.begin().await?;
        sqlx::query("UPDATE person SET status = 'left' WHERE id = $1").bind(ada.id.to_string()).execute(tx.conn()).await?;
        tx.commit().await?;
        let another = setup::issue(&world.store).await?;
        assert!(matches!(claim(&world, &another.token).await, Err(Error::Status { .. })));
        assert!(setup::claim(&world.store, &another.token, "eve@example.org", "Eve", None).await.is_ok());
    }
}
