//! A server that does what a test tells it, and remembers what it was asked.

use std::collections::{HashSet, VecDeque};
use std::convert::Infallible;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use aws_lc_rs::digest::{SHA256, digest};
use bytes::Bytes;
use connector_sdk::service::Link;
use dpop::proof::{Expected, Nonce};
use dpop::{Nonces, PublicKey};
use http::{HeaderMap, Request, Response, Version};
use http_body_util::BodyExt;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use hyper_util::server::conn::auto;
use proto::c1::connectorapi::baton::v1::baton_service_server::{BatonService, BatonServiceServer};
use proto::c1::connectorapi::baton::v1::baton_service_upload_asset_request::Msg;
use proto::c1::connectorapi::baton::v1::task::TaskType;
use proto::c1::connectorapi::baton::v1::*;
use rustls::ServerConfig;
use rustls::pki_types::{CertificateDer, PrivatePkcs8KeyDer};
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio_rustls::TlsAcceptor;
use tonic::body::Body;
use tonic::{Status, Streaming};
use tower::Service;

/// How long a test waits for something that must happen.
const DEADLINE: Duration = Duration::from_secs(30);

/// What the server knows of DPoP.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Dpop {
    Unknown,
    Offered,
    /// Every proof needs the newest nonce, and each answer brings another one.
    Strict,
}

/// What the server does next; a queue that is empty means success.
pub(crate) struct Script {
    pub(crate) dpop: Dpop,
    /// Status and body of the next token answers.
    pub(crate) tokens: VecDeque<(u16, String)>,
    pub(crate) expires_in: i64,
    pub(crate) hello: VecDeque<Status>,
    pub(crate) polls: VecDeque<Status>,
    pub(crate) tasks: VecDeque<Task>,
    pub(crate) next_poll: Option<proto::Duration>,
    pub(crate) heartbeats: VecDeque<Result<BatonServiceHeartbeatResponse, Status>>,
    pub(crate) finish: VecDeque<Status>,
    /// Answers after the end of an upload.
    pub(crate) uploads: VecDeque<Status>,
    /// Answers in the middle of an upload.
    pub(crate) cut: VecDeque<Status>,
    /// Whether calls are received and never answered.
    pub(crate) silent: bool,
}

/// What the server was asked.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) connections: usize,
    pub(crate) tokens: Vec<TokenRequest>,
    pub(crate) calls: Vec<(String, HeaderMap)>,
    pub(crate) hellos: Vec<BatonServiceHelloRequest>,
    pub(crate) polls: usize,
    pub(crate) batches: Vec<BatonServiceGetTasksRequest>,
    pub(crate) heartbeats: Vec<BatonServiceHeartbeatRequest>,
    pub(crate) finished: Vec<BatonServiceFinishTaskRequest>,
    pub(crate) uploads: Vec<Upload>,
}

impl Seen {
    /// How often the rpc was called.
    pub(crate) fn count(&self, rpc: &str) -> usize {
        self.calls.iter().filter(|(path, _)| path.ends_with(&format!("/{rpc}"))).count()
    }
}

#[derive(Clone)]
pub(crate) struct TokenRequest {
    pub(crate) version: Version,
    pub(crate) authority: String,
    pub(crate) headers: HeaderMap,
    pub(crate) form: String,
}

/// An upload that came to its end.
pub(crate) struct Upload {
    pub(crate) task_id: String,
    /// The sizes of its pieces.
    pub(crate) pieces: Vec<usize>,
    pub(crate) data: Vec<u8>,
}

pub(crate) struct State {
    script: Script,
    seen: Seen,
    valid: HashSet<String>,
    nonces: Nonces,
    issued: u32,
}

/// A running server. It can stop and start again on its port.
pub(crate) struct Server {
    shared: Arc<Shared>,
    acceptor: TlsAcceptor,
    pub(crate) address: SocketAddr,
    certificate: rcgen::Certificate,
    running: Mutex<Option<JoinHandle<()>>>,
}

struct Shared {
    state: Mutex<State>,
    changed: watch::Sender<()>,
    key: PublicKey,
}

impl Server {
    /// Listens on a free port, for clients with this key.
    pub(crate) async fn start(key: PublicKey) -> Self {
        let names = ["localhost", "127.0.0.1", "podium.test"].map(str::to_owned);
        let rcgen::CertifiedKey { cert, signing_key } = rcgen::generate_simple_self_signed(names).unwrap();
        let provider = Arc::new(rustls::crypto::aws_lc_rs::default_provider());
        let mut config = ServerConfig::builder_with_provider(provider)
            .with_safe_default_protocol_versions()
            .unwrap()
            .with_no_client_auth()
            .with_single_cert(vec![cert.der().clone()], PrivatePkcs8KeyDer::from(signing_key.serialize_der()).into())
            .unwrap();
        config.alpn_protocols = vec![b"h2".to_vec(), b"http/1.1".to_vec()];
        let script = Script {
            dpop: Dpop::Unknown,
            tokens: VecDeque::new(),
            expires_in: 900,
            hello: VecDeque::new(),
            polls: VecDeque::new(),
            tasks: VecDeque::new(),
            next_poll: Some(proto::Duration { seconds: 15, nanos: 0 }),
            heartbeats: VecDeque::new(),
            finish: VecDeque::new(),
            uploads: VecDeque::new(),
            cut: VecDeque::new(),
            silent: false,
        };
        let state = State {
            script,
            seen: Seen::default(),
            valid: HashSet::new(),
            nonces: Nonces::new(&[7; 32], &[]),
            issued: 0,
        };
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let server = Self {
            shared: Arc::new(Shared { state: Mutex::new(state), changed: watch::channel(()).0, key }),
            acceptor: TlsAcceptor::from(Arc::new(config)),
            address: listener.local_addr().unwrap(),
            certificate: cert,
            running: Mutex::new(None),
        };
        server.serve(listener);
        server
    }

    fn serve(&self, listener: TcpListener) {
        let (shared, acceptor) = (Arc::clone(&self.shared), self.acceptor.clone());
        let running = tokio::spawn(async move {
            let mut connections = tokio::task::JoinSet::new();
            loop {
                let (stream, _) = listener.accept().await.unwrap();
                let (shared, acceptor) = (Arc::clone(&shared), acceptor.clone());
                connections.spawn(async move {
                    let Ok(stream) = acceptor.accept(stream).await else { return };
                    shared.change(|state| state.seen.connections += 1);
                    let service = service_fn(move |request| {
                        let shared = Arc::clone(&shared);
                        async move { Ok::<_, Infallible>(answer(shared, request).await) }
                    });
                    let _ =
                        auto::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(stream), service).await;
                });
            }
        });
        *self.running.lock().unwrap() = Some(running);
    }

    /// Hangs up on everybody, and is gone.
    pub(crate) async fn stop(&self) {
        let running = self.running.lock().unwrap().take().unwrap();
        running.abort();
        let _ = running.await;
    }

    /// Comes back on the same port.
    pub(crate) async fn again(&self) {
        let end = tokio::time::Instant::now() + DEADLINE;
        let listener = loop {
            match TcpListener::bind(self.address).await {
                Ok(listener) => break listener,
                Err(error) if tokio::time::Instant::now() > end => panic!("{error}"),
                Err(_) => tokio::time::sleep(Duration::from_millis(5)).await,
            }
        };
        self.serve(listener);
    }

    /// The server without a socket.
    pub(crate) fn in_process(&self) -> Link {
        let shared = Arc::clone(&self.shared);
        Link::in_process(tower::service_fn(move |request: Request<Body>| {
            let shared = Arc::clone(&shared);
            async move { Ok::<_, Infallible>(answer(shared, request).await) }
        }))
    }

    /// The certificate, also of its maker.
    pub(crate) fn certificate(&self) -> &CertificateDer<'static> {
        self.certificate.der()
    }

    pub(crate) fn pem(&self) -> String {
        self.certificate.pem()
    }

    /// Changes what the server does.
    pub(crate) fn script(&self, change: impl FnOnce(&mut Script)) {
        self.shared.change(|state| change(&mut state.script));
    }

    /// Looks at what the server was asked.
    pub(crate) fn seen<T>(&self, look: impl FnOnce(&Seen) -> T) -> T {
        look(&self.shared.lock().seen)
    }

    /// Refuses every token that it gave so far.
    pub(crate) fn revoke_tokens(&self) {
        self.shared.change(|state| state.valid.clear());
    }

    /// Waits until this gives something.
    pub(crate) async fn until<T>(&self, what: &str, mut look: impl FnMut(&Seen) -> Option<T>) -> T {
        let mut changed = self.shared.changed.subscribe();
        let found = tokio::time::timeout(DEADLINE, async {
            loop {
                if let Some(found) = look(&self.shared.lock().seen) {
                    return found;
                }
                changed.changed().await.unwrap();
            }
        });
        found.await.unwrap_or_else(|_| panic!("the server waits for {what} in vain"))
    }

    /// Waits until the task with this id was reported.
    pub(crate) async fn finished(&self, task_id: &str) -> BatonServiceFinishTaskRequest {
        let report = |seen: &Seen| seen.finished.iter().find(|report| report.task_id == task_id).cloned();
        self.until(&format!("the report of {task_id}"), report).await
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        if let Some(running) = self.running.lock().unwrap().take() {
            running.abort();
        }
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    fn change<T>(&self, change: impl FnOnce(&mut State) -> T) -> T {
        let result = change(&mut self.lock());
        self.changed.send_replace(());
        result
    }
}

async fn answer<B>(shared: Arc<Shared>, request: Request<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes> + Send + 'static,
    B::Error: Into<tower::BoxError> + std::fmt::Debug + Send,
{
    let path = request.uri().path().to_owned();
    if path == "/auth/v1/token" {
        return token(&shared, request).await;
    }
    shared.change(|state| state.seen.calls.push((path.clone(), request.headers().clone())));
    if shared.lock().script.silent {
        std::future::pending::<()>().await;
    }
    let authority = request.uri().authority().unwrap().to_string();
    let refused = shared.lock().check(&shared.key, &authority, &path, request.headers());
    let mut response = match refused {
        Err(status) => status.into_http(),
        Ok(()) => BatonServiceServer::new(Rpc(Arc::clone(&shared))).call(request).await.unwrap(),
    };
    shared.lock().add_nonce(response.headers_mut());
    response
}

async fn token<B>(shared: &Shared, request: Request<B>) -> Response<Body>
where
    B: http_body::Body<Data = Bytes>,
    B::Error: std::fmt::Debug,
{
    let (parts, body) = request.into_parts();
    let form = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
    let authority = parts.uri.authority().unwrap().to_string();
    let seen =
        TokenRequest { version: parts.version, authority: authority.clone(), headers: parts.headers.clone(), form };
    let (status, body) = shared.change(|state| {
        state.seen.tokens.push(seen.clone());
        if let Some(planned) = state.script.tokens.pop_front() {
            return planned;
        }
        let url = format!("https://{authority}/auth/v1/token");
        let bound = match (parts.headers.get("dpop"), state.script.dpop) {
            (None, Dpop::Strict) => return (400, r#"{"error":"invalid_dpop_proof"}"#.to_owned()),
            (None, _) | (_, Dpop::Unknown) => false,
            (Some(proof), _) => {
                let proof = proof.to_str().unwrap();
                if let Err(error) = state.proof(&shared.key, proof, &url, None) {
                    let word = if error.wants_nonce() { "use_dpop_nonce" } else { "invalid_dpop_proof" };
                    return (400, format!(r#"{{"error":"{word}","error_description":"{error}"}}"#));
                }
                true
            }
        };
        state.issued += 1;
        let token = format!("token-{}{}", state.issued, if bound { "-bound" } else { "" });
        state.valid.insert(token.clone());
        let kind = if bound { "DPoP" } else { "bearer" };
        let life = state.script.expires_in;
        (200, format!(r#"{{"access_token":"{token}","token_type":"{kind}","expires_in":{life}}}"#))
    });
    let mut response = Response::new(Body::new(body));
    *response.status_mut() = status.try_into().unwrap();
    shared.lock().add_nonce(response.headers_mut());
    response
}

impl State {
    fn check(&mut self, key: &PublicKey, authority: &str, path: &str, headers: &HeaderMap) -> Result<(), Status> {
        let refuse = |text: String| Err(Status::unauthenticated(text));
        let header = headers.get("authorization").map(|value| value.to_str().unwrap()).unwrap_or_default();
        let Some((scheme, token)) = header.split_once(' ') else { return refuse("no token".to_owned()) };
        if !self.valid.contains(token) {
            return refuse("unknown token".to_owned());
        }
        let expect = if token.ends_with("-bound") { "DPoP" } else { "Bearer" };
        assert_eq!(scheme, expect, "{path}");
        match (headers.get("dpop"), scheme) {
            (None, "Bearer") => Ok(()),
            (Some(proof), "DPoP") => {
                let url = format!("https://{authority}{path}");
                match self.proof(key, proof.to_str().unwrap(), &url, Some(token)) {
                    Ok(()) => Ok(()),
                    Err(error) => refuse(error.to_string()),
                }
            }
            _ => refuse("a proof without a bound token, or the reverse".to_owned()),
        }
    }

    fn proof(
        &self,
        key: &PublicKey,
        proof: &str,
        url: &str,
        access_token: Option<&str>,
    ) -> Result<(), dpop::proof::ProofError> {
        let now = jiff::Timestamp::now();
        let nonce = match self.script.dpop {
            Dpop::Strict => Nonce::Since(&self.nonces, jiff::Timestamp::MIN),
            _ => Nonce::Optional(&self.nonces),
        };
        let bound_to = access_token.map(|_| key.thumbprint());
        dpop::proof::verify(proof, &Expected { method: "POST", url, access_token, bound_to, nonce, now }).map(drop)
    }

    fn add_nonce(&mut self, headers: &mut HeaderMap) {
        if self.script.dpop != Dpop::Unknown {
            let nonce = self.nonces.issue(jiff::Timestamp::now());
            headers.insert("dpop-nonce", nonce.parse().unwrap());
        }
    }
}

struct Rpc(Arc<Shared>);

impl Rpc {
    fn answer<T: Default>(
        &self,
        change: impl FnOnce(&mut State) -> Option<Status>,
    ) -> Result<tonic::Response<T>, Status> {
        match self.0.change(change) {
            Some(status) => Err(status),
            None => Ok(tonic::Response::new(T::default())),
        }
    }
}

type Answer<T> = Result<tonic::Response<T>, Status>;

#[tonic::async_trait]
impl BatonService for Rpc {
    async fn hello(&self, request: tonic::Request<BatonServiceHelloRequest>) -> Answer<BatonServiceHelloResponse> {
        self.answer(|state| {
            state.seen.hellos.push(request.into_inner());
            state.script.hello.pop_front()
        })
    }

    async fn get_task(&self, _: tonic::Request<BatonServiceGetTaskRequest>) -> Answer<BatonServiceGetTaskResponse> {
        self.0.change(|state| {
            state.seen.polls += 1;
            if let Some(status) = state.script.polls.pop_front() {
                return Err(status);
            }
            let task = state.script.tasks.pop_front();
            let next_poll = if state.script.tasks.is_empty() { state.script.next_poll } else { None };
            Ok(tonic::Response::new(BatonServiceGetTaskResponse { task, next_poll, ..Default::default() }))
        })
    }

    async fn get_tasks(
        &self,
        request: tonic::Request<BatonServiceGetTasksRequest>,
    ) -> Answer<BatonServiceGetTasksResponse> {
        self.0.change(|state| {
            let request = request.into_inner();
            let count = usize::try_from(request.page_size).unwrap().min(state.script.tasks.len());
            state.seen.batches.push(request);
            let tasks = state.script.tasks.drain(..count).collect();
            let next_poll = state.script.next_poll;
            Ok(tonic::Response::new(BatonServiceGetTasksResponse { tasks, next_poll, ..Default::default() }))
        })
    }

    async fn heartbeat(
        &self,
        request: tonic::Request<BatonServiceHeartbeatRequest>,
    ) -> Answer<BatonServiceHeartbeatResponse> {
        self.0.change(|state| {
            state.seen.heartbeats.push(request.into_inner());
            state
                .script
                .heartbeats
                .pop_front()
                .unwrap_or_else(|| Ok(BatonServiceHeartbeatResponse::default()))
                .map(tonic::Response::new)
        })
    }

    async fn finish_task(
        &self,
        request: tonic::Request<BatonServiceFinishTaskRequest>,
    ) -> Answer<BatonServiceFinishTaskResponse> {
        self.answer(|state| {
            let error = state.script.finish.pop_front();
            if error.is_none() {
                state.seen.finished.push(request.into_inner());
            }
            error
        })
    }

    async fn upload_asset(
        &self,
        request: tonic::Request<Streaming<BatonServiceUploadAssetRequest>>,
    ) -> Answer<BatonServiceUploadAssetResponse> {
        let mut stream = request.into_inner();
        let Some(Msg::Metadata(metadata)) = stream.message().await?.and_then(|message| message.msg) else {
            return Err(Status::invalid_argument("the metadata come first"));
        };
        let (mut pieces, mut data) = (Vec::new(), Vec::new());
        loop {
            match stream.message().await?.and_then(|message| message.msg) {
                Some(Msg::Data(piece)) => {
                    pieces.push(piece.data.len());
                    data.extend(piece.data);
                    if let Some(status) = self.0.change(|state| state.script.cut.pop_front()) {
                        return Err(status);
                    }
                }
                Some(Msg::Eof(eof)) => {
                    assert_eq!(eof.sha256_checksum, digest(&SHA256, &data).as_ref());
                    break;
                }
                other => return Err(Status::invalid_argument(format!("{other:?}"))),
            }
        }
        assert!(stream.message().await?.is_none());
        self.answer(|state| {
            state.seen.uploads.push(Upload { task_id: metadata.task_id, pieces, data });
            state.script.uploads.pop_front()
        })
    }

    async fn start_debugging(&self, _: tonic::Request<StartDebuggingRequest>) -> Answer<StartDebuggingResponse> {
        Err(Status::unimplemented("nobody calls it"))
    }
}

/// A task with an id of the right form.
pub(crate) fn task(id: &str, kind: TaskType) -> Task {
    Task { id: id_of(id), task_type: Some(kind), ..Task::default() }
}

/// The id with this beginning: 27 letters and digits.
pub(crate) fn id_of(name: &str) -> String {
    format!("{name:0<27}")
}
