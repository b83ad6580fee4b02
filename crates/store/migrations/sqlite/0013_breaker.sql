-- Apps in which too much was taken away at once: nothing more is, until somebody has looked.
-- The twin for the other engine is the same; a test compares them.

CREATE TABLE breaker (
    app_id      TEXT PRIMARY KEY,
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    tripped_at  BIGINT,
    -- What was decided until then goes on, and counts no more.
    settled_at  BIGINT,
    version     BIGINT NOT NULL
);
