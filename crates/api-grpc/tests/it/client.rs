//! A connector's side: one TLS connection per call, as Go dials, or one that is kept.

use std::future::Future;
use std::net::SocketAddr;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use anyhow::Context as _;
use axum::body::Body;
use dpop::{ClientId, SigningKey, assertion};
use http::{Request, Response, header};
use hyper::body::Incoming;
use hyper::client::conn::http2;
use hyper_util::rt::{TokioExecutor, TokioIo};
use ids::SystemRng;
use jiff::Timestamp;
use proto::c1::connectorapi::baton::v1::baton_service_client::BatonServiceClient;
use proto::c1::connectorapi::baton::v1::{
    BatonServiceFinishTaskRequest, BatonServiceGetTaskRequest, BatonServiceGetTaskResponse,
    BatonServiceHeartbeatRequest, BatonServiceUploadAssetRequest,
};
use rustls::pki_types::pem::PemObject as _;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use serde_json::Value;
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tower::Service;

use crate::messages;

/// Dials a connection per request.
#[derive(Clone)]
pub(crate) struct Dial {
    pub(crate) address: SocketAddr,
    pub(crate) config: Arc<ClientConfig>,
}

impl Dial {
    pub(crate) fn new(address: SocketAddr, trust: &std::path::Path) -> anyhow::Result<Self> {
        let mut roots = RootCertStore::empty();
        for certificate in CertificateDer::pem_file_iter(trust)? {
            roots.add(certificate?)?;
        }
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ClientConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()?
            .with_root_certificates(roots)
            .with_no_client_auth();
        config.alpn_protocols = vec![b"h2".to_vec()];
        Ok(Self { address, config: Arc::new(config) })
    }

    pub(crate) async fn connect(&self) -> anyhow::Result<TlsStream<TcpStream>> {
        let stream = TcpStream::connect(self.address).await?;
        stream.set_nodelay(true)?;
        let name = ServerName::try_from("localhost")?;
        Ok(TlsConnector::from(Arc::clone(&self.config)).connect(name, stream).await?)
    }

    pub(crate) async fn send<B>(self, request: Request<B>) -> anyhow::Result<Response<Incoming>>
    where
        B: http_body::Body + Send + Unpin + 'static,
        B::Data: Send,
        B::Error: Into<Box<dyn std::error::Error + Send + Sync>>,
    {
        let stream = self.connect().await?;
        let (mut sender, connection) = http2::handshake(TokioExecutor::new(), TokioIo::new(stream)).await?;
        tokio::spawn(connection);
        Ok(sender.send_request(request).await?)
    }
}

impl Service<Request<tonic::body::Body>> for Dial {
    type Response = Response<Incoming>;
    type Error = Box<dyn std::error::Error + Send + Sync>;
    type Future = Pin<Box<dyn Future<Output = Result<Self::Response, Self::Error>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Self::Error>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<tonic::body::Body>) -> Self::Future {
        let dial = self.clone();
        Box::pin(async move { Ok(dial.send(request).await?) })
    }
}

/// A connector with its credential.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) dial: Dial,
    pub(crate) id: ClientId,
    pub(crate) key: Arc<SigningKey>,
    pub(crate) token: String,
}

impl Client {
    /// `https://HOST:PORT`.
    pub(crate) fn origin(&self) -> http::Uri {
        let port = self.dial.address.port();
        format!("https://localhost:{port}").parse().unwrap()
    }

    pub(crate) fn form(&self, now: Timestamp) -> String {
        let assertion = assertion::create(&self.key, &self.id, now, &SystemRng).unwrap();
        url::form_urlencoded::Serializer::new(String::new())
            .append_pair("client_assertion", &assertion)
            .append_pair("client_assertion_type", "urn:ietf:params:oauth:client-assertion-type:jwt-bearer")
            .append_pair("client_id", self.id.as_str())
            .append_pair("grant_type", "client_credentials")
            .finish()
    }

    /// Status and body of the token endpoint's answer to this form.
    pub(crate) async fn ask_token(
        &self,
        form: String,
        proof: Option<&str>,
    ) -> anyhow::Result<(u16, Value, http::HeaderMap)> {
        let mut request = Request::post(format!("{}auth/v1/token", self.origin()))
            .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded");
        if let Some(proof) = proof {
            request = request.header("DPoP", proof);
        }
        let response = self.dial.clone().send(request.body(Body::from(form))?).await?;
        let (parts, body) = response.into_parts();
        let body = axum::body::to_bytes(Body::new(body), 1 << 20).await?;
        Ok((parts.status.as_u16(), serde_json::from_slice(&body).context("the answer is JSON")?, parts.headers))
    }

    /// Signs in.
    pub(crate) async fn sign_in(&mut self, now: Timestamp) -> anyhow::Result<()> {
        let (status, body, _) = self.ask_token(self.form(now), None).await?;
        anyhow::ensure!(status == 200, "{status} {body}");
        body["access_token"].as_str().context("a token")?.clone_into(&mut self.token);
        Ok(())
    }

    pub(crate) fn baton(&self) -> BatonServiceClient<Dial> {
        BatonServiceClient::with_origin(self.dial.clone(), self.origin())
    }

    /// Says Hello from this host.
    pub(crate) async fn hello(&self, host: &str) -> anyhow::Result<()> {
        self.baton().hello(self.request(messages::hello_from(host))).await?;
        Ok(())
    }

    /// Asks for a task from this host.
    pub(crate) async fn poll(&self, host: &str) -> Result<BatonServiceGetTaskResponse, tonic::Status> {
        let poll = BatonServiceGetTaskRequest { host_id: host.to_owned() };
        Ok(self.baton().get_task(self.request(poll)).await?.into_inner())
    }

    /// The id of the task that is offered now.
    pub(crate) async fn take(&self, host: &str) -> anyhow::Result<String> {
        Ok(self.poll(host).await?.task.context("a task is offered")?.id)
    }

    /// Gives a sign of life of this task; whether the server says to stop.
    pub(crate) async fn heartbeat(&self, host: &str, task: &str) -> Result<bool, tonic::Status> {
        let (host_id, task_id) = (host.to_owned(), task.to_owned());
        let pulse = BatonServiceHeartbeatRequest { host_id, task_id, ..Default::default() };
        Ok(self.baton().heartbeat(self.request(pulse)).await?.into_inner().cancelled)
    }

    /// Uploads these messages.
    pub(crate) async fn upload(&self, messages: Vec<BatonServiceUploadAssetRequest>) -> Result<(), tonic::Status> {
        self.baton().upload_asset(self.request(tokio_stream::iter(messages))).await.map(drop)
    }

    pub(crate) async fn finish(&self, report: BatonServiceFinishTaskRequest) -> Result<(), tonic::Status> {
        self.baton().finish_task(self.request(report)).await.map(drop)
    }

    pub(crate) fn request<T>(&self, message: T) -> tonic::Request<T> {
        let mut request = tonic::Request::new(message);
        request.metadata_mut().insert("authorization", format!("Bearer {}", self.token).parse().unwrap());
        request
    }
}
