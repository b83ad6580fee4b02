//! Where log lines go: stderr, stdout, or the end of files.

use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use tracing_subscriber::fmt::MakeWriter;

use crate::cli::bar::Bar;
use crate::cli::failure::Failure;

/// All the places. Clones are the same places.
#[derive(Clone)]
pub(super) struct Sink {
    places: Arc<Mutex<Vec<Place>>>,
    bar: Bar,
}

enum Place {
    Stdout,
    Stderr,
    File(File),
}

impl Sink {
    /// Opens the places; stderr when none is named. Files are appended to.
    ///
    /// # Errors
    /// When a file cannot be opened.
    pub(super) fn open(names: &[String], bar: Bar) -> Result<Self, Failure> {
        let mut places = names.iter().map(|name| Place::open(name)).collect::<Result<Vec<_>, _>>()?;
        if places.is_empty() {
            places.push(Place::Stderr);
        }
        Ok(Self { places: Arc::new(Mutex::new(places)), bar })
    }
}

impl Place {
    fn open(name: &str) -> Result<Self, Failure> {
        match name {
            "stdout" => Ok(Self::Stdout),
            "stderr" => Ok(Self::Stderr),
            path => OpenOptions::new().append(true).create(true).open(path).map(Self::File).map_err(|error| {
                Failure::usage(format!("open `{path}` of --log-path: {error}\nhint: name a file in an existing folder"))
            }),
        }
    }

    fn write(&mut self, line: &[u8]) -> io::Result<()> {
        match self {
            Self::Stdout => io::stdout().write_all(line),
            Self::Stderr => io::stderr().write_all(line),
            Self::File(file) => file.write_all(line),
        }
    }
}

impl Write for Sink {
    fn write(&mut self, line: &[u8]) -> io::Result<usize> {
        let mut places = self.places.lock().unwrap_or_else(PoisonError::into_inner);
        self.bar.suspended(|| {
            for place in places.iter_mut() {
                // A full disk or a closed pipe must not stop the work, nor the other places.
                let _ = place.write(line);
            }
        });
        Ok(line.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl MakeWriter<'_> for Sink {
    type Writer = Self;

    fn make_writer(&self) -> Self {
        self.clone()
    }
}
