-- Who gives and takes what by hand; named sets of entitlements that are asked for as one.
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

-- A named set of entitlements that is asked for as one (governance R-Q-2).
CREATE TABLE bundle (
    id          TEXT PRIMARY KEY,
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    name        TEXT NOT NULL,
    description TEXT NOT NULL,
    -- Who may ask for it: `everyone`, `holders` of what is in `bundle_holder`, or `nobody`.
    audience    TEXT NOT NULL,
    created_at  BIGINT NOT NULL,
    updated_at  BIGINT NOT NULL,
    version     BIGINT NOT NULL,
    deleted_at  BIGINT
);
CREATE UNIQUE INDEX bundle_name ON bundle (tenant_id, name) WHERE deleted_at IS NULL;

CREATE TABLE bundle_entitlement (
    bundle_id      TEXT NOT NULL REFERENCES bundle (id),
    number         BIGINT NOT NULL,
    entitlement_id TEXT NOT NULL,
    PRIMARY KEY (bundle_id, number)
);

CREATE TABLE bundle_holder (
    bundle_id      TEXT NOT NULL REFERENCES bundle (id),
    entitlement_id TEXT NOT NULL,
    PRIMARY KEY (bundle_id, entitlement_id)
);

CREATE TABLE bundle_owner (
    bundle_id TEXT NOT NULL REFERENCES bundle (id),
    person_id TEXT NOT NULL REFERENCES person (id),
    PRIMARY KEY (bundle_id, person_id)
);

-- What whoever asks has to answer (governance R-Q-5).
CREATE TABLE form (
    id         TEXT PRIMARY KEY,
    tenant_id  TEXT NOT NULL REFERENCES tenant (id),
    name       TEXT NOT NULL,
    fields     TEXT NOT NULL,
    created_at BIGINT NOT NULL,
    updated_at BIGINT NOT NULL,
    version    BIGINT NOT NULL,
    deleted_at BIGINT
);
CREATE UNIQUE INDEX form_name ON form (tenant_id, name) WHERE deleted_at IS NULL;

CREATE TABLE entitlement_form (
    entitlement_id TEXT PRIMARY KEY,
    form_id        TEXT NOT NULL REFERENCES form (id)
);
CREATE INDEX entitlement_form_form ON entitlement_form (form_id);
