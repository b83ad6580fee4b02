//! What the server does for itself.

use std::fs::File;
use std::time::{Duration, SystemTime};

use bytes::Bytes;
use domain::actor::Role;
use domain::sync::{State, Step};
use governance::connector::settings::SaveAnyway;
use governance::upkeep::Cleaned;
use governance::{Caller, Code};
use ids::{SeededRng, SyncId};
use jiff::SignedDuration;
use secrecy::ExposeSecret as _;
use serde_json::json;
use store::seal::SealKey;

use crate::secrets::{App, TOKEN, fields, hosted};
use crate::world::World;

async fn brought(world: &World, caller: &Caller, content: &'static [u8]) -> anyhow::Result<SyncId> {
    let connector = world.connector().await?;
    let mut file = world.governance.bring_file(caller, connector).await?;
    file.write(Bytes::from_static(content)).await?;
    Ok(file.finish(None).await?.value.id)
}

testkit::on_both_engines! {
    async fn files_go_when_their_time_is_over_with_what_crashes_left_behind(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::SuperAdministrator]).await?;
        let ended = brought(&world, &admin, b"C1ZF\0 one that fails").await?;
        let open = brought(&world, &admin, b"C1ZF\0 one that waits").await?;
        let mut tx = world.store().begin().await?;
        let (tenant, now) = (tx.tenant(), tx.now());
        let mut sync = store::sync::find(tx.conn(), tenant, ended).await?.unwrap();
        (sync.state, sync.finished_at) = (sync.state.after(Step::Failed)?, Some(now));
        assert_eq!(sync.state, State::Failed);
        store::sync::update(tx.conn(), &mut sync).await?;
        tx.commit().await?;

        // Stored, and never noted; begun, and never ended.
        let mut upload = world.governance.files().begin(100).await?;
        upload.write(Bytes::from_static(b"nobody knows me")).await?;
        let orphan = upload.finish(None).await?.digest;
        let incoming = world.folder.path().join("files/incoming");
        std::fs::create_dir_all(&incoming)?;
        let [old, fresh] = ["old#1", "fresh#1"].map(|name| incoming.join(name));
        let day = Duration::from_hours(24);
        let now = SystemTime::from(world.store().now());
        File::create(&old)?.set_modified(now - 3 * day)?;
        File::create(&fresh)?.set_modified(now - day)?;
        let hex = orphan.to_string();
        let orphan_file = world.folder.path().join(format!("files/sha256/{}/{hex}", &hex[..2]));
        File::open(&orphan_file)?.set_modified(now - 3 * day)?;

        assert_eq!(world.governance.clean_up().await?, Cleaned { leftovers: 2, ..Cleaned::default() });
        assert!(fresh.exists() && !old.exists() && !orphan_file.exists());
        world.clock.advance(SignedDuration::from_hours(24 * 91));
        assert_eq!(world.governance.clean_up().await?.files, 1);
        assert_eq!(world.governance.clean_up().await?, Cleaned::default());
        assert_eq!(world.governance.sync_file(&admin, ended).await.unwrap_err().code(), Code::NotFound);
        world.governance.sync_file(&admin, open).await?;
        assert!(world.audit().await?.concat().contains("file.removed"));
        // The same content may come again.
        let again = brought(&world, &admin, b"C1ZF\0 one that fails").await?;
        world.governance.sync_file(&admin, again).await?;
        world.governance.clean_up().await?;
        world.governance.sync_file(&admin, again).await?;
    }

    async fn a_newer_key_seals_secrets_anew_so_that_the_older_can_go(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.person(&[Role::SuperAdministrator]).await?;
        let id = hosted(&world, &admin).await?;
        let settings = fields(&json!({"token": TOKEN, "baseUrl": "https://a.example.com"}));
        world.governance.save_settings(&admin, id, None, &settings, SaveAnyway::No, &App::default()).await?;
        assert_eq!(world.governance.reseal_secrets().await?.count, 0);

        let [older, newer] = [1, 2].map(|seed| SealKey::generate(&SeededRng::new(seed)));
        let stranger = world.with_keys(&database, std::slice::from_ref(&newer)).await?;
        let resealed = stranger.governance.reseal_secrets().await?;
        assert_eq!((resealed.count, resealed.unreadable.len()), (0, 1));
        let both = world.with_keys(&database, &[newer.clone(), older]).await?;
        assert_eq!(both.governance.reseal_secrets().await?.count, 1);
        assert_eq!(both.governance.reseal_secrets().await?.count, 0);
        let resealed = stranger.governance.reseal_secrets().await?;
        assert_eq!((resealed.count, resealed.unreadable.len()), (0, 0));
        let connector = stranger.governance.connector(&admin, id).await?.connector;
        assert_eq!(stranger.governance.open_settings(&connector).await?["token"].expose_secret(), TOKEN);
    }
}
