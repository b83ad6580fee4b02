//! `grpc.health.v1`: whether this server can work, for load balancers and probes. Needs no token, and tells nothing else.

use std::time::Duration;

use axum::Router;
use proto::c1::connectorapi::baton::v1::baton_service_server::SERVICE_NAME;
use store::Store;
use tokio_util::sync::CancellationToken;
use tonic_health::ServingStatus;
use tonic_health::pb::health_server::{HealthServer, SERVICE_NAME as HEALTH};
use tonic_health::server::{HealthReporter, HealthService};

/// How often the database is asked.
const LOOK: Duration = Duration::from_secs(2);
/// How long its answer may take.
const PATIENCE: Duration = Duration::from_secs(3);

/// The service, and what keeps it true until `cancel`: it serves as long as the database answers.
pub fn health(store: Store, cancel: CancellationToken) -> (Router, impl Future<Output = ()> + Send) {
    let reporter = HealthReporter::new();
    let service = HealthServer::new(HealthService::from_health_reporter(reporter.clone()));
    let router = Router::new().route_service(&format!("/{HEALTH}/{{*method}}"), service);
    (router, watch(reporter, store, cancel))
}

async fn watch(reporter: HealthReporter, store: Store, cancel: CancellationToken) {
    let tell = async |status| {
        for service in ["", SERVICE_NAME] {
            reporter.set_service_status(service, status).await;
        }
    };
    loop {
        let answers = tokio::time::timeout(PATIENCE, store.ping()).await.is_ok_and(|answer| answer.is_ok());
        tell(if answers { ServingStatus::Serving } else { ServingStatus::NotServing }).await;
        if cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_none() {
            // Whoever asks now goes elsewhere, while what is under way comes to its end.
            return tell(ServingStatus::NotServing).await;
        }
    }
}
