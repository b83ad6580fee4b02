//! `Idempotency-Key` on POST: a repeated request gets the first answer and does nothing.
//!
//! Keys live a day, and belong to their caller. Faults of the server are not kept: the same request may be tried again.
//!
//! Source: governance §5.

use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, HeaderName, HeaderValue, Method, StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse as _, Response};
use governance::{Caller, Code};
use jiff::SignedDuration;
use serde_json::{Map, Value};
use sha2::{Digest as _, Sha256};
use store::idempotency::{self, Answer, Key, Known};
use store::seal::Place;

use super::problem::{Problem, Result};
use crate::Api;

/// The header that names the request.
const HEADER: &str = "idempotency-key";
/// How long an answer is kept.
const KEPT_FOR: SignedDuration = SignedDuration::from_hours(24);
/// The longest key.
const LONGEST_KEY: usize = 200;
/// The largest body of a request, and of an answer that is kept, in bytes.
const LARGEST_BODY: usize = 1 << 20;
/// The headers of an answer that a repeat gets too.
const HEADERS: [HeaderName; 3] = [header::CONTENT_TYPE, header::ETAG, header::LOCATION];

/// Carries out a request with a key once, and answers its repeats.
pub(crate) async fn once(State(api): State<Api>, request: Request, next: Next) -> Result<Response> {
    let key = request.headers().get(HEADER).cloned();
    let (Some(key), &Method::POST) = (key, request.method()) else {
        return Ok(next.run(request).await);
    };
    let key = checked(&key)?;
    let Some(actor) = request.extensions().get::<Caller>().map(|caller| caller.actor.to_string()) else {
        return Ok(next.run(request).await);
    };
    let (request, digest) = digested(request).await?;
    let store = api.governance().store();
    let key = Key { actor: &actor, key };
    match idempotency::take(store, key, &digest, store.now() + KEPT_FOR).await.map_err(governance::Error::from)? {
        Known::New => {}
        Known::Answered(answer) => return repeated(&api, key, &answer),
        Known::Other => {
            return Err(Problem::invalid("Idempotency-Key", "this key was used for another request")
                .with_hint("take a new key for each request"));
        }
        Known::Unfinished => {
            return Err(Problem::new(
                Code::Aborted,
                "the request with this key is being carried out, or was interrupted",
            )
            .with_hint("look whether it took effect; then repeat it with a new key if it did not"));
        }
    }
    keep(&api, key, next.run(request).await).await
}

fn checked(key: &HeaderValue) -> Result<&str> {
    let text = key.to_str().unwrap_or_default();
    if text.is_empty() || text.len() > LONGEST_KEY {
        return Err(Problem::invalid("Idempotency-Key", format!("a key has 1 to {LONGEST_KEY} visible characters")));
    }
    Ok(text)
}

/// The request again, and the digest of everything that makes it this request.
async fn digested(request: Request) -> Result<(Request, String)> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, LARGEST_BODY)
        .await
        .map_err(|_| Problem::too_large("the body is larger than a request may be"))?;
    let mut hasher = Sha256::new();
    let target = parts.uri.path_and_query().map_or("", |target| target.as_str());
    for part in [parts.method.as_str(), target] {
        hasher.update(part);
        hasher.update([0]);
    }
    hasher.update(&body);
    let digest = base64::Engine::encode(&base64::engine::general_purpose::STANDARD, hasher.finalize());
    Ok((Request::from_parts(parts, Body::from(body)), digest))
}

/// Keeps the answer unless the server was at fault.
async fn keep(api: &Api, key: Key<'_>, response: Response) -> Result<Response> {
    let store = api.governance().store();
    let (parts, body) = response.into_parts();
    let body = to_bytes(body, LARGEST_BODY).await.map_err(governance::Error::internal)?;
    let sealed = if parts.status.is_server_error() || parts.status == StatusCode::TOO_MANY_REQUESTS {
        None
    } else {
        Some(seal(api, key, &body)?)
    };
    match sealed {
        None => idempotency::release(store, key).await,
        Some(sealed_body) => {
            let answer = Answer { status: parts.status.as_u16(), headers: written(&parts.headers), sealed_body };
            idempotency::answer(store, key, &answer).await
        }
    }
    .map_err(governance::Error::from)?;
    Ok(Response::from_parts(parts, Body::from(body)))
}

fn row(key: Key<'_>) -> String {
    format!("{}/{}", key.actor, key.key)
}

fn seal(api: &Api, key: Key<'_>, body: &Bytes) -> Result<Vec<u8>> {
    let row = row(key);
    let place = Place { table: "idempotency", row: &row, column: "body" };
    let rng = api.governance().store().rng();
    Ok(api.governance().sealer().seal(place, body, rng.as_ref()).map_err(governance::Error::internal)?)
}

fn repeated(api: &Api, key: Key<'_>, answer: &Answer) -> Result<Response> {
    let row = row(key);
    let place = Place { table: "idempotency", row: &row, column: "body" };
    let body = api.governance().sealer().open(place, &answer.sealed_body).map_err(governance::Error::internal)?;
    let status = StatusCode::from_u16(answer.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, body.to_vec()).into_response();
    let headers: Map<String, Value> = serde_json::from_str(&answer.headers).unwrap_or_default();
    for (name, value) in headers {
        let value = value.as_str().and_then(|value| HeaderValue::from_str(value).ok());
        if let (Ok(name), Some(value)) = (name.parse::<HeaderName>(), value) {
            response.headers_mut().insert(name, value);
        }
    }
    response.headers_mut().insert("idempotency-replayed", HeaderValue::from_static("true"));
    Ok(response)
}

fn written(headers: &HeaderMap) -> String {
    let kept = HEADERS.iter().filter_map(|name| {
        let value = headers.get(name)?.to_str().ok()?;
        Some((name.to_string(), Value::from(value)))
    });
    Value::Object(kept.collect()).to_string()
}
