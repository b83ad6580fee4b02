//! From a name to an HTTP/2 connection: TCP, a proxy perhaps, TLS.

use std::sync::Arc;

use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use rustls::pki_types::ServerName;
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use super::proxy::{Proxies, Proxy};
use super::{Body, chain};
use crate::error::{Error, Result};
use crate::service::options::Server;

/// The protocol that the server must choose. Source: baton-service-mode §4.
const H2: &[u8] = b"h2";

/// How to connect to one server.
pub(super) struct Dialer {
    server: Server,
    name: ServerName<'static>,
    tls: TlsConnector,
    proxy: Option<Proxy>,
}

impl Dialer {
    pub(super) fn new(server: &Server, proxies: &Proxies, roots: RootCertStore) -> Result<Self> {
        let name = ServerName::try_from(server.host().to_owned())
            .map_err(|_| Error::unknown(format!("`{}` is not the name of a host", server.host())))?;
        let proxy = proxies.of(server)?;
        Ok(Self { server: server.clone(), name, tls: TlsConnector::from(Arc::new(tls(roots)?)), proxy })
    }

    /// Where to, in words.
    pub(super) fn goal(&self) -> String {
        let goal = self.server.with_port();
        match &self.proxy {
            Some(proxy) => format!("{goal} through the proxy {proxy}"),
            None => goal,
        }
    }

    /// Connects once. The error is a text for people.
    pub(super) async fn connect(&self) -> Result<SendRequest<Body>, String> {
        let stream = match &self.proxy {
            Some(proxy) => proxy.tunnel(&self.server.with_port()).await?,
            None => {
                TcpStream::connect((self.server.host(), self.server.port())).await.map_err(|error| chain(&error))?
            }
        };
        // A small message should not wait for the next one.
        stream.set_nodelay(true).map_err(|error| chain(&error))?;
        let stream = self.tls.connect(self.name.clone(), stream).await.map_err(|error| chain(&error))?;
        if stream.get_ref().1.alpn_protocol() != Some(H2) {
            return Err("the server does not offer HTTP/2 (ALPN h2)".to_owned());
        }
        let (sender, connection) =
            http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await.map_err(|error| chain(&error))?;
        // It ends when the last request is answered and the sender is dropped, or with the server.
        tokio::spawn(async move {
            if let Err(error) = connection.await {
                tracing::debug!(error = chain(&error), "the connection to the server ended");
            }
        });
        Ok(sender)
    }
}

/// The root certificates of the system, or those that `SSL_CERT_FILE` and `SSL_CERT_DIR` name. Reads files.
///
/// # Errors
/// When there are none.
pub fn system_roots() -> Result<RootCertStore> {
    let found = rustls_native_certs::load_native_certs();
    for error in &found.errors {
        tracing::warn!(error = chain(error), "root certificates cannot be read");
    }
    let mut roots = RootCertStore::empty();
    let (good, _) = roots.add_parsable_certificates(found.certs);
    if good == 0 {
        return Err(Error::unknown(
            "there are no root certificates; hint: install the package ca-certificates, or name a PEM file in \
             SSL_CERT_FILE",
        ));
    }
    Ok(roots)
}

/// TLS 1.2 or later.
fn tls(roots: RootCertStore) -> Result<ClientConfig> {
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()
        .map_err(|error| Error::unknown(format!("set up TLS: {error}")))?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![H2.to_vec()];
    Ok(config)
}
