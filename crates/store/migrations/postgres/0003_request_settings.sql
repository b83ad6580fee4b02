-- What Podium knows about people, apps and entitlements beyond what connectors find, and who decides about requests.
-- The twin for PostgreSQL is the same; a test compares them.

-- Who decides for whom while they are away (governance 1.15).
CREATE TABLE delegation (
    from_person_id TEXT PRIMARY KEY REFERENCES person (id),
    to_person_id   TEXT NOT NULL REFERENCES person (id),
    starts_at      BIGINT NOT NULL,
    ends_at        BIGINT,
    set_by         TEXT NOT NULL
);

-- What people set about an entitlement; none is the app's setting, then the tenant's (R-A-7).
CREATE TABLE entitlement_setting (
    entitlement_id      TEXT PRIMARY KEY,
    tenant_id           TEXT NOT NULL REFERENCES tenant (id),
    requestable         BIGINT,
    request_policy_id   TEXT,
    revoke_policy_id    TEXT,
    emergency_policy_id TEXT,
    -- In microseconds.
    max_duration        BIGINT,
    default_duration    BIGINT,
    -- When access begins that was agreed to, and how long its holder may wait before they start it.
    start_mode          TEXT,
    claim_by            BIGINT,
    -- Whether people may decide alone about their own access although it can do much harm (R-P-3).
    self_approval       BIGINT,
    version             BIGINT NOT NULL
);

CREATE TABLE app_setting (
    app_id              TEXT PRIMARY KEY REFERENCES app (id),
    tenant_id           TEXT NOT NULL REFERENCES tenant (id),
    requestable         BIGINT,
    request_policy_id   TEXT,
    revoke_policy_id    TEXT,
    emergency_policy_id TEXT,
    max_duration        BIGINT,
    default_duration    BIGINT,
    -- When access begins that was agreed to, and how long its holder may wait before they start it.
    start_mode          TEXT,
    claim_by            BIGINT,
    self_approval       BIGINT,
    version             BIGINT NOT NULL
);

-- The same for everything, where apps leave it open.
CREATE TABLE tenant_request_setting (
    tenant_id           TEXT PRIMARY KEY REFERENCES tenant (id),
    requestable         BIGINT,
    request_policy_id   TEXT,
    revoke_policy_id    TEXT,
    emergency_policy_id TEXT,
    max_duration        BIGINT,
    default_duration    BIGINT,
    start_mode          TEXT,
    claim_by            BIGINT,
    self_approval       BIGINT,
    version             BIGINT NOT NULL
);

-- Who owns an entitlement.
CREATE TABLE entitlement_owner (
    entitlement_id TEXT NOT NULL,
    person_id      TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (entitlement_id, person_id)
);

CREATE TABLE policy (
    id         TEXT PRIMARY KEY,
    tenant_id  TEXT NOT NULL REFERENCES tenant (id),
    name       TEXT NOT NULL,
    kind       TEXT NOT NULL,
    -- The name under which Podium brings it along; none for those that people made.
    builtin    TEXT,
    definition TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX policy_name ON policy (tenant_id, name) WHERE deleted_at IS NULL;
CREATE UNIQUE INDEX policy_builtin ON policy (tenant_id, builtin) WHERE builtin IS NOT NULL;
