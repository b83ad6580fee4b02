//! The certificate that is shown at the moment, and the look at its files.

use std::sync::{Arc, PoisonError, RwLock};
use std::time::{Duration, SystemTime};

use camino::Utf8PathBuf;
use rustls::server::{ClientHello, ResolvesServerCert};
use rustls::sign::CertifiedKey;
use tokio_util::sync::CancellationToken;

use super::certificate::{Certificate, Error, read};

/// How often the files are looked at.
const LOOK: Duration = Duration::from_secs(10);

/// The certificate that is shown at the moment.
#[derive(Debug)]
pub(super) struct Current {
    shown: RwLock<Arc<CertifiedKey>>,
    files: Option<Files>,
}

#[derive(Debug, Clone)]
struct Files {
    certificate: Utf8PathBuf,
    key: Utf8PathBuf,
    /// What the files were when they were read at the start.
    mark: Mark,
}

/// What tells that a file was replaced.
type Mark = [Option<(SystemTime, u64)>; 2];

impl Current {
    pub(super) fn fixed(shown: CertifiedKey) -> Self {
        Self { shown: RwLock::new(Arc::new(shown)), files: None }
    }

    pub(super) fn of_files(certificate: Utf8PathBuf, key: Utf8PathBuf) -> Result<Self, Error> {
        let mut files = Files { certificate, key, mark: Mark::default() };
        files.mark = files.mark();
        Ok(Self { files: Some(files.clone()), ..Self::fixed(read(&files.certificate, &files.key)?) })
    }

    fn show(&self, shown: CertifiedKey) {
        *self.shown.write().unwrap_or_else(PoisonError::into_inner) = Arc::new(shown);
    }
}

impl ResolvesServerCert for Current {
    fn resolve(&self, _: ClientHello<'_>) -> Option<Arc<CertifiedKey>> {
        Some(Arc::clone(&self.shown.read().unwrap_or_else(PoisonError::into_inner)))
    }
}

impl Files {
    fn mark(&self) -> Mark {
        [&self.certificate, &self.key].map(|path| {
            let found = std::fs::metadata(path).ok()?;
            Some((found.modified().ok()?, found.len()))
        })
    }

    /// What is in the files now, unless it was read before.
    fn changed(&self, before: Mark) -> Option<(Mark, Result<CertifiedKey, Error>)> {
        let now = self.mark();
        (now != before).then(|| (now, read(&self.certificate, &self.key)))
    }
}

impl Certificate {
    /// Shows what is in the files from the moment it changes. A pair that can't be used is told, and the one before stays.
    pub(super) async fn watch(self, cancel: CancellationToken) {
        let Some(files) = self.current.files.clone() else { return };
        let mut mark = files.mark;
        while cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
            let files = files.clone();
            let look = tokio::task::spawn_blocking(move || files.changed(mark));
            let Ok(Some((now, read))) = look.await else { continue };
            mark = now;
            match read {
                Ok(shown) => {
                    self.current.show(shown);
                    tracing::info!("the certificate was read again");
                }
                Err(error) => {
                    tracing::error!(
                        error = &error as &dyn std::error::Error,
                        "the new certificate can't be used; the one before stays"
                    );
                }
            }
        }
    }
}
