//! The timers of a request: its deadline (T-Q6), and that of what its holder is to start (T-Q16).

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

/// The kind of the job that ends what nobody answered.
const DEADLINE: &str = "request-deadline";
/// The kind of the job that ends what nobody started.
const CLAIM: &str = "request-claim";
const ATTEMPTS: i64 = 1_000;

#[derive(Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    request_id: RequestId,
}

/// Sets the timer of a request that was just made.
pub(super) async fn deadline(tx: &mut Tx, request: &Request) -> Result<()> {
    wish(tx, DEADLINE, request.id, request.deadline_at).await
}

/// Sets the timer of a request whose holder is to start it by this instant.
pub(super) async fn claim(tx: &mut Tx, request: RequestId, until: Timestamp) -> Result<()> {
    wish(tx, CLAIM, request, until).await
}

async fn wish(tx: &mut Tx, kind: &'static str, request: RequestId, run_at: Timestamp) -> Result<()> {
    let payload = serde_json::to_string(&Payload { request_id: request }).map_err(Error::internal)?;
    let key = Some(request.to_string());
    let job = NewJob { kind, key, payload, run_at, priority: 10, max_attempts: ATTEMPTS };
    Ok(store::job::enqueue(tx, &job).await?)
}

/// Whoever does what timers do.
pub(super) fn caller() -> Caller {
    Caller::new(Actor::System(Part::Timer), Via::Timer)
}

/// What the timers do, by kind.
pub(crate) fn handlers(governance: &Governance) -> [(&'static str, Arc<dyn Handler>); 2] {
    [
        (DEADLINE, Arc::new(Timer { governance: governance.clone(), what: What::Deadline })),
        (CLAIM, Arc::new(Timer { governance: governance.clone(), what: What::Claim })),
    ]
}

#[derive(Clone, Copy)]
enum What {
    Deadline,
    Claim,
}

struct Timer {
    governance: Governance,
    what: What,
}

#[async_trait]
impl Handler for Timer {
    async fn run(&self, context: &jobs::Context) -> std::result::Result<Next, Failure> {
        let payload: Payload = serde_json::from_str(&context.job.payload)
            .map_err(|error| Failure::Lasting(format!("the job names no request: {error}")))?;
        let done = match self.what {
            What::Deadline => self.governance.expire_request(payload.request_id).await,
            What::Claim => self.governance.expire_claim(payload.request_id).await,
        };
        match done {
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
        let timer = caller();
        flow::end_steps(&mut tx, &timer, &request).await?;
        outcome::step(&mut tx, &timer, &mut request, RequestStep::Expired, Some("nobody answered in time")).await?;
        flow::call_off(&mut tx, &request).await?;
        tx.commit().await?;
        Ok(None)
    }
}
