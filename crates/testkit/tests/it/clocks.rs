//! Time passes wrongly or changes things: clocks that are wrong, certificates that are renewed.

use std::io::Read as _;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use camino::Utf8Path;
use rcgen::{CertificateParams, KeyPair};
use serde_json::Value;
use testkit::{Podium, Workspace};

use crate::self_hosted::{QUICK, Running, SelfHosted};

#[test]
fn a_clock_that_is_wrong_by_ten_minutes_is_named_on_both_sides() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let library = folder.join("wrong_clock.so");
    let source = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/fixtures/wrong_clock.c");
    let built = Command::new("cc").args(["-shared", "-fPIC", "-o", library.as_str(), source]).status().unwrap();
    assert!(built.success());
    let podium = Podium::start(&folder.join("podium"), &QUICK).unwrap();
    let workspace = Workspace::start(5, &[]).unwrap();
    for (by, words) in [("600", "seconds ahead of this server's"), ("-600", "seconds behind this server's")] {
        let connector = SelfHosted::add(&podium);
        let mut command = connector.command(&podium, &workspace);
        command.env("LD_PRELOAD", &library).env("WRONG_BY", by).stderr(Stdio::piped());
        let mut running = Running(command.spawn().unwrap());
        let log = format!("{}/log", connector.path);
        let says = |log: &Value| {
            log["list"]
                .as_array()
                .is_some_and(|list| list.iter().any(|line| line["message"].as_str().unwrap().contains(words)))
        };
        let told = podium.wait(&log, says).unwrap();
        assert_eq!(told["list"].as_array().unwrap().len(), 1, "{told}");
        let mut stderr = running.0.stderr.take().unwrap();
        drop(running);
        let mut text = String::new();
        stderr.read_to_string(&mut text).unwrap();
        assert!(text.contains(words), "{text}");
        assert!(podium.done("GET", &connector.path, None).unwrap()["appliedSyncId"].is_null());
    }
}

#[test]
fn a_certificate_that_is_replaced_is_shown_without_a_restart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = Utf8Path::from_path(folder.path()).unwrap();
    let [certificate, key] = ["certificate.pem", "key.pem"].map(|name| folder.join(name));
    let renew = || {
        let pair = KeyPair::generate().unwrap();
        let made = CertificateParams::new(["127.0.0.1".to_owned()]).unwrap().self_signed(&pair).unwrap();
        std::fs::write(&key, pair.serialize_pem()).unwrap();
        std::fs::write(&certificate, made.pem()).unwrap();
        made.pem()
    };
    renew();
    let settings: Vec<(&str, &str)> = QUICK
        .into_iter()
        .chain([("PODIUM_TLS__CERTIFICATE", certificate.as_str()), ("PODIUM_TLS__KEY", key.as_str())])
        .collect();
    let podium = Podium::start(&folder.join("podium"), &settings).unwrap();
    let url = format!("{}/health/live", podium.url().replace("http://", "https://"));
    // Only who shows this very certificate is believed.
    let shows = |pem: &str| {
        let trusted = folder.join("trusted.pem");
        std::fs::write(&trusted, pem).unwrap();
        Command::new("curl")
            .args(["-sf", "--max-time", "10", "--cacert", trusted.as_str(), &url])
            .output()
            .unwrap()
            .status
            .success()
    };
    let first = std::fs::read_to_string(&certificate).unwrap();
    assert!(shows(&first));
    // Half of a pair: the one before stays.
    std::fs::write(&key, "no key").unwrap();
    assert!(shows(&first));
    let second = renew();
    let end = Instant::now() + Duration::from_mins(1);
    while !shows(&second) {
        assert!(Instant::now() < end, "the new certificate is not shown");
        std::thread::sleep(Duration::from_millis(200));
    }
    assert!(!shows(&first));
}
