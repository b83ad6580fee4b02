//! The edge of the server: who is believed to be the client, and how often it may ask.

use std::process::Command;

use camino::Utf8Path;
use serde_json::json;
use testkit::Podium;

fn curl(arguments: &[&str]) -> String {
    let output = Command::new("curl").args(["-s", "-D", "-", "--max-time", "20"]).args(arguments).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).unwrap().to_lowercase()
}

#[test]
fn a_trusted_proxy_names_the_client_whose_requests_are_counted() {
    let folder = tempfile::tempdir().unwrap();
    let settings = [("PODIUM_PROXY__TRUSTED", "[\"127.0.0.0/8\"]"), ("PODIUM_CONNECTORS__TOKENS_PER_ADDRESS", "2")];
    let podium = Podium::start(Utf8Path::from_path(folder.path()).unwrap(), &settings).unwrap();
    let token = format!("{}/auth/v1/token", podium.url());
    for (client, expect) in [
        ("192.0.2.1", "400"),
        ("192.0.2.1", "400"),
        ("192.0.2.1", "429"),
        ("192.0.2.2", "400"),
        // What the client itself put there names nobody.
        ("192.0.2.3, 192.0.2.1", "429"),
    ] {
        let answer = curl(&["--data", "x=1", "--header", &format!("x-forwarded-for: {client}"), &token]);
        assert!(answer.starts_with(&format!("http/1.1 {expect}")), "{client}: {answer}");
        assert_eq!(answer.contains("\nretry-after: "), expect == "429", "{answer}");
        assert_eq!(answer.contains("slow_down"), expect == "429", "{answer}");
    }

    let authorization = format!("authorization: Bearer {}", podium.token());
    let app = json!({"name": "seen"}).to_string();
    let json = "content-type: application/json";
    let from = "x-forwarded-for: 198.51.100.7";
    let url = format!("{}/api/v1/apps", podium.url());
    let made = curl(&["--header", &authorization, "--header", json, "--header", from, "--data", &app, &url]);
    assert!(made.starts_with("http/1.1 201"), "{made}");
    let audit = podium.done("GET", "/api/v1/audit?action=app.created", None).unwrap();
    assert_eq!(audit["list"][0]["ip"], "198.51.100.7", "{audit}");
}
