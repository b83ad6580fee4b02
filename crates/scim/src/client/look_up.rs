//! Finding a user by name: with a filter, or among all users when the service cannot filter.

use reqwest::Method;
use serde_json::Value;

use super::Client;
use super::error::{Error, Fault};
use super::page::{self, Entry, Page};
use super::retry::{Attempts, Patience};
use super::walk::{Next, Position, Walk};

/// Users asked for at a time when all are read.
const PAGE_SIZE: u32 = 100;

impl Client {
    /// Returns the user with this `userName`, whatever its case; `None` when the service has none.
    ///
    /// The answer to a filter is checked, since a service that takes no notice of it returns everybody; where
    /// filtering is no use, the whole listing is read. Requests are repeated as [`Patience::Retry`] says.
    ///
    /// # Errors
    /// Whatever [`Fault`] says, after the retries; [`Fault::Listing`] when the listing cannot be read to its end.
    ///
    /// Source: RFC 7644 §3.4.2.2; whimsical-scim §3.4.
    pub async fn look_up<E: Entry>(&self, user_name: &str) -> Result<Option<E>, Error> {
        match self.filter(user_name).await? {
            Filtered::Usable(entry) => Ok(entry),
            Filtered::Unusable => self.search(user_name).await,
        }
    }

    async fn filter<E: Entry>(&self, user_name: &str) -> Result<Filtered<E>, Error> {
        let mut url = self.address.users();
        let literal = Value::String(user_name.to_owned());
        url.query_pairs_mut().append_pair("filter", &format!("userName eq {literal}"));
        let answer = match self.transport.send(Method::GET, url, None, Patience::Retry).await {
            Err(error) if matches!(error.status(), Some(400 | 404 | 501)) => return Ok(Filtered::Unusable),
            answer => answer?,
        };
        let page: Page<E> = page::parse(&answer.body)?;
        let is_filtered = page.entries.iter().all(|entry| is_same_name(entry, user_name));
        if !is_filtered && page.entries.len() > 1 {
            return Ok(Filtered::Unusable);
        }
        Ok(Filtered::Usable(page.entries.into_iter().find(|entry| is_same_name(entry, user_name))))
    }

    async fn search<E: Entry>(&self, user_name: &str) -> Result<Option<E>, Error> {
        let mut walk = Walk::new(Position::start());
        let mut attempts = Attempts::new();
        loop {
            let page = match self.list::<E>(walk.position().next_start(), PAGE_SIZE).await {
                Ok(page) => page,
                Err(error) => {
                    attempts.wait(&error, self.transport.held_until()).await.ok_or(error)?;
                    continue;
                }
            };
            attempts = Attempts::new();
            let next = walk.advance(&page).map_err(|stuck| Error::new(Fault::Listing(stuck)))?;
            let entry = page.entries.into_iter().find(|entry| is_same_name(entry, user_name));
            if entry.is_some() || matches!(next, Next::End { .. }) {
                return Ok(entry);
            }
        }
    }
}

/// What became of a filter.
enum Filtered<E> {
    /// The service filtered.
    Usable(Option<E>),
    /// It cannot, or did not.
    Unusable,
}

fn is_same_name(entry: &impl Entry, user_name: &str) -> bool {
    entry.user_name().is_some_and(|name| name.to_lowercase() == user_name.to_lowercase())
}
