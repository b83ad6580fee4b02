//! The calls of `BatonService`, each with a token, a time-out, and one more try when the token is refused.
//!
//! Start at [`Api`]. Source: baton-service-mode §§4, 5.

use std::future::Future;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use http::header::{ACCEPT_ENCODING, USER_AGENT};
use http::{HeaderName, HeaderValue, Request, Response, Uri};
use proto::c1::connector::v2::ConnectorMetadata;
use proto::c1::connectorapi::baton::v1::baton_service_client::BatonServiceClient;
use proto::c1::connectorapi::baton::v1::baton_service_finish_task_request::{Error as Failed, FinalState, Success};
use proto::c1::connectorapi::baton::v1::baton_service_hello_request::BuildInfo;
use proto::c1::connectorapi::baton::v1::{
    BatonServiceFinishTaskRequest, BatonServiceGetTaskRequest, BatonServiceGetTasksRequest,
    BatonServiceHeartbeatRequest, BatonServiceHeartbeatResponse, BatonServiceHelloRequest, Task,
};
use tokio::sync::watch;
use tonic::Status;
use tonic::codec::CompressionEncoding;
use tower::{BoxError, Service, ServiceExt};

use super::host;
use super::link::{Body, Link};
use super::options::Options;
use super::task::TaskOutcome;
use super::token::{Token, Tokens};
use crate::error::{Code, Error, Result};
use crate::runtime::Runtime;

/// How long a call may take, connecting included. Upstream has no limit and can hang for ever.
const PATIENCE: Duration = Duration::from_secs(90);
/// The user agent of calls, after the name of the client id. Source: baton-service-mode §4.
const AGENT: &str = "baton-sdk/v0.25.0 grpc-go/1.83.0";
const GRPC_ACCEPT_ENCODING: HeaderName = HeaderName::from_static("grpc-accept-encoding");

/// The generated client over our link.
pub(super) type Client = BatonServiceClient<Channel>;

/// What is sent to the server, and by whom.
pub(super) struct Api {
    link: Link,
    origin: Uri,
    tokens: Arc<Tokens>,
    agent: HeaderValue,
    host_id: String,
    build: BuildInfo,
}

/// Work, and when to ask again.
pub(super) struct Work {
    pub(super) tasks: Vec<Task>,
    pub(super) next_poll: Option<proto::Duration>,
}

impl Api {
    pub(super) fn new(link: Link, options: &Options, runtime: &Runtime) -> Result<Self> {
        let server = options.server()?;
        let origin = format!("https://{}", server.with_port());
        let origin = origin.parse::<Uri>().map_err(|error| Error::unknown(format!("`{origin}`: {error}")))?;
        let name = options.credentials.client_id.name();
        let agent = HeaderValue::try_from(format!("{name} {AGENT}").trim_start());
        let build = BuildInfo {
            lang_version: format!("rust{}", env!("CARGO_PKG_RUST_VERSION")),
            package: known(&options.program.name, "/dummy/path"),
            package_version: known(&options.program.version, "0.0.0"),
        };
        Ok(Self {
            tokens: Arc::new(Tokens::new(link.clone(), &server, options.credentials.clone(), runtime.clone())),
            link,
            origin,
            // A name that can't be sent is left out.
            agent: agent.unwrap_or(HeaderValue::from_static(AGENT)),
            host_id: options.host_id.clone(),
            build,
        })
    }

    /// Says who we are. `task_id` is empty at the start, or names the task that asked.
    pub(super) async fn hello(&self, task_id: &str, metadata: ConnectorMetadata) -> Result<()> {
        let os_info = tokio::task::spawn_blocking(host::describe).await;
        let os_info = os_info.map_err(|error| Error::new(Code::Internal, format!("describe the host: {error}")))?;
        let request = BatonServiceHelloRequest {
            host_id: self.host_id.clone(),
            task_id: task_id.to_owned(),
            build_info: Some(self.build.clone()),
            os_info: Some(os_info),
            connector_metadata: Some(metadata),
            annotations: Vec::new(),
        };
        self.call(PATIENCE, |mut client| {
            let request = request.clone();
            async move { client.hello(request).await }
        })
        .await
        .map(drop)
    }

    /// Asks for one task.
    pub(super) async fn get_task(&self) -> Result<Work> {
        let answer = self
            .call(PATIENCE, |mut client| {
                let request = BatonServiceGetTaskRequest { host_id: self.host_id.clone() };
                async move { client.get_task(request).await }
            })
            .await?;
        Ok(Work { tasks: answer.task.into_iter().collect(), next_poll: answer.next_poll })
    }

    /// Asks for several tasks, but not for these.
    pub(super) async fn get_tasks(&self, page_size: u32, known: &[String]) -> Result<Work> {
        let answer = self
            .call(PATIENCE, |mut client| {
                let request = BatonServiceGetTasksRequest {
                    host_id: self.host_id.clone(),
                    page_size,
                    known_task_ids: known.to_vec(),
                    annotations: Vec::new(),
                };
                async move { client.get_tasks(request).await }
            })
            .await?;
        Ok(Work { tasks: answer.tasks, next_poll: answer.next_poll })
    }

    /// Says that a task is still worked on.
    pub(super) async fn heartbeat(&self, task_id: &str) -> Result<BatonServiceHeartbeatResponse> {
        self.call(PATIENCE, |mut client| {
            let request = BatonServiceHeartbeatRequest {
                host_id: self.host_id.clone(),
                task_id: task_id.to_owned(),
                ..BatonServiceHeartbeatRequest::default()
            };
            async move { client.heartbeat(request).await }
        })
        .await
    }

    /// Reports a task, once, within `patience`; an outcome that is silent is not reported.
    pub(super) async fn finish(&self, task_id: &str, outcome: &TaskOutcome, patience: Duration) -> Result<()> {
        let (status, final_state) = match outcome.clone() {
            TaskOutcome::Success { response, annotations } => {
                (None, FinalState::Success(Success { annotations, response }))
            }
            TaskOutcome::Failure { status, non_retryable, annotations } => {
                (Some(status), FinalState::Error(Failed { non_retryable, annotations, response: None }))
            }
            TaskOutcome::Silent => return Ok(()),
        };
        let request = BatonServiceFinishTaskRequest {
            host_id: self.host_id.clone(),
            task_id: task_id.to_owned(),
            status,
            final_state: Some(final_state),
        };
        self.call(patience, |mut client| {
            let mut request = tonic::Request::new(request.clone());
            // The only call that tells the server how long we wait.
            request.set_timeout(patience);
            async move { client.finish_task(request).await }
        })
        .await
        .map(drop)
    }

    /// The host id that requests carry.
    pub(super) fn host_id(&self) -> &str {
        &self.host_id
    }

    /// Makes a call; once more when the server refuses the token, or wants another nonce in the proof.
    pub(super) async fn call<T, F, Call>(&self, patience: Duration, call: F) -> Result<T>
    where
        F: Fn(Client) -> Call,
        Call: Future<Output = Result<tonic::Response<T>, Status>>,
    {
        let calls = async {
            let (mut may_renew, mut may_repeat) = (true, true);
            loop {
                let token = self.tokens.current().await?;
                let (client, new_nonce) = self.client(token.clone());
                let status = match call(client).await {
                    Ok(answer) => return Ok(answer.into_inner()),
                    Err(status) => status,
                };
                if status.code() != tonic::Code::Unauthenticated {
                    return Err(error_of(&status));
                }
                if may_repeat && token.is_bound() && *new_nonce.borrow() {
                    may_repeat = false;
                } else if may_renew {
                    may_renew = false;
                    self.tokens.forget(&token).await;
                } else {
                    return Err(error_of(&status));
                }
            }
        };
        // Boxed: it would make the future of every task large.
        tokio::time::timeout(patience, Box::pin(calls)).await.unwrap_or_else(|_| {
            let text = format!("the server gave no answer within {} s", patience.as_secs());
            Err(Error::new(Code::DeadlineExceeded, text))
        })
    }

    fn client(&self, token: Token) -> (Client, watch::Receiver<bool>) {
        let (noted, new_nonce) = watch::channel(false);
        let tokens = Arc::clone(&self.tokens);
        let channel = Channel { link: self.link.clone(), tokens, token, agent: self.agent.clone(), noted };
        let client = BatonServiceClient::with_origin(channel, self.origin.clone());
        (client.accept_compressed(CompressionEncoding::Gzip), new_nonce)
    }
}

/// The link with what every call carries.
#[derive(Clone)]
pub(super) struct Channel {
    link: Link,
    tokens: Arc<Tokens>,
    token: Token,
    agent: HeaderValue,
    /// Becomes true when the answer brings a new nonce.
    noted: watch::Sender<bool>,
}

impl Service<Request<Body>> for Channel {
    type Response = Response<Body>;
    type Error = BoxError;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Body>, BoxError>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), BoxError>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, mut request: Request<Body>) -> Self::Future {
        let channel = self.clone();
        Box::pin(async move {
            let url = request.uri().clone();
            let headers = request.headers_mut();
            headers.insert(USER_AGENT, channel.agent.clone());
            headers.insert(GRPC_ACCEPT_ENCODING, HeaderValue::from_static("gzip"));
            headers.remove(ACCEPT_ENCODING);
            channel.tokens.sign(&channel.token, &url, headers)?;
            let response = channel.link.oneshot(request).await?;
            channel.noted.send_replace(channel.tokens.note(response.headers()));
            Ok(response)
        })
    }
}

/// The error that the server answered.
fn error_of(status: &Status) -> Error {
    Error::new(Code::from_number(status.code().into()), status.message())
}

/// The text, or what stands for one that is not known.
fn known(text: &str, unknown: &str) -> String {
    let text = if text.is_empty() { unknown } else { text };
    text.chars().take(256).collect()
}
