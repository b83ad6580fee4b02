//! Syncs and their files.

use domain::actor::Role;
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use testkit::on_both_engines;

use crate::file;
use crate::world::{UPLOAD_LIMIT, World};

fn sha256(bytes: &[u8]) -> String {
    store::hex(&Sha256::digest(bytes))
}

on_both_engines! {
    async fn a_file_is_brought_read_shown_and_downloaded(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, connector) = world.connector(&admin).await;
        let bytes = file::of_users(&world.folder(), 0..3)?;
        let digest = sha256(&bytes);
        let brought = world.upload(&admin, &connector, &format!("?sha256={digest}"), &bytes).await;
        let sync = brought.ok(202);
        assert_eq!(brought.seq(), Some(i64::try_from(world.audit().await?.len())?));
        assert_eq!((sync["state"].as_str(), sync["trigger"].as_str()), (Some("uploaded"), Some("upload")));
        assert_eq!(sync["fileSha256"], digest);
        let id: ids::SyncId = sync["id"].as_str().unwrap().parse()?;
        // Whoever follows the log sees what is there, what comes, and the end.
        let stream = [("accept", "text/event-stream")];
        let follow = format!("GET /syncs/{id}/log");
        let context = world.governance.ingest_context();
        let (live, read) =
            tokio::join!(world.call(Some(&admin), &follow, &stream, None), ingest::run(&context, id));
        read?;
        assert_eq!(live.header("content-type"), Some("text/event-stream"));
        let events = live.text();
        let (brought, applied) = (events.find("brought by hand"), events.find("the sync was applied: "));
        assert!(brought.is_some() && brought < applied, "{events}");
        assert!(events.trim_end().ends_with("event: end\ndata: the sync has ended"), "{events}");
        let last = events.rsplit_once("id: ").unwrap().1.lines().next().unwrap();
        let again = [stream[0], ("last-event-id", last)];
        let rest = world.call(Some(&admin), &follow, &again, None).await.text();
        assert!(!rest.contains("id: ") && rest.contains("event: end"), "{rest}");
        let applied = world.get(&admin, &format!("/syncs/{id}")).await.ok(200);
        assert_eq!(applied["state"], "applied", "{applied}");
        assert_eq!(applied["counts"]["grants"]["added"], 3, "{applied}");

        let download = world.get(&admin, &format!("/syncs/{id}/file")).await;
        assert_eq!((download.status.as_u16(), &download.bytes), (200, &bytes));
        assert_eq!(download.header("etag"), Some(format!("\"{digest}\"").as_str()));
        assert_eq!(download.header("content-length"), Some(bytes.len().to_string().as_str()));
        let known = [("if-none-match", format!("\"{digest}\""))];
        let known: Vec<(&str, &str)> = known.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let again = world.call(Some(&admin), &format!("GET /syncs/{id}/file"), &known, None).await;
        assert_eq!((again.status.as_u16(), again.bytes.len()), (304, 0));

        let log = world.walk(&admin, &format!("/syncs/{id}/log"), 1).await;
        assert!(log.iter().any(|line| line["message"].as_str().unwrap().contains("brought by hand")), "{log:?}");
        let syncs = world.walk(&admin, &format!("/connectors/{connector}/syncs"), 1).await;
        assert!(syncs.iter().any(|sync| sync["id"] == id.to_string()));
    }

    async fn what_is_no_sync_file_leaves_nothing(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, connector) = world.connector(&admin).await;
        let good = file::of_users(&world.folder(), 0..1)?;
        let before = world.rows().await?;
        for body in [&b""[..], b"C1Z", b"PK\x03\x04 a zip", b"{}"] {
            world.upload(&admin, &connector, "", body).await.problem(400, "invalid_argument");
        }
        let wrong = format!("?sha256={}", "0".repeat(64));
        let problem = world.upload(&admin, &connector, &wrong, &good).await.problem(400, "invalid_argument");
        assert_eq!(problem["field"], "sha256");
        world.upload(&admin, &connector, "?sha256=x", &good).await.problem(400, "invalid_argument");
        let mut large = good.clone();
        large.resize(usize::try_from(UPLOAD_LIMIT)? + 1, 0);
        world.upload(&admin, &connector, "", &large).await.problem(413, "resource_exhausted");
        assert_eq!(world.rows().await?, before);
    }

    async fn a_file_larger_than_other_bodies_may_come(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, connector) = world.connector(&admin).await;
        let mut bytes = file::of_users(&world.folder(), 0..1)?;
        bytes.resize(2 << 20, 0);
        world.upload(&admin, &connector, "", &bytes).await.ok(202);
    }

    async fn t_s10_a_queued_sync_is_stopped_once(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, connector) = world.connector(&admin).await;
        world.call(Some(&admin), &format!("POST /connectors/{connector}/sync"), &[], None).await;
        let id = world.walk(&admin, &format!("/connectors/{connector}/syncs"), 9).await[0]["id"].as_str().unwrap().to_owned();
        let stop = async || world.call(Some(&admin), &format!("POST /syncs/{id}/cancel"), &[], None).await;
        let stopped = stop().await;
        assert_eq!(stopped.ok(200)["state"], "cancelled");
        assert!(stopped.seq().is_some());
        let before = world.rows().await?;
        let again = stop().await;
        assert_eq!((again.ok(200)["state"].as_str().unwrap().to_owned(), again.seq()), ("cancelled".to_owned(), None));
        assert_eq!(world.rows().await?, before);
        let mut conn = world.store.read().await?;
        assert!(store::task::open_of(&mut conn, connector.parse()?).await?.is_empty(), "its task is called off");
    }

    async fn a_queued_sync_gives_way_to_a_file_and_an_ended_one_cannot_be_stopped(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, connector) = world.connector(&admin).await;
        world.call(Some(&admin), &format!("POST /connectors/{connector}/sync"), &[], None).await;
        let bytes = file::of_users(&world.folder(), 0..2)?;
        let sync = world.upload(&admin, &connector, "", &bytes).await.ok(202);
        world.upload(&admin, &connector, "", &bytes).await.problem(409, "failed_precondition");
        let states: Vec<Value> = world
            .walk(&admin, &format!("/connectors/{connector}/syncs"), 9)
            .await
            .into_iter()
            .map(|sync| sync["state"].clone())
            .collect();
        assert_eq!(states, [json!("uploaded"), json!("cancelled")]);
        let id = sync["id"].as_str().unwrap();
        world.call(Some(&admin), &format!("POST /syncs/{id}/cancel"), &[], None).await.problem(409, "failed_precondition");
    }

    async fn syncs_are_hidden_with_their_connector(database: Database) {
        let world = World::new(&database).await?;
        let admin = world.administrator().await?;
        let (_, connector) = world.connector(&admin).await;
        let bytes = file::of_users(&world.folder(), 0..2)?;
        let sync = world.bring(&admin, &connector, &bytes).await?;
        let id = sync["id"].as_str().unwrap();
        let (ann, auditor) = (world.person("ann", &[]).await?, world.machine(&[Role::Auditor]).await?);
        for path in [
            format!("/connectors/{connector}/syncs"),
            format!("/syncs/{id}"),
            format!("/syncs/{id}/log"),
            format!("/syncs/{id}/file"),
            format!("/syncs/{id}/differences"),
        ] {
            world.get(&ann, &path).await.problem(404, "not_found");
            assert_eq!(world.get(&auditor, &path).await.status, 200, "{path}");
        }
        world.upload(&ann, &connector, "", &bytes).await.problem(404, "not_found");
        world.upload(&auditor, &connector, "", &bytes).await.problem(403, "permission_denied");
        world.call(Some(&auditor), &format!("POST /syncs/{id}/cancel"), &[], None).await.problem(403, "permission_denied");
    }
}
