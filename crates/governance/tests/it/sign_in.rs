//! Sessions end in time; passwords are for Super Administrators.

use domain::actor::Role;
use domain::audit::Via;
use domain::person::Step;
use governance::sign_in::Visitor;
use governance::tenant::TenantEdit;
use governance::{Caller, Code};
use jiff::SignedDuration;
use secrecy::{ExposeSecret as _, SecretString};

use crate::world::World;

const PASSWORD: &str = "a sentence is a good one";

/// A Super Administrator with a password, and their address.
async fn administrator(world: &World) -> anyhow::Result<(Caller, String)> {
    let admin = world.person(&[Role::SuperAdministrator]).await?;
    world.governance.set_password(&admin, None, &SecretString::from(PASSWORD)).await?;
    let person = world.governance.person(&admin, admin.actor.person().unwrap()).await?;
    Ok((admin, person.person.primary_email))
}

async fn sign_in(world: &World, email: &str) -> governance::Result<String> {
    let visitor = Visitor { ip: Some([192, 0, 2, 1].into()), agent: "a browser" };
    let session = world.governance.sign_in_with_password(email, &SecretString::from(PASSWORD), visitor).await?;
    Ok(session.cookie.expose_secret().to_owned())
}

async fn is_signed_in(world: &World, cookie: &str) -> bool {
    match world.governance.signed_in(cookie, Via::Web).await {
        Ok(caller) => caller.session.is_some(),
        Err(error) => {
            assert_eq!(error.code(), Code::Unauthenticated);
            false
        }
    }
}

testkit::on_both_engines! {
    async fn a_session_ends_after_two_hours_without_use_and_after_twenty_in_any_case(database: Database) {
        let world = World::new(&database).await?;
        let (admin, email) = administrator(&world).await?;
        let idle = sign_in(&world, &email).await?;
        let used = sign_in(&world, &email).await?;
        let mut halves = 0;
        while is_signed_in(&world, &used).await {
            world.clock.advance(SignedDuration::from_mins(90));
            halves += 3;
            assert!(halves < 60, "it never ends");
            // Looking is a use: the other one is looked at once, after three hours.
            assert!(halves != 6 || !is_signed_in(&world, &idle).await);
        }
        assert_eq!(halves, 42, "twenty hours are over at the fourteenth look");
        // An install may want less; sessions that have begun stay as they are.
        let edit = TenantEdit { session_life: Some(SignedDuration::from_mins(44)), ..TenantEdit::default() };
        let refused = world.governance.edit_tenant_settings(&admin, None, edit).await.unwrap_err();
        assert_eq!((refused.code(), refused.field()), (Code::InvalidArgument, Some("maxMinutes")));
        let edit = TenantEdit { session_life: Some(SignedDuration::from_mins(45)), ..TenantEdit::default() };
        world.governance.edit_tenant_settings(&admin, None, edit).await?;
        let short = sign_in(&world, &email).await?;
        world.clock.advance(SignedDuration::from_mins(44));
        assert!(is_signed_in(&world, &short).await);
        world.clock.advance(SignedDuration::from_mins(1));
        assert!(!is_signed_in(&world, &short).await);
    }

    async fn passwords_are_for_active_super_administrators(database: Database) {
        let world = World::new(&database).await?;
        let (admin, email) = administrator(&world).await?;
        let user = world.person(&[Role::User]).await?;
        let refused = world.governance.set_password(&user, None, &SecretString::from(PASSWORD)).await.unwrap_err();
        assert_eq!(refused.code(), Code::PermissionDenied);

        let cookie = sign_in(&world, &email).await?;
        let id = admin.actor.person().unwrap();
        let other = world.person(&[Role::SuperAdministrator]).await?;
        world.governance.move_person(&other, id, None, Step::Suspend, "away").await?;
        assert!(!is_signed_in(&world, &cookie).await);
        assert_eq!(sign_in(&world, &email).await.unwrap_err().code(), Code::Unauthenticated);
        world.governance.move_person(&other, id, None, Step::Return, "back").await?;
        world.governance.set_roles(&other, id, None, [Role::Auditor].into()).await?;
        assert_eq!(sign_in(&world, &email).await.unwrap_err().code(), Code::Unauthenticated);
        let audit = world.audit().await?;
        let refusals = audit.iter().filter(|row| row.contains("sign_in.refused")).count();
        assert_eq!(refusals, 2, "{audit:#?}");
        assert!(!audit.iter().any(|row| row.contains(PASSWORD) || row.contains("argon2")));
    }
}
