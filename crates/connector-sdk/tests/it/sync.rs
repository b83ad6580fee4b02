//! The sync engine against tables in memory.

mod expansion;
mod external;
mod faults;
mod listing;
mod progress;
mod resume;
mod rules;
mod targeted;

use std::sync::Arc;
use std::time::Duration;

use connector_sdk::error::Result;
use connector_sdk::runtime::Runtime;
use connector_sdk::sync::{self, SyncOptions, SyncReport, Unobserved};

use crate::fake::{Fake, World, runtime};
use crate::file::Folder;

/// Options with a checkpoint after every page.
fn options(folder: &Folder) -> SyncOptions {
    SyncOptions { checkpoint_interval: Duration::ZERO, ..SyncOptions::new(folder.file()) }
}

async fn run(fake: &Fake, options: SyncOptions, runtime: &Runtime) -> Result<SyncReport> {
    sync::run(fake.connector(), options, runtime, Arc::new(Unobserved)).await
}

/// Syncs the world into a new file.
async fn synced(world: World) -> Folder {
    let folder = Folder::new();
    run(&Fake::new(world), options(&folder), &runtime().0).await.unwrap();
    folder
}
