//! Secrets of connectors: sealed, used where they were typed for, and never shown again.

use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use auth::credential::Rotation;
use domain::actor::Role;
use domain::connector::Status;
use domain::sync::Trigger;
use governance::connector::settings::{ConnectionTest, SaveAnyway, Values};
use governance::connector::{AppChoice, NewConnector};
use governance::{Caller, Code};
use ids::ConnectorId;
use secrecy::ExposeSecret as _;
use serde_json::{Map, Value, json};
use testkit::database::Database;

use crate::world::World;

pub(crate) const TOKEN: &str = "whimsical-scim-token-that-nobody-reads-9f3a";

/// An app that accepts one token.
#[derive(Default)]
pub(crate) struct App {
    asked: AtomicUsize,
}

#[async_trait]
impl ConnectionTest for App {
    async fn test(&self, _: &str, values: &Values) -> Result<(), String> {
        self.asked.fetch_add(1, Ordering::Relaxed);
        if values["token"].expose_secret() == TOKEN { Ok(()) } else { Err("the token is refused".to_owned()) }
    }
}

pub(crate) fn fields(value: &Value) -> Map<String, Value> {
    value.as_object().unwrap().clone()
}

pub(crate) async fn hosted(world: &World, caller: &Caller) -> anyhow::Result<ConnectorId> {
    let new = NewConnector {
        catalog_id: "whimsical".to_owned(),
        hosting: None,
        display_name: None,
        app: AppChoice::New { name: None },
        owners: Vec::new(),
    };
    Ok(world.governance.create_connector(caller, new).await?.value.connector.id)
}

testkit::on_both_engines! {
    async fn t_c2_saved_settings_are_tested_and_start_the_first_sync(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::ConnectorAdministrator]).await?;
        let id = hosted(&world, &admin).await?;
        let app = App::default();
        let save = async |version, value: Value, anyway| {
            world.governance.save_settings(&admin, id, version, &fields(&value), anyway, &app).await
        };
        let missing = save(None, json!({"baseUrl": "https://a.example.com"}), SaveAnyway::Yes).await.unwrap_err();
        assert_eq!((missing.code(), missing.field()), (Code::InvalidArgument, Some("token")));
        let unknown = save(None, json!({"token": TOKEN, "tokem": "x"}), SaveAnyway::Yes).await.unwrap_err();
        assert_eq!(unknown.field(), Some("tokem"));
        assert_eq!(app.asked.load(Ordering::Relaxed), 0, "what cannot be saved is not tried");
        let rows = world.audit().await?.len();
        let refused = save(None, json!({"token": "wrong"}), SaveAnyway::No).await.unwrap_err();
        assert_eq!(refused.code(), Code::FailedPrecondition);
        assert!(refused.detail().contains("the token is refused"), "{refused}");
        assert_eq!(world.audit().await?.len(), rows);
        assert_eq!(save(Some(9), json!({"token": TOKEN}), SaveAnyway::No).await.unwrap_err().code(), Code::Aborted);

        let saved = save(None, json!({"token": "wrong"}), SaveAnyway::Yes).await?.value;
        assert_eq!(saved.warning.as_deref(), Some("the token is refused"));
        assert_eq!(saved.view.secrets[0].last_four, None, "a short secret shows nothing");
        let saved = save(None, json!({"token": TOKEN}), SaveAnyway::No).await?.value;
        assert_eq!((saved.warning, saved.view.status), (None, Status::Syncing));
        assert_eq!(saved.view.open_sync.unwrap().trigger, Trigger::First);
        let secret = &saved.view.secrets[0];
        assert_eq!((secret.field.as_str(), secret.last_four.as_deref()), ("token", Some("9f3a")));
        assert_eq!(secret.set_by, admin.actor.to_string());
        let opened = world.governance.open_settings(&saved.view.connector).await?;
        assert_eq!(opened["token"].expose_secret(), TOKEN);
    }

    async fn a_stored_secret_is_not_sent_to_another_address(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::ConnectorAdministrator]).await?;
        let id = hosted(&world, &admin).await?;
        let app = App::default();
        let first = fields(&json!({"token": TOKEN, "baseUrl": "https://a.example.com"}));
        world.governance.save_settings(&admin, id, None, &first, SaveAnyway::No, &app).await?;
        let asked = app.asked.load(Ordering::Relaxed);
        for elsewhere in [json!({"baseUrl": "https://b.example.com"}), json!({"baseUrl": null})] {
            let elsewhere = fields(&elsewhere);
            let tested = world.governance.test_settings(&admin, id, &elsewhere, &app).await.unwrap_err();
            let saved = world.governance.save_settings(&admin, id, None, &elsewhere, SaveAnyway::Yes, &app).await;
            for refused in [tested, saved.unwrap_err()] {
                assert_eq!((refused.code(), refused.field()), (Code::InvalidArgument, Some("token")));
            }
        }
        assert_eq!(app.asked.load(Ordering::Relaxed), asked, "nobody was shown it");
        for fine in [json!({"baseUrl": "https://a.example.com"}), json!({"baseUrl": "https://b.example.com", "token": TOKEN})] {
            world.governance.save_settings(&admin, id, None, &fields(&fine), SaveAnyway::No, &app).await?;
        }
    }
}

#[tokio::test]
async fn no_secret_lies_open_in_the_database_or_the_audit_log() -> anyhow::Result<()> {
    let database = Database::sqlite()?;
    let world = World::new(&database).await?;
    let admin = world.person(&[Role::SuperAdministrator]).await?;
    let id = hosted(&world, &admin).await?;
    let settings = fields(&json!({"token": TOKEN, "baseUrl": "https://a.example.com"}));
    let app = App::default();
    let saved = world.governance.save_settings(&admin, id, None, &settings, SaveAnyway::No, &app).await?;
    assert!(!format!("{saved:?}").contains(TOKEN));
    let other = world.connector().await?;
    let issued = world.governance.rotate(&admin, other, &Rotation::default()).await?.value;
    let secret = issued.client_secret.expose_secret();
    assert!(!format!("{issued:?}").contains(secret));
    // The last part of a client secret is the private key.
    let key = secret.rsplit(':').next().unwrap();
    assert!(key.len() > 40, "the shape of a client secret has changed");

    let mut bytes = Vec::new();
    for end in ["", "-wal"] {
        let path = format!("{}{end}", database.location());
        if std::fs::exists(&path)? {
            bytes.extend(std::fs::read(path)?);
        }
    }
    let lies_open = |text: &str| bytes.windows(text.len()).any(|part| part == text.as_bytes());
    assert!(lies_open("https://a.example.com"), "this looks where settings are");
    assert!(!lies_open(TOKEN) && !lies_open(secret) && !lies_open(key));
    let audit = world.audit().await?.concat();
    assert!(audit.contains("connector.settings_saved") && audit.contains("credential.rotated"), "{audit}");
    Ok(())
}
