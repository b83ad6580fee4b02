//! Where values come from, and how the same text means different things in different places.

use super::program::{Outcome, Program};

/// The settings that the connector was given, by name: source and text.
fn settings(outcome: &Outcome) -> String {
    let line = outcome.logged("connecting").pop().unwrap_or_else(|| panic!("no connector: {}", outcome.stderr));
    line["config"].as_str().unwrap().to_owned()
}

#[track_caller]
fn check(program: Program, args: &[&str], expect: &str) -> Outcome {
    let outcome = program.env("BATON_LOG_LEVEL", "debug").run(args);
    let settings = settings(&outcome);
    assert!(settings.contains(expect), "{expect} is not in {settings}");
    outcome
}

#[test]
fn flag_before_environment_before_file_before_default() {
    let file = "http-timeout-seconds: 10\n";
    let name = "BATON_HTTP_TIMEOUT_SECONDS";
    check(Program::fake(), &[], "\"http-timeout-seconds\": (Default, \"300\")");
    check(Program::fake().file(".baton.yaml", file), &[], "\"http-timeout-seconds\": (File, \"10\")");
    let both = || Program::fake().file(".baton.yaml", file).env(name, "20");
    check(both(), &[], "\"http-timeout-seconds\": (Environment, \"20\")");
    check(both(), &["--http-timeout-seconds=30"], "\"http-timeout-seconds\": (Flag, \"30\")");
    check(both().env(name, ""), &[], "\"http-timeout-seconds\": (File, \"10\")");
}

#[test]
fn the_environment_is_read_with_its_quirks() {
    for (name, value, expect, warns) in [
        ("BATON_PROVISIONING", "true", "\"provisioning\": (Environment, \"true\")", false),
        ("BATON_PROVISIONING", "T", "\"provisioning\": (Environment, \"true\")", false),
        ("BATON_PROVISIONING", "yes", "\"provisioning\": (Environment, \"false\")", true),
        ("BATON_PROVISIONING", "on", "\"provisioning\": (Environment, \"false\")", true),
        ("BATON_WORKERS", "0x2", "\"workers\": (Environment, \"2\")", false),
        ("BATON_WORKERS", "many", "\"workers\": (Environment, \"0\")", true),
        ("BATON_SYNC_RESOURCE_TYPES", "user,role", "\"sync-resource-types\": (Environment, \"user,role\")", false),
    ] {
        let outcome = check(Program::fake().env(name, value), &[], expect);
        assert_eq!(outcome.status, 0, "{value}");
        let warned = outcome.stderr.lines().any(|line| line.contains("\"warn\"") && line.contains(name));
        assert_eq!(warned, warns, "{value}: {}", outcome.stderr);
    }
    // A blank does not separate.
    let outcome = Program::fake().env("BATON_SYNC_RESOURCE_TYPES", "user role").run(&[]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("invalid resource type 'user role' in filter"), "{}", outcome.stderr);
    // A bad number is 0, which is out of range here.
    let outcome = Program::fake().env("BATON_HTTP_TIMEOUT_SECONDS", "soon").run(&[]);
    assert_eq!(outcome.status, 2);
    assert_eq!(outcome.last_line(), "field http-timeout-seconds: value must be greater than or equal to 1 but got 0");
    assert!(outcome.stderr.starts_with("warning: BATON_HTTP_TIMEOUT_SECONDS "), "{}", outcome.stderr);
}

#[test]
fn the_config_file_is_read_with_its_quirks() {
    for (content, expect, warns) in [
        ("provisioning: true", "\"provisioning\": (File, \"true\")", false),
        ("provisioning: 'T'", "\"provisioning\": (File, \"true\")", false),
        ("provisioning: yes", "\"provisioning\": (File, \"false\")", true),
        ("PROVISIONING: true", "\"provisioning\": (File, \"true\")", false),
        ("workers: 3", "\"workers\": (File, \"3\")", false),
        ("workers: '3'", "\"workers\": (File, \"3\")", false),
        ("workers: three", "\"workers\": (File, \"0\")", true),
        ("log-path: [stderr, b.log]", "\"log-path\": (File, \"stderr,b.log\")", false),
        ("log-path: stderr,b.log", "\"log-path\": (File, \"stderr,b.log\")", false),
        ("base-url: 12", "\"base-url\": (File, \"12\")", false),
        ("base-url: true", "\"base-url\": (File, \"true\")", false),
        ("base-url:", "\"base-url\": (Default, \"https://example.com\")", false),
        ("create-account-profile: {login: a}", "\"create-account-profile\": (File, \"\")", true),
        ("base_url: x\nunknown: 1", "\"base-url\": (Default,", false),
        ("{\"base-url\": \"json\"}", "\"base-url\": (File, \"json\")", false),
        ("a: [", "\"base-url\": (Default,", true),
    ] {
        let outcome = check(Program::fake().file(".baton.yaml", content), &[], expect);
        assert_eq!(outcome.status, 0, "{content}");
        let warned = outcome.stderr.lines().any(|line| line.contains("\"warn\"") && line.contains("config file"));
        assert_eq!(warned, warns, "{content}: {}", outcome.stderr);
    }
}

#[test]
fn the_file_is_looked_up_in_the_working_directory() {
    for name in [".baton.yaml", ".baton.yml", ".baton", ".baton.json"] {
        check(Program::fake().file(name, "base-url: x"), &[], "\"base-url\": (File, \"x\")");
    }
    let named = || Program::fake().file(".baton.yaml", "base-url: x").file("mine.yml", "base-url: y");
    check(named().env("BATON_CONFIG_PATH", "mine.yml"), &[], "\"base-url\": (File, \"y\")");
    check(named().env("BATON_CONFIG_PATH", "none.yml"), &[], "\"base-url\": (Default,");
    let toml = Program::fake().file(".baton.toml", "base-url = \"x\"\n");
    check(toml, &[], "\"base-url\": (Default,");
    let home = Program::fake();
    let elsewhere = Program::fake().file(".baton.yaml", "base-url: x");
    let folder = elsewhere.path("");
    check(home.env("HOME", folder.as_str()), &[], "\"base-url\": (Default,");
}

#[test]
fn a_broken_file_does_not_hide_what_is_missing() {
    let fake = Program::fake().without("BATON_WHIMSICAL_TOKEN").file(".baton.yaml", "whimsical-token: \"s3cret\n");
    let outcome = fake.run(&[]);
    assert_eq!(outcome.status, 2);
    assert_eq!(outcome.last_line(), "required flag(s) \"whimsical-token\" not set");
    assert!(outcome.stderr.starts_with("warning: the config file `./.baton.yaml` is ignored"), "{}", outcome.stderr);
    assert!(!outcome.stderr.contains("s3cret"));
}

#[test]
fn secrets_are_never_shown() {
    let fake = Program::fake().file(".baton.yaml", "client-secret: hush\nclient-id: ''\n");
    let outcome = check(fake, &[], "\"whimsical-token\": (Environment, \"[hidden]\")");
    assert!(!outcome.stderr.contains("s3cret") && !outcome.stderr.contains("hush"), "{}", outcome.stderr);
}
