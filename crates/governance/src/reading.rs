//! The job that reads the file of a sync.

use std::sync::Arc;

use async_trait::async_trait;
use domain::sync::State;
use ids::SyncId;
use jobs::{Failure, Handler, Job, Next};
use serde::Deserialize;

use crate::context::Governance;
use crate::{connector, finding, grant, notice, provision, request};

/// The kind of the job.
const KIND: &str = "ingest";

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Payload {
    sync_id: SyncId,
}

struct Reading {
    governance: Governance,
}

impl Governance {
    /// What does the durable jobs, by kind; every process of a server runs them.
    #[must_use]
    pub fn job_handlers(&self) -> Vec<(&'static str, Arc<dyn Handler>)> {
        let mut handlers: Vec<(&'static str, Arc<dyn Handler>)> =
            vec![(KIND, Arc::new(Reading { governance: self.clone() })), provision::proof_handler(self.clone())];
        handlers.push(notice::send::handler(self.clone()));
        handlers.extend(request::handlers(self));
        handlers.push(request::step_handler(self.clone()));
        handlers.push(connector::watch::handler(self.clone()));
        handlers.push(finding::watch::handler(self.clone()));
        handlers.extend(grant::timer::handlers(self));
        handlers.extend(self.upkeep_handlers());
        handlers
    }

    /// What reading files needs.
    #[must_use]
    pub fn ingest_context(&self) -> ingest::Context {
        ingest::Context {
            store: self.store().clone(),
            files: self.files().clone(),
            temporary: None,
            limits: c1z::Limits::default(),
        }
    }
}

#[async_trait]
impl Handler for Reading {
    async fn run(&self, context: &jobs::Context) -> Result<Next, Failure> {
        let payload = payload(&context.job)?;
        // A lost lease or the end of the process ends the run; whoever is next begins anew.
        let ingesting = self.governance.ingest_context();
        let run = Box::pin(ingest::run(&ingesting, payload.sync_id));
        let outcome = match context.cancel.run_until_cancelled(run).await {
            None => return Err(Failure::Passing("interrupted".to_owned())),
            Some(outcome) => outcome.map_err(|error| failure(&error))?,
        };
        if outcome.state == State::Held {
            let called_back = self.governance.call_back(payload.sync_id).await;
            called_back.map_err(|error| Failure::Passing(error.to_string()))?;
        }
        Ok(Next::Done)
    }

    async fn give_up(&self, job: &Job, reason: &str) -> Result<(), Failure> {
        ingest::give_up(&self.governance.ingest_context(), payload(job)?.sync_id, reason)
            .await
            .map_err(|error| failure(&error))
    }
}

fn payload(job: &Job) -> Result<Payload, Failure> {
    serde_json::from_str(&job.payload).map_err(|error| Failure::Lasting(format!("the job names no sync: {error}")))
}

fn failure(error: &ingest::Error) -> Failure {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    match error.retry() {
        store::Retry::Never => Failure::Lasting(text),
        store::Retry::After(_) => Failure::Passing(text),
    }
}
