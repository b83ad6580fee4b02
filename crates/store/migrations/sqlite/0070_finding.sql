-- What is not as it should be, and what people decided about it.
-- The twin for the other engine is the same; a test compares them.

CREATE TABLE finding (
    id           TEXT PRIMARY KEY,
    tenant_id    TEXT NOT NULL REFERENCES tenant (id),
    type         TEXT NOT NULL,
    severity     TEXT NOT NULL,
    app_id       TEXT,
    -- The connector by whose syncs it is checked, where there is one.
    connector_id TEXT,
    -- The type and the subject: the same condition is one finding for ever.
    fingerprint  TEXT NOT NULL,
    subject_kind TEXT NOT NULL,
    subject_id   TEXT NOT NULL,
    evidence     TEXT NOT NULL,
    state        TEXT NOT NULL,
    first_seen   BIGINT NOT NULL,
    last_seen    BIGINT NOT NULL,
    -- Since when it is in its state.
    since        BIGINT NOT NULL,
    -- How often it was resolved or remedied, and came again.
    recurrences  BIGINT NOT NULL,
    -- Until when it is accepted or put off.
    until        BIGINT,
    reason       TEXT,
    decided_by   TEXT,
    version      BIGINT NOT NULL,
    UNIQUE (tenant_id, fingerprint)
);
CREATE INDEX finding_list ON finding (tenant_id, state, id);
CREATE INDEX finding_type ON finding (tenant_id, type, state);
CREATE INDEX finding_until ON finding (until) WHERE until IS NOT NULL;

-- Types of findings that somebody switched; what is not here is as it is by default.
CREATE TABLE finding_setting (
    tenant_id  TEXT NOT NULL REFERENCES tenant (id),
    type       TEXT NOT NULL,
    is_on      BIGINT NOT NULL,
    changed_at BIGINT NOT NULL,
    changed_by TEXT NOT NULL,
    PRIMARY KEY (tenant_id, type)
);

-- Syncs after a long silence, and first syncs of connectors that took the place of others: what they brought is one finding.
CREATE TABLE sync_gap (
    connector_id TEXT NOT NULL,
    seq          BIGINT NOT NULL,
    tenant_id    TEXT NOT NULL REFERENCES tenant (id),
    app_id       TEXT NOT NULL,
    sync_id      TEXT NOT NULL,
    why          TEXT NOT NULL,
    PRIMARY KEY (connector_id, seq)
);

CREATE INDEX grant_period_outside ON grant_period (connector_id, id) WHERE origin = 'outside' AND gone_seq IS NULL;
CREATE INDEX grant_period_removed ON grant_period (connector_id, ended_at)
    WHERE end_reason = 'outside' AND request_id IS NOT NULL;
CREATE INDEX grant_period_stuck ON grant_period (id) WHERE state = 'stuck';
CREATE INDEX grant_period_expires ON grant_period (expires_at) WHERE expires_at IS NOT NULL AND ended_at IS NULL;
CREATE INDEX provision_job_contradicted ON provision_job (connector_id, id) WHERE state = 'contradicted';
CREATE INDEX account_gone ON account (connector_id, gone_at) WHERE gone_at IS NOT NULL;
