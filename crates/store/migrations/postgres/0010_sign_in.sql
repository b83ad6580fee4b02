-- How people sign in: sessions, passwords, identity providers.
-- The twin for the other engine differs in the type of binary columns only.

-- Browsers in which somebody is signed in; only the SHA-256 of what the cookie holds is here.
CREATE TABLE session (
    id           TEXT PRIMARY KEY,
    tenant_id    TEXT NOT NULL REFERENCES tenant (id),
    person_id    TEXT NOT NULL REFERENCES person (id),
    token_hash   TEXT NOT NULL UNIQUE,
    method       TEXT NOT NULL,
    ip           TEXT,
    agent        TEXT NOT NULL,
    created_at   BIGINT NOT NULL,
    used_at      BIGINT NOT NULL,
    expires_at   BIGINT NOT NULL
);
CREATE INDEX session_person ON session (person_id, id);
CREATE INDEX session_expiry ON session (expires_at);

-- Passwords of local administrators, as Argon2id hashes.
CREATE TABLE password (
    person_id    TEXT PRIMARY KEY REFERENCES person (id),
    hash         TEXT NOT NULL,
    set_at       BIGINT NOT NULL
);

-- OpenID providers that people may sign in with.
CREATE TABLE identity_provider (
    id            TEXT PRIMARY KEY,
    tenant_id     TEXT NOT NULL REFERENCES tenant (id),
    name          TEXT NOT NULL,
    issuer        TEXT NOT NULL,
    client_id     TEXT NOT NULL,
    sealed_secret BYTEA,
    settings      TEXT NOT NULL,
    created_at    BIGINT NOT NULL,
    updated_at    BIGINT NOT NULL,
    version       BIGINT NOT NULL
);
CREATE UNIQUE INDEX identity_provider_name ON identity_provider (tenant_id, name);

-- Whom a provider means by its subject.
CREATE TABLE identity (
    provider_id  TEXT NOT NULL REFERENCES identity_provider (id),
    subject      TEXT NOT NULL,
    person_id    TEXT NOT NULL REFERENCES person (id),
    created_at   BIGINT NOT NULL,
    PRIMARY KEY (provider_id, subject)
);
CREATE INDEX identity_person ON identity (person_id);
