//! One-shot operations: which one runs, what it says, how it ends.

use super::program::{Outcome, Program};

/// A program with a finished sync in its file.
fn synced() -> Program {
    let fake = Program::fake();
    assert_eq!(fake.run(&[]).status, 0);
    fake
}

/// The task type that failed, from the tail of the log.
fn failed_task(outcome: &Outcome) -> String {
    let line = outcome.logged("runner: error processing on-demand task").pop().unwrap_or_default();
    line["task_type"].as_str().unwrap_or_default().to_owned()
}

/// The only operation that left an outcome, as `message: outcome`.
fn done(outcome: &Outcome) -> String {
    let lines = outcome.stderr.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let outcomes: Vec<String> = lines
        .filter(|line| line["outcome"].is_string())
        .map(|line| format!("{}: {}", line["msg"].as_str().unwrap(), line["outcome"].as_str().unwrap()))
        .collect();
    outcomes.join(", ")
}

#[test]
fn operations_say_what_came_of_them_and_leave_the_file_alone() {
    let fake = synced();
    let before = std::fs::read(fake.path("sync.c1z")).unwrap();
    let grant = ["--grant-entitlement=role:editor:assigned", "--grant-principal-type=user"];
    for (args, expect) in [
        (&[grant[0], grant[1], "--grant-principal=grace"][..], "Granted entitlement: granted"),
        (&[grant[0], grant[1], "--grant-principal=ada"], "Granted entitlement: already exists"),
        (&["--revoke-grant=role:editor:assigned:user:ada"], "Revoked grant: revoked"),
        (&["--create-account-login=alan"], "Created account: created"),
        (&["--create-account-profile={\"login\":\"alan\"}"], "Created account: created"),
        (&["--delete-resource=ada", "--delete-resource-type=user"], "Deleted resource: deleted"),
    ] {
        let outcome = fake.run(args);
        assert_eq!((outcome.status, done(&outcome).as_str()), (0, expect), "{args:?}: {}", outcome.stderr);
        assert_eq!(outcome.stdout, "", "{args:?}");
        assert!(outcome.logged("Sync complete.").is_empty(), "{args:?}");
    }
    assert_eq!(std::fs::read(fake.path("sync.c1z")).unwrap(), before);
}

#[test]
fn failures_have_the_status_of_their_code_and_a_tail() {
    let fake = synced();
    let grant = ["--grant-entitlement=role:editor:assigned", "--grant-principal-type=user", "--grant-principal=grace"];
    for (args, status, task, text) in [
        (
            &["--grant-entitlement=role:editor:assigned", "--grant-principal=x"][..],
            2,
            "grant",
            "unknown provisioning action",
        ),
        (&[grant[0], grant[1], "--grant-principal=nobody"], 5, "grant", "not found"),
        (&["--grant-entitlement=none", grant[1], grant[2]], 5, "grant", "'none' not found"),
        (&["--revoke-grant=none"], 5, "revoke", "'none' not found"),
        (&["--file=other.c1z", "--revoke-grant=none"], 9, "revoke", "no current sync"),
        (&["--delete-resource=x"], 2, "delete_resource", "unknown provisioning action"),
        (&["--delete-resource=x", "--delete-resource-type=role"], 12, "delete_resource", "Unimplemented"),
        (&["--create-account-profile=notjson"], 2, "create_account", "unknown provisioning action"),
        (&["--create-account-profile=[1]"], 2, "create_account", "unknown provisioning action"),
        (&["--create-account-login=a", "--create-account-email=@"], 3, "create_account", "InvalidArgument"),
        (&["--create-account-login=a", "--create-account-resource-type=role"], 12, "create_account", "Unimplemented"),
        (&["--create-account-login=a", "--fake-fault=create:6"], 6, "create_account", "AlreadyExists"),
        (&["--rotate-credentials=x", "--rotate-credentials-type=user"], 12, "rotate_credentials", "Unimplemented"),
        (&["--event-feed=true"], 5, "event_feed", "NotFound"),
        (&["--invoke-action=x"], 5, "action_invoke", "NotFound"),
        (&["--invoke-action=x", "--invoke-action-args=1"], 2, "action_invoke", "invoke-action-args is no JSON object"),
        (&["--list-ticket-schemas"], 12, "list_ticket_schemas", "Unimplemented"),
        (&["--get-ticket", "--ticket-id=1"], 12, "get_ticket", "Unimplemented"),
        (&["--create-ticket", "--ticket-template-path=none"], 2, "create_ticket", "read the ticket template `none`"),
        (&["--diff-syncs", "--base-sync-id=a", "--applied-sync-id=b"], 2, "create_sync_diff", "a"),
        (
            &["--compact-syncs", "--compact-sync-ids=a", "--compact-file-paths=sync.c1z", "--compact-output-path=."],
            2,
            "compact_syncs",
            "at least two",
        ),
    ] {
        let outcome = fake.run(args);
        assert_eq!((outcome.status, failed_task(&outcome).as_str()), (status, task), "{args:?}: {}", outcome.stderr);
        let tail = outcome.last_line().strip_prefix("runner: error processing task: ").unwrap_or_default();
        assert!(tail.contains(text), "{args:?}: {text} is not in {tail}");
        assert_eq!(outcome.logged("error running connector").len(), 1, "{args:?}");
        assert_eq!(outcome.stdout, "", "{args:?}");
    }
}

#[test]
fn the_first_operation_in_the_order_of_preference_wins() {
    let fake = synced();
    let create = "Created account: created";
    for (args, expect) in [
        (&["--create-account-login=l", "--diff-syncs", "--base-sync-id=a", "--applied-sync-id=b"][..], create),
        (&["--create-account-profile={\"login\":\"l\"}", "--delete-resource=d", "--delete-resource-type=user"], create),
        (&["--invoke-action=x", "--create-account-login=l"], create),
        (&["--list-action-schemas", "--delete-resource=d", "--delete-resource-type=user"], ""),
    ] {
        let outcome = fake.run(args);
        assert_eq!((outcome.status, done(&outcome).as_str()), (0, expect), "{args:?}: {}", outcome.stderr);
    }
    let outcome = fake.run(&["--list-action-schemas"]);
    let line = &outcome.logged("Action Schemas")[0];
    assert_eq!((&line["count"], &line["schemas"]), (&0.into(), &serde_json::json!([])));
}

#[test]
fn what_changes_nothing_says_so_and_syncs() {
    for (args, warning) in [
        (&["--list-resource-actions=user"][..], "--list-resource-actions has no effect"),
        (&["--invoke-resource-action=x"], "--invoke-resource-action has no effect"),
        (&["--keep-previous-sync-c1z"], "--keep-previous-sync-c1z has no effect in this version"),
        (&["--otel-collector-endpoint=localhost:4317"], "this build exports no traces and logs to a collector"),
    ] {
        let outcome = Program::fake().run(args);
        assert_eq!(outcome.status, 0, "{args:?}");
        assert_eq!(outcome.stderr.matches(warning).count(), 1, "{args:?}: {}", outcome.stderr);
        assert_eq!(outcome.logged("Sync complete.").len(), 1, "{args:?}");
    }
}

#[test]
fn syncs_are_compared_and_merged() {
    let fake = synced();
    assert_eq!(fake.run(&[]).status, 0);
    let id = |outcome: &Outcome| outcome.logged("Sync complete.")[0]["sync_id"].as_str().unwrap().to_owned();
    let first = id(&fake.run(&["--file=a.c1z"]));
    let second = id(&fake.run(&["--file=a.c1z"]));
    let outcome = fake.run(&["--file=a.c1z", "--diff-syncs", "--base-sync-id", &first, "--applied-sync-id", &second]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(outcome.logged("generated diff of syncs").len(), 1);
    let third = id(&fake.run(&["--file=b.c1z"]));
    let outcome = fake.run(&[
        "--compact-syncs",
        "--compact-file-paths=a.c1z,b.c1z",
        "--compact-sync-ids",
        &format!("{second},{third}"),
        "--compact-output-path=merged.c1z",
    ]);
    assert_eq!(outcome.status, 0, "{}", outcome.stderr);
    assert_eq!(outcome.logged("compacted file")[0]["file_path"], "merged.c1z");
    assert!(fake.path("merged.c1z").is_file());
}
