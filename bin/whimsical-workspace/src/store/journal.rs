//! Appending to the data file: many writers, one thread, one fsync for all that wait.

use std::fs::{File, OpenOptions};
use std::io::Write as _;
use std::path::Path;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread::JoinHandle;

use tokio::sync::watch;

use super::{StoreError, failed};
use crate::model::Change;

/// The number of a transaction; the later one is greater.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Ticket(u64);

/// How far the disk is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Progress {
    Until(Ticket),
    Failed,
}

#[derive(Debug, Default)]
struct Queue {
    lines: Vec<u8>,
    last: u64,
    is_closed: bool,
}

#[derive(Debug)]
struct Shared {
    queue: Mutex<Queue>,
    filled: Condvar,
}

impl Shared {
    // The queue is whole after every statement, so a poisoned lock still holds a good one.
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The open data file. Dropping it writes what is queued and ends the thread.
#[derive(Debug)]
pub struct Journal {
    shared: Arc<Shared>,
    progress: watch::Receiver<Progress>,
    writer: Option<JoinHandle<()>>,
}

impl Journal {
    /// Opens the data file to append to it; it must exist.
    ///
    /// # Errors
    /// When the file can't be opened or the thread can't be started.
    pub fn open(path: &Path) -> Result<Self, StoreError> {
        let file = OpenOptions::new().append(true).open(path).map_err(failed("open", path))?;
        let shared = Arc::new(Shared { queue: Mutex::default(), filled: Condvar::new() });
        let (sender, progress) = watch::channel(Progress::Until(Ticket(0)));
        let for_writer = Arc::clone(&shared);
        let writer = std::thread::Builder::new()
            .name("journal".to_owned())
            .spawn(move || write_all(&for_writer, file, &sender))
            .map_err(failed("start the writer of", path))?;
        Ok(Self { shared, progress, writer: Some(writer) })
    }

    /// Queues a transaction. Call it in the order in which the transactions happened.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] after a failed write.
    pub fn push(&self, changes: &[Change]) -> Result<Ticket, StoreError> {
        if *self.progress.borrow() == Progress::Failed {
            return Err(StoreError::Stopped);
        }
        let mut queue = self.shared.queue();
        // A change is plain data: writing it into memory can't fail.
        serde_json::to_writer(&mut queue.lines, changes).map_err(|_| StoreError::Stopped)?;
        queue.lines.push(b'\n');
        queue.last += 1;
        self.shared.filled.notify_one();
        Ok(Ticket(queue.last))
    }

    /// Waits until a transaction is on the disk. Cancel safe: the transaction is written all the same.
    ///
    /// # Errors
    /// [`StoreError::Stopped`] when the write failed.
    pub async fn written(&self, ticket: Ticket) -> Result<(), StoreError> {
        let mut progress = self.progress.clone();
        let is_settled = |progress: &Progress| match progress {
            Progress::Until(done) => *done >= ticket,
            Progress::Failed => true,
        };
        match progress.wait_for(is_settled).await.as_deref() {
            Ok(Progress::Until(_)) => Ok(()),
            Ok(Progress::Failed) | Err(_) => Err(StoreError::Stopped),
        }
    }
}

impl Drop for Journal {
    fn drop(&mut self) {
        self.shared.queue().is_closed = true;
        self.shared.filled.notify_one();
        if let Some(writer) = self.writer.take() {
            // The writer never panics; if it did, there would be nothing left to save.
            let _ = writer.join();
        }
    }
}

fn write_all(shared: &Shared, mut file: File, progress: &watch::Sender<Progress>) {
    loop {
        let mut queue = shared.queue();
        while queue.lines.is_empty() && !queue.is_closed {
            queue = shared.filled.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
        let lines = std::mem::take(&mut queue.lines);
        let done = Ticket(queue.last);
        drop(queue);
        if lines.is_empty() {
            return;
        }
        if let Err(error) = file.write_all(&lines).and_then(|()| file.sync_data()) {
            tracing::error!(error = %error, "the data file could not be written; nothing more is saved");
            progress.send_replace(Progress::Failed);
            return;
        }
        progress.send_replace(Progress::Until(done));
    }
}
