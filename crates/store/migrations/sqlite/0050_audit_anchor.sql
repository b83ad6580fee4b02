-- What the audit chain was at the end of each day (UTC), signed. An anchor is a row of the chain too (`audit.anchored`), so
-- that one which is taken away is missed.
-- The twin for the other engine is the same.
CREATE TABLE audit_anchor (
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    day         TEXT NOT NULL,
    seq         BIGINT NOT NULL,
    hash        TEXT NOT NULL,
    key_id      TEXT NOT NULL REFERENCES signing_key (id),
    signature   TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    PRIMARY KEY (tenant_id, day)
);
