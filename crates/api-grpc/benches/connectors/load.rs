//! The connectors: they sign in once, then poll and give signs of life.

use std::fmt;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Context as _;
use axum::body::Body;
use bytes::{BufMut as _, Bytes, BytesMut};
use dpop::assertion;
use futures_util::StreamExt as _;
use http::{Request, header};
use hyper::client::conn::http2::{self, SendRequest};
use hyper_util::rt::{TokioExecutor, TokioIo};
use ids::SystemRng;
use proto::Message;
use proto::c1::connectorapi::baton::v1::{
    BatonServiceGetTaskRequest, BatonServiceGetTaskResponse, BatonServiceHeartbeatRequest,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

use crate::server::Process;

/// How often a connector asks for work; every second time it also says that its sync goes on.
const POLL: Duration = Duration::from_secs(15);
/// How many connectors sign in at the same time.
const SIGNING_IN: usize = 32;
/// How long a call may take before it counts as failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// How connectors connect.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Style {
    /// Anew for each call.
    Dialled,
    /// Once.
    Kept,
}

impl fmt::Display for Style {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Dialled => "a TLS connection for each call",
            Self::Kept => "one TLS connection kept",
        })
    }
}

/// A connector that has signed in.
pub(crate) struct Client {
    tls: TlsConnector,
    port: u16,
    token: String,
    /// The sync under way, once it is offered.
    task: Mutex<String>,
}

/// What was measured.
pub(crate) struct Report {
    pub(crate) wall: Duration,
    polls: Vec<Duration>,
    heartbeats: Vec<Duration>,
    failures: usize,
    first_failure: Option<String>,
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} failures", self.failures)?;
        if let Some(failure) = &self.first_failure {
            write!(f, " (the first: {failure})")?;
        }
        for (name, times) in [("GetTask", &self.polls), ("Heartbeat", &self.heartbeats)] {
            let at = |share: usize| times.get((times.len() * share / 1000).min(times.len().saturating_sub(1)));
            let ms = |share| at(share).map_or(0.0, |time| time.as_secs_f64() * 1000.0);
            let (p50, p99, p999, most) = (ms(500), ms(990), ms(999), ms(1000));
            write!(f, "\n  {name}: {} calls, p50 {p50:.1} p99 {p99:.1} p99.9 {p999:.1} max {most:.1} ms", times.len())?;
        }
        Ok(())
    }
}

#[derive(Default)]
struct Measured {
    polls: Vec<Duration>,
    heartbeats: Vec<Duration>,
    failures: usize,
    first_failure: Option<String>,
}

/// Signs every connector in.
pub(crate) async fn sign_in(server: &Process) -> anyhow::Result<Vec<Arc<Client>>> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_file_iter(&server.trust)? {
        roots.add(certificate?)?;
    }
    let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
    let mut config = ClientConfig::builder_with_provider(provider)
        .with_safe_default_protocol_versions()?
        .with_root_certificates(roots)
        .with_no_client_auth();
    config.alpn_protocols = vec![b"h2".to_vec()];
    let tls = TlsConnector::from(Arc::new(config));
    let port = server.port;
    let clients = futures_util::stream::iter(server.credentials.iter().map(|(id, secret)| {
        let tls = tls.clone();
        async move {
            let (client_id, key) = (id.parse()?, dpop::client_secret::parse(&secret.clone().into())?);
            let assertion = assertion::create(&key, &client_id, jiff::Timestamp::now(), &SystemRng)?;
            let form = url::form_urlencoded::Serializer::new(String::new())
                .append_pair("client_assertion", &assertion)
                .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
                .append_pair("client_id", id)
                .append_pair("grant_type", "client_credentials")
                .finish();
            let request = Request::post(format!("https://localhost:{port}/auth/v1/token")).body(Body::from(form))?;
            let response = connect(&tls, port).await?.send_request(request).await?;
            let answer = axum::body::to_bytes(Body::new(response.into_body()), 1 << 20).await?;
            let answer: serde_json::Value = serde_json::from_slice(&answer)?;
            let token = answer.get("access_token").and_then(|token| token.as_str());
            let token = token.with_context(|| answer.to_string())?.to_owned();
            anyhow::Ok(Arc::new(Client { tls, port, token, task: Mutex::default() }))
        }
    }));
    clients.buffer_unordered(SIGNING_IN).collect::<Vec<_>>().await.into_iter().collect()
}

/// Lets every connector work in this style, and measures once each has had its first turn.
pub(crate) async fn run(clients: &[Arc<Client>], style: Style, time: Duration) -> anyhow::Result<Report> {
    let measured = Arc::new(Mutex::new(Measured::default()));
    let start = tokio::time::Instant::now();
    let measure = start + POLL * 2;
    let end = measure + time;
    let mut connectors = tokio::task::JoinSet::new();
    for (number, client) in clients.iter().enumerate() {
        let (client, measured) = (Arc::clone(client), Arc::clone(&measured));
        let offset = POLL.mul_f64(f64::from(u32::try_from(number)?) / f64::from(u32::try_from(clients.len())?));
        connectors.spawn(async move {
            let mut kept = None;
            let mut turn = start + offset;
            for count in number.. {
                tokio::time::sleep_until(turn).await;
                if turn >= end {
                    return;
                }
                let poll = client.timed(style, &mut kept, Call::Poll).await;
                let heartbeat =
                    if count % 2 == 0 { Some(client.timed(style, &mut kept, Call::Heartbeat).await) } else { None };
                if turn >= measure {
                    let mut measured = measured.lock().unwrap_or_else(PoisonError::into_inner);
                    measured.note(poll, |measured| &mut measured.polls);
                    if let Some(heartbeat) = heartbeat {
                        measured.note(heartbeat, |measured| &mut measured.heartbeats);
                    }
                }
                turn += POLL;
            }
        });
    }
    connectors.join_all().await;
    let mut measured = std::mem::take(&mut *measured.lock().unwrap_or_else(PoisonError::into_inner));
    measured.polls.sort_unstable();
    measured.heartbeats.sort_unstable();
    let Measured { polls, heartbeats, failures, first_failure } = measured;
    Ok(Report { wall: start.elapsed(), polls, heartbeats, failures, first_failure })
}

impl Measured {
    fn note(&mut self, result: anyhow::Result<Duration>, times: fn(&mut Self) -> &mut Vec<Duration>) {
        match result {
            Ok(time) => times(self).push(time),
            Err(error) => {
                self.failures += 1;
                self.first_failure.get_or_insert_with(|| format!("{error:#}"));
            }
        }
    }
}

#[derive(Clone, Copy)]
enum Call {
    Poll,
    Heartbeat,
}

impl Client {
    async fn timed(&self, style: Style, kept: &mut Option<SendRequest<Body>>, call: Call) -> anyhow::Result<Duration> {
        let begun = Instant::now();
        let called = tokio::time::timeout(PATIENCE, self.call(style, kept, call)).await.context("no answer in time");
        if !matches!(called, Ok(Ok(()))) {
            *kept = None;
        }
        called??;
        Ok(begun.elapsed())
    }

    async fn call(&self, style: Style, kept: &mut Option<SendRequest<Body>>, call: Call) -> anyhow::Result<()> {
        // The server tells connections that are idle among many to go.
        if style == Style::Dialled || kept.as_ref().is_none_or(SendRequest::is_closed) {
            *kept = Some(connect(&self.tls, self.port).await?);
        }
        let sender = kept.as_mut().context("connected")?;
        let host_id = "pod-1".to_owned();
        match call {
            Call::Poll => {
                let answer = self.unary(sender, "GetTask", &BatonServiceGetTaskRequest { host_id }).await?;
                if let Some(task) = BatonServiceGetTaskResponse::decode(answer)?.task {
                    *self.task.lock().unwrap_or_else(PoisonError::into_inner) = task.id;
                }
            }
            Call::Heartbeat => {
                let task_id = self.task.lock().unwrap_or_else(PoisonError::into_inner).clone();
                if task_id.is_empty() {
                    return Ok(());
                }
                let pulse = BatonServiceHeartbeatRequest { host_id, task_id, ..Default::default() };
                self.unary(sender, "Heartbeat", &pulse).await?;
            }
        }
        if style == Style::Dialled {
            *kept = None;
        }
        Ok(())
    }

    async fn unary(
        &self,
        sender: &mut SendRequest<Body>,
        method: &str,
        message: &impl Message,
    ) -> anyhow::Result<Bytes> {
        let mut frame = BytesMut::new();
        frame.put_u8(0);
        frame.put_u32(u32::try_from(message.encoded_len())?);
        message.encode(&mut frame)?;
        let path = format!("https://localhost:{}/c1.connectorapi.baton.v1.BatonService/{method}", self.port);
        let request = Request::post(path)
            .header(header::CONTENT_TYPE, "application/grpc")
            .header(header::TE, "trailers")
            .header(header::AUTHORIZATION, format!("Bearer {}", self.token))
            .body(Body::from(frame.freeze()))?;
        let response = sender.send_request(request).await?;
        if let Some(status) = response.headers().get("grpc-status") {
            anyhow::bail!("{method}: {status:?} {:?}", response.headers().get("grpc-message"));
        }
        let answer = axum::body::to_bytes(Body::new(response.into_body()), 1 << 22).await?;
        Ok(answer.slice(5..))
    }
}

async fn connect(tls: &TlsConnector, port: u16) -> anyhow::Result<SendRequest<Body>> {
    let stream = TcpStream::connect(("127.0.0.1", port)).await?;
    stream.set_nodelay(true)?;
    let stream = tls.connect(ServerName::try_from("localhost")?, stream).await?;
    let (sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
    tokio::spawn(connection);
    Ok(sender)
}
