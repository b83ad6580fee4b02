-- How long approval steps may take.
-- The twin for the other engine is the same; a test compares them.

-- When the assignees of an open step are reminded; none when they were, or the step has no such limit.
ALTER TABLE request_step ADD COLUMN remind_at BIGINT;
