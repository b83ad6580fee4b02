-- Switches of the whole install that somebody has touched; what is not here is on.
-- The twin for the other engine is the same; a test compares them.

CREATE TABLE switch (
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    name        TEXT NOT NULL,
    is_on       BIGINT NOT NULL,
    changed_at  BIGINT NOT NULL,
    changed_by  TEXT NOT NULL,
    reason      TEXT NOT NULL,
    PRIMARY KEY (tenant_id, name)
);
