-- Requests for access, who decides them, and the jobs that change apps.
-- The twin for PostgreSQL is the same; a test compares them.

CREATE TABLE request (
    id              TEXT PRIMARY KEY,
    tenant_id       TEXT NOT NULL REFERENCES tenant (id),
    app_id          TEXT NOT NULL REFERENCES app (id),
    kind            TEXT NOT NULL,
    origin          TEXT NOT NULL,
    state           TEXT NOT NULL,
    requested_by    TEXT NOT NULL,
    -- The person who asked; none when a machine without a person or Podium itself did.
    requester_id    TEXT REFERENCES person (id),
    for_person_id   TEXT NOT NULL REFERENCES person (id),
    -- None when an account is asked for.
    entitlement_id  TEXT,
    account_id      TEXT,
    grant_id        TEXT,
    -- In microseconds; none is for ever.
    duration        BIGINT,
    -- What was asked for, when an approver gave another duration.
    asked_duration  BIGINT,
    reason          TEXT NOT NULL,
    emergency       BIGINT NOT NULL,
    -- The policy with its whole chain of steps, as it was when the request was made.
    policy_snapshot TEXT NOT NULL,
    -- Why it ended as it did, in words.
    outcome         TEXT,
    -- The answers to the form of the entitlement.
    form_data       TEXT NOT NULL DEFAULT '{}',
    -- The bundle that it was asked for with.
    bundle_id       TEXT,
    -- Until when its holder may start what was agreed to, where it starts on use; and when they did.
    claim_until     BIGINT,
    started_at      BIGINT,
    deadline_at     BIGINT NOT NULL,
    created_at      BIGINT NOT NULL,
    updated_at      BIGINT NOT NULL,
    closed_at       BIGINT,
    version         BIGINT NOT NULL
);
CREATE INDEX request_list ON request (tenant_id, id);
CREATE INDEX request_for ON request (for_person_id, id);
CREATE INDEX request_by ON request (requester_id, id);
-- One open request for the same (R-Q-3).
CREATE UNIQUE INDEX request_open ON request (for_person_id, kind, app_id, COALESCE(entitlement_id, ''))
    WHERE state IN ('open', 'approved');

CREATE TABLE request_step (
    request_id  TEXT NOT NULL REFERENCES request (id),
    -- Restarting a request, or making it urgent, begins a new round; earlier ones are history.
    round       BIGINT NOT NULL,
    number      BIGINT NOT NULL,
    state       TEXT NOT NULL,
    -- The step as the policy has it.
    definition  TEXT NOT NULL,
    opened_at   BIGINT,
    due_at      BIGINT,
    decided_at  BIGINT,
    decided_by  TEXT,
    -- For whom, when a delegate decided.
    decided_for TEXT,
    -- How, when nobody did: a rule, a condition, an implied approval.
    how         TEXT,
    reason      TEXT,
    PRIMARY KEY (request_id, round, number)
);

CREATE TABLE request_assignee (
    request_id   TEXT NOT NULL REFERENCES request (id),
    round        BIGINT NOT NULL,
    number       BIGINT NOT NULL,
    person_id    TEXT NOT NULL REFERENCES person (id),
    on_behalf_of TEXT,
    -- How often the step was handed on before it came to this person.
    hops         BIGINT NOT NULL,
    -- 1 while the step is open and the person may decide it.
    is_open      BIGINT NOT NULL,
    PRIMARY KEY (request_id, round, number, person_id)
);
CREATE INDEX request_assignee_inbox ON request_assignee (person_id, request_id) WHERE is_open = 1;

CREATE TABLE request_comment (
    request_id TEXT NOT NULL REFERENCES request (id),
    id         TEXT NOT NULL,
    at         BIGINT NOT NULL,
    author     TEXT NOT NULL,
    text       TEXT NOT NULL,
    PRIMARY KEY (request_id, id)
);

-- One change of one account in an app (T-J).
CREATE TABLE provision_job (
    id                TEXT PRIMARY KEY,
    tenant_id         TEXT NOT NULL REFERENCES tenant (id),
    app_id            TEXT NOT NULL,
    connector_id      TEXT NOT NULL,
    effect            TEXT NOT NULL,
    state             TEXT NOT NULL,
    cause             TEXT NOT NULL,
    -- Whether it was made for a person to do.
    by_hand           BIGINT NOT NULL,
    -- Whether its cause was called off while a connector worked on it.
    unwanted          BIGINT NOT NULL DEFAULT 0,
    -- Jobs of one subject go one by one: that is the account, or the person who has none.
    subject           TEXT NOT NULL,
    -- Which of those that were decided at the same instant goes first.
    turn              BIGINT NOT NULL,
    account_id        TEXT,
    person_id         TEXT,
    entitlement_id    TEXT,
    grant_id          TEXT,
    request_id        TEXT,
    -- The job that this one tries again.
    retry_of          TEXT,
    -- Each change is made once: the period and the direction.
    idempotency_key   TEXT NOT NULL,
    -- What a new account is made of.
    profile           TEXT NOT NULL,
    -- The task that a connector gets for it.
    task_id           TEXT,
    blocked_by        TEXT,
    error             TEXT,
    created_at        BIGINT NOT NULL,
    updated_at        BIGINT NOT NULL,
    leased_at         BIGINT,
    reported_at       BIGINT,
    reported_by       TEXT,
    confirmed_sync_id TEXT,
    ended_at          BIGINT,
    version           BIGINT NOT NULL
);
CREATE UNIQUE INDEX provision_job_key ON provision_job (tenant_id, idempotency_key);
CREATE UNIQUE INDEX provision_job_task ON provision_job (task_id) WHERE task_id IS NOT NULL;
CREATE INDEX provision_job_subject ON provision_job (subject, created_at);
CREATE INDEX provision_job_list ON provision_job (tenant_id, id);
CREATE INDEX provision_job_request ON provision_job (request_id, id);
CREATE INDEX provision_job_grant ON provision_job (grant_id, id);
CREATE INDEX provision_job_open ON provision_job (connector_id, id)
    WHERE state IN ('queued', 'blocked', 'leased', 'manual', 'waiting_person', 'reported');
