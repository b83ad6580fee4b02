//! What an administrator sets: plan, default role, price, SAML, offboarding.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::model::user::Role;

/// What the company pays for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Plan {
    /// Free.
    Free,
    /// Pro.
    Pro,
    /// Business.
    Business,
    /// Enterprise: the only one with SAML and SCIM.
    Enterprise,
}

/// How long a billing period is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Period {
    /// A calendar month.
    Month,
    /// A calendar year.
    Year,
}

/// Who may see a team.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Visibility {
    /// Invited people.
    Private,
    /// Everybody in the workspace.
    Open,
}

/// Where the files of removed users go.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FilesTarget {
    /// The team.
    pub team: String,
    /// Must be private. Source: Whimsical help, "Offboard a user".
    pub visibility: Visibility,
    /// The folder in the team.
    pub folder: String,
}

/// The settings of a workspace.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Settings {
    /// The name of the workspace.
    pub name: String,
    /// The plan.
    pub plan: Plan,
    /// The role of new members unless another one is given.
    pub default_role: Role,
    /// Whether people must sign in by SAML.
    pub require_saml: bool,
    /// Whether unknown people who sign in by SAML become members.
    pub jit: bool,
    /// After how many hours people must sign in again.
    pub session_expiry_h: u32,
    /// The price of a seat for one period, in cents.
    pub price_cents: u32,
    /// The length of a period.
    pub period: Period,
    /// The start of the first period.
    pub period_anchor: Timestamp,
    /// Whether giving up a seat is credited. Whimsical's pages disagree about it.
    pub credit_on_removal: bool,
    /// Where the files of removed users go; none: they stay where they are.
    pub offboarding: Option<FilesTarget>,
}

impl Settings {
    /// Returns the settings of a new Enterprise workspace; periods start at `period_anchor`.
    #[must_use]
    pub fn new(period_anchor: Timestamp) -> Self {
        Self {
            name: "Example workspace".to_owned(),
            plan: Plan::Enterprise,
            default_role: Role::Viewer,
            require_saml: false,
            jit: true,
            session_expiry_h: 24 * 14,
            price_cents: 12_000,
            period: Period::Year,
            period_anchor,
            credit_on_removal: true,
            offboarding: None,
        }
    }
}

/// The identity provider's side of SAML, and the URLs that Whimsical gives in return.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Saml {
    /// The identity provider's entity id.
    pub idp_entity_id: String,
    /// The identity provider's sign-on URL.
    pub sso_url: String,
    /// The identity provider's certificate, PEM or base64.
    pub certificate: String,
    /// The path name of the login URL: the workspace's name when SAML was enabled.
    pub login_slug: String,
}

/// Whimsical's own SAML entity id.
pub const ENTITY_ID: &str = "https://whimsical.com";

impl Saml {
    /// Returns the last part of the login URL for a workspace of this name.
    #[must_use]
    pub fn slug(name: &str) -> String {
        let words: Vec<String> =
            name.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_lowercase).collect();
        if words.is_empty() { "workspace".to_owned() } else { words.join("-") }
    }
}
