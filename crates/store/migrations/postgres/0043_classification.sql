-- How much harm something can do, and what it falls under (governance 1.3, 1.8). What an entitlement leaves open comes from
-- its app. The twin for PostgreSQL is the same; a test compares them.
CREATE TABLE classification (
    -- `app` or `entitlement`.
    object_kind TEXT NOT NULL,
    object_id   TEXT NOT NULL,
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    risk_level  TEXT,
    tags        TEXT NOT NULL,
    frameworks  TEXT NOT NULL,
    version     BIGINT NOT NULL,
    PRIMARY KEY (object_kind, object_id)
);
