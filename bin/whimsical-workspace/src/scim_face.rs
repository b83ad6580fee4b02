//! The SCIM face: what identity providers and connectors talk to.
//!
//! [`handle`] takes every request under `/scim-v2` and `/public-api/scim-v2`, in this order: does the route exist, who
//! asks, is SCIM on, is there allowance left, is the body of a known type, is it sound, do the preconditions hold, and
//! only then what it means. Paths are cut up here instead of by the router, because identity providers send doubled
//! slashes and queries in odd places.

mod answer;
mod auth;
mod discovery;
mod input;
mod list;
mod precondition;
mod resource;
mod route;
mod schema;
mod users;

use std::sync::Arc;

use axum::extract::{Request, State};
use axum::response::Response;
use bytes::Bytes;
use http::request::Parts;
use http::{HeaderValue, Method, StatusCode, header};
use scim::Error;
use scim::json::{Limits, parse};
use serde_json::Value;

use crate::app::App;
use crate::server::base_url;
use answer::Answer;
use route::{Endpoint, Route};

pub use schema::EXTENSION;

/// A request that has been let in.
#[derive(Debug)]
struct Asked<'a> {
    app: &'a Arc<App>,
    /// The URL of the mount, without a slash at its end.
    base: String,
    parts: &'a Parts,
    body: Value,
}

/// Answers a SCIM request.
pub async fn handle(State(app): State<Arc<App>>, request: Request) -> Response {
    let (parts, body) = request.into_parts();
    let answer = match admit(&app, &parts) {
        Ok(route) => match read_body(&parts, body).await {
            Ok(body) => {
                let base = format!("{}{}", base_url(&app, &parts.headers), route.mount);
                let asked = Asked { app: &app, base, parts: &parts, body };
                dispatch(&asked, &route.endpoint).await.unwrap_or_else(Answer::from)
            }
            Err(error) => error.into(),
        },
        Err(refused) => *refused,
    };
    finish(&app, &parts, answer)
}

/// Goes through the checks that need no body.
fn admit(app: &App, parts: &Parts) -> Result<Route, Box<Answer>> {
    let switches = app.read(|workspace| workspace.switches().clone());
    let route = route::find(&parts.method, parts.uri.path(), &switches)?;
    if route.endpoint.needs_token(&switches) {
        let now = app.now();
        app.read(|workspace| auth::check(workspace, &parts.headers, now))?;
    }
    app.take_allowance().map_err(|wait_s| {
        let error = Error::new(StatusCode::TOO_MANY_REQUESTS, "Too many requests; wait and try again.");
        Box::new(Answer::from(error).with(header::RETRY_AFTER, HeaderValue::from(wait_s)))
    })?;
    Ok(route)
}

/// Returns the JSON body of a request that may have one, else null.
async fn read_body(parts: &Parts, body: axum::body::Body) -> Result<Value, Error> {
    if !matches!(parts.method, Method::POST | Method::PUT | Method::PATCH) {
        return Ok(Value::Null);
    }
    check_media_type(parts)?;
    let limits = Limits::default();
    let bytes: Bytes = axum::body::to_bytes(body, limits.size_bytes).await.map_err(|_| {
        Error::new(StatusCode::PAYLOAD_TOO_LARGE, format!("The body is longer than {} bytes.", limits.size_bytes))
    })?;
    Ok(parse(&bytes, limits)?)
}

fn check_media_type(parts: &Parts) -> Result<(), Error> {
    let Some(media_type) = parts.headers.get(header::CONTENT_TYPE) else {
        return Ok(());
    };
    let essence = media_type.to_str().unwrap_or_default().split(';').next().unwrap_or_default().trim().to_lowercase();
    if matches!(essence.as_str(), "application/scim+json" | "application/json") {
        return Ok(());
    }
    let detail = "The body must be application/scim+json or application/json.";
    Err(Error::new(StatusCode::UNSUPPORTED_MEDIA_TYPE, detail))
}

async fn dispatch(asked: &Asked<'_>, endpoint: &Endpoint) -> Result<Answer, Error> {
    match endpoint {
        Endpoint::ServiceProviderConfig => discovery::config(asked),
        Endpoint::ResourceTypes(name) => discovery::resource_types(asked, name.as_deref()),
        Endpoint::Schemas(urn) => discovery::schemas(asked, urn.as_deref()),
        Endpoint::List => list::by_query(asked).await,
        Endpoint::Search => list::by_body(asked).await,
        Endpoint::Create => users::create(asked).await,
        Endpoint::Read(id) => users::read(asked, id),
        Endpoint::Replace(id) => users::replace(asked, id).await,
        Endpoint::Patch(id) => users::patch(asked, id).await,
        Endpoint::Delete(id) => users::delete(asked, id).await,
        Endpoint::EmptyGroups => Ok(list::no_groups()),
        Endpoint::NotImplemented(detail) => Err(Error::new(StatusCode::NOT_IMPLEMENTED, *detail)),
    }
}

/// Turns an answer into the response, with the headers that all have.
fn finish(app: &App, parts: &Parts, answer: Answer) -> Response {
    let mut response = answer.into_response(&parts.headers);
    let mut id = [0; 12];
    app.rng().fill(&mut id);
    let id = bytes_to_hex(&id);
    tracing::debug!(
        request.id = %id,
        request.method = %parts.method,
        response.status = response.status().as_u16(),
        "answered a SCIM request"
    );
    let headers = response.headers_mut();
    if let Ok(id) = HeaderValue::from_str(&id) {
        headers.insert("x-request-id", id);
    }
    headers.insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

fn bytes_to_hex(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        // Writing to a string can't fail.
        let _ = write!(text, "{byte:02x}");
        text
    })
}
