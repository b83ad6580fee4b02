//! The workspace face: what an administrator and the people do, as JSON under `/api/workspace`.
//!
//! It is not SCIM. [`router`] lists the calls; errors are problem JSON (RFC 9457) with a stable `code`.

mod members;
mod metadata;
mod problem;
mod settings;
mod views;

use std::sync::Arc;

use axum::Router;
use axum::routing::{get, patch, post, put};

use crate::app::App;

pub use metadata::{Sent, identity_provider};
pub use problem::{Problem, body};
pub(crate) use views::{SamlView, ScimView, SeatsView};

/// Returns the calls of the workspace face.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/api/workspace", get(settings::show).patch(settings::change))
        .route("/api/workspace/saml", put(settings::enable_saml).delete(settings::disable_saml))
        .route("/api/workspace/saml/acs", post(members::assertion))
        .route("/api/workspace/saml/simulate", post(members::sign_in))
        .route("/api/workspace/scim", put(settings::enable_scim).delete(settings::disable_scim))
        .route("/api/workspace/scim/token/reveal", post(settings::reveal))
        .route("/api/workspace/scim/token/rotate", post(settings::rotate))
        .route("/api/workspace/members", get(members::list))
        .route("/api/workspace/members/{id}", patch(members::edit).delete(members::remove))
        .route("/api/workspace/pending", get(members::pending))
        .route("/api/workspace/invites", get(members::invites).post(members::invite))
        .route("/api/workspace/invites/{id}/accept", post(members::accept))
        .route("/api/workspace/invoices", get(settings::invoices))
        .route("/api/workspace/offboarding", get(settings::offboarding).put(settings::set_offboarding))
        .route("/api/workspace/offboarding/jobs", get(settings::jobs))
        .route("/api/workspace/audit", get(settings::audit))
        .route("/api/workspace/outbox", get(settings::outbox))
}
