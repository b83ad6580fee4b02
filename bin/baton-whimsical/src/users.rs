//! Users, with their role grants, from one listing.

use std::sync::{Arc, Mutex, PoisonError};

use async_trait::async_trait;
use connector_sdk::annotations::Annotations;
use connector_sdk::connector::{
    AccountCreator, FoundResource, PageToken, ResourceDeleter, ResourceGetter, ResourcePage, ResourceSyncer,
};
use connector_sdk::error::{Code, Error, Result};
use proto::c1::connector::v2::{Grant, ResourceId, ResourceType};
use scim::client::Page;
use scim::client::walk::{Next, Position, Stuck, Walk};

use crate::Workspace;
use crate::failure::{self, Call};
use crate::model::{USER_TYPE, user_type};
use crate::user::User;

/// Users asked for at a time.
const PAGE_SIZE: u32 = 100;
/// How often in a row a page may come back unreadable before the sync is given up.
const MAX_BAD_ANSWERS: u32 = 3;

/// The users of a workspace.
pub(crate) struct Users {
    pub(crate) workspace: Arc<Workspace>,
    listing: Mutex<Listing>,
}

/// What is remembered between two pages of a sync.
#[derive(Default)]
struct Listing {
    walk: Option<Walk>,
    bad_answers: u32,
    users_without_role: u64,
}

impl Listing {
    /// Starts anew; bad answers are counted over the attempts at one page, so they stay.
    fn begin(&mut self, walk: Walk) {
        self.walk = Some(walk);
        self.users_without_role = 0;
    }
}

impl Users {
    pub(crate) fn new(workspace: Arc<Workspace>) -> Self {
        Self { workspace, listing: Mutex::default() }
    }

    /// Runs `work` on what is remembered of the listing.
    fn with_listing<T>(&self, work: impl FnOnce(&mut Listing) -> T) -> T {
        work(&mut self.listing.lock().unwrap_or_else(PoisonError::into_inner))
    }

    async fn fetch(&self, start: u64) -> Result<Page<User>> {
        let page = self.workspace.client()?.list::<User>(start, PAGE_SIZE).await;
        let bad_answers = self.with_listing(|listing| {
            let is_bad = page.as_ref().is_err_and(scim::client::Error::is_unreadable);
            listing.bad_answers = if is_bad { listing.bad_answers + 1 } else { 0 };
            listing.bad_answers
        });
        let call = if bad_answers >= MAX_BAD_ANSWERS { Call::LastListing } else { Call::Listing };
        page.map_err(|error| failure::of(error, call))
    }

    /// Makes sure that the walk in memory stands at `position`; after a crash there is none, and the page before is
    /// read again to see that the listing has not moved.
    async fn take_up(&self, position: Position) -> Result<()> {
        let is_known =
            self.with_listing(|listing| listing.walk.as_ref().is_some_and(|walk| *walk.position() == position));
        if is_known {
            return Ok(());
        }
        let last_start = position.last_start();
        let mut walk = Walk::new(position);
        if let Some(start) = last_start {
            let page = self.fetch(start).await?;
            if !walk.is_unmoved(&page) {
                return Err(Error::restart("the user listing has changed since the sync was interrupted"));
            }
        }
        self.with_listing(|listing| listing.begin(walk));
        Ok(())
    }

    fn advance(&self, page: &Page<User>) -> Result<Option<PageToken>> {
        let next = self.with_listing(|listing| {
            listing.users_without_role += page.entries.iter().filter(|user| user.role().is_none()).count() as u64;
            let next = match &mut listing.walk {
                Some(walk) => walk.advance(page),
                None => Ok(Next::End { remark: None }),
            };
            if matches!(next, Ok(Next::End { .. }) | Err(_)) {
                listing.walk = None;
            }
            next.map(|next| (next, listing.users_without_role))
        });
        if page.bad > 0 {
            tracing::warn!(users = page.bad, "skipped users that cannot be read");
        }
        match next.map_err(stuck)? {
            (Next::Page(position), _) => {
                let token = serde_json::to_string(&position)
                    .map_err(|error| Error::unknown("write the page token").with_source(error))?;
                Ok(Some(PageToken::new(token)))
            }
            (Next::End { remark }, users_without_role) => {
                if let Some(remark) = remark {
                    tracing::warn!("{remark}");
                }
                if users_without_role > 0 {
                    tracing::warn!(
                        users = users_without_role,
                        "the workspace does not tell the role of some users: they get no role grant"
                    );
                }
                Ok(None)
            }
        }
    }

    fn grants(&self, user: &User) -> Option<Grant> {
        use scim::client::Entry as _;
        user.held_role().map(|role| self.workspace.model.grant(role, user.id()))
    }
}

/// A listing that is not complete must not look so.
fn stuck(stuck: Stuck) -> Error {
    Error::new(Code::Internal, format!("list users: {stuck}")).with_source(stuck)
}

#[async_trait]
impl ResourceSyncer for Users {
    fn resource_type(&self) -> ResourceType {
        user_type()
    }

    async fn list_resources(&self, parent: Option<&ResourceId>, page: &PageToken) -> Result<ResourcePage> {
        if parent.is_some() {
            return Ok(ResourcePage::default());
        }
        let position = if page.is_start() {
            self.with_listing(|listing| listing.walk = None);
            Position::start()
        } else {
            serde_json::from_str(page.as_str())
                .map_err(|error| Error::invalid_argument("the page token is not one of ours").with_source(error))?
        };
        let start = position.next_start();
        self.take_up(position).await?;
        let page = self.fetch(start).await?;
        let next = self.advance(&page)?;
        Ok(ResourcePage {
            resources: page.entries.iter().map(User::resource).collect(),
            grants: page.entries.iter().filter_map(|user| self.grants(user)).collect(),
            next,
            annotations: Annotations::new(),
        })
    }

    fn getter(&self) -> Option<&dyn ResourceGetter> {
        Some(self)
    }

    fn account_creator(&self) -> Option<&dyn AccountCreator> {
        Some(self)
    }

    fn deleter(&self) -> Option<&dyn ResourceDeleter> {
        Some(self)
    }
}

#[async_trait]
impl ResourceGetter for Users {
    /// Tenants would notice a capability that the Go connector does not have.
    fn is_advertised(&self) -> bool {
        false
    }

    async fn get_resource(&self, id: &ResourceId, _parent: Option<&ResourceId>) -> Result<FoundResource> {
        let user: User =
            self.workspace.client()?.get(&id.resource).await.map_err(|error| failure::of(error, Call::Read))?;
        Ok(FoundResource {
            resource: user.resource(),
            grants: self.grants(&user).into_iter().collect(),
            annotations: Annotations::new(),
        })
    }
}

#[async_trait]
impl ResourceDeleter for Users {
    async fn delete_resource(&self, id: &ResourceId, _parent: Option<&ResourceId>) -> Result<Annotations> {
        if id.resource_type != USER_TYPE {
            return Err(Error::unimplemented(format!("resources of type `{}` cannot be deleted", id.resource_type)));
        }
        let deleted = self.workspace.client()?.delete(&id.resource).await;
        deleted.map(|()| Annotations::new()).map_err(|error| failure::of(error, Call::Write))
    }
}
