-- What finds the files and differences whose time is over.
CREATE INDEX file_kept ON file (stored_at) WHERE removed_at IS NULL;
CREATE INDEX sync_file ON sync (file_sha256);
CREATE INDEX sync_log ON sync (log_sha256) WHERE log_sha256 IS NOT NULL;
CREATE INDEX sync_discarded ON sync (finished_at) WHERE state = 'discarded';
-- Proofs keep the files that they rest on.
CREATE INDEX provision_job_confirmed ON provision_job (confirmed_sync_id) WHERE confirmed_sync_id IS NOT NULL;
