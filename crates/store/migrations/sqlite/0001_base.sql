-- What every part of the server stands on: the tenant, its audit chain, people, apps, connectors and their tasks.
-- The twin for PostgreSQL differs in the type of binary columns only; a test compares them.
-- Ids are text, instants are microseconds since the epoch, booleans are 0 or 1, documents are JSON text.

CREATE TABLE tenant (
    id          TEXT PRIMARY KEY,
    name        TEXT NOT NULL,
    base_url    TEXT NOT NULL,
    settings    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL
);

-- The chain of what happened (governance 1.19). `event` is the canonical JSON that was hashed; the other columns repeat
-- parts of it for searching.
CREATE TABLE audit_event (
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    seq         BIGINT NOT NULL,
    at          BIGINT NOT NULL,
    actor       TEXT NOT NULL,
    via         TEXT NOT NULL,
    action      TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    app_id      TEXT,
    correlation_id TEXT,
    event       TEXT NOT NULL,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL,
    PRIMARY KEY (tenant_id, seq)
);
CREATE INDEX audit_event_object ON audit_event (tenant_id, object_kind, object_id, seq);
CREATE INDEX audit_event_action ON audit_event (tenant_id, action, seq);
CREATE INDEX audit_event_app ON audit_event (tenant_id, app_id, seq);
CREATE INDEX audit_event_correlation ON audit_event (tenant_id, correlation_id, seq) WHERE correlation_id IS NOT NULL;

CREATE TABLE audit_head (
    tenant_id   TEXT PRIMARY KEY REFERENCES tenant (id),
    seq         BIGINT NOT NULL,
    hash        TEXT NOT NULL
);

CREATE TABLE person (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL REFERENCES tenant (id),
    primary_email TEXT NOT NULL,
    -- Further addresses, folded.
    emails        TEXT NOT NULL DEFAULT '[]',
    username      TEXT,
    display_name  TEXT NOT NULL,
    given_name    TEXT,
    family_name   TEXT,
    employee_id   TEXT,
    department    TEXT,
    title         TEXT,
    employment_type TEXT,
    status        TEXT NOT NULL,
    left_at       BIGINT,
    source        TEXT NOT NULL,
    manager_id    TEXT REFERENCES person (id),
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL,
    deleted_at    BIGINT
);
CREATE INDEX person_manager ON person (manager_id) WHERE manager_id IS NOT NULL;
CREATE UNIQUE INDEX person_email ON person (tenant_id, primary_email) WHERE deleted_at IS NULL;

-- By what else a person is recognised in apps: further addresses and the user name, folded.
CREATE TABLE person_key (
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    person_id   TEXT NOT NULL REFERENCES person (id),
    kind        TEXT NOT NULL,
    value       TEXT NOT NULL,
    PRIMARY KEY (person_id, kind, value)
);
CREATE INDEX person_key_value ON person_key (tenant_id, kind, value);

CREATE TABLE person_role (
    person_id   TEXT NOT NULL REFERENCES person (id),
    role        TEXT NOT NULL,
    granted_at  BIGINT NOT NULL,
    granted_by  TEXT NOT NULL,
    PRIMARY KEY (person_id, role)
);

-- Tokens of machines; only the SHA-256 of a token is here.
CREATE TABLE api_token (
    id           TEXT PRIMARY KEY,
    tenant_id    TEXT NOT NULL REFERENCES tenant (id),
    person_id    TEXT REFERENCES person (id),
    name         TEXT NOT NULL,
    token_hash   TEXT NOT NULL UNIQUE,
    last_four    TEXT NOT NULL,
    roles        TEXT NOT NULL,
    expires_at   BIGINT,
    revoked_at   BIGINT,
    last_used_at BIGINT,
    created_by   TEXT NOT NULL,
    created_at   BIGINT NOT NULL
);
CREATE INDEX api_token_tenant ON api_token (tenant_id, id);

-- The one-time links that make the first administrator.
CREATE TABLE setup_link (
    token_hash  TEXT PRIMARY KEY,
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    expires_at  BIGINT NOT NULL,
    claimed_at  BIGINT,
    claimed_by  TEXT REFERENCES person (id),
    created_at  BIGINT NOT NULL
);

-- The keys that sign access tokens; the private half is sealed.
CREATE TABLE signing_key (
    id             TEXT PRIMARY KEY,
    tenant_id      TEXT NOT NULL REFERENCES tenant (id),
    purpose        TEXT NOT NULL,
    public_jwk     TEXT NOT NULL,
    sealed_private BLOB NOT NULL,
    created_at     BIGINT NOT NULL,
    retired_at     BIGINT
);

-- What must not be shown twice: assertion nonces and the ids of proofs, hashed.
CREATE TABLE replay (
    key_hash    TEXT PRIMARY KEY,
    expires_at  BIGINT NOT NULL
);
CREATE INDEX replay_expiry ON replay (expires_at);

-- Answers that are given again to a repeated Idempotency-Key.
CREATE TABLE idempotency (
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    actor       TEXT NOT NULL,
    key         TEXT NOT NULL,
    request     TEXT NOT NULL,
    status      BIGINT,
    headers     TEXT,
    body        BLOB,
    expires_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, actor, key)
);
CREATE INDEX idempotency_expiry ON idempotency (expires_at);

CREATE TABLE app (
    id          TEXT PRIMARY KEY,
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    state       TEXT NOT NULL,
    discovered_by_app_id TEXT REFERENCES app (id),
    -- What becomes of the accounts of those who leave; none for what is usual with its connector.
    leaver_rule TEXT,
    settings    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    deleted_at  BIGINT
);
CREATE UNIQUE INDEX app_name ON app (tenant_id, name) WHERE deleted_at IS NULL;

CREATE TABLE app_owner (
    app_id      TEXT NOT NULL REFERENCES app (id),
    owner_kind  TEXT NOT NULL,
    owner_id    TEXT NOT NULL,
    PRIMARY KEY (app_id, owner_kind, owner_id)
);
CREATE INDEX app_owner_owner ON app_owner (owner_kind, owner_id);

CREATE TABLE connector (
    id                   TEXT PRIMARY KEY,
    tenant_id            TEXT NOT NULL REFERENCES tenant (id),
    app_id               TEXT NOT NULL REFERENCES app (id),
    catalog_id           TEXT NOT NULL,
    hosting              TEXT NOT NULL,
    display_name         TEXT NOT NULL,
    config               TEXT NOT NULL,
    config_version       BIGINT NOT NULL,
    provisioning_enabled BIGINT NOT NULL,
    -- Why the connector refuses writes, since it said so; its next Hello clears it.
    writes_refused       TEXT,
    -- The kinds of task that it said it cannot do; its next Hello clears them.
    unsupported          TEXT NOT NULL DEFAULT '[]',
    require_dpop         BIGINT NOT NULL,
    schedule             TEXT NOT NULL,
    hold_rules           TEXT NOT NULL,
    attributes_sync      TEXT NOT NULL,
    -- Metadata of the last Hello, as it came: a protobuf message.
    metadata             BLOB,
    first_contact_at     BIGINT,
    last_contact_at      BIGINT,
    poll_interval_us     BIGINT NOT NULL,
    failures_in_a_row    BIGINT NOT NULL,
    last_error           TEXT,
    next_sync_at         BIGINT,
    last_sync_id         TEXT,
    applied_sync_id      TEXT,
    paused_at            BIGINT,
    pause_reason         TEXT,
    -- The status that was last written to the audit log, to notice changes.
    known_status         TEXT NOT NULL,
    created_at           BIGINT NOT NULL,
    updated_at           BIGINT NOT NULL,
    version              BIGINT NOT NULL,
    deleted_at           BIGINT
);
CREATE INDEX connector_tenant ON connector (tenant_id, id);
CREATE INDEX connector_app ON connector (app_id);
CREATE INDEX connector_due ON connector (next_sync_at) WHERE deleted_at IS NULL AND paused_at IS NULL;

CREATE TABLE connector_owner (
    connector_id TEXT NOT NULL REFERENCES connector (id),
    person_id    TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (connector_id, person_id)
);

-- Secret settings of hosted connectors, sealed.
CREATE TABLE connector_secret (
    connector_id TEXT NOT NULL REFERENCES connector (id),
    field        TEXT NOT NULL,
    sealed       BLOB NOT NULL,
    last_four    TEXT,
    set_at       BIGINT NOT NULL,
    set_by       TEXT NOT NULL,
    PRIMARY KEY (connector_id, field)
);

CREATE TABLE connector_host (
    connector_id TEXT NOT NULL REFERENCES connector (id),
    host_id      TEXT NOT NULL,
    version      TEXT NOT NULL,
    os           TEXT NOT NULL,
    first_seen   BIGINT NOT NULL,
    last_seen    BIGINT NOT NULL,
    hello        BLOB NOT NULL,
    PRIMARY KEY (connector_id, host_id)
);

-- What happened at a connector, for people to read.
CREATE TABLE connector_log (
    connector_id TEXT NOT NULL REFERENCES connector (id),
    id           TEXT NOT NULL,
    sync_id      TEXT,
    at           BIGINT NOT NULL,
    level        TEXT NOT NULL,
    message      TEXT NOT NULL,
    PRIMARY KEY (connector_id, id)
);
CREATE INDEX connector_log_sync ON connector_log (sync_id, id);

CREATE TABLE credential (
    id             TEXT PRIMARY KEY,
    tenant_id      TEXT NOT NULL REFERENCES tenant (id),
    connector_id   TEXT NOT NULL REFERENCES connector (id),
    client_id      TEXT NOT NULL UNIQUE,
    public_jwk     TEXT NOT NULL,
    label          TEXT NOT NULL,
    state          TEXT NOT NULL,
    retire_at      BIGINT,
    expires_at     BIGINT,
    revoked_at     BIGINT,
    last_used_at   BIGINT,
    last_used_from TEXT,
    allowed_cidrs  TEXT NOT NULL,
    created_by     TEXT NOT NULL,
    created_at     BIGINT NOT NULL
);
CREATE INDEX credential_connector ON credential (connector_id, id);

-- A file in the object storage, under its digest.
CREATE TABLE file (
    sha256      TEXT PRIMARY KEY,
    bytes       BIGINT NOT NULL,
    kind        TEXT NOT NULL,
    stored_at   BIGINT NOT NULL,
    -- Since when its content is not kept any more.
    removed_at  BIGINT
);

CREATE TABLE sync (
    id             TEXT PRIMARY KEY,
    tenant_id      TEXT NOT NULL REFERENCES tenant (id),
    connector_id   TEXT NOT NULL REFERENCES connector (id),
    task_id        TEXT,
    kind           TEXT NOT NULL,
    trigger_kind   TEXT NOT NULL,
    state          TEXT NOT NULL,
    wished_by      TEXT NOT NULL,
    queued_at      BIGINT NOT NULL,
    started_at     BIGINT,
    uploaded_at    BIGINT,
    applied_at     BIGINT,
    finished_at    BIGINT,
    file_sha256    TEXT REFERENCES file (sha256),
    file_bytes     BIGINT,
    log_sha256     TEXT REFERENCES file (sha256),
    engine         TEXT,
    file_sync_id   TEXT,
    counts         TEXT NOT NULL,
    warnings       TEXT NOT NULL,
    error          TEXT,
    hold_id        TEXT,
    previous_applied_sync_id TEXT,
    version        BIGINT NOT NULL
);
CREATE INDEX sync_connector ON sync (connector_id, id);
-- At most one open sync of a connector (T-S1); a held one waits for a person beside the next.
CREATE UNIQUE INDEX sync_open ON sync (connector_id) WHERE state IN ('queued', 'running', 'uploaded', 'ingesting');

CREATE TABLE hold (
    id              TEXT PRIMARY KEY,
    tenant_id       TEXT NOT NULL REFERENCES tenant (id),
    connector_id    TEXT NOT NULL REFERENCES connector (id),
    sync_id         TEXT NOT NULL REFERENCES sync (id),
    reasons         TEXT NOT NULL,
    state           TEXT NOT NULL,
    opened_at       BIGINT NOT NULL,
    renewed_at      BIGINT NOT NULL,
    decided_at      BIGINT,
    decided_by      TEXT,
    decision_reason TEXT,
    version         BIGINT NOT NULL
);
CREATE UNIQUE INDEX hold_open ON hold (connector_id) WHERE state = 'open';
CREATE INDEX hold_tenant ON hold (tenant_id, id);

-- Work for a connector. The id is the KSUID text that connectors see.
CREATE TABLE task (
    id               TEXT PRIMARY KEY,
    tenant_id        TEXT NOT NULL REFERENCES tenant (id),
    connector_id     TEXT NOT NULL REFERENCES connector (id),
    kind             TEXT NOT NULL,
    payload          BLOB NOT NULL,
    priority         BIGINT NOT NULL,
    state            TEXT NOT NULL,
    attempts         BIGINT NOT NULL,
    max_attempts     BIGINT NOT NULL,
    available_at     BIGINT NOT NULL,
    lease_host       TEXT,
    lease_credential TEXT,
    lease_until      BIGINT,
    heartbeat_at     BIGINT,
    cancel_asked_at  BIGINT,
    sync_id          TEXT REFERENCES sync (id),
    idempotency_key  TEXT,
    outcome          TEXT,
    code             BIGINT,
    message          TEXT,
    response         BLOB,
    annotations      BLOB,
    wished_by        TEXT NOT NULL,
    created_at       BIGINT NOT NULL,
    started_at       BIGINT,
    finished_at      BIGINT
);
CREATE INDEX task_offer ON task (connector_id, state, priority, available_at);
CREATE INDEX task_list ON task (connector_id, created_at, id);
CREATE INDEX task_lease ON task (lease_until) WHERE state = 'leased';
CREATE UNIQUE INDEX task_idempotency ON task (connector_id, idempotency_key) WHERE idempotency_key IS NOT NULL;

-- Tasks of a connector that failed in a row, and until when nothing is offered to it (R-B-4); no row when none did.
CREATE TABLE task_pause (
    connector_id TEXT PRIMARY KEY REFERENCES connector (id),
    failures     BIGINT NOT NULL,
    paused_until BIGINT
);

-- Durable work and timers of the server itself.
CREATE TABLE job (
    id           TEXT PRIMARY KEY,
    tenant_id    TEXT NOT NULL REFERENCES tenant (id),
    kind         TEXT NOT NULL,
    key          TEXT,
    payload      TEXT NOT NULL,
    state        TEXT NOT NULL,
    priority     BIGINT NOT NULL,
    run_at       BIGINT NOT NULL,
    -- When it is due again, should it have been wished for while it ran.
    again_at     BIGINT,
    attempts     BIGINT NOT NULL,
    max_attempts BIGINT NOT NULL,
    lease_owner  TEXT,
    lease_until  BIGINT,
    last_error   TEXT,
    created_at   BIGINT NOT NULL,
    finished_at  BIGINT
);
CREATE INDEX job_due ON job (kind, run_at) WHERE state = 'queued';
-- A job of a lower priority goes as if it had become due later, by a second for each step.
CREATE INDEX job_turn ON job (kind, (run_at + priority * 1000000)) WHERE state = 'queued';
CREATE INDEX job_lease ON job (lease_until) WHERE state = 'running';
CREATE UNIQUE INDEX job_key ON job (tenant_id, kind, key) WHERE key IS NOT NULL AND state IN ('queued', 'running');
