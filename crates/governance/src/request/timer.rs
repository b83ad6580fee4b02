//! The deadline of a request (T-Q6).

use std::sync::Arc;

use async_trait::async_trait;
use domain::actor::{Actor, Part};
use domain::audit::Via;
use domain::request::{State, Step as RequestStep};
use ids::RequestId;
use jiff::Timestamp;
use jobs::{Failure, Handler, Next};
use serde::{Deserialize, Serialize};
use store::Tx;
use store::job::NewJob;
use store::request::Request;

use super::{flow, outcome};
use crate::context::{Caller, Governance};
use crate::error::{Error, Result};

/// The kind of the job.
const KIND: &str = "request-deadline";
const ATTEMPTS: i64 = 1_000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    request_id: RequestId,
}

/// Sets the timer of a request that was just made.
pub(super) async fn deadline(tx: &mut Tx, request: &Request) -> Result<()> {
    let payload = serde_json::to_string(&Payload { request_id: request.id }).map_err(Error::internal)?;
    let key = Some(request.id.to_string());
    let job = NewJob { kind: KIND, key, payload, run_at: request.deadline_at, priority: 10, max_attempts: ATTEMPTS };
    Ok(store::job::enqueue(tx, &job).await?)
}

/// What the timer does.
pub(crate) fn handler(governance: Governance) -> (&'static str, Arc<dyn Handler>) {
    (KIND, Arc::new(Deadline { governance }))
}

struct Deadline {
    governance: Governance,
}

#[async_trait]
impl Handler for Deadline {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let payload: Payload = serde_json::from_str(&context.job.payload)
            .map_err(|error| Failure::Lasting(format!("the job names no request: {error}")))?;
        match self.governance.expire_request(payload.request_id).await {
            Ok(Some(at)) => Ok(Next::At(at)),
            Ok(None) => Ok(Next::Done),
            Err(error) => Err(Failure::Passing(error.to_string())),
        }
    }
}

impl Governance {
    /// Ends a request that nobody answered in time (T-Q6). Returns when to look again, if that is later.
    ///
    /// # Errors
    /// When the database refuses.
    pub async fn expire_request(&self, id: RequestId) -> Result<Option<Timestamp>> {
        let mut tx = self.store().begin().await?;
        let now = tx.now();
        let Some(mut request) = store::request::find_for_update(&mut tx, id).await? else { return Ok(None) };
        if request.state != State::Open {
            return Ok(None);
        }
        if request.deadline_at > now {
            return Ok(Some(request.deadline_at));
        }
        let timer = Caller::new(Actor::System(Part::Timer), Via::Timer);
        flow::end_steps(&mut tx, &timer, &request).await?;
        outcome::step(&mut tx, &timer, &mut request, RequestStep::Expired, Some("nobody answered in time")).await?;
        flow::call_off(&mut tx, &request).await?;
        tx.commit().await?;
        Ok(None)
    }
}
