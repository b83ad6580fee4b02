//! SAML, SCIM, tokens and plans, by example.

use super::Bench;
use crate::model::control::IdentityProvider;
use crate::model::provisioning::NewUser;
use crate::model::settings::{FilesTarget, Plan, Settings, Visibility};
use crate::model::switches::TokenOnReenable;
use crate::model::{Actor, Refusal, Switches};

fn provider() -> IdentityProvider {
    IdentityProvider {
        entity_id: "https://idp.example.com".to_owned(),
        sso_url: "https://idp.example.com/sso".to_owned(),
        certificate: "MIIC".to_owned(),
    }
}

#[test]
fn saml_off_takes_scim_with_it_and_unlinks_everybody() {
    let mut bench = Bench::new(Switches::default());
    let pending = bench.post("pending@example.com", None).unwrap();
    let new =
        NewUser { user_name: "ada@example.com".to_owned(), external_id: Some("00u1".to_owned()), ..NewUser::default() };
    let member = bench.act(Actor::Scim, |workspace, act| workspace.provision(new, act)).unwrap().id();
    bench.sign_in("ada@example.com").unwrap();
    let old = bench.workspace.scim().token.clone().unwrap();
    bench.act(Actor::Admin, super::super::workspace::Workspace::disable_saml);
    assert!(!bench.workspace.scim().enabled);
    assert!(bench.workspace.directory().get(pending).is_none());
    assert!(bench.user(member).is_member() && !bench.user(member).managed);
    assert_eq!(bench.user(member).external_id, None);
    assert_eq!(bench.workspace.directory().by_external_id("00u1").len(), 0);
    assert_eq!(bench.act(Actor::Admin, super::super::workspace::Workspace::enable_scim), Err(Refusal::SamlOff));
    assert_eq!(bench.sign_in("ada@example.com"), Err(Refusal::SamlOff));
    bench.act(Actor::Admin, |workspace, act| workspace.enable_saml(provider(), act)).unwrap();
    bench.act(Actor::Admin, super::super::workspace::Workspace::enable_scim).unwrap();
    let now = bench.now;
    assert!(!bench.workspace.scim().accepts(old.reveal(), now), "the token is a new one");
}

#[test]
fn the_same_token_comes_back_if_the_switch_says_so() {
    let switches = Switches { token_on_reenable: TokenOnReenable::Same, ..Switches::default() };
    let mut bench = Bench::new(switches);
    bench.act(Actor::Admin, super::super::workspace::Workspace::disable_scim);
    bench.act(Actor::Admin, super::super::workspace::Workspace::enable_scim).unwrap();
    let now = bench.now;
    assert!(bench.workspace.scim().accepts("whscim_test", now));
}

#[test]
fn reveal_and_rotate_are_written_down_and_the_old_token_dies() {
    for (rotate_grace_s, lives_for_a_while) in [(0, false), (60, true)] {
        let mut bench = Bench::new(Switches { rotate_grace_s, ..Switches::default() });
        let token = bench.act(Actor::Admin, super::super::workspace::Workspace::reveal_token).unwrap();
        assert_eq!(token.reveal(), "whscim_test");
        let new = bench.act(Actor::Admin, super::super::workspace::Workspace::rotate_token).unwrap();
        let accepts = |bench: &Bench, text: &str| bench.workspace.scim().accepts(text, bench.now);
        assert!(accepts(&bench, new.reveal()));
        assert_eq!(accepts(&bench, "whscim_test"), lives_for_a_while);
        bench.pass(1);
        assert!(!accepts(&bench, "whscim_test"));
        let actions: Vec<&str> = bench.workspace.audit().map(|entry| &*entry.action).collect();
        assert_eq!(actions, ["token.revealed", "token.rotated"]);
    }
}

#[test]
fn the_plan_and_the_metadata_gate_saml_and_scim() {
    let mut bench = Bench::new(Switches::default());
    bench.act(Actor::Admin, super::super::workspace::Workspace::disable_saml);
    let nothing = IdentityProvider::default();
    assert_eq!(bench.act(Actor::Admin, |workspace, act| workspace.enable_saml(nothing, act)), Err(Refusal::NoMetadata));
    let settings = Settings { plan: Plan::Business, ..bench.workspace.settings().clone() };
    bench.act(Actor::Admin, |workspace, act| workspace.set_settings(settings, act)).unwrap();
    assert_eq!(
        bench.act(Actor::Admin, |workspace, act| workspace.enable_saml(provider(), act)),
        Err(Refusal::PlanTooLow)
    );
}

#[test]
fn the_login_url_follows_the_name_only_when_saml_goes_on() {
    let mut bench = Bench::new(Switches::default());
    let slug = |bench: &Bench| bench.workspace.saml().unwrap().login_slug.clone();
    let settings = Settings { name: "Ärger & Co. 2".to_owned(), ..bench.workspace.settings().clone() };
    bench.act(Actor::Admin, |workspace, act| workspace.set_settings(settings, act)).unwrap();
    bench.act(Actor::Admin, |workspace, act| workspace.enable_saml(provider(), act)).unwrap();
    assert_eq!(slug(&bench), "example-workspace");
    bench.act(Actor::Admin, super::super::workspace::Workspace::disable_saml);
    bench.act(Actor::Admin, |workspace, act| workspace.enable_saml(provider(), act)).unwrap();
    assert_eq!(slug(&bench), "ärger-co-2");
}

#[test]
fn files_go_to_private_teams_only() {
    let mut bench = Bench::new(Switches::default());
    let target = FilesTarget { team: "All".to_owned(), visibility: Visibility::Open, folder: "x".to_owned() };
    assert_eq!(
        bench.act(Actor::Admin, |workspace, act| workspace.set_offboarding(Some(target), act)),
        Err(Refusal::TeamNotPrivate)
    );
}
