//! The settings that every connector has, and how they exclude or need each other.
//!
//! Start at [`DEFAULTS`]: its order is the order in `config`. Source: connector-cli §2.

use super::field::{Export, Field, Rule};
use super::relation::Relation;

pub(super) const CLIENT_ID: Field =
    Field::text("client-id", "The client ID that connects this connector to the service");
pub(super) const CLIENT_SECRET: Field =
    Field::text("client-secret", "The client secret that belongs to the client ID").secret();
/// `--provisioning`.
pub(super) const PROVISIONING: Field =
    Field::bool("provisioning", "Let the service grant, revoke, create and delete; one-shot operations need no leave")
        .short('p');
pub(super) const TICKETING: Field = Field::bool("ticketing", "Let the service work with tickets");
/// `--file`.
pub const FILE: Field =
    Field::text("file", "The .c1z file to sync into, or to look things up in").default_text("sync.c1z").short('f');
pub(super) const C1Z_TEMP_DIR: Field =
    Field::text("c1z-temp-dir", "An existing folder for the unpacked database while the file is in use").hidden();
pub(super) const AUTH_METHOD: Field = Field::text("auth-method", "");
pub(super) const SKIP_FULL_SYNC: Field =
    Field::bool("skip-full-sync", "In service mode, answer full sync tasks without syncing");
pub(super) const TASK_CONCURRENCY: Field =
    Field::int("task-concurrency", 3, "In service mode, how many tasks run at a time, 1 to 100")
        .rule(Rule::Range(1, 100));
pub(super) const KEEP_PREVIOUS: Field =
    Field::bool("keep-previous-sync-c1z", "Keep the file of the previous sync; has no effect in this version");
/// `--http-timeout-seconds`: how long one upstream call may take; connectors read it with
/// [`super::Config::http_timeout`].
pub(super) const HTTP_TIMEOUT: Field =
    Field::int("http-timeout-seconds", 300, "How many seconds one upstream call may take, 1 to 1800")
        .rule(Rule::Range(1, 1800))
        .export(Export::Ops);
pub(super) const SESSION_STORE_SIZE: Field =
    Field::int("session-store-maximum-size", 15_728_640, "How many bytes the session store may hold")
        .hidden()
        .export(Export::Ops);
pub(super) const WORKERS: Field =
    Field::int("workers", 0, "How many listings run at a time: -1 is one per processor, 0 is one");
pub(super) const PARALLEL_SYNC: Field = Field::bool("parallel-sync", "The same as --workers=-1; deprecated");
pub(super) const STORAGE_ENGINE: Field =
    Field::text("storage-engine", "The engine of the file: sqlite, or empty for that of an existing file")
        .rule(Rule::OneOf(&["", "sqlite", "pebble"]));

pub(super) const LOG_LEVEL: Field =
    Field::text("log-level", "How much to log: debug, info, warn or error").default_text("info").export(Export::Ops);
pub(super) const LOG_LEVEL_DEBUG_EXPIRES_AT: Field =
    Field::text("log-level-debug-expires-at", "When the log level debug ends, in RFC 3339").export(Export::Ops);
pub(super) const LOG_FORMAT: Field =
    Field::text("log-format", "The format of log lines: console or json (default console when stdout is a terminal)");
pub(super) const LOG_PATH: Field =
    Field::list("log-path", "Files to append the log to, or stdout or stderr (default stderr)");
pub(super) const OTEL_ENDPOINT: Field = Field::text(
    "otel-collector-endpoint",
    "The OpenTelemetry collector; accepted, but this version exports no traces and logs",
)
.export(Export::Ops);
pub(super) const OTEL_CERT_PATH: Field =
    Field::text("otel-collector-endpoint-tls-cert-path", "A PEM file with the certificate of the collector")
        .hidden()
        .export(Export::Ops);
pub(super) const OTEL_CERT: Field =
    Field::text("otel-collector-endpoint-tls-cert", "The certificate of the collector, PEM in base64url")
        .hidden()
        .export(Export::Ops);
pub(super) const OTEL_INSECURE: Field =
    Field::bool("otel-collector-endpoint-tls-insecure", "Talk to the collector without TLS")
        .hidden()
        .export(Export::Ops);
pub(super) const OTEL_NO_TRACES: Field =
    Field::bool("otel-tracing-disabled", "Export no traces").hidden().export(Export::Ops);
pub(super) const OTEL_NO_LOGS: Field =
    Field::bool("otel-logging-disabled", "Export no logs").hidden().export(Export::Ops);

pub(super) const HEALTH_CHECK: Field =
    Field::bool("health-check", "In service mode, serve health checks over HTTP").export(Export::Ops);
pub(super) const HEALTH_CHECK_PORT: Field =
    Field::int("health-check-port", 8081, "The port of the health checks").export(Export::Ops);
pub(super) const HEALTH_CHECK_ADDRESS: Field =
    Field::text("health-check-bind-address", "The address of the health checks")
        .default_text("127.0.0.1")
        .hidden()
        .export(Export::Ops);

pub(super) const SYNC_RESOURCES: Field =
    Field::list("sync-resources", "Sync only these resources, as Baton ids such as bid:r:user/42");
pub(super) const SYNC_RESOURCE_TYPES: Field = Field::list("sync-resource-types", "Sync only resources of these types");
pub(super) const SKIP_ENTITLEMENTS_AND_GRANTS: Field =
    Field::bool("skip-entitlements-and-grants", "Sync resources only");
pub(super) const SKIP_GRANTS: Field = Field::bool("skip-grants", "Sync no grants; needs --sync-resources").hidden();
pub(super) const EXTERNAL_C1Z: Field =
    Field::text("external-resource-c1z", "A .c1z file whose users and groups may hold grants here");
pub(super) const EXTERNAL_ENTITLEMENT: Field = Field::text(
    "external-resource-entitlement-id-filter",
    "Of that file, only users and groups that hold this entitlement",
);
pub(super) const EXTERNAL_TRAITS: Field = Field::list(
    "external-resource-traits",
    "Of that file, only resource types with one of these traits (default user and group)",
);

pub(super) const GRANT_ENTITLEMENT: Field =
    Field::text("grant-entitlement", "Grant the entitlement with this id, then exit").hidden();
pub(super) const GRANT_PRINCIPAL: Field =
    Field::text("grant-principal", "The id of the resource that gets the entitlement").hidden();
pub(super) const GRANT_PRINCIPAL_TYPE: Field =
    Field::text("grant-principal-type", "The type of the resource that gets the entitlement").hidden();
pub(super) const REVOKE_GRANT: Field = Field::text("revoke-grant", "Revoke the grant with this id, then exit").hidden();
pub(super) const CREATE_LOGIN: Field =
    Field::text("create-account-login", "Create an account with this login, then exit").hidden();
pub(super) const CREATE_EMAIL: Field =
    Field::text("create-account-email", "The e-mail address of the account to create").hidden();
pub(super) const CREATE_PROFILE: Field =
    Field::text("create-account-profile", "Create an account with this profile, a JSON object, then exit").hidden();
pub(super) const CREATE_TYPE: Field =
    Field::text("create-account-resource-type", "The resource type of the account to create").hidden();
pub(super) const DELETE_RESOURCE: Field =
    Field::text("delete-resource", "Delete the resource with this id, then exit").hidden();
pub(super) const DELETE_TYPE: Field =
    Field::text("delete-resource-type", "The type of the resource to delete").hidden();
pub(super) const ROTATE_CREDENTIALS: Field =
    Field::text("rotate-credentials", "Rotate the credentials of the resource with this id, then exit").hidden();
pub(super) const ROTATE_TYPE: Field =
    Field::text("rotate-credentials-type", "The type of the resource whose credentials rotate").hidden();
pub(super) const EVENT_FEED: Field =
    Field::text("event-feed", "With the value true, print the events of the feed, then exit").hidden();
pub(super) const EVENT_FEED_ID: Field = Field::text("event-feed-id", "Which feed to read").hidden();
pub(super) const EVENT_FEED_CURSOR: Field = Field::text("event-feed-cursor", "Where to go on in the feed").hidden();
pub(super) const EVENT_FEED_START_AT: Field =
    Field::text("event-feed-start-at", "The first time of interest, in RFC 3339 (default one day ago)").hidden();
pub(super) const CREATE_TICKET: Field = Field::bool("create-ticket", "Create a ticket, then exit").hidden();
pub(super) const TICKET_TEMPLATE: Field = Field::text("ticket-template-path", "A JSON file with the ticket").hidden();
pub(super) const BULK_CREATE_TICKET: Field = Field::bool("bulk-create-ticket", "Create tickets, then exit").hidden();
pub(super) const BULK_TICKET_TEMPLATE: Field =
    Field::text("bulk-ticket-template-path", "A JSON file with the tickets").hidden();
pub(super) const GET_TICKET: Field = Field::bool("get-ticket", "Read a ticket, then exit").hidden();
pub(super) const TICKET_ID: Field = Field::text("ticket-id", "The id of the ticket to read").hidden();
pub(super) const LIST_TICKET_SCHEMAS: Field =
    Field::bool("list-ticket-schemas", "List the kinds of tickets, then exit").hidden();
pub(super) const INVOKE_ACTION: Field = Field::text("invoke-action", "Invoke this action, then exit").hidden();
pub(super) const INVOKE_ACTION_TYPE: Field =
    Field::text("invoke-action-resource-type", "The resource type of the action").hidden();
pub(super) const INVOKE_ACTION_ARGS: Field =
    Field::text("invoke-action-args", "The arguments of the action, a JSON object").default_text("{}").hidden();
pub(super) const LIST_ACTION_SCHEMAS: Field = Field::bool("list-action-schemas", "Log the actions, then exit").hidden();
pub(super) const LIST_ACTION_SCHEMAS_TYPE: Field =
    Field::text("list-action-schemas-resource-type", "The resource type of the actions to log").hidden();
pub(super) const LIST_RESOURCE_ACTIONS: Field =
    Field::text("list-resource-actions", "Accepted without effect").hidden();
pub(super) const INVOKE_RESOURCE_ACTION: Field =
    Field::text("invoke-resource-action", "Accepted without effect").hidden();
pub(super) const INVOKE_RESOURCE_ACTION_TYPE: Field =
    Field::text("invoke-resource-action-resource-type", "Accepted without effect").hidden();
pub(super) const INVOKE_RESOURCE_ACTION_ARGS: Field =
    Field::text("invoke-resource-action-args", "Accepted without effect").default_text("{}").hidden();
pub(super) const DIFF_SYNCS: Field =
    Field::bool("diff-syncs", "Write the difference of two syncs of the file as a new sync, then exit").hidden();
pub(super) const BASE_SYNC_ID: Field = Field::text("base-sync-id", "The older sync").hidden();
pub(super) const APPLIED_SYNC_ID: Field = Field::text("applied-sync-id", "The newer sync").hidden();
pub(super) const COMPACT_SYNCS: Field =
    Field::bool("compact-syncs", "Merge syncs of several files into one file, then exit").hidden();
pub(super) const COMPACT_OUTPUT: Field = Field::text("compact-output-path", "The folder for the merged file").hidden();
pub(super) const COMPACT_FILES: Field = Field::list("compact-file-paths", "The files to merge, oldest first").hidden();
pub(super) const COMPACT_SYNC_IDS: Field = Field::list("compact-sync-ids", "The sync of each file to merge").hidden();

/// Every setting that all connectors have, in the order of declaration.
pub(super) const DEFAULTS: &[Field] = &[
    LOG_LEVEL,
    LOG_LEVEL_DEBUG_EXPIRES_AT,
    LOG_FORMAT,
    LOG_PATH,
    CLIENT_ID,
    CLIENT_SECRET,
    PROVISIONING,
    TICKETING,
    FILE,
    C1Z_TEMP_DIR,
    AUTH_METHOD,
    SKIP_FULL_SYNC,
    TASK_CONCURRENCY,
    KEEP_PREVIOUS,
    SESSION_STORE_SIZE,
    WORKERS,
    PARALLEL_SYNC,
    STORAGE_ENGINE,
    OTEL_ENDPOINT,
    OTEL_CERT_PATH,
    OTEL_CERT,
    OTEL_INSECURE,
    OTEL_NO_TRACES,
    OTEL_NO_LOGS,
    HEALTH_CHECK,
    HEALTH_CHECK_PORT,
    HEALTH_CHECK_ADDRESS,
    HTTP_TIMEOUT,
    SYNC_RESOURCES,
    SYNC_RESOURCE_TYPES,
    SKIP_ENTITLEMENTS_AND_GRANTS,
    SKIP_GRANTS,
    EXTERNAL_C1Z,
    EXTERNAL_ENTITLEMENT,
    EXTERNAL_TRAITS,
    GRANT_ENTITLEMENT,
    GRANT_PRINCIPAL,
    GRANT_PRINCIPAL_TYPE,
    REVOKE_GRANT,
    CREATE_LOGIN,
    CREATE_EMAIL,
    CREATE_PROFILE,
    CREATE_TYPE,
    DELETE_RESOURCE,
    DELETE_TYPE,
    ROTATE_CREDENTIALS,
    ROTATE_TYPE,
    EVENT_FEED,
    EVENT_FEED_ID,
    EVENT_FEED_CURSOR,
    EVENT_FEED_START_AT,
    CREATE_TICKET,
    TICKET_TEMPLATE,
    BULK_CREATE_TICKET,
    BULK_TICKET_TEMPLATE,
    GET_TICKET,
    TICKET_ID,
    LIST_TICKET_SCHEMAS,
    INVOKE_ACTION,
    INVOKE_ACTION_TYPE,
    INVOKE_ACTION_ARGS,
    LIST_ACTION_SCHEMAS,
    LIST_ACTION_SCHEMAS_TYPE,
    LIST_RESOURCE_ACTIONS,
    INVOKE_RESOURCE_ACTION,
    INVOKE_RESOURCE_ACTION_TYPE,
    INVOKE_RESOURCE_ACTION_ARGS,
    DIFF_SYNCS,
    BASE_SYNC_ID,
    APPLIED_SYNC_ID,
    COMPACT_SYNCS,
    COMPACT_OUTPUT,
    COMPACT_FILES,
    COMPACT_SYNC_IDS,
];

/// The relations that are enforced. The groups keep the order of their declaration: messages print it.
///
/// Source: connector-cli §2.6.
pub(super) const RELATIONS: &[Relation] = &[
    Relation::AllOrNone(&[GRANT_ENTITLEMENT, GRANT_PRINCIPAL]),
    Relation::AllOrNone(&[CLIENT_ID, CLIENT_SECRET]),
    Relation::AllOrNone(&[CREATE_TICKET, TICKET_TEMPLATE]),
    Relation::AllOrNone(&[BULK_CREATE_TICKET, BULK_TICKET_TEMPLATE]),
    Relation::AllOrNone(&[GET_TICKET, TICKET_ID]),
    Relation::AllOrNone(&[DIFF_SYNCS, BASE_SYNC_ID, APPLIED_SYNC_ID]),
    Relation::AllOrNone(&[COMPACT_SYNCS, COMPACT_SYNC_IDS, COMPACT_FILES, COMPACT_OUTPUT]),
    Relation::AtMostOne(&[
        GRANT_ENTITLEMENT,
        REVOKE_GRANT,
        CREATE_LOGIN,
        DELETE_RESOURCE,
        ROTATE_CREDENTIALS,
        EVENT_FEED,
        CREATE_TICKET,
        GET_TICKET,
        LIST_TICKET_SCHEMAS,
        BULK_CREATE_TICKET,
    ]),
    Relation::AtMostOne(&[
        GRANT_ENTITLEMENT,
        REVOKE_GRANT,
        CREATE_EMAIL,
        DELETE_TYPE,
        ROTATE_TYPE,
        EVENT_FEED,
        DIFF_SYNCS,
        COMPACT_SYNCS,
        LIST_TICKET_SCHEMAS,
    ]),
];
