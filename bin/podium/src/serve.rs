//! Puts the parts of the server together, and takes them apart again at the end.
//!
//! Start at [`Server::start`].

mod background;
pub(crate) mod folder;
mod metrics;
pub(crate) mod places;
mod proxy;
mod signals;

use std::net::SocketAddr;
use std::sync::Arc;

use anyhow::Context as _;
use api_grpc::server::certificate::Certificate;
use api_grpc::server::{Limits, Protection, serve};
use auth::Authority;
use auth::setup::{self, Offer};
use axum::Router;
use governance::notice::Mailer;
use governance::{Desk, Governance, Settings};
use ids::SystemRng;
use scim::client::Egress;
use secrecy::ExposeSecret as _;
use store::file::Files;
use store::{Store, Surroundings};
use tokio::net::TcpListener;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::config::{Config, TlsMode};
use crate::hosted::Kinds;

use background::Background;

pub use signals::cancel_on_signal;

/// A running server.
pub struct Server {
    /// Its use cases.
    pub governance: Governance,
    /// The address that it listens on.
    pub address: SocketAddr,
    /// The PEM file that connectors have to trust, when the server made its certificate itself.
    pub trust: Option<camino::Utf8PathBuf>,
    /// The link that makes the first administrator, when there is none and none was offered before.
    pub first_link: Option<String>,
    parts: TaskTracker,
    cancel: CancellationToken,
    _folder: folder::Lock,
}

impl Server {
    /// Opens everything, and answers from then on until `cancel`.
    ///
    /// # Errors
    /// When something cannot be opened; nothing runs then.
    pub async fn start(config: &Config, cancel: CancellationToken) -> anyhow::Result<Self> {
        let folder = folder::lock(&config.data_dir)?;
        folder::temporary(&config.data_dir)?;
        let store = Store::open(&config.database()?, Surroundings::default()).await?;
        let sealer = store::seal::open_or_create(&config.key_file(), &SystemRng)?;
        let files = Files::open(&places::files(config)?, Arc::new(SystemRng)).await.context("open the file storage")?;
        let listener =
            TcpListener::bind(config.listen).await.with_context(|| format!("listen on {}", config.listen))?;
        let address = listener.local_addr()?;
        let settings = settings(config, address)?;
        let (protection, trust) = protection(config, address, &settings)?;
        let base_url = settings.base_url.clone();
        let governance = Governance::new(store.clone(), sealer.clone(), files, settings);
        let limits = auth::authority::Limits {
            per_client: config.connectors.tokens_per_client,
            per_address: config.connectors.tokens_per_address,
        };
        let authority = Arc::new(Authority::open(store.clone(), &sealer).await?.with_limits(limits));
        let desk = Desk::new(governance.clone());
        let egress = if config.hosted.allow_private_networks { Egress::Anywhere } else { Egress::PublicOnly };
        let kinds = Kinds::new(egress);
        let (health, watch) = api_grpc::health(store.clone(), cancel.clone());
        let router = Router::new()
            .merge(health)
            .merge(api_rest::router(api_rest::Api::new(governance.clone(), Arc::new(kinds))))
            .merge(web::router(governance.clone()))
            .merge(metrics::router()?)
            .merge(api_grpc::router(api_grpc::Api::new(desk.clone(), Arc::clone(&authority))));
        let router = api_grpc::unknown_services(router);
        let first_link = match setup::offer(&store).await? {
            Offer::New(link) => Some(format!("{base_url}/setup/{}", link.token.expose_secret())),
            Offer::Pending { .. } | Offer::NotNeeded => None,
        };
        let parts = TaskTracker::new();
        let background = Background { authority, desk, kinds, router: router.clone() };
        governance.plan_upkeep().await?;
        background.start(config, &governance, &parts, &cancel);
        parts.spawn(watch);
        parts.spawn(serve(
            listener,
            protection,
            proxy::believed(router, &config.proxy),
            Limits::default(),
            cancel.clone(),
        ));
        parts.close();
        Ok(Self { governance, address, trust, first_link, parts, cancel, _folder: folder })
    }

    /// Tells whoever started the server where it is, on stdout.
    #[expect(clippy::print_stdout, reason = "scripts read the address there")]
    pub fn announce(&self) {
        println!("listening on http://{}", self.address);
        if let Some(trust) = &self.trust {
            println!("connectors use https; they trust this server with SSL_CERT_FILE={trust}");
        }
        if let Some(link) = &self.first_link {
            println!("first administrator: {link} (works once, for a day)");
        }
        println!("ready");
    }

    /// Waits until everything has ended, after `cancel`.
    pub async fn ended(self) {
        self.cancel.cancelled().await;
        self.parts.wait().await;
        self.governance.store().close().await;
    }
}

/// What people and connectors are told.
fn settings(config: &Config, address: SocketAddr) -> anyhow::Result<Settings> {
    let base_url = if config.base_url.is_empty() {
        format!("http://{address}")
    } else {
        config.base_url.trim_end_matches('/').to_owned()
    };
    let url: url::Url = base_url.parse().context("read the base URL")?;
    let host = url.host_str().context("the base URL names a host")?;
    let connector_host = match url.port() {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    };
    Ok(Settings {
        base_url,
        connector_host,
        poll_interval: config.connectors.poll_interval.get(),
        heartbeat_interval: config.connectors.heartbeat_interval.get(),
        task_lease: config.connectors.task_lease.get(),
        upload_limit_bytes: config.connectors.upload_limit.bytes(),
        mail: mail(config)?,
    })
}

/// What sends mail, when it is set up.
fn mail(config: &Config) -> anyhow::Result<Option<Mailer>> {
    let url = crate::config::secret(&config.mail.smtp_url, &config.mail.smtp_url_file)?;
    if url.expose_secret().is_empty() {
        return Ok(None);
    }
    Ok(Some(Mailer::new(&url, &config.mail.from).context("read mail.smtp_url and mail.from")?))
}

fn protection(
    config: &Config,
    address: SocketAddr,
    settings: &Settings,
) -> anyhow::Result<(Protection, Option<camino::Utf8PathBuf>)> {
    if config.tls.mode == TlsMode::Off {
        return Ok((Protection::Plain, None));
    }
    let certificate = if config.tls.certificate.as_str().is_empty() {
        let host = settings.connector_host.rsplit_once(':').map_or(settings.connector_host.as_str(), |(host, _)| host);
        let names = [host.trim_matches(['[', ']']).to_owned()];
        Certificate::own(&config.data_dir.join("tls"), &names, jiff::Timestamp::now())?
    } else {
        Certificate::from_files(&config.tls.certificate, &config.tls.key)?
    };
    let trust = certificate.trust().map(camino::Utf8Path::to_owned);
    let protection =
        if address.ip().is_loopback() { Protection::TlsOrPlain(certificate) } else { Protection::Tls(certificate) };
    Ok((protection, trust))
}
