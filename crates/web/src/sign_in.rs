//! Signing in and out.

use askama::Template;
use auth::session::is_from_own_page;
use axum::Form;
use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse as _, Redirect, Response};
use governance::sign_in::Callback;
use governance::{Code, Error, Governance};
use secrecy::SecretString;
use serde::Deserialize;

use crate::page;
use crate::session::{self, Browser};

/// Where to go afterwards.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Wish {
    return_to: String,
}

/// What a person fills in.
#[derive(Debug, Default, Deserialize)]
#[serde(default)]
pub(crate) struct Fields {
    email: String,
    password: SecretString,
}

#[derive(Template)]
#[template(path = "sign_in.html")]
struct SignIn {
    providers: Vec<(String, String)>,
    email: String,
    problem: String,
    hint: String,
}

/// The page: a button for each provider, and the form for administrators.
pub(crate) async fn show(State(governance): State<Governance>) -> Response {
    form(&governance, StatusCode::OK, String::new(), None).await
}

/// Signs in with an address and a password.
pub(crate) async fn with_password(
    State(governance): State<Governance>,
    browser: Browser,
    headers: HeaderMap,
    Form(fields): Form<Fields>,
) -> Response {
    if !is_ours(&governance, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    match governance.sign_in_with_password(&fields.email, &fields.password, browser.visitor()).await {
        Ok(session) => go("/", [session::begin(&governance, &session)]),
        Err(error) => form(&governance, status(&error), fields.email, Some(&error)).await,
    }
}

/// Sends the browser to a provider.
pub(crate) async fn at_provider(
    State(governance): State<Governance>,
    Path(provider): Path<String>,
    Query(wish): Query<Wish>,
) -> Response {
    let begun = match provider.parse() {
        Ok(id) => governance.begin_sign_in(id, &wish.return_to).await,
        Err(_) => Err(Error::not_found("sign-in provider", provider.chars().take(64).collect::<String>())),
    };
    match begun {
        Ok(redirect) => go(&redirect.url, [session::keep(&governance, &redirect.cookie)]),
        Err(error) => form(&governance, status(&error), String::new(), Some(&error)).await,
    }
}

/// Takes what the browser brings back from a provider.
pub(crate) async fn callback(
    State(governance): State<Governance>,
    browser: Browser,
    headers: HeaderMap,
    Query(callback): Query<Callback>,
) -> Response {
    let kept = session::kept(&headers);
    match governance.finish_sign_in(kept.as_deref(), &callback, browser.visitor()).await {
        Ok((session, path)) => go(&path, [session::begin(&governance, &session), session::forget(&governance)]),
        Err(error) => form(&governance, status(&error), String::new(), Some(&error)).await,
    }
}

/// Ends the session of this browser.
pub(crate) async fn sign_out(State(governance): State<Governance>, headers: HeaderMap) -> Response {
    if !is_ours(&governance, &headers) {
        return StatusCode::FORBIDDEN.into_response();
    }
    if let Some(caller) = session::caller(&governance, &headers).await
        && let Err(error) = governance.sign_out(&caller).await
    {
        return form(&governance, status(&error), String::new(), Some(&error)).await;
    }
    go("/sign-in", [session::end(&governance)])
}

async fn form(governance: &Governance, status: StatusCode, email: String, error: Option<&Error>) -> Response {
    let providers = governance.sign_in_providers().await.unwrap_or_default();
    let providers = providers.into_iter().map(|(id, name)| (id.to_string(), name)).collect();
    let problem = error.map(ToString::to_string).unwrap_or_default();
    let hint = error.and_then(Error::hint).unwrap_or_default().to_owned();
    let mut response = page(&SignIn { providers, email, problem, hint });
    *response.status_mut() = status;
    response
}

fn go<const N: usize>(to: &str, cookies: [Option<HeaderValue>; N]) -> Response {
    let mut response = Redirect::to(to).into_response();
    for cookie in cookies.into_iter().flatten() {
        response.headers_mut().append(header::SET_COOKIE, cookie);
    }
    response
}

fn is_ours(governance: &Governance, headers: &HeaderMap) -> bool {
    let header = |name: &str| headers.get(name).map(HeaderValue::as_bytes);
    is_from_own_page(header("sec-fetch-site"), header("origin"), &governance.settings().base_url)
}

fn status(error: &Error) -> StatusCode {
    match error.code() {
        Code::Unauthenticated => StatusCode::UNAUTHORIZED,
        Code::NotFound => StatusCode::NOT_FOUND,
        Code::ResourceExhausted => StatusCode::TOO_MANY_REQUESTS,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}
