//! Listening, routing to the faces, stopping cleanly.

mod connection;
mod guard;

use std::sync::Arc;

use axum::Router;
use axum::middleware::{from_fn, from_fn_with_state};
use http::{HeaderMap, header};
use tokio::net::TcpListener;

use crate::app::{App, Forwarded, Lab};
use crate::{lab_face, pages, scim_face, workspace_face};

pub use connection::{Connection, CuttableListener};

/// Returns the whole service: the settings page, the workspace face, the lab face if it is on, and SCIM for the rest.
pub fn router(app: Arc<App>) -> Router {
    let mut settings = pages::router().merge(workspace_face::router());
    if app.options().lab == Lab::On {
        settings = settings.merge(lab_face::router());
    }
    let settings = settings.layer(from_fn_with_state(Arc::clone(&app), guard::only_the_owner));
    let mut scim = Router::new().fallback(scim_face::handle);
    if app.options().lab == Lab::On {
        scim = scim.layer(from_fn_with_state(Arc::clone(&app), lab_face::inject));
    }
    scim.merge(settings).layer(from_fn(guard::safe_headers)).with_state(app)
}

/// Serves until `stop` completes; requests under way are finished first.
///
/// # Errors
/// When the listener fails.
pub async fn serve(
    app: Arc<App>,
    listener: TcpListener,
    stop: impl Future<Output = ()> + Send + 'static,
) -> std::io::Result<()> {
    let service = router(app).into_make_service_with_connect_info::<Connection>();
    axum::serve(CuttableListener::new(listener), service).with_graceful_shutdown(stop).await
}

/// Returns the base of all URLs, without a slash at its end: as configured, else as the client wrote it.
pub(crate) fn base_url(app: &App, headers: &HeaderMap) -> String {
    if let Some(url) = &app.options().public_url {
        return url.clone();
    }
    let first = |name: &str| {
        let value = headers.get(name)?.to_str().ok()?.split(',').next()?.trim();
        (!value.is_empty() && !value.contains(['/', '\\', '"', '<', '>', ' ', '@'])).then_some(value)
    };
    let is_trusted = app.options().forwarded == Forwarded::Trusted;
    let forwarded = |name| is_trusted.then(|| first(name)).flatten();
    let host = forwarded("x-forwarded-host").or_else(|| first(header::HOST.as_str())).unwrap_or("localhost");
    let scheme = forwarded("x-forwarded-proto").filter(|scheme| *scheme == "https").unwrap_or("http");
    format!("{scheme}://{host}")
}
