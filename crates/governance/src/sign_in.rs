//! How people sign in, and what they are known by then.
//!
//! People sign in at an OpenID provider; a Super Administrator can have a password too, so that somebody gets in when
//! the provider does not. Whoever may not is told nothing about why; the audit log is.
//!
//! Source: governance §1.1, §4 ("Sign in"), R-I-6 (first sign-in), R-L-2; ADR 5, ADR 6.

mod at_provider;
mod password;
mod session;

use auth::session::SignIn;
use domain::actor::Actor;
use domain::audit::{Event, Object, Via};
use jiff::{SignedDuration, Timestamp};
use secrecy::SecretString;
use serde_json::{Value, json};
use store::Tx;
use store::person::Person;

use crate::context::Governance;
use crate::error::{Code, Error, Result};

pub use at_provider::Redirect;
pub use auth::oidc::Callback;

/// Whoever is about to sign in.
#[derive(Debug, Clone, Copy, Default)]
pub struct Visitor<'a> {
    /// The address that they call from.
    pub ip: Option<std::net::IpAddr>,
    /// What the browser calls itself.
    pub agent: &'a str,
}

/// A session that has begun.
#[derive(Debug)]
pub struct NewSession {
    /// Who has signed in.
    pub person: Person,
    /// What the cookie holds. Kept nowhere else.
    pub cookie: SecretString,
    /// When it ends.
    pub expires_at: Timestamp,
}

impl Governance {
    /// Begins a session for a person who has proved who they are.
    pub(crate) async fn begin_session(
        &self,
        tx: &mut Tx,
        person: Person,
        method: &str,
        visitor: Visitor<'_>,
    ) -> Result<NewSession> {
        let ip = visitor.ip.map(|ip| ip.to_string());
        let roles = auth::session::signed_in_roles(store::person::roles(tx.conn(), person.id).await?);
        let actor = Actor::Person { id: person.id, roles, token: None };
        let life = session_life(tx).await?;
        let by = auth::By { actor: &actor, via: Via::Web, ip: ip.as_deref() };
        let sign_in = SignIn { method, agent: visitor.agent, life };
        let (session, cookie) = auth::session::start(tx, person.id, sign_in, by).await?;
        Ok(NewSession { person, cookie, expires_at: session.expires_at })
    }

    /// Writes down that somebody was not let in, and why; answers what they are told.
    pub(crate) async fn refuse_sign_in(&self, object: Object, visitor: Visitor<'_>, why: &str) -> Error {
        let told = Error::new(Code::Unauthenticated, "you cannot sign in here").with_hint("ask an administrator");
        let written = async {
            let mut tx = self.store().begin().await?;
            let event = Event::new(&SYSTEM, Via::Web, "sign_in.refused", object)
                .with_ip(visitor.ip.map(|ip| ip.to_string()))
                .with_change(Value::Null, json!({"agent": visitor.agent.chars().take(200).collect::<String>()}))
                .with_reason(why);
            tx.audit(event);
            tx.commit().await
        };
        match written.await {
            Ok(_) => told,
            Err(error) => error.into(),
        }
    }
}

const SYSTEM: Actor = Actor::System(domain::actor::Part::System);

/// How long sessions live in this install.
async fn session_life(tx: &mut Tx) -> Result<SignedDuration> {
    let tenant = tx.tenant();
    let tenant = store::tenant::get(tx.conn(), tenant).await?;
    crate::tenant::session_life(&tenant)
}
