//! The pages that people see: today the one that makes the first administrator, and a front door that says what is there.
//!
//! Start at [`router`]. Pages work without JavaScript and load nothing from elsewhere.
//!
//! Source: governance §4; the console itself is not there yet.

mod headers;
mod session;
mod setup;
mod sign_in;

use askama::Template;
use axum::Router;
use axum::extract::State;
use axum::http::{HeaderMap, HeaderValue, header};
use axum::response::{Html, IntoResponse, Response};
use axum::routing::{get, post};
use governance::Governance;

/// Every page.
pub fn router(governance: Governance) -> Router {
    Router::new()
        .route("/", get(front))
        .route("/style.css", get(style))
        .route("/setup/{token}", get(setup::show).post(setup::claim))
        .route("/sign-in", get(sign_in::show).post(sign_in::with_password))
        .route("/sign-in/at/{provider}", get(sign_in::at_provider))
        .route("/sign-in/callback", get(sign_in::callback))
        .route("/sign-out", post(sign_in::sign_out))
        .layer(axum::middleware::from_fn(headers::protect))
        .with_state(governance)
}

#[derive(Template)]
#[template(path = "front.html")]
struct Front {
    /// Who is signed in.
    name: Option<String>,
}

async fn front(State(governance): State<Governance>, headers: HeaderMap) -> Response {
    let caller = session::caller(&governance, &headers).await;
    let name = match caller {
        Some(caller) => governance.me(&caller).await.ok().and_then(|me| me.person).map(|person| person.display_name),
        None => None,
    };
    page(&Front { name })
}

async fn style() -> impl IntoResponse {
    let kind = HeaderValue::from_static("text/css; charset=utf-8");
    ([(header::CONTENT_TYPE, kind)], include_str!("../templates/style.css"))
}

/// A page as an answer.
fn page(template: &impl Template) -> Response {
    match template.render() {
        Ok(html) => Html(html).into_response(),
        Err(error) => {
            tracing::error!(error = %error, "a page cannot be written");
            http::StatusCode::INTERNAL_SERVER_ERROR.into_response()
        }
    }
}
