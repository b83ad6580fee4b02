//! What use cases work with, and on whose behalf.

use std::sync::Arc;
use std::time::Duration;

use auth::password::Passwords;
use domain::actor::Actor;
use domain::audit::{Event, Object, Via};
use ids::SessionId;
use store::Store;
use store::file::Files;
use store::seal::Sealer;
use tokio::sync::Notify;

use crate::notice::Mailer;
use crate::notice::queue::Notices;

/// What people and connectors are told, fixed at the start of the server.
#[derive(Debug, Clone)]
pub struct Settings {
    /// The address at which this server is reached, without a slash at its end: `https://HOST` or `https://HOST:PORT`.
    pub base_url: String,
    /// `HOST` or `HOST:PORT` as client ids of connectors name it; no port when it is 443.
    pub connector_host: String,
    /// How long an idle connector waits before it asks again.
    pub poll_interval: Duration,
    /// How often a connector that syncs reports that it lives; its lease is three of these.
    pub heartbeat_interval: Duration,
    /// How long any other task may take before it is offered again.
    pub task_lease: Duration,
    /// The largest file that a connector may upload, in bytes.
    pub upload_limit_bytes: u64,
    /// What sends mail; none when mail is not set up.
    pub mail: Option<Mailer>,
}

/// The use cases of one server process. Clones share everything.
#[derive(Debug, Clone)]
pub struct Governance {
    inner: Arc<Inner>,
}

#[derive(Debug)]
struct Inner {
    store: Store,
    sealer: Sealer,
    files: Files,
    settings: Settings,
    passwords: Passwords,
    oidc: auth::oidc::Client,
    task_queued: Arc<Notify>,
    job_queued: Arc<Notify>,
}

impl Governance {
    /// The use cases on this store.
    #[must_use]
    pub fn new(store: Store, sealer: Sealer, files: Files, settings: Settings) -> Self {
        store.watch(Arc::new(Notices::new(settings.mail.is_some())));
        let (task_queued, job_queued) = (Arc::default(), Arc::default());
        let (passwords, oidc) = (Passwords::default(), auth::oidc::Client::default());
        let inner = Inner { store, sealer, files, settings, passwords, oidc, task_queued, job_queued };
        Self { inner: Arc::new(inner) }
    }

    /// What is remembered.
    #[must_use]
    pub fn store(&self) -> &Store {
        &self.inner.store
    }

    /// Seals and opens secrets.
    #[must_use]
    pub fn sealer(&self) -> &Sealer {
        &self.inner.sealer
    }

    /// Where uploaded files are.
    #[must_use]
    pub fn files(&self) -> &Files {
        &self.inner.files
    }

    /// What people and connectors are told.
    #[must_use]
    pub fn settings(&self) -> &Settings {
        &self.inner.settings
    }

    /// Hashes and checks passwords.
    pub(crate) fn passwords(&self) -> &Passwords {
        &self.inner.passwords
    }

    /// Speaks to OpenID providers.
    pub(crate) fn oidc(&self) -> &auth::oidc::Client {
        &self.inner.oidc
    }

    /// Wakes when a task for a connector was queued by this process: hosted connectors need not wait for their poll.
    #[must_use]
    pub fn task_queued(&self) -> &Arc<Notify> {
        &self.inner.task_queued
    }

    /// Wakes when a job was queued by this process.
    #[must_use]
    pub fn job_queued(&self) -> &Arc<Notify> {
        &self.inner.job_queued
    }
}

/// Who calls, and how the call came in. Every use case takes one.
#[derive(Debug, Clone)]
pub struct Caller {
    /// Who.
    pub actor: Actor,
    /// The way in.
    pub via: Via,
    /// The address that the call came from.
    pub ip: Option<String>,
    /// The session that the call was made in.
    pub session: Option<SessionId>,
}

impl Caller {
    /// Somebody who calls in this way.
    #[must_use]
    pub const fn new(actor: Actor, via: Via) -> Self {
        Self { actor, via, ip: None, session: None }
    }

    /// From this address.
    #[must_use]
    pub fn from_ip(mut self, ip: Option<String>) -> Self {
        self.ip = ip;
        self
    }

    /// In this session.
    #[must_use]
    pub const fn in_session(mut self, session: SessionId) -> Self {
        self.session = Some(session);
        self
    }

    /// On whose behalf `auth` does what this caller wants.
    #[must_use]
    pub fn by(&self) -> auth::By<'_> {
        auth::By { actor: &self.actor, via: self.via, ip: self.ip.as_deref() }
    }

    /// The audit event of something that this caller does.
    #[must_use]
    pub fn event(&self, action: &str, object: Object) -> Event {
        Event::new(&self.actor, self.via, action, object).with_ip(self.ip.clone()).with_session(self.session)
    }
}
