-- What connectors found: who has an account, what there is to hold, and who holds it.
-- The twin for SQLite differs in the type of binary columns only; a test compares them.
--
-- A row that a sync brings is written before the sync is visible. It carries the number of the reading of a file that
-- brought it (`first_seq`), and nobody sees it until the connector's `applied_seq` has reached that number. What changes
-- rows that are visible waits in the `staged_` tables and in `sync_difference`.
--
-- `key` is the SHA-256 of the connector's own id, cut to 16 bytes, and `digest` that of the row in the file: both sides
-- are compared in the order of the keys, whatever the collation of texts.

-- The tables that a sync fills in bulk have no foreign keys: PostgreSQL would lock a row of another table for each.

-- How far the inventory of a connector is. What people keep by hand of an app without a connector has an id of the same
-- kind, for which there is no connector.
CREATE TABLE inventory (
    connector_id       TEXT PRIMARY KEY,
    tenant_id          TEXT NOT NULL REFERENCES tenant (id),
    app_id             TEXT NOT NULL REFERENCES app (id),
    -- The number that the next reading of a file gets.
    next_seq           BIGINT NOT NULL,
    -- The reading that is visible; 0 before the first.
    applied_seq        BIGINT NOT NULL,
    applied_sync_id    TEXT REFERENCES sync (id),
    -- When the applied sync started, as its file tells.
    applied_started_at BIGINT,
    -- The digest of the file that was applied.
    applied_sha256     TEXT,
    -- The reading under way; a later one takes the place of an earlier one, which then stops.
    staging_seq        BIGINT,
    staging_sync_id    TEXT REFERENCES sync (id),
    -- Whether a reading left rows behind that nobody sees.
    staging_dirty      BIGINT NOT NULL,
    -- Whether people keep it by hand.
    by_hand            BIGINT NOT NULL DEFAULT 0
);
CREATE INDEX inventory_app ON inventory (app_id, connector_id);
CREATE UNIQUE INDEX inventory_by_hand ON inventory (app_id) WHERE by_hand = 1;

-- Which sync a number stands for.
CREATE TABLE sync_seq (
    connector_id TEXT NOT NULL REFERENCES connector (id),
    seq          BIGINT NOT NULL,
    sync_id      TEXT NOT NULL REFERENCES sync (id),
    PRIMARY KEY (connector_id, seq)
);
CREATE UNIQUE INDEX sync_seq_sync ON sync_seq (sync_id);

CREATE TABLE resource_type (
    connector_id TEXT NOT NULL REFERENCES connector (id),
    external_id  TEXT NOT NULL,
    tenant_id    TEXT NOT NULL REFERENCES tenant (id),
    app_id       TEXT NOT NULL REFERENCES app (id),
    display_name TEXT NOT NULL,
    description  TEXT NOT NULL,
    traits       TEXT NOT NULL,
    is_account   BIGINT NOT NULL,
    first_seq    BIGINT NOT NULL,
    gone_at      BIGINT,
    gone_seq     BIGINT,
    PRIMARY KEY (connector_id, external_id)
);

CREATE TABLE resource (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    app_id        TEXT NOT NULL,
    connector_id  TEXT NOT NULL,
    key           BYTEA NOT NULL,
    digest        BYTEA NOT NULL,
    resource_type TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    parent        TEXT,
    display_name  TEXT NOT NULL,
    description   TEXT NOT NULL,
    profile       TEXT NOT NULL,
    origin        TEXT NOT NULL,
    first_seq     BIGINT NOT NULL,
    gone_at       BIGINT,
    gone_seq      BIGINT,
    version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX resource_key ON resource (connector_id, key);

CREATE TABLE account (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    app_id        TEXT NOT NULL,
    connector_id  TEXT NOT NULL,
    key           BYTEA NOT NULL,
    digest        BYTEA NOT NULL,
    resource_type TEXT NOT NULL,
    external_id   TEXT NOT NULL,
    login         TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    -- Folded, the primary one first; the spelling of the app is in `profile`.
    emails        TEXT NOT NULL,
    -- Folded login, display name and addresses, for searching.
    search        TEXT NOT NULL,
    type          TEXT NOT NULL,
    status        TEXT NOT NULL,
    status_detail TEXT NOT NULL,
    profile       TEXT NOT NULL,
    last_login    BIGINT,
    is_external   BIGINT NOT NULL,
    -- Whether people said of what type it is, so that no sync changes it.
    type_by_hand  BIGINT NOT NULL DEFAULT 0,
    -- Who answers for it, which no sync changes: by a rule, or by hand; `cleared` by hand stays cleared.
    owner_person_id TEXT,
    owner_source  TEXT NOT NULL DEFAULT 'none',
    match_rule    TEXT,
    first_seq     BIGINT NOT NULL,
    gone_at       BIGINT,
    gone_seq      BIGINT,
    version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX account_key ON account (connector_id, key);
CREATE INDEX account_unowned ON account (connector_id, id) WHERE owner_source = 'none';
CREATE INDEX account_owner ON account (owner_person_id, id) WHERE owner_person_id IS NOT NULL;

CREATE TABLE entitlement (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    app_id        TEXT NOT NULL,
    -- None for the entitlements that Podium itself makes.
    connector_id  TEXT,
    resource_id   TEXT,
    key           BYTEA NOT NULL,
    digest        BYTEA NOT NULL,
    external_id   TEXT NOT NULL,
    slug          TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    description   TEXT NOT NULL,
    purpose       TEXT NOT NULL,
    grantable_to  TEXT NOT NULL,
    -- The set of which an account holds one at a time; empty for none.
    exclusion_set TEXT NOT NULL,
    origin        TEXT NOT NULL,
    first_seq     BIGINT NOT NULL,
    gone_at       BIGINT,
    gone_seq      BIGINT,
    version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX entitlement_key ON entitlement (connector_id, key);
CREATE INDEX entitlement_app ON entitlement (app_id, id);
CREATE INDEX entitlement_resource ON entitlement (resource_id);
-- What no sync knows of.
CREATE INDEX entitlement_by_hand ON entitlement (connector_id, id) WHERE origin <> 'synced';

-- A grant: one uninterrupted period in which one account holds one entitlement, or is about to. Its `key` is that of the
-- account followed by that of the entitlement; it has none before it is held.
CREATE TABLE grant_period (
    id             TEXT PRIMARY KEY,
    tenant_id      TEXT NOT NULL,
    app_id         TEXT NOT NULL,
    connector_id   TEXT NOT NULL,
    key            BYTEA,
    digest         BYTEA NOT NULL,
    entitlement_id TEXT NOT NULL,
    account_id     TEXT,
    person_id      TEXT,
    request_id     TEXT,
    state          TEXT NOT NULL,
    origin         TEXT NOT NULL,
    -- Since when it is held; when it was asked for, before it is.
    starts_at      BIGINT NOT NULL,
    -- How long it is to be held, in microseconds; none is for ever.
    lasts          BIGINT,
    expires_at     BIGINT,
    ended_at       BIGINT,
    end_reason     TEXT,
    -- Syncs that started before this instant know less of the grant than Podium, which changed it.
    settled_at     BIGINT,
    -- The sync that showed that what Podium gave is held.
    proved_sync_id TEXT,
    -- Other grants that this one comes from, by their entitlements.
    sources        TEXT NOT NULL,
    immutable      BIGINT NOT NULL,
    first_seq      BIGINT NOT NULL,
    gone_seq       BIGINT,
    version        BIGINT NOT NULL
);
CREATE UNIQUE INDEX grant_period_open ON grant_period (connector_id, key)
    WHERE state IN ('active', 'expiring', 'ending', 'stuck');
CREATE INDEX grant_period_settled ON grant_period (connector_id, settled_at) WHERE settled_at IS NOT NULL;
CREATE INDEX grant_period_entitlement ON grant_period (entitlement_id, id);
CREATE INDEX grant_period_account ON grant_period (account_id, id);

-- What a sync changed. The first sync of a connector has no rows here: all that it brought is what it changed.
CREATE TABLE sync_difference (
    sync_id     TEXT NOT NULL,
    number      BIGINT NOT NULL,
    tenant_id   TEXT NOT NULL,
    object_kind TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    change      TEXT NOT NULL,
    label       TEXT NOT NULL,
    before      TEXT NOT NULL,
    after       TEXT NOT NULL,
    PRIMARY KEY (sync_id, number)
);
CREATE INDEX sync_difference_object ON sync_difference (object_id, sync_id);

-- New content for rows that are visible; it takes its place when the reading does.
CREATE TABLE staged_resource (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    connector_id  TEXT NOT NULL,
    digest        BYTEA NOT NULL,
    parent        TEXT,
    display_name  TEXT NOT NULL,
    description   TEXT NOT NULL,
    profile       TEXT NOT NULL
);
CREATE INDEX staged_resource_connector ON staged_resource (connector_id);

CREATE TABLE staged_account (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    connector_id  TEXT NOT NULL,
    digest        BYTEA NOT NULL,
    login         TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    emails        TEXT NOT NULL,
    search        TEXT NOT NULL,
    type          TEXT NOT NULL,
    status        TEXT NOT NULL,
    status_detail TEXT NOT NULL,
    profile       TEXT NOT NULL,
    last_login    BIGINT,
    is_external   BIGINT NOT NULL
);
CREATE INDEX staged_account_connector ON staged_account (connector_id);

CREATE TABLE staged_entitlement (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    connector_id  TEXT NOT NULL,
    digest        BYTEA NOT NULL,
    slug          TEXT NOT NULL,
    display_name  TEXT NOT NULL,
    description   TEXT NOT NULL,
    purpose       TEXT NOT NULL,
    grantable_to  TEXT NOT NULL,
    exclusion_set TEXT NOT NULL
);
CREATE INDEX staged_entitlement_connector ON staged_entitlement (connector_id);

CREATE TABLE staged_grant (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL,
    connector_id  TEXT NOT NULL,
    digest        BYTEA NOT NULL,
    sources       TEXT NOT NULL,
    immutable     BIGINT NOT NULL
);
CREATE INDEX staged_grant_connector ON staged_grant (connector_id);
