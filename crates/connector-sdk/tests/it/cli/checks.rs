//! What is refused, in which words and in which order.

use base64::Engine;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;

use super::program::Program;

/// The call fails with status 2 and exactly this text on stderr.
fn check(program: &Program, args: &[&str], expect: &str) {
    let outcome = program.run(args);
    assert_eq!((outcome.status, outcome.stderr.as_str()), (2, format!("{expect}\n").as_str()), "{args:?}");
    assert_eq!(outcome.stdout, "", "{args:?}");
    assert!(!program.path("sync.c1z").exists(), "{args:?}");
}

#[test]
fn messages_are_those_that_wrappers_search_for() {
    let fake = Program::fake();
    check(&fake, &["--bogus"], "unknown flag: --bogus");
    check(&fake, &["-x"], "unknown shorthand flag: 'x' in -x");
    check(&fake, &["foo"], "unknown command \"foo\" for \"baton-whimsical\"");
    check(&fake, &["version"], "unknown command \"version\" for \"baton-whimsical\"");
    check(&fake, &["_connector-service"], "unknown command \"_connector-service\" for \"baton-whimsical\"");
    check(&fake, &["--provisioning", "true"], "unknown command \"true\" for \"baton-whimsical\"");
    check(&fake, &["--", "config"], "unknown command \"config\" for \"baton-whimsical\"");
    check(&fake, &["config", "--version"], "unknown flag: --version");
    check(&fake, &["--endpoint", "ready"], "unknown flag: --endpoint");
    check(&fake, &["--log-event-log"], "unknown flag: --log-event-log");
    check(&fake, &["--file"], "flag needs an argument: --file");
    check(
        &fake,
        &["--provisioning=maybe"],
        "invalid argument \"maybe\" for \"-p, --provisioning\" flag: \
         strconv.ParseBool: parsing \"maybe\": invalid syntax",
    );
    check(&fake, &["completion", "tcsh"], "unknown command \"tcsh\" for \"baton-whimsical completion\"");
    check(
        &fake,
        &["--http-timeout-seconds", "1801"],
        "field http-timeout-seconds: value must be less than or equal to 1800 but got 1801",
    );
    check(
        &fake,
        &["--http-timeout-seconds", "0"],
        "field http-timeout-seconds: value must be greater than or equal to 1 but got 0",
    );
    check(
        &fake,
        &["--task-concurrency", "0"],
        "field task-concurrency: value must be greater than or equal to 1 but got 0",
    );
    check(
        &fake,
        &["--task-concurrency", "101"],
        "field task-concurrency: value must be less than or equal to 100 but got 101",
    );
    check(
        &fake,
        &["--storage-engine", "foo"],
        "field storage-engine: value must be one of [ sqlite pebble] but got 'foo'",
    );
    check(
        &fake,
        &["--whimsical-token", ""],
        "errors found:\nfield whimsical-token of type string is marked as required but it has a zero-value",
    );
    check(&fake, &["--skip-grants"], "skip-grants can only be used together with sync-resources");
    check(&fake, &["--file", ""], "the c1z path is empty; hint: leave out --file, or name a file");
    check(&fake, &["--c1z-temp-dir", "missing"], "c1z-temp-dir `missing` is no folder; hint: make it first");
    check(
        &fake,
        &["--external-resource-traits", "user,king"],
        "external-resource-traits: unknown trait 'king'; hint: user, group, role or app",
    );
    check(
        &fake,
        &["--create-account-email", "a@example.com"],
        "create-account-email alone does not create an account; hint: give --create-account-login as well",
    );
    check(
        &fake,
        &["--event-feed", "audit"],
        "field event-feed: value must be true or false but got 'audit'; hint: name the feed with --event-feed-id",
    );
    let outcome = fake.run(&["--sync-resources", "bid:r:user"]);
    assert_eq!(outcome.status, 2);
    assert!(outcome.stderr.contains("bid:r:user\n          ^\n"), "{}", outcome.stderr);
}

#[test]
fn a_token_is_required_wherever_it_comes_from() {
    let fake = Program::fake().without("BATON_WHIMSICAL_TOKEN");
    check(&fake, &[], "required flag(s) \"whimsical-token\" not set");
    let empty = Program::fake().env("BATON_WHIMSICAL_TOKEN", "");
    check(&empty, &[], "required flag(s) \"whimsical-token\" not set");
    assert_eq!(fake.run(&["--whimsical-token", "t"]).status, 0);
    let in_file = fake.file(".baton.yaml", "Whimsical-Token: t\n");
    assert_eq!(in_file.run(&[]).status, 0);
}

#[test]
fn relations_are_checked_and_named_in_full() {
    let fake = Program::fake();
    for (args, group, missing) in [
        (&["--grant-entitlement=e"][..], "grant-entitlement grant-principal", "grant-principal"),
        (&["--grant-principal=p"], "grant-entitlement grant-principal", "grant-entitlement"),
        (&["--client-id=a@b/c"], "client-id client-secret", "client-secret"),
        (&["--client-secret=s"], "client-id client-secret", "client-id"),
        (&["--create-ticket"], "create-ticket ticket-template-path", "ticket-template-path"),
        (&["--bulk-create-ticket"], "bulk-create-ticket bulk-ticket-template-path", "bulk-ticket-template-path"),
        (&["--ticket-id=1"], "get-ticket ticket-id", "get-ticket"),
        (&["--diff-syncs"], "diff-syncs base-sync-id applied-sync-id", "applied-sync-id base-sync-id"),
        (
            &["--compact-syncs=false", "--compact-sync-ids=a"],
            "compact-syncs compact-sync-ids compact-file-paths compact-output-path",
            "compact-file-paths compact-output-path",
        ),
    ] {
        let text = format!("if any flags in the group [{group}] are set they must all be set; missing [{missing}]");
        check(&fake, args, &text);
    }
    let a = "grant-entitlement revoke-grant create-account-login delete-resource rotate-credentials event-feed \
             create-ticket get-ticket list-ticket-schemas bulk-create-ticket";
    let b = "grant-entitlement revoke-grant create-account-email delete-resource-type rotate-credentials-type \
             event-feed diff-syncs compact-syncs list-ticket-schemas";
    for (args, group, set) in [
        (&["--revoke-grant=g", "--delete-resource=r"][..], a, "delete-resource revoke-grant"),
        (&["--create-account-login=l", "--list-ticket-schemas"], a, "create-account-login list-ticket-schemas"),
        (&["--create-account-email=e", "--delete-resource-type=t"], b, "create-account-email delete-resource-type"),
    ] {
        let text =
            format!("if any flags in the group [{group}] are set none of the others can be; [{set}] were all set");
        check(&fake, args, &text);
    }
    let from_environment = Program::fake().env("BATON_REVOKE_GRANT", "g");
    let text = format!(
        "if any flags in the group [{a}] are set none of the others can be; [delete-resource revoke-grant] were all set"
    );
    check(&from_environment, &["--delete-resource=r"], &text);
    let from_file = Program::fake().file(".baton.yaml", "client-secret: s\n");
    let text = "if any flags in the group [client-id client-secret] are set they must all be set; missing [client-id]";
    check(&from_file, &[], text);
}

#[test]
fn undeclared_relations_are_no_errors() {
    let fake = Program::fake();
    for args in [
        &["--health-check-port=1"][..],
        &["--health-check-bind-address=::1"],
        &["--external-resource-traits=USER,trait_group"],
        &["--external-resource-entitlement-id-filter=x"],
        &["--grant-principal-type=user"],
        &["--event-feed=false"],
        &["--log-level=loud", "--log-format=xml"],
        &["--skip-full-sync", "--ticketing", "-p", "--health-check", "--auth-method=x"],
    ] {
        let outcome = fake.run(args);
        assert_eq!(outcome.status, 0, "{args:?}: {}", outcome.stderr);
        assert_eq!(outcome.logged("Sync complete.").len(), 1, "{args:?}");
    }
}

/// Each call has two faults; the one that is checked first is named.
#[test]
fn checks_have_an_order() {
    let fake = Program::fake().without("BATON_WHIMSICAL_TOKEN");
    check(&fake, &["foo", "--bogus"], "unknown flag: --bogus");
    assert_eq!(fake.run(&["foo", "--help"]).status, 0);
    check(&fake, &["foo"], "unknown command \"foo\" for \"baton-whimsical\"");
    check(&fake, &["--grant-entitlement=e"], "required flag(s) \"whimsical-token\" not set");
    let fake = Program::fake();
    check(
        &fake,
        &["--client-id=x", "--revoke-grant=g", "--delete-resource=r"],
        "if any flags in the group [client-id client-secret] are set they must all be set; missing [client-secret]",
    );
    let both = &["--whimsical-token=", "--client-id=x", "--client-secret=y"];
    let zero = "errors found:\nfield whimsical-token of type string is marked as required but it has a zero-value";
    check(&fake, both, zero);
    let id = "invalid client id; hint: a client id has the form NAME@HOST/REST, as the server showed it beside the \
              client secret";
    check(&fake, &["--client-id=x", "--client-secret=y", "--c1z-temp-dir=none"], id);
    let secret = "invalid client secret; hint: a client secret has four parts joined by `:`; copy all of it";
    check(&fake, &["--client-id=a@b/c", "--client-secret=y", "--c1z-temp-dir=none"], secret);
    check(
        &fake,
        &["--c1z-temp-dir=none", "--http-timeout-seconds=0"],
        "c1z-temp-dir `none` is no folder; hint: make it first",
    );
    check(
        &fake,
        &["--storage-engine=x", "--http-timeout-seconds=0", "--task-concurrency=0"],
        "field http-timeout-seconds: value must be greater than or equal to 1 but got 0",
    );
}

#[test]
fn the_settings_of_service_mode_are_checked_before_anything_is_sent() {
    let key = URL_SAFE_NO_PAD.encode([7; 32]);
    let jwk = format!(r#"{{"kty":"OKP","crv":"Ed25519","x":"{key}","d":"{key}"}}"#);
    let secret = format!("secret-token:example.com:v1:{}", URL_SAFE_NO_PAD.encode(jwk));
    // One-shot flags are ignored in service mode.
    let args = ["--client-id=a@localhost:1/c", "--client-secret", &secret, "--create-account-email=x"];
    for (name, value, expect) in [
        ("BATON_C1_API_HOST", "", "`` is not the host of a server; hint: HOST or HOST:PORT"),
        ("BATON_C1_API_HOST", "a/b", "`a/b` is not the host of a server; hint: HOST or HOST:PORT"),
        ("BATON_SHUTDOWN_GRACE_SECONDS", "x", "BATON_SHUTDOWN_GRACE_SECONDS must be 0 to 3600 seconds, not 'x'"),
        ("BATON_HEALTH_CHECK", "true", "invalid health-check-port: 70000 (valid: 1 to 65535)"),
    ] {
        let outcome = Program::fake().env(name, value).env("BATON_HEALTH_CHECK_PORT", "70000").run(&args);
        assert_eq!((outcome.status, outcome.last_line()), (2, expect), "{}", outcome.stderr);
        assert!(!outcome.stderr.contains("v1:"));
    }
}

#[test]
fn a_config_path_must_name_yaml() {
    let fake = Program::fake().env("BATON_CONFIG_PATH", "settings.toml");
    let expect = "expected config file to have .yaml or .yml extension, got `settings.toml` in BATON_CONFIG_PATH";
    check(&fake, &[], expect);
}
