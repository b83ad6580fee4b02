//! Who the caller is, and what waits for them.
//!
//! Source: governance §5 (`/me`).

use std::collections::BTreeSet;

use domain::access::Action;
use domain::actor::{Actor, Role};
use store::Paging;
use store::api_token::ApiToken;
use store::person::Person;

use crate::access;
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// How many of each kind are counted.
const MOST_COUNTED: u32 = 200;

/// The caller.
#[derive(Debug, Clone)]
pub struct Me {
    /// The person; none when a machine calls that acts for nobody.
    pub person: Option<Person>,
    /// The token that was shown.
    pub token: Option<ApiToken>,
    /// What the caller may be: the roles of the person, narrowed by those of the token.
    pub roles: BTreeSet<Role>,
    /// How many apps the caller owns; at most 200 are counted.
    pub owned_apps: usize,
    /// How many holds that the caller may see wait for a decision; at most 200 are counted.
    pub open_holds: usize,
}

impl Governance {
    /// Who calls.
    ///
    /// # Errors
    /// `PermissionDenied` for a connector.
    pub async fn me(&self, caller: &Caller) -> Result<Me> {
        let (person, token) = match &caller.actor {
            Actor::Person { id, token, .. } => (Some(*id), *token),
            Actor::Machine { token, .. } => (None, Some(*token)),
            Actor::Connector { .. } | Actor::System(_) => {
                return Err(Error::denied("this is for people and machines"));
            }
        };
        let tenant = self.store().tenant();
        let mut conn = self.store().read().await?;
        let owned_apps = match person {
            Some(_) => {
                let filter = store::app::Filter { owner: person, ..Default::default() };
                store::app::list(&mut conn, tenant, &filter, Paging::first(MOST_COUNTED)).await?.rows.len()
            }
            None => 0,
        };
        let open_holds = match access::scope(caller, Action::SeeConnectors) {
            Ok(owner) => {
                let filter = store::hold::Filter { owner, state: Some(domain::hold::State::Open), connector: None };
                store::hold::list(&mut conn, tenant, filter, Paging::first(MOST_COUNTED)).await?.rows.len()
            }
            Err(_) => 0,
        };
        let found = match person {
            Some(id) => store::person::find(&mut conn, tenant, id).await?,
            None => None,
        };
        let token = match token {
            Some(id) => store::api_token::get(&mut conn, tenant, id).await?,
            None => None,
        };
        Ok(Me { person: found, token, roles: caller.actor.roles().clone(), owned_apps, open_holds })
    }
}
