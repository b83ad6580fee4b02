//! A connector for Whimsical: who is an editor and who a viewer of a workspace, read and changed over SCIM 2.0.
//!
//! Start at [`Whimsical`], then [`model`], which holds every name that other systems know us by. Users and their role
//! grants come from one listing (`users`); roles are fixed (`roles`). How SCIM itself is spoken is the business of
//! [`scim::client`], how a sync runs that of [`connector_sdk`].

mod account;
mod assignment;
mod failure;
mod metadata;
pub mod model;
mod roles;
mod settings;
mod user;
mod users;

use std::sync::Arc;

use async_trait::async_trait;
use connector_sdk::annotations::Annotations;
use connector_sdk::cli::ConnectorSpec;
use connector_sdk::connector::{Connector, ResourceSyncer};
use connector_sdk::error::Result;
use proto::c1::connector::v2::ConnectorMetadata;
use scim::client::Client;

pub use settings::{Settings, ViewerRevoke};

use failure::Call;
use model::Model;
use roles::Roles;
use user::User;
use users::Users;

/// The connector as a program.
pub const SPEC: ConnectorSpec = ConnectorSpec {
    name: "baton-whimsical",
    version: env!("CARGO_PKG_VERSION"),
    display_name: "Whimsical",
    help_url: "/docs/baton/whimsical",
    icon_url: "/static/app-icons/whimsical.svg",
    fields: settings::FIELDS,
    connect: |config| Ok(Arc::new(Whimsical::new(Settings::read(config)?)?)),
    stand_in: || Arc::new(Whimsical::stand_in()),
};

/// The workspace, as the syncers share it.
struct Workspace {
    /// None in the stand-in, which is never asked to do anything.
    client: Option<Client>,
    model: Model,
    viewer_revoke: settings::ViewerRevoke,
}

impl Workspace {
    fn client(&self) -> Result<&Client> {
        self.client
            .as_ref()
            .ok_or_else(|| connector_sdk::error::Error::unknown("the stand-in connector cannot connect"))
    }
}

/// A connector for one Whimsical workspace.
pub struct Whimsical {
    workspace: Arc<Workspace>,
    users: Arc<Users>,
    roles: Arc<Roles>,
}

impl Whimsical {
    /// Returns the connector; nothing is sent.
    ///
    /// # Errors
    /// When the token cannot be sent in an HTTP header.
    pub fn new(settings: Settings) -> Result<Self> {
        let client = Client::new(settings.client).map_err(|error| failure::of(error, Call::Read))?;
        Ok(Self::of(Workspace {
            client: Some(client),
            model: Model::new(&settings.slug),
            viewer_revoke: settings.viewer_revoke,
        }))
    }

    /// Returns a connector that can tell what it offers, and nothing else.
    #[must_use]
    pub fn stand_in() -> Self {
        let model = Model::new(model::DEFAULT_SLUG);
        Self::of(Workspace { client: None, model, viewer_revoke: settings::ViewerRevoke::NothingToDo })
    }

    fn of(workspace: Workspace) -> Self {
        let workspace = Arc::new(workspace);
        Self {
            users: Arc::new(Users::new(Arc::clone(&workspace))),
            roles: Arc::new(Roles::new(Arc::clone(&workspace))),
            workspace,
        }
    }
}

#[async_trait]
impl Connector for Whimsical {
    fn metadata(&self) -> ConnectorMetadata {
        metadata::metadata()
    }

    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        vec![Arc::clone(&self.users) as _, Arc::clone(&self.roles) as _]
    }

    /// Asks for one user: the one call that every SCIM service knows.
    async fn validate(&self) -> Result<Annotations> {
        let page = self.workspace.client()?.list::<User>(1, 1).await;
        page.map(|_| Annotations::new()).map_err(|error| failure::of(error, Call::Validate))
    }
}
