-- What an app does about changes that Podium did not make.
-- The twin for the other engine is the same; a test compares them.

CREATE TABLE app_reaction (
    app_id       TEXT PRIMARY KEY REFERENCES app (id),
    tenant_id    TEXT NOT NULL REFERENCES tenant (id),
    -- What follows from access that is given outside.
    outside      TEXT NOT NULL,
    -- Who else gives and takes access in the app.
    other_writer TEXT,
    version      BIGINT NOT NULL
);
