//! A connector in service mode with its server.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use async_trait::async_trait;
use connector_sdk::connector::Connector;
use connector_sdk::error::Result;
use connector_sdk::retry::Sleeper;
use connector_sdk::runtime::Runtime;
use connector_sdk::service::{self, Credentials, Link, Options, Program, Proxies, RootCertStore};
use dpop::{SigningKey, client_secret};
use ids::SeededRng;
use secrecy::SecretString;
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::server::Server;

/// One second of a connector's waits is a millisecond of a test; takes notes.
#[derive(Debug, Default)]
pub(crate) struct Quick(Mutex<Vec<Duration>>);

impl Quick {
    pub(crate) fn noted(&self) -> Vec<Duration> {
        self.0.lock().unwrap().clone()
    }
}

#[async_trait]
impl Sleeper for Quick {
    async fn sleep(&self, duration: Duration) {
        self.0.lock().unwrap().push(duration);
        tokio::time::sleep(duration / 1000).await;
    }
}

/// A server, and what a connector needs to reach it.
pub(crate) struct Lab {
    pub(crate) server: Server,
    pub(crate) waits: Arc<Quick>,
    pub(crate) options: Options,
    pub(crate) runtime: Runtime,
    folder: TempDir,
    running: Option<JoinHandle<Result<()>>>,
}

/// Client id and secret for a server at this place.
pub(crate) fn credentials(host: &str) -> (String, SecretString) {
    let key = SigningKey::generate(&SeededRng::new(1)).unwrap();
    (format!("calm-otter-12345@{host}/connector/one"), client_secret::format(&key))
}

impl Lab {
    pub(crate) async fn new() -> Self {
        let (_, secret) = credentials("");
        let key = client_secret::parse(&secret).unwrap();
        let server = Server::start(key.public().clone()).await;
        let (id, secret) = credentials(&format!("localhost:{}", server.address.port()));
        let program = Program { name: "baton-whimsical".to_owned(), version: "v1.2.3".to_owned() };
        let mut options = Options::new(Credentials::parse(&id, &secret).unwrap(), program);
        let folder = tempfile::tempdir().unwrap();
        options.host_id = Options::host_id(Some("host-1"));
        options.sync.temp_dir = Some(folder.path().to_owned().try_into().unwrap());
        let waits = Arc::new(Quick::default());
        let runtime = Runtime { sleeper: waits.clone(), ..Runtime::default() };
        Self { server, waits, options, runtime, folder, running: None }
    }

    pub(crate) fn link(&self) -> Link {
        let mut roots = RootCertStore::empty();
        roots.add(self.server.certificate().clone()).unwrap();
        Link::https(&self.options.server().unwrap(), &Proxies::default(), roots, &self.runtime).unwrap()
    }

    /// Starts the connector.
    pub(crate) fn start(&mut self, connector: Arc<dyn Connector>) {
        let link = self.link();
        self.start_over(connector, link);
    }

    pub(crate) fn start_over(&mut self, connector: Arc<dyn Connector>, link: Link) {
        let run = service::run(connector, self.options.clone(), link, self.runtime.clone());
        self.running = Some(tokio::spawn(run));
    }

    /// Waits until the connector ends by itself.
    pub(crate) async fn end(&mut self) -> Result<()> {
        let running = self.running.take().unwrap();
        tokio::time::timeout(Duration::from_secs(30), running).await.expect("it does not end").unwrap()
    }

    /// Asks the connector to stop, and checks that it leaves nothing behind.
    pub(crate) async fn stop(&mut self) {
        self.runtime.cancel.cancel();
        self.end().await.unwrap();
        assert_eq!(self.left_behind(), Vec::<String>::new());
    }

    /// What is in the folder for temporary files.
    pub(crate) fn left_behind(&self) -> Vec<String> {
        let entries = std::fs::read_dir(self.folder.path()).unwrap();
        entries.map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect()
    }
}
