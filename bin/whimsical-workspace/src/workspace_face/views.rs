//! How the workspace face shows things.

use jiff::Timestamp;
use serde::Serialize;

use crate::model::id::UserId;
use crate::model::journal::Mail;
use crate::model::settings::{ENTITY_ID, Saml};
use crate::model::user::{JoinedVia, Role, ScimUser, Standing};
use crate::model::{Workspace, billing};

/// A member as the member list shows one.
#[derive(Debug, Serialize)]
pub(crate) struct MemberView {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) role: Role,
    pub(crate) admin: bool,
    pub(crate) managed: bool,
    pub(crate) joined_via: JoinedVia,
    pub(crate) joined_at: Timestamp,
}

impl MemberView {
    /// Returns the view of a member, none of other users.
    pub(crate) fn of(user: &ScimUser) -> Option<Self> {
        let Standing::Member { role, is_admin, via, joined, .. } = &user.standing else {
            return None;
        };
        Some(Self {
            id: user.id,
            email: user.user_name.to_string(),
            name: user.shown_name().into_owned(),
            role: *role,
            admin: *is_admin,
            managed: user.managed,
            joined_via: *via,
            joined_at: *joined,
        })
    }
}

/// A pending user.
#[derive(Debug, Serialize)]
pub(crate) struct PendingView {
    pub(crate) id: UserId,
    pub(crate) email: String,
    pub(crate) name: String,
    pub(crate) role_to_come: Role,
    pub(crate) since: Timestamp,
    pub(crate) mail_sent: Option<Timestamp>,
}

impl PendingView {
    /// Returns the view of a pending user, none of other users.
    pub(crate) fn of(workspace: &Workspace, user: &ScimUser) -> Option<Self> {
        let Standing::Pending { role, .. } = &user.standing else {
            return None;
        };
        let mail = workspace.outbox().to_user(user.id).filter(|mail: &&Mail| !mail.is_void);
        Some(Self {
            id: user.id,
            email: user.user_name.to_string(),
            name: user.shown_name().into_owned(),
            role_to_come: *role,
            since: user.created,
            mail_sent: mail.map(|mail| mail.at),
        })
    }
}

/// Whimsical's side of SAML.
#[derive(Debug, Serialize)]
pub(crate) struct SamlView {
    pub(crate) enabled: bool,
    pub(crate) entity_id: &'static str,
    pub(crate) acs_url: String,
    pub(crate) login_url: Option<String>,
    pub(crate) idp_entity_id: Option<String>,
    pub(crate) idp_sso_url: Option<String>,
}

impl SamlView {
    /// Returns the view of SAML; `base` is the URL of the server without a slash at its end.
    pub(crate) fn of(saml: Option<&Saml>, base: &str) -> Self {
        Self {
            enabled: saml.is_some(),
            entity_id: ENTITY_ID,
            acs_url: format!("{base}/api/workspace/saml/acs"),
            login_url: saml.map(|saml| format!("{base}/login/{}", saml.login_slug)),
            idp_entity_id: saml.map(|saml| saml.idp_entity_id.clone()),
            idp_sso_url: saml.map(|saml| saml.sso_url.clone()),
        }
    }
}

/// SCIM as the settings show it, without the token.
#[derive(Debug, Serialize)]
pub(crate) struct ScimView {
    pub(crate) enabled: bool,
    pub(crate) base_url: String,
    pub(crate) entra_tenant_url: String,
    pub(crate) token_ends_in: Option<String>,
}

impl ScimView {
    /// Returns the view of SCIM.
    pub(crate) fn of(workspace: &Workspace, base: &str) -> Self {
        let scim = workspace.scim();
        Self {
            enabled: scim.enabled,
            base_url: format!("{base}/scim-v2"),
            entra_tenant_url: format!("{base}/public-api/scim-v2/?aadOptscim062020"),
            token_ends_in: scim.token.as_ref().filter(|_| scim.enabled).map(crate::model::token::Token::tail),
        }
    }
}

/// Seats and what they cost.
#[derive(Debug, Serialize)]
pub(crate) struct SeatsView {
    pub(crate) editors: usize,
    pub(crate) viewers: usize,
    pub(crate) pending: usize,
    pub(crate) removed: usize,
    pub(crate) admins: usize,
    pub(crate) price_cents: u32,
    pub(crate) cost_per_period_cents: u64,
    pub(crate) seat_now_cents: u32,
    pub(crate) period_start: Timestamp,
    pub(crate) period_end: Timestamp,
}

impl SeatsView {
    /// Returns the seats at `now`.
    pub(crate) fn of(workspace: &Workspace, now: Timestamp) -> Self {
        let counts = workspace.directory().counts();
        let settings = workspace.settings();
        let (period_start, period_end) = billing::period(settings, now);
        Self {
            editors: counts.editors,
            viewers: counts.viewers,
            pending: counts.pending,
            removed: counts.removed,
            admins: counts.admins,
            price_cents: settings.price_cents,
            cost_per_period_cents: u64::from(settings.price_cents) * counts.editors as u64,
            seat_now_cents: billing::pro_rata_cents(settings, now),
            period_start,
            period_end,
        }
    }
}
