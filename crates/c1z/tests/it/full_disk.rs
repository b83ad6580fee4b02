//! When there is no room: an error, and the old file as it was.

use std::process::Command;

use c1z::{Error, Limits, Options, Reader, Store};
use camino::Utf8Path;

use crate::support::{Folder, fill_sync, grant, resource, write_sync};

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
    let users = 20_000;
    fill(&mut store, users)?;
    store.end_sync()?;
    store.save()?;
    Ok(())
}

fn fill(store: &mut Store, users: usize) -> Result<(), Error> {
    store.start_sync(c1z::SyncType::Full, None)?;
    for page in (0..users).step_by(1000) {
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
    Ok(())
}

#[test]
fn the_old_file_survives_a_full_disk() {
    // Blocks of 512 bytes: room for nothing, for a part of the rows, and for the database's start only.
    for blocks in [600, 3000, 9000] {
        let folder = Folder::new();
        let path = folder.join("sync.c1z");
        write_sync(&path, 5);
        let before = std::fs::read(&path).unwrap();
        let limited = Command::new("sh")
            .args(["-c", "trap '' XFSZ; ulimit -f \"$0\"; exec \"$@\"", &blocks.to_string()])
            .arg(std::env::current_exe().unwrap())
            .args(["--exact", "full_disk::sync_under_a_limit", "--nocapture"])
            .env(OUTPUT, &path)
            .output()
            .unwrap();
        let said = String::from_utf8_lossy(&limited.stdout);
        assert!(limited.status.success() && said.contains("failed as it should"), "{blocks}: {limited:?}");
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
