//! The settings that only this connector has.

use std::time::Duration;

use connector_sdk::cli::{Config, Export, Field};
use connector_sdk::error::{Error, Result};
use scim::client::{Address, Egress};
use secrecy::SecretString;

use crate::model::DEFAULT_SLUG;

/// Where Whimsical's SCIM service is. Source: Whimsical's SCIM overview.
const BASE_URL: &str = "https://api.whimsical.com/scim-v2/";

const TOKEN_FIELD: Field = Field::text("whimsical-token", "The SCIM OAuth token from the workspace settings")
    .display_name("Token")
    .required()
    .secret()
    .export(Export::Gui);
const BASE_URL_FIELD: Field = Field::text("base-url", "The SCIM base URL, when it is not Whimsical's").hidden();
const SLUG_FIELD: Field =
    Field::text("role-entitlement-slug", "The last part of the ids of role entitlements").hidden();
const STRICT_FIELD: Field =
    Field::bool("strict-viewer-revoke", "Fail when Viewer is revoked from a viewer, instead of doing nothing").hidden();

/// The table of the settings above.
pub(crate) const FIELDS: &[Field] = &[TOKEN_FIELD, BASE_URL_FIELD, SLUG_FIELD, STRICT_FIELD];

/// What happens when Viewer, below which there is nothing, is revoked from a viewer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ViewerRevoke {
    /// Nothing; it counts as revoked already. Source: connector-cli §11.6 (d).
    NothingToDo,
    /// It fails and names the way out. Source: connector-cli §11.6 (c).
    Refused,
}

/// The validated settings.
#[derive(Debug, Clone)]
pub struct Settings {
    /// How to reach the workspace.
    pub client: scim::client::Settings,
    /// The last part of the ids of role entitlements.
    pub slug: String,
    /// What revoking Viewer from a viewer does.
    pub viewer_revoke: ViewerRevoke,
}

impl Settings {
    /// The settings for the workspace with this token; an empty base URL is Whimsical's.
    ///
    /// # Errors
    /// When the base URL cannot be used; the text names it and what is wrong with it.
    pub fn new(base_url: &str, token: SecretString) -> Result<Self> {
        let base_url = if base_url.is_empty() { BASE_URL } else { base_url };
        let address = Address::parse(base_url).map_err(|error| Error::unknown(format!("base-url: {error}")))?;
        Ok(Self {
            client: scim::client::Settings {
                address,
                token,
                timeout: Duration::from_mins(5),
                user_agent: concat!("baton-whimsical/", env!("CARGO_PKG_VERSION")).to_owned(),
                egress: Egress::Anywhere,
            },
            slug: DEFAULT_SLUG.to_owned(),
            viewer_revoke: ViewerRevoke::NothingToDo,
        })
    }

    /// Reads the settings of a run.
    ///
    /// # Errors
    /// As for [`Settings::new`].
    pub(crate) fn read(config: &Config) -> Result<Self> {
        let mut settings = Self::new(&config.text(&BASE_URL_FIELD), config.secret(&TOKEN_FIELD))?;
        let (timeout, slug) = (config.http_timeout(), config.text(&SLUG_FIELD));
        if !timeout.is_zero() {
            settings.client.timeout = timeout;
        }
        if !slug.is_empty() {
            settings.slug = slug;
        }
        if config.is_on(&STRICT_FIELD) {
            settings.viewer_revoke = ViewerRevoke::Refused;
        }
        Ok(settings)
    }
}
