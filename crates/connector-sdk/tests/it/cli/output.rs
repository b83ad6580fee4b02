//! What is printed on stdout: outputs that repositories keep and compare, help, completions; and health checks.

use std::io::{Read, Write};
use std::net::TcpListener;
use std::process::Command;

use super::program::{Outcome, Program};

/// Success with this on stdout and nothing on stderr.
fn check(outcome: &Outcome, expect: &str) {
    assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (0, expect, ""));
}

#[test]
fn version_is_one_line() {
    let bare = Program::new("fake_connector");
    check(&bare.run(&["--version"]), "baton-whimsical version v1.2.3\n");
    check(&bare.run(&["-v"]), "baton-whimsical version v1.2.3\n");
    check(&bare.run(&["--version", "extra"]), "baton-whimsical version v1.2.3\n");
}

#[test]
fn capabilities_need_no_token_and_bear_one() {
    let expect = include_str!("../../fixtures/capabilities.json").trim_end();
    let bare = Program::new("fake_connector");
    check(&bare.run(&["capabilities"]), expect);
    check(&bare.run(&["capabilities", "--whimsical-token", "t"]), expect);
    check(&bare.run(&["--whimsical-token", "t", "capabilities"]), expect);
    check(&bare.run(&["--log-level=debug", "capabilities", "--client-id=x"]), expect);
}

#[test]
fn config_is_the_schema_of_the_settings() {
    let expect = include_str!("../../fixtures/config.json").trim_end();
    let bare = Program::new("fake_connector");
    check(&bare.run(&["config"]), expect);
    check(&bare.run(&["--whimsical-token=t", "config"]), expect);
    let json: serde_json::Value = serde_json::from_str(expect).unwrap();
    let names: Vec<&str> = json["fields"].as_array().unwrap().iter().map(|one| one["name"].as_str().unwrap()).collect();
    assert_eq!(
        names,
        [
            "log-level",
            "log-level-debug-expires-at",
            "session-store-maximum-size",
            "otel-collector-endpoint",
            "otel-collector-endpoint-tls-cert-path",
            "otel-collector-endpoint-tls-cert",
            "otel-collector-endpoint-tls-insecure",
            "otel-tracing-disabled",
            "otel-logging-disabled",
            "health-check",
            "health-check-port",
            "health-check-bind-address",
            "http-timeout-seconds",
            "whimsical-token",
        ]
    );
}

#[test]
fn help_lists_commands_and_flags() {
    let bare = Program::new("fake_connector");
    let outcome = bare.run(&["--help"]);
    let help = outcome.stdout.clone();
    check(&bare.run(&["-h"]), &help);
    check(&bare.run(&["help"]), &help);
    for line in [
        "  baton-whimsical [flags]",
        "  baton-whimsical [command]",
        "  -f, --file string",
        "($BATON_FILE) (default \"sync.c1z\")",
        "required: The token of the workspace ($BATON_WHIMSICAL_TOKEN)",
        "($BATON_HEALTH_CHECK_PORT) (default 8081)",
        "      --sync-resource-types strings",
        "  -p, --provisioning ",
        "  -h, --help ",
        "  -v, --version ",
    ] {
        assert!(help.contains(line), "{line} is not in\n{help}");
    }
    for hidden in ["base-url", "grant-entitlement", "c1z-temp-dir", "_connector-service", "event-feed"] {
        assert!(!help.contains(hidden), "{hidden}");
    }
    let commands: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Available Commands:")
        .skip(1)
        .take_while(|line| !line.is_empty())
        .map(|line| line.split_whitespace().next().unwrap())
        .collect();
    assert_eq!(commands, ["capabilities", "completion", "config", "health-check", "help"]);
    let flags: Vec<&str> = help
        .lines()
        .skip_while(|line| *line != "Flags:")
        .filter_map(|line| line.split_once("--")?.1.split_whitespace().next())
        .take_while(|name| *name != "help\"")
        .collect();
    let mut sorted = flags.clone();
    sorted.sort_unstable();
    assert_eq!(flags, sorted);
    let health = bare.run(&["help", "health-check"]).stdout;
    assert!(health.contains("  baton-whimsical health-check [flags]") && health.contains("--endpoint string"));
    check(&bare.run(&["health-check", "--help"]), &health);
    let outcome = bare.run(&["help", "nonsense"]);
    assert_eq!(
        (outcome.status, outcome.stdout, outcome.stderr),
        (0, help, "Unknown help topic `nonsense`\n".to_owned())
    );
}

/// What bash offers after these words.
fn completed(script: &str, words: &[&str]) -> Vec<String> {
    let program = format!(
        "{script}\nCOMP_WORDS=({})\nCOMP_CWORD={}\n_baton_whimsical\nprintf '%s\\n' \"${{COMPREPLY[@]}}\"",
        words.iter().map(|word| format!("'{word}'")).collect::<Vec<_>>().join(" "),
        words.len() - 1
    );
    let output = Command::new("bash").args(["--norc", "-c", &program]).output().unwrap();
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let text = String::from_utf8(output.stdout).unwrap();
    text.lines().filter(|line| !line.is_empty()).map(str::to_owned).collect()
}

#[test]
fn bash_completes_commands_and_flags() {
    let script = Program::new("fake_connector").run(&["completion", "bash"]).stdout;
    for (words, expect) in [
        (&["baton-whimsical", "ca"][..], &["capabilities"][..]),
        (&["baton-whimsical", "--health"], &["--health-check", "--health-check-port"]),
        (&["baton-whimsical", "--file", "x", "--whims"], &["--whimsical-token"]),
        (&["baton-whimsical", "--file", ""], &[]),
        (&["baton-whimsical", "--base"], &[]),
        (&["baton-whimsical", "health-check", "--"], &["--endpoint", "--help", "--timeout"]),
        (&["baton-whimsical", "completion", "b"], &["bash"]),
    ] {
        assert_eq!(completed(&script, words), expect, "{words:?}");
    }
}

#[test]
fn other_shells_have_scripts() {
    let bare = Program::new("fake_connector");
    let fish = bare.run(&["completion", "fish"]).stdout;
    assert!(fish.contains("complete -c baton-whimsical") && fish.contains("-l whimsical-token -r -d"), "{fish}");
    let zsh = bare.run(&["completion", "zsh"]).stdout;
    assert!(zsh.starts_with("#compdef baton-whimsical\n") && zsh.contains("'--whimsical-token="), "{zsh}");
    for script in [fish, zsh] {
        assert!(!script.contains("base-url") && !script.contains("revoke-grant"));
    }
    let help = bare.run(&["completion"]);
    assert!(help.status == 0 && help.stdout.contains("completion [bash|zsh|fish]"), "{help:?}");
}

/// Answers one request with this text, on a port of its own; gives the port.
fn answering(answer: &'static str) -> (String, std::thread::JoinHandle<String>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port().to_string();
    let thread = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut request = vec![0; 1024];
        let read = stream.read(&mut request).unwrap();
        stream.write_all(answer.as_bytes()).unwrap();
        String::from_utf8_lossy(&request[..read]).lines().next().unwrap().to_owned()
    });
    (port, thread)
}

#[test]
fn health_checks_end_with_what_they_found() {
    let bare = || Program::new("fake_connector");
    for (args, answer, path, status, text) in [
        (&[][..], "HTTP/1.1 200 OK\r\n\r\n{}", "/health", 0, ""),
        (&["--endpoint=ready"], "HTTP/1.1 200 OK\r\n\r\n{}", "/ready", 0, ""),
        (&["--endpoint", "live"], "HTTP/1.1 200 OK\r\n\r\n{}", "/live", 0, ""),
        (&[], "HTTP/1.1 503 Unavailable\r\n\r\n", "/health", 2, "health check returned status 503\n"),
        (&[], "SSH-2.0\r\n", "/health", 2, "health check failed: the answer is not HTTP\n"),
    ] {
        let (port, thread) = answering(answer);
        let outcome = bare().env("BATON_HEALTH_CHECK_PORT", &port).run(&[&["health-check"], args].concat());
        assert_eq!((outcome.status, outcome.stdout.as_str(), outcome.stderr.as_str()), (status, "", text), "{args:?}");
        assert_eq!(thread.join().unwrap(), format!("GET {path} HTTP/1.1"));
    }
    let outcome = bare().run(&["health-check", "--endpoint=all"]);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (2, "invalid endpoint: all (valid: health, ready, live)\n"));
    // Nobody listens on the first port.
    let outcome = bare().run(&["health-check", "--health-check-port=1"]);
    assert_eq!(outcome.status, 14);
    assert!(outcome.stderr.starts_with("health check failed:"), "{}", outcome.stderr);
}
