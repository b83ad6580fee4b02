-- Who gives and takes what by hand.
-- The twin for the other engine is the same; a test compares them.

CREATE TABLE entitlement_provisioning (
    entitlement_id TEXT PRIMARY KEY,
    tenant_id      TEXT NOT NULL REFERENCES tenant (id),
    method         TEXT NOT NULL,
    -- What those who do it by hand are told.
    instructions   TEXT NOT NULL,
    version        BIGINT NOT NULL
);

CREATE TABLE entitlement_provisioner (
    entitlement_id TEXT NOT NULL,
    person_id      TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (entitlement_id, person_id)
);
CREATE INDEX entitlement_provisioner_person ON entitlement_provisioner (person_id, entitlement_id);
