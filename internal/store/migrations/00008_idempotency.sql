-- +goose Up
-- Answers to requests with an idempotency key, for a day. An answer may hold a
-- secret that is shown once, so each is sealed; it is empty while the request runs.
CREATE TABLE kept_answers (
    token_id   text   NOT NULL REFERENCES operator_tokens (id) ON DELETE CASCADE,
    key        blob   NOT NULL, -- SHA-256
    request    blob   NOT NULL, -- keyed hash
    answer     blob   NOT NULL,
    created_at bigint NOT NULL,
    PRIMARY KEY (token_id, key)
) WITHOUT ROWID;
CREATE INDEX kept_answers_created_at ON kept_answers (created_at);
