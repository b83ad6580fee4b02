//! What service mode needs to know: who it is, where the server is, and what it may do.

use std::sync::Arc;
use std::time::Duration;

use dpop::{ClientId, SigningKey, client_secret};
use http::uri::Authority;
use secrecy::{ExposeSecret, SecretString};
use serde::Deserialize;
use zeroize::Zeroizing;

use super::encryption::ClientKey;
use super::task::Provisioning;
use crate::connector::Ticketing;
use crate::error::{Error, Result};
use crate::sync::SyncOptions;

/// How long running tasks may go on after a request to stop.
///
/// Source: baton-service-mode §15 D6.
pub const GRACE: Duration = Duration::from_secs(25);
/// The name of a host that has none.
const NO_HOST: &str = "baton-sdk";
/// The longest host id. Source: the field rules of `BatonService`.
const MAX_HOST_CHARS: usize = 256;

/// A client id with its private key.
#[derive(Debug, Clone)]
pub struct Credentials {
    /// Who we are.
    pub client_id: ClientId,
    /// What proves it.
    pub key: Arc<SigningKey>,
}

impl Credentials {
    /// Reads the two texts that the server showed.
    ///
    /// # Errors
    /// When one is not what it should be; nothing of the secret is told.
    ///
    /// Source: baton-service-mode §2.
    pub fn parse(client_id: &str, client_secret: &SecretString) -> Result<Self> {
        let client_id = client_id
            .parse::<ClientId>()
            .map_err(|error| Error::unknown(format!("{error}\nhint: {}", error.hint())).with_source(error))?;
        let key = client_secret::parse(client_secret)
            .map_err(|error| Error::unknown(format!("{error}\nhint: {}", error.hint())).with_source(error))?;
        Ok(Self { client_id, key: Arc::new(key) })
    }

    /// The same key, for the passwords that the server seals for us.
    pub(super) fn client_key(&self) -> Result<ClientKey> {
        #[derive(Deserialize)]
        struct Jwk {
            d: String,
        }
        let unusable = || Error::invalid_argument("the client secret holds no usable key");
        let jwk = self.key.to_jwk();
        let Jwk { d } = serde_json::from_str(jwk.expose_secret()).map_err(|_| unusable())?;
        let d = Zeroizing::new(d);
        let seed = base64::Engine::decode(&base64::engine::general_purpose::URL_SAFE_NO_PAD, d.as_bytes());
        let seed = seed.ok().map(Zeroizing::new).and_then(|seed| <[u8; 32]>::try_from(seed.as_slice()).ok());
        let seed = Zeroizing::new(seed.ok_or_else(unusable)?);
        let dpop::PublicKey::Ed25519(point) = self.key.public() else { return Err(unusable()) };
        ClientKey::new(&seed, point, self.key.kid())
    }
}

/// How the connector asks for work.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Polling {
    /// One task at a time (`GetTask`).
    Single,
    /// Several at a time (`GetTasks`).
    Batched,
}

/// What a full sync does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FullSync {
    /// It reads everything.
    Real,
    /// It checks the credentials and uploads an empty sync (`--skip-full-sync`).
    Skipped,
}

/// What the program is called, as the server shows it.
#[derive(Debug, Clone)]
pub struct Program {
    /// Its name.
    pub name: String,
    /// Its version.
    pub version: String,
}

/// Where the health server listens.
#[derive(Debug, Clone)]
pub struct HealthAddress {
    /// Name or address.
    pub host: String,
    /// Port; 0 is any.
    pub port: u16,
}

/// The settings of service mode.
#[derive(Debug, Clone)]
pub struct Options {
    /// Who we are.
    pub credentials: Credentials,
    /// Goes before the host of the client id (`BATON_C1_API_HOST`).
    pub api_host: Option<String>,
    /// Where we run; see [`Options::host_id`].
    pub host_id: String,
    /// How work is asked for.
    pub polling: Polling,
    /// How many tasks run at a time, 1 to 100.
    pub task_concurrency: usize,
    /// Whether tasks that write are carried out.
    pub provisioning: Provisioning,
    /// Whether ticket tasks are carried out.
    pub ticketing: Ticketing,
    /// What every sync begins with; the file is another one for each.
    pub sync: SyncOptions,
    /// What a full sync does.
    pub full_sync: FullSync,
    /// Where the health server listens, if there is to be one.
    pub health: Option<HealthAddress>,
    /// How long running tasks may go on after a request to stop.
    pub grace: Duration,
    /// What the program is called.
    pub program: Program,
}

impl Options {
    /// Settings of a connector that may only read, with everything else as upstream has it.
    #[must_use]
    pub fn new(credentials: Credentials, program: Program) -> Self {
        Self {
            credentials,
            api_host: None,
            host_id: Self::host_id(None),
            polling: Polling::Single,
            task_concurrency: 3,
            provisioning: Provisioning::Disabled,
            ticketing: Ticketing::Disabled,
            sync: SyncOptions::new("sync.c1z"),
            full_sync: FullSync::Real,
            health: None,
            grace: GRACE,
            program,
        }
    }

    /// The host id: what `BATON_HOST_ID` says, else the host's name, else `baton-sdk`.
    ///
    /// A variable that is set and empty is `baton-sdk` too. Source: baton-service-mode §§2, 5.
    #[must_use]
    pub fn host_id(variable: Option<&str>) -> String {
        let id = variable.map_or_else(super::host::name, str::to_owned);
        if id.is_empty() { NO_HOST.to_owned() } else { id.chars().take(MAX_HOST_CHARS).collect() }
    }

    /// The server: host with port.
    ///
    /// # Errors
    /// When the client id, or what goes before its host, names no host.
    pub fn server(&self) -> Result<Server> {
        let text = self.api_host.as_deref().unwrap_or_else(|| self.credentials.client_id.host());
        let wrong = || Error::unknown(format!("`{text}` is not the host of a server; hint: HOST or HOST:PORT"));
        let authority: Authority = text.parse().map_err(|_| wrong())?;
        if authority.host().is_empty() || authority.as_str().contains('@') {
            return Err(wrong());
        }
        let port = match authority.port() {
            Some(port) => port.as_str().parse().map_err(|_| wrong())?,
            None if authority.as_str() == authority.host() => Server::DEFAULT_PORT,
            None => return Err(wrong()),
        };
        Ok(Server { authority, port })
    }
}

/// The server of a connector.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Server {
    authority: Authority,
    port: u16,
}

impl Server {
    const DEFAULT_PORT: u16 = 443;

    /// The host, an IPv6 address without its brackets.
    #[must_use]
    pub fn host(&self) -> &str {
        self.authority.host().trim_start_matches('[').trim_end_matches(']')
    }

    /// The port.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// `HOST:PORT`.
    pub(super) fn with_port(&self) -> String {
        format!("{}:{}", self.authority.host(), self.port)
    }

    /// The host as it was written, with a port if there was one.
    pub(super) fn as_written(&self) -> &str {
        self.authority.as_str()
    }
}

#[cfg(test)]
mod tests {
    use ids::SeededRng;

    use super::*;

    #[test]
    fn the_key_for_passwords_is_that_of_the_client_secret() {
        let key = SigningKey::generate(&SeededRng::new(1)).unwrap();
        let credentials = Credentials::parse("a@b/c", &client_secret::format(&key)).unwrap();
        let expect: Vec<String> =
            key.public().thumbprint().as_bytes().iter().map(|byte| format!("{byte:02x}")).collect();
        assert_eq!(credentials.client_key().unwrap().key_id(), expect.concat());
    }
}
