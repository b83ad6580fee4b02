//! How many calls there are, how long they take, and how they end.

use std::time::Instant;

use axum::extract::Request;
use axum::middleware::Next;
use axum::response::Response;

/// The methods that have a figure of their own; all others share one, so that strangers cannot make new ones.
const METHODS: [&str; 6] = ["Hello", "GetTask", "GetTasks", "Heartbeat", "FinishTask", "UploadAsset"];

/// Counts a call: `podium_grpc_calls_total` by method and code, `podium_grpc_call_seconds` by method.
pub(crate) async fn observe(request: Request, next: Next) -> Response {
    let method = method(request.uri().path());
    let begun = Instant::now();
    let response = next.run(request).await;
    let code = response.headers().get("grpc-status").and_then(|code| code.to_str().ok()).unwrap_or("0").to_owned();
    metrics::counter!("podium_grpc_calls_total", "method" => method, "code" => code).increment(1);
    metrics::histogram!("podium_grpc_call_seconds", "method" => method).record(begun.elapsed().as_secs_f64());
    response
}

fn method(path: &str) -> &'static str {
    let name = path.rsplit('/').next().unwrap_or_default();
    METHODS.into_iter().find(|method| *method == name).unwrap_or("other")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn unknown_methods_share_one_figure() {
        assert_eq!(method("/c1.connectorapi.baton.v1.BatonService/GetTask"), "GetTask");
        assert_eq!(method("/c1.connectorapi.baton.v1.BatonService/GetTask2"), "other");
        assert_eq!(method(""), "other");
    }
}
