//! A backup is one file; an install made out of it goes on where the first one was.

use std::process::{Command, Output};

use camino::{Utf8Path, Utf8PathBuf};
use testkit::database::Database;
use testkit::{Podium, Workspace, binary};

use crate::scene::stderr;
use crate::self_hosted::{QUICK, SelfHosted, is_connected, next_applied};

fn admin(arguments: &[&str], data_dir: &Utf8Path) -> Output {
    let mut command = Command::new(binary("podium").unwrap());
    command.arg("admin").args(arguments).args(["--data-dir", data_dir.as_str()]).output().unwrap()
}

#[test]
fn a_restored_server_goes_on_where_the_first_one_was() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let [first, second] = ["first", "second"].map(|name| folder.join(name));
    let workspace = Workspace::start(300, &[]).unwrap();
    let mut podium = Podium::start(&first, &QUICK).unwrap();
    let connector = SelfHosted::add(&podium);
    let running = connector.start(&podium, &workspace);
    let applied = podium.wait(&connector.path, is_connected).unwrap()["appliedSyncId"].clone();
    drop(running);

    // The server runs on while it is copied.
    let backup = folder.join("podium.backup");
    let made = admin(&["backup", backup.as_str(), "--with-keys"], &first);
    assert!(made.status.success(), "{}", stderr(&made));
    let again = admin(&["backup", backup.as_str()], &first);
    assert!(!again.status.success() && stderr(&again).contains("is there already"), "{}", stderr(&again));
    let over = admin(&["restore", backup.as_str()], &first);
    assert!(!over.status.success(), "a running install is not replaced");
    podium.kill().unwrap();
    let over = admin(&["restore", backup.as_str()], &first);
    assert!(!over.status.success() && stderr(&over).contains("there is a database"), "{}", stderr(&over));

    let restored = admin(&["restore", backup.as_str()], &second);
    assert!(restored.status.success(), "{}", stderr(&restored));
    let other = podium.join(&second, &QUICK).unwrap();
    let before = other.done("GET", &connector.path, None).unwrap();
    assert_eq!(before["appliedSyncId"], applied);
    let sync = format!("/api/v1/syncs/{}", applied.as_str().unwrap());
    let sync = other.done("GET", &sync, None).unwrap();
    assert_eq!(sync["state"], "applied");
    let digest = sync["fileSha256"].as_str().unwrap();
    assert!(second.join(format!("files/sha256/{}/{digest}", &digest[..2])).exists());
    // The credential and the authority that the connector trusts still hold.
    let _running = connector.start(&other, &workspace);
    other.done("POST", &format!("{}/sync", connector.path), None).unwrap();
    next_applied(&other, &connector.path, &applied);
    let left: Vec<_> = second.read_dir_utf8().unwrap().map(|entry| entry.unwrap().file_name().to_owned()).collect();
    assert!(!left.iter().any(|name| name.starts_with(".tmp")), "{left:?}");
}

#[test]
fn a_damaged_backup_restores_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let first = folder.join("first");
    let podium = Podium::start(&first, &QUICK).unwrap();
    let backup = folder.join("podium.backup");
    let made = admin(&["backup", backup.as_str()], &first);
    assert!(made.status.success(), "{}", stderr(&made));
    drop(podium);
    let whole = std::fs::read(&backup).unwrap();
    let check = |name: &str, content: &[u8]| -> Utf8PathBuf {
        let [damaged, target] = [folder.join(format!("{name}.backup")), folder.join(name)];
        std::fs::write(&damaged, content).unwrap();
        let refused = admin(&["restore", damaged.as_str()], &target);
        assert!(!refused.status.success(), "{name}");
        assert!(!target.join("podium.db").exists(), "{name}: {}", stderr(&refused));
        target
    };
    for part in 1..8 {
        let at = whole.len() * part / 8;
        check(&format!("cut{part}"), &whole[..at]);
        let mut flipped = whole.clone();
        flipped[at] ^= 0x20;
        check(&format!("flipped{part}"), &flipped);
    }
    check("empty", b"");
    check("other", b"This is no backup at all.");
    // What was refused is no obstacle.
    let target = check("once", &whole[..whole.len() / 2]);
    let restored = admin(&["restore", backup.as_str()], &target);
    assert!(restored.status.success(), "{}", stderr(&restored));
    let message = String::from_utf8_lossy(&restored.stdout).into_owned();
    assert!(message.contains("put the file of the keys there"), "{message}");
}

#[test]
fn postgresql_is_left_to_its_own_programs() {
    let database = Database::postgres().unwrap();
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let refused = Command::new(binary("podium").unwrap())
        .args(["admin", "backup", folder.join("x").as_str(), "--data-dir", folder.as_str()])
        .env("PODIUM_DATABASE__URL", database.location())
        .output()
        .unwrap();
    assert!(!refused.status.success() && stderr(&refused).contains("pg_dump"), "{}", stderr(&refused));
}
