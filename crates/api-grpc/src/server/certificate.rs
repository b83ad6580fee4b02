//! The certificate that the server shows: from files, read again when they change, or made by the server itself.

mod own;

use std::sync::Arc;

use camino::{Utf8Path, Utf8PathBuf};
use jiff::Timestamp;
use rustls::ServerConfig;
use rustls::crypto::CryptoProvider;
use rustls::crypto::aws_lc_rs::{self, Ticketer};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use rustls::server::ServerSessionMemoryCache;
use rustls::sign::CertifiedKey;

use super::reload::Current;

/// How many sessions of clients that do not take tickets are remembered.
const SESSIONS: usize = 10_000;

/// Why there is no certificate.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// A file can't be read or written.
    #[error("use the file `{path}`")]
    File {
        /// The file.
        path: Utf8PathBuf,
        /// Why.
        #[source]
        source: std::io::Error,
    },
    /// A file holds something else.
    #[error("`{path}` holds no {what}; hint: it must be a PEM file")]
    Pem {
        /// The file.
        path: Utf8PathBuf,
        /// What should be in it.
        what: &'static str,
    },
    /// Key and certificate do not belong together, or are of a kind that is not known.
    #[error("the certificate in `{certificate}` and the key in `{key}` can't be used together")]
    Mismatch {
        /// The file of the certificate.
        certificate: Utf8PathBuf,
        /// The file of the key.
        key: Utf8PathBuf,
        /// Why.
        #[source]
        source: rustls::Error,
    },
    /// No certificate could be made.
    #[error("make a certificate for {names}")]
    Make {
        /// The names that it should have.
        names: String,
        /// Why.
        #[source]
        source: rcgen::Error,
    },
    /// The TLS library refuses its settings.
    #[error("prepare TLS")]
    Tls(#[from] rustls::Error),
}

/// A certificate and its key, ready for connections. Clones share it.
#[derive(Debug, Clone)]
pub struct Certificate {
    pub(super) current: Arc<Current>,
    config: Arc<ServerConfig>,
    trust: Option<Utf8PathBuf>,
}

impl Certificate {
    /// The certificate chain and the key in these PEM files; read again when one of them changes.
    ///
    /// # Errors
    /// See [`Error`].
    pub fn from_files(certificate: &Utf8Path, key: &Utf8Path) -> Result<Self, Error> {
        Self::new(Current::of_files(certificate.to_owned(), key.to_owned())?, None)
    }

    /// A certificate for these names (host names or addresses) and this machine's loopback ones, signed by an authority
    /// of this install's own that is kept in `folder`.
    ///
    /// The authority stays the same over restarts, so that clients can be told to trust [`Certificate::trust`].
    ///
    /// # Errors
    /// See [`Error`].
    pub fn own(folder: &Utf8Path, names: &[String], now: Timestamp) -> Result<Self, Error> {
        let authority = own::Authority::open(folder, now)?;
        let shown = authority.certificate(names, now)?;
        Self::new(Current::fixed(shown), Some(authority.certificate_file()))
    }

    /// The PEM file that clients have to trust, for example by `SSL_CERT_FILE`; `None` when the certificate was given,
    /// and clients know its issuer.
    #[must_use]
    pub fn trust(&self) -> Option<&Utf8Path> {
        self.trust.as_deref()
    }

    pub(super) fn config(&self) -> Arc<ServerConfig> {
        Arc::clone(&self.config)
    }

    fn new(current: Current, trust: Option<Utf8PathBuf>) -> Result<Self, Error> {
        let current = Arc::new(current);
        let mut config = ServerConfig::builder_with_provider(Arc::new(provider()))
            .with_safe_default_protocol_versions()?
            .with_no_client_auth()
            .with_cert_resolver(Arc::clone(&current) as _);
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        // A client that comes back proves itself by its ticket: no signature, no certificate.
        config.ticketer = Ticketer::new()?;
        config.session_storage = ServerSessionMemoryCache::new(SESSIONS);
        config.send_tls13_tickets = 1;
        Ok(Self { current, config: Arc::new(config), trust })
    }
}

/// Reads a certificate chain and its key.
pub(super) fn read(certificate: &Utf8Path, key: &Utf8Path) -> Result<CertifiedKey, Error> {
    let chain: Result<Vec<_>, _> = CertificateDer::pem_slice_iter(&content(certificate)?).collect();
    let chain = chain.ok().filter(|chain| !chain.is_empty());
    let chain = chain.ok_or_else(|| Error::Pem { path: certificate.to_owned(), what: "certificate" })?;
    let private = PrivateKeyDer::from_pem_slice(&content(key)?);
    let private = private.map_err(|_| Error::Pem { path: key.to_owned(), what: "private key" })?;
    CertifiedKey::from_der(chain, private, &provider()).map_err(|source| Error::Mismatch {
        certificate: certificate.to_owned(),
        key: key.to_owned(),
        source,
    })
}

fn content(path: &Utf8Path) -> Result<Vec<u8>, Error> {
    std::fs::read(path).map_err(|source| Error::File { path: path.to_owned(), source })
}

pub(super) fn provider() -> CryptoProvider {
    aws_lc_rs::default_provider()
}
