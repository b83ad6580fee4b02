-- What people are told: one row per person and channel.
-- The twin for the other engine is the same; a test compares them.

CREATE TABLE notice (
    id          TEXT PRIMARY KEY,
    tenant_id   TEXT NOT NULL REFERENCES tenant (id),
    person_id   TEXT NOT NULL REFERENCES person (id),
    channel     TEXT NOT NULL,
    template    TEXT NOT NULL,
    -- What shares one mail an hour.
    fold        TEXT NOT NULL,
    payload     TEXT NOT NULL,
    dedupe_key  TEXT NOT NULL,
    state       TEXT NOT NULL,
    -- Why it was not sent.
    note        TEXT,
    attempts    BIGINT NOT NULL,
    next_try_at BIGINT,
    -- The mail that it is part of, once somebody began to send it: the id of its first notice.
    mail_id     TEXT,
    sent_at     BIGINT,
    read_at     BIGINT,
    created_at  BIGINT NOT NULL,
    UNIQUE (person_id, channel, dedupe_key)
);
CREATE INDEX notice_inbox ON notice (person_id, id) WHERE channel = 'inbox';
CREATE INDEX notice_unread ON notice (person_id) WHERE channel = 'inbox' AND read_at IS NULL;
CREATE INDEX notice_due ON notice (next_try_at) WHERE state = 'queued';
CREATE INDEX notice_mail ON notice (person_id, fold) WHERE channel = 'email';
CREATE INDEX notice_of_mail ON notice (mail_id) WHERE mail_id IS NOT NULL;
CREATE INDEX notice_age ON notice (created_at);

-- Ends of grants that are meant to come: nobody is told of them any more (R-D-10).
CREATE TABLE grant_let_end (
    grant_id   TEXT NOT NULL,
    expires_at BIGINT NOT NULL,
    decided_by TEXT NOT NULL,
    decided_at BIGINT NOT NULL,
    PRIMARY KEY (grant_id, expires_at)
);
