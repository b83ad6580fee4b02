-- What is done about the accounts of people who leave. The jobs that do it have the cause `leaver`.
-- The twin for the other engine is the same; a test compares them.

CREATE TABLE offboarding_account (
    tenant_id  TEXT NOT NULL REFERENCES tenant (id),
    person_id  TEXT NOT NULL REFERENCES person (id),
    -- When the person left.
    started_at BIGINT NOT NULL,
    account_id TEXT NOT NULL,
    app_id     TEXT NOT NULL REFERENCES app (id),
    -- None for an account that is left alone: whoever answers for a service account is replaced, the account stays.
    rule       TEXT,
    PRIMARY KEY (person_id, started_at, account_id)
);
