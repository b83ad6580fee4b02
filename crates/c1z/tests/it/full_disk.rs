//! When there is no room: an error, and the old file as it was.

use std::process::Command;

use c1z::{Error, Limits, Options, Reader, Store};
use camino::Utf8Path;

use crate::support::{Folder, fill_sync, grant, resource, write_sync};

const USERS: usize = 20_000;
const OUTPUT: &str = "C1Z_FULL_DISK_OUTPUT";

/// Runs under a limit on the size of files when the other test starts it so; a plain run of it has room.
#[test]
fn sync_under_a_limit() {
    if let Ok(output) = std::env::var(OUTPUT) {
        let error = sync(Utf8Path::new(&output)).unwrap_err();
        // What is printed tells the other test that there was an error and not a panic.
        println!("failed as it should: {error}");
        assert!(Utf8Path::new(&output).is_file());
    } else {
        let folder = Folder::new();
        sync(&folder.join("sync.c1z")).unwrap();
    }
}

fn sync(path: &Utf8Path) -> Result<(), Error> {
    let mut store = Store::open(path, Options::default())?;
    if store.left_unsaved()?.is_empty() {
        fill(&mut store)?;
    }
    store.save()?;
    Ok(())
}

fn fill(store: &mut Store) -> Result<(), Error> {
    store.start_sync(c1z::SyncType::Full, None)?;
    for page in (0..USERS).step_by(1000) {
        // Digits that compress badly, so that the packed file is large too.
        let name =
            |user: usize| format!("{:x}", (user as u128).wrapping_mul(0x9e37_79b9_7f4a_7c15_f39c_c060_5ced_c835));
        let ids: Vec<String> = (page..page + 1000).map(name).collect();
        let written = store
            .put(&ids.iter().map(|id| resource("user", id, id)).collect::<Vec<_>>())
            .and_then(|()| store.put(&ids.iter().map(|id| grant("viewer", id)).collect::<Vec<_>>()))
            .and_then(|()| store.checkpoint(&page.to_string()));
        if let Err(error) = written {
            // What the caller believes stored is not; nothing goes on from here.
            assert!(matches!(store.checkpoint("after"), Err(Error::Failed)));
            return Err(error);
        }
    }
    store.end_sync()?;
    Ok(())
}

/// Runs [`sync_under_a_limit`] with room for files of so many blocks of 512 bytes, and returns its error.
fn run_limited(output: &Utf8Path, blocks: u32) -> String {
    let limited = Command::new("sh")
        .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &blocks.to_string()])
        .arg(std::env::current_exe().unwrap())
        .args(["--exact", "full_disk::sync_under_a_limit", "--nocapture"])
        .env(OUTPUT, output)
        .output()
        .unwrap();
    let said = String::from_utf8(limited.stdout).unwrap();
    assert!(limited.status.success(), "{blocks}: {said}{}", String::from_utf8_lossy(&limited.stderr));
    said.split_once("failed as it should: ").unwrap().1.to_owned()
}

#[test]
fn the_old_file_survives_when_there_is_no_room_to_pack() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    write_sync(&path, 5);
    let before = std::fs::read(&path).unwrap();
    let mut store = Store::open(&path, Options::default()).unwrap();
    fill(&mut store).unwrap();
    drop(store);
    let error = run_limited(&path, 600);
    assert!(error.contains("sync.c1z.tmp") && error.contains("the disk is full"), "{error}");
    assert_eq!(std::fs::read(&path).unwrap(), before);
    assert_eq!(folder.names(), ["sync.c1z", "sync.c1z.work"]);
    // With room again only the packing is left to do.
    sync(&path).unwrap();
    assert_eq!(folder.names(), ["sync.c1z"]);
    assert_eq!(Reader::open(&path, &Limits::default()).unwrap().syncs().unwrap().len(), 2);
}

#[test]
fn the_old_file_survives_a_full_disk() {
    // Blocks of 512 bytes: room for nothing, for a part of the rows, and for the database's start only.
    for blocks in [600, 3000, 9000] {
        let folder = Folder::new();
        let path = folder.join("sync.c1z");
        write_sync(&path, 5);
        let before = std::fs::read(&path).unwrap();
        run_limited(&path, blocks);
        assert_eq!(std::fs::read(&path).unwrap(), before);
        assert!(folder.names().iter().all(|name| ["sync.c1z", "sync.c1z.work"].contains(&name.as_str())));
        // With room again the next run goes on.
        let mut store = Store::open(&path, Options::default()).unwrap();
        assert!(store.syncs().unwrap().len() <= 2);
        fill_sync(&mut store, 3);
        store.end_sync().unwrap();
        store.save().unwrap();
        assert!(Reader::open(&path, &Limits::default()).unwrap().syncs().unwrap().len() >= 2);
        assert_eq!(folder.names(), ["sync.c1z"]);
    }
}
