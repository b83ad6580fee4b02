use std::sync::atomic::{AtomicBool, Ordering};

use async_trait::async_trait;
use proto::c1::connector::v2::ConnectorMetadata;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::annotations::Annotations;
use crate::connector::ResourceSyncer;
use crate::error::Code;

#[derive(Default)]
struct Patient {
    is_ill: AtomicBool,
}

#[async_trait]
impl Connector for Patient {
    fn metadata(&self) -> ConnectorMetadata {
        ConnectorMetadata::default()
    }

    fn syncers(&self) -> Vec<Arc<dyn ResourceSyncer>> {
        Vec::new()
    }

    async fn validate(&self) -> Result<Annotations> {
        if self.is_ill.load(Ordering::Relaxed) {
            return Err(Error::new(Code::Unauthenticated, "401 Unauthorized"));
        }
        Ok(Annotations::new())
    }
}

async fn ask(health: &Health, path: &str) -> (String, String) {
    let mut stream = TcpStream::connect(health.address()).await.unwrap();
    let request = format!("POST {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    (head.to_owned(), body.to_owned())
}

#[tokio::test]
async fn probes_are_answered() {
    let patient = Arc::new(Patient::default());
    let clock = ids::ManualClock::new("2026-11-23T08:00:00.5Z".parse().unwrap());
    let runtime = Runtime { clock: Arc::new(clock), ..Runtime::default() };
    let address = HealthAddress { host: "127.0.0.1".to_owned(), port: 0 };
    let health = Health::start(&address, patient.clone(), &runtime).await.unwrap();
    let at = r#""timestamp":"2026-11-23T08:00:00Z""#;
    let ill = r#"{"error":"validation failed","validation_error":"rpc error: code = Unauthenticated desc = 401 Unauthorized"}"#;
    for (is_ill, path, status, body) in [
        (false, "/live", 200, format!("{{\"status\":\"alive\",{at}}}\n")),
        (false, "/ready", 200, format!("{{\"status\":\"ready\",{at}}}\n")),
        (false, "/health", 200, format!("{{\"status\":\"healthy\",{at}}}\n")),
        (true, "/health", 503, format!("{{\"status\":\"unhealthy\",{at},\"details\":{ill}}}\n")),
        (true, "/live", 200, format!("{{\"status\":\"alive\",{at}}}\n")),
    ] {
        patient.is_ill.store(is_ill, Ordering::Relaxed);
        let (head, got) = ask(&health, path).await;
        assert!(head.starts_with(&format!("HTTP/1.1 {status} ")), "{head}");
        assert!(head.contains("content-type: application/json"), "{head}");
        assert_eq!(got, body);
    }
    assert!(ask(&health, "/").await.0.starts_with("HTTP/1.1 404 "));

    let taken = HealthAddress { host: "127.0.0.1".to_owned(), port: health.address().port() };
    let error = Health::start(&taken, patient, &runtime).await.err().unwrap();
    assert!(error.to_string().contains("listen for health checks on 127.0.0.1:"), "{error}");
}
