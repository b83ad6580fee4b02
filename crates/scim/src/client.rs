//! The client: reads and changes the users of a SCIM 2.0 service, tolerantly and safely.
//!
//! Start at [`Client`]; [`walk::Walk`] reads a whole listing that changes while it is read. A product describes its
//! user as a type that implements [`Entry`]; this module knows no product.
//!
//! Retries have one owner each. Listings and reads are tried once: their caller repeats them, with the wait that
//! [`Error::rate_limit`] suggests. Creating and deleting ([`Patience::Retry`]) are repeated here, because only here is it
//! known whether repeating is safe. A 429 to any request, or a 503 that says when to come back, holds back all requests
//! of the client.

mod address;
mod egress;
mod error;
mod look_up;
pub mod loose;
mod page;
mod rate;
mod retry;
mod transport;
pub mod walk;

use std::time::Duration;

use reqwest::Method;
use secrecy::SecretString;
use serde_json::Value;

pub use address::{Address, AddressError};
pub use egress::Egress;
pub use error::{Error, Fault};
pub use page::{Entry, Page};
pub use rate::RateLimit;
pub use retry::Patience;

use transport::Transport;

/// What a client needs to know of its service.
#[derive(Debug, Clone)]
pub struct Settings {
    /// Where the service is.
    pub address: Address,
    /// The bearer token.
    pub token: SecretString,
    /// The longest that one request may take, the reading of its answer included.
    pub timeout: Duration,
    /// What the client calls itself.
    pub user_agent: String,
    /// Where it may connect to.
    pub egress: Egress,
}

/// A SCIM service, as a client sees it.
#[derive(Debug)]
pub struct Client {
    address: Address,
    transport: Transport,
}

/// What a service answered to a POST.
#[derive(Debug)]
pub enum Created<E> {
    /// It exists now, with this resource.
    Made(E),
    /// A request was lost, and then the user was there: made by that request, or there before.
    Found(E),
    /// The service took it and told nothing that can be used.
    MadeUnknown,
    /// 409: the service has such a user.
    Conflict(Error),
}

impl Client {
    /// Returns a client; nothing is sent.
    ///
    /// # Errors
    /// When the settings cannot be used in HTTP headers, or TLS cannot be set up.
    pub fn new(settings: Settings) -> Result<Self, Error> {
        Ok(Self { transport: Transport::new(&settings)?, address: settings.address })
    }

    /// Returns one page of users: at most `count`, from the 1-based `start`.
    ///
    /// # Errors
    /// Whatever [`Fault`] says; never retried here.
    pub async fn list<E: Entry>(&self, start: u64, count: u32) -> Result<Page<E>, Error> {
        let mut url = self.address.users();
        url.query_pairs_mut().append_pair("startIndex", &start.to_string()).append_pair("count", &count.to_string());
        let body = self.transport.send(Method::GET, url, None, Patience::Once).await?.body;
        page::parse(&body)
    }

    /// Returns the user with this id, read afresh.
    ///
    /// # Errors
    /// [`Fault::Status`] 404 when there is none, or whatever [`Fault`] says; never retried here.
    pub async fn get<E: Entry>(&self, id: &str) -> Result<E, Error> {
        let answer = self.transport.send(Method::GET, self.address.user(id), None, Patience::Once).await?;
        page::parse_one(&answer.body)
    }

    /// Creates a user.
    ///
    /// When it is unknown whether a request arrived, the user is looked up before the request is repeated.
    /// Source: whimsical-scim §3.3.
    ///
    /// # Errors
    /// Whatever [`Fault`] says, after the retries; a 409 is an answer, not an error.
    pub async fn create<E: Entry>(&self, user_name: &str, body: &Value) -> Result<Created<E>, Error> {
        let mut attempts = retry::Attempts::new();
        loop {
            let answer = self.transport.send(Method::POST, self.address.users(), Some(body), Patience::Once).await;
            let error = match answer {
                Ok(answer) => return self.created(answer, user_name).await,
                Err(error) if error.status() == Some(409) => return Ok(Created::Conflict(error)),
                Err(error) => error,
            };
            let is_outcome_unknown = error.is_outcome_unknown();
            attempts.wait(&error, self.transport.held_until()).await.ok_or(error)?;
            if is_outcome_unknown && let Some(entry) = self.look_up(user_name).await? {
                return Ok(Created::Found(entry));
            }
        }
    }

    async fn created<E: Entry>(&self, answer: transport::Answer, user_name: &str) -> Result<Created<E>, Error> {
        if let Ok(entry) = page::parse_one(&answer.body) {
            return Ok(Created::Made(entry));
        }
        let id = answer.location.as_deref().and_then(|location| self.address.id_of(location));
        if let Some(id) = id {
            return Ok(Created::Made(self.get(&id).await?));
        }
        let found = self.look_up(user_name).await;
        Ok(found.ok().flatten().map_or(Created::MadeUnknown, Created::Made))
    }

    /// Sends a PATCH and returns the user afterwards, read from the answer or, when that holds none, afresh.
    ///
    /// # Errors
    /// Whatever [`Fault`] says.
    pub async fn patch<E: Entry>(&self, id: &str, body: &Value, patience: Patience) -> Result<E, Error> {
        let answer = self.transport.send(Method::PATCH, self.address.user(id), Some(body), patience).await?;
        match page::parse_one(&answer.body) {
            Ok(entry) => Ok(entry),
            Err(_) => self.get(id).await,
        }
    }

    /// Replaces a user and returns it afterwards.
    ///
    /// # Errors
    /// Whatever [`Fault`] says.
    pub async fn put<E: Entry>(&self, id: &str, body: &Value) -> Result<E, Error> {
        let answer = self.transport.send(Method::PUT, self.address.user(id), Some(body), Patience::Once).await?;
        match page::parse_one(&answer.body) {
            Ok(entry) => Ok(entry),
            Err(_) => self.get(id).await,
        }
    }

    /// Returns the user with this id as the service sends it, for a read-modify-write.
    ///
    /// # Errors
    /// Whatever [`Fault`] says.
    pub async fn get_raw(&self, id: &str) -> Result<Value, Error> {
        let answer = self.transport.send(Method::GET, self.address.user(id), None, Patience::Once).await?;
        serde_json::from_slice(&answer.body).map_err(|source| Error::new(Fault::Unreadable).with_source(source))
    }

    /// Deletes the user; one that is already gone is a success.
    ///
    /// # Errors
    /// Whatever [`Fault`] says, after the retries.
    pub async fn delete(&self, id: &str) -> Result<(), Error> {
        match self.transport.send(Method::DELETE, self.address.user(id), None, Patience::Retry).await {
            Err(error) if error.status() == Some(404) => Ok(()),
            answer => answer.map(|_| ()),
        }
    }
}
