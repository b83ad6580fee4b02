//! `GET /metrics`: what a Prometheus scrapes.

use std::sync::OnceLock;

use anyhow::Context as _;
use axum::Router;
use axum::routing::get;
use metrics_exporter_prometheus::{PrometheusBuilder, PrometheusHandle};

/// The route. The counts are those of the process, however many servers are in it.
pub(super) fn router() -> anyhow::Result<Router> {
    static HANDLE: OnceLock<PrometheusHandle> = OnceLock::new();
    let handle = if let Some(handle) = HANDLE.get() {
        handle
    } else {
        let installed = PrometheusBuilder::new().install_recorder().context("collect metrics")?;
        HANDLE.get_or_init(|| installed)
    };
    Ok(Router::new().route("/metrics", get(|| async { handle.render() })))
}
