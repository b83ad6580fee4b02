//! `grpc.health.v1`: what load balancers and probes ask.

use std::time::{Duration, Instant};

use tokio_util::sync::CancellationToken;
use tonic::Code;
use tonic_health::pb::HealthCheckRequest;
use tonic_health::pb::health_check_response::ServingStatus;
use tonic_health::pb::health_client::HealthClient;

use crate::world::World;

testkit::on_both_engines! {
    async fn the_server_serves_as_long_as_its_database_answers(database: Database) {
        let world = World::new(&database).await?;
        let (router, watch) = api_grpc::health(world.store.clone(), CancellationToken::new());
        let _watch = tokio_util::task::AbortOnDropHandle::new(tokio::spawn(watch));
        let mut client = HealthClient::new(router);
        let ask = |service: &str| HealthCheckRequest { service: service.to_owned() };
        for (expect, close) in [(ServingStatus::Serving, true), (ServingStatus::NotServing, false)] {
            for service in ["", "c1.connectorapi.baton.v1.BatonService"] {
                let end = Instant::now() + Duration::from_secs(30);
                loop {
                    let answer = client.check(ask(service)).await.map(|answer| answer.into_inner().status());
                    if answer.as_ref().is_ok_and(|status| *status == expect) {
                        break;
                    }
                    assert!(Instant::now() < end, "`{service}` is {answer:?}, not {expect:?}");
                    tokio::time::sleep(Duration::from_millis(20)).await;
                }
            }
            if close {
                world.store.close().await;
            }
        }
        assert_eq!(client.check(ask("no.such.Service")).await.unwrap_err().code(), Code::NotFound);
    }
}
