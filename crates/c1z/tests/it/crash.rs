//! A run that is killed at any moment, and then run again, gives what an undisturbed run gives.

use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use c1z::{Error, Grants, Limits, Options, Reader, Resources, Retention, Row, Store, SyncType, Table};
use camino::{Utf8Path, Utf8PathBuf};
use ids::{Rng, SeededRng};
use proto::c1::connector::v2::{Grant, Resource};

use crate::support::{Folder, entitlement, grant, resource, resource_type, write_sync};

const OUTPUT: &str = "C1Z_CRASH_OUTPUT";
const PAGES: usize = 60;
const PAGE: usize = 50;

/// Runs in a process of its own when another test starts it so; a plain run of it syncs to a folder that goes.
#[test]
fn sync_in_a_process_of_its_own() {
    if let Ok(output) = std::env::var(OUTPUT) {
        sync(Utf8Path::new(&output)).unwrap();
    } else {
        let folder = Folder::new();
        let path = folder.join("sync.c1z");
        sync(&path).unwrap();
        assert_eq!(content(&path).len(), 2 * PAGES * PAGE);
    }
}

/// Syncs users, then grants, page by page; the token is the number of the next page.
fn sync(path: &Utf8Path) -> Result<(), Error> {
    let mut store = Store::open(path, Options::default())?;
    let page = match store.resume(&SyncType::Full)? {
        Some(run) => run.token.parse().unwrap_or(0),
        None if !store.left_unsaved()?.is_empty() => return store.save().map(|_| ()),
        None => {
            store.start_sync(SyncType::Full, None)?;
            store.put(&[resource_type("user"), resource_type("role")])?;
            store.put(&[entitlement("viewer")])?;
            0
        }
    };
    for page in page..2 * PAGES {
        let users = |page: usize| (page * PAGE..(page + 1) * PAGE).map(|user| format!("u{user}"));
        if page < PAGES {
            store.put(&users(page).map(|user| resource("user", &user, &user)).collect::<Vec<_>>())?;
            // A page that repeats an entry of the page before.
            store.put(&[resource("user", &format!("u{}", (page * PAGE).saturating_sub(1)), "again")])?;
        } else {
            if page == PAGES {
                assert!(store.view(&[Table::Resources])?.contains::<Resource>("user:u7")?);
            }
            store.put(&users(page - PAGES).map(|user| grant("viewer", &user)).collect::<Vec<_>>())?;
        }
        store.checkpoint(&(page + 1).to_string())?;
    }
    store.cleanup(Retention::default())?;
    store.end_sync()?;
    store.save()?;
    Ok(())
}

/// Returns what the last sync of the file holds: ids and names.
fn content(path: &Utf8Path) -> Vec<String> {
    let reader = Reader::open(path, &Limits::default()).unwrap();
    let runs = reader.syncs().unwrap();
    assert!(runs.iter().all(|run| run.ended_at.is_some()));
    let view = reader.view(&runs.last().unwrap().id);
    let mut content = Vec::new();
    view.each(Resources::All, |row: Row<'_, Resource>| {
        content.push(format!("{} {}", row.external_id()?, row.decode()?.display_name));
        Ok::<_, Error>(())
    })
    .unwrap();
    view.each(Grants::All, |row: Row<'_, Grant>| {
        content.push(row.decode()?.id);
        Ok::<_, Error>(())
    })
    .unwrap();
    content
}

fn start(output: &Utf8Path) -> Child {
    Command::new(std::env::current_exe().unwrap())
        .args(["--exact", "crash::sync_in_a_process_of_its_own"])
        .env(OUTPUT, output)
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap()
}

/// Starts a run and kills it as soon as `is_time`; false when it has ended well before.
fn killed(output: &Utf8Path, is_time: impl Fn() -> bool) -> bool {
    let mut child = start(output);
    let begin = Instant::now();
    while begin.elapsed() < Duration::from_mins(1) && !is_time() {
        if let Some(status) = child.try_wait().unwrap() {
            assert!(status.success());
            return false;
        }
        std::thread::yield_now();
    }
    child.kill().unwrap();
    child.wait().unwrap();
    true
}

#[test]
fn a_killed_run_is_taken_up_by_the_next_one() {
    let folder = Folder::new();
    let undisturbed = folder.join("undisturbed.c1z");
    sync(&undisturbed).unwrap();
    let expect = content(&undisturbed);

    let rng = SeededRng::new(2);
    for earlier in [false, true] {
        let path = folder.join(&format!("killed-{earlier}.c1z"));
        if earlier {
            write_sync(&path, 40);
        }
        let before = std::fs::read(&path).ok();
        let database = Utf8PathBuf::from(format!("{path}.work/db"));
        let mut kills = 0;
        for round in 1..40_u64 {
            let bytes = round * 48 * 1024 + rng.next_u64() % (32 * 1024);
            if !killed(&path, || database.metadata().is_ok_and(|metadata| metadata.len() >= bytes)) {
                break;
            }
            kills += 1;
            let now = std::fs::read(&path).ok();
            assert!(now == before || content(&path) == expect, "a half file is under the final name");
        }
        assert!(start(&path).wait().unwrap().success());
        assert!(kills > 5, "only {kills} runs were killed");
        assert_eq!(content(&path), expect);
    }
    assert_eq!(folder.names(), ["killed-false.c1z", "killed-true.c1z", "undisturbed.c1z"]);
}

#[test]
fn a_run_killed_while_it_saves_leaves_the_old_file_or_the_new_one() {
    let folder = Folder::new();
    let path = folder.join("sync.c1z");
    sync(&path).unwrap();
    let expect = content(&path);
    let temporary = folder.join("sync.c1z.tmp");
    for _ in 0..8 {
        let before = std::fs::read(&path).unwrap();
        let database = folder.join("sync.c1z.work/db");
        // The file of that name at the start only shows that it can be made.
        killed(&path, || temporary.exists() && database.metadata().is_ok_and(|metadata| metadata.len() > 1 << 20));
        assert!(std::fs::read(&path).unwrap() == before || content(&path) == expect);
    }
    assert!(start(&path).wait().unwrap().success());
    assert_eq!(content(&path), expect);
    assert_eq!(folder.names(), ["sync.c1z"]);
}
