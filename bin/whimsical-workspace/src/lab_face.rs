//! The lab face, for tests only and off unless asked for: the clock, the switches and scripted faults under `/lab`.

mod fault;
mod inject;
mod spoil;

use std::sync::Arc;

use axum::Json;
use axum::Router;
use axum::extract::State;
use axum::routing::get;
use bytes::Bytes;
use http::{HeaderMap, StatusCode};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::{Value, json};

use crate::app::App;
use crate::model::Actor;
use crate::model::id::AccountId;
use crate::model::switches::Switches;
use crate::model::user::Name;
use crate::workspace_face::{Problem, body};

pub use fault::{Fault, Faults, Script};
pub use inject::inject;

type Answer = Result<Json<Value>, Problem>;

/// Returns the calls of the lab face.
pub fn router() -> Router<Arc<App>> {
    Router::new()
        .route("/lab/clock", get(clock).put(set_clock))
        .route("/lab/switches", get(switches).put(set_switches))
        .route("/lab/faults", get(faults).post(add_fault).delete(clear_faults))
        .route("/lab/requests", get(requests))
        .route("/lab/accounts", axum::routing::post(add_account))
}

async fn clock(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"now": app.now()}))
}

/// How to set the clock: exactly one of the three.
#[derive(Debug, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
enum ClockSetting {
    /// Stop at an instant.
    StopAt(Timestamp),
    /// Move by so many seconds.
    AdvanceS(i64),
    /// Follow the system again.
    Reset {},
}

async fn set_clock(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Answer {
    match body(&headers, &bytes)? {
        ClockSetting::StopAt(now) => app.clock().stop_at(now),
        ClockSetting::AdvanceS(seconds) => app.clock().advance(SignedDuration::from_secs(seconds)),
        ClockSetting::Reset {} => app.clock().reset(),
    }
    app.write(Actor::System, |workspace, act| workspace.run_due(act.now)).await?;
    Ok(clock(State(app)).await)
}

async fn switches(State(app): State<Arc<App>>) -> Json<Value> {
    Json(app.read(|workspace| json!(workspace.switches())))
}

/// Sets the switches that are sent; the others keep their values.
async fn set_switches(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let sent: serde_json::Map<String, Value> = body(&headers, &bytes)?;
    let mut all = app.read(|workspace| json!(workspace.switches()));
    if let Some(all) = all.as_object_mut() {
        all.extend(sent);
    }
    let switches: Switches = serde_json::from_value(all).map_err(|error| Problem::bad_request(error.to_string()))?;
    if !(1..=crate::model::switches::MAX_PAGE).contains(&switches.list_cap) {
        return Err(Problem::bad_request("list_cap must be from 1 to 200."));
    }
    app.write(Actor::Lab, |workspace, _| workspace.set_switches(switches)).await?;
    Ok(self::switches(State(app)).await)
}

async fn faults(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"faults": app.faults().scripts()}))
}

/// How many SCIM requests there have been, for benchmarks.
async fn requests(State(app): State<Arc<App>>) -> Json<Value> {
    Json(json!({"requests": app.faults().requests()}))
}

async fn add_fault(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Result<StatusCode, Problem> {
    let script: Script = body(&headers, &bytes)?;
    app.faults().add(script).map_err(|error| Problem::bad_request(error.to_string()))?;
    Ok(StatusCode::CREATED)
}

async fn clear_faults(State(app): State<Arc<App>>) -> StatusCode {
    app.faults().clear();
    StatusCode::NO_CONTENT
}

/// A person who has an account at Whimsical already, in another workspace.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Elsewhere {
    email: String,
    #[serde(default)]
    secondary: Vec<String>,
    #[serde(default, rename = "givenName")]
    given_name: Option<String>,
    #[serde(default, rename = "familyName")]
    family_name: Option<String>,
}

async fn add_account(State(app): State<Arc<App>>, headers: HeaderMap, bytes: Bytes) -> Answer {
    let sent: Elsewhere = body(&headers, &bytes)?;
    let name = Name::new(sent.given_name.as_deref(), sent.family_name.as_deref());
    let id: AccountId =
        app.write(Actor::Lab, |workspace, _| workspace.add_account(&sent.email, &sent.secondary, name)).await??;
    Ok(Json(json!({ "id": id })))
}
