-- +goose Up
CREATE TABLE callers (
    id            text   NOT NULL PRIMARY KEY,
    name          text   NOT NULL UNIQUE,
    description   text   NOT NULL,
    credential_id text   NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    rules         text   NOT NULL,
    share         double precision NOT NULL,
    allow_token   bigint NOT NULL,
    secrets       text   NOT NULL, -- hashes, newest first
    keys          text   NOT NULL, -- a JSON Web Key Set, public keys alone
    created_at    bigint NOT NULL,
    created_by    text   NOT NULL,
    changed_at    bigint NOT NULL,
    changed_by    text   NOT NULL,
    expires_at    bigint NOT NULL,
    revoked_at    bigint NOT NULL,
    revoked_by    text   NOT NULL
);

-- Access tokens of callers that were revoked before they ended. The tokens
-- themselves are kept nowhere.
CREATE TABLE revoked_tokens (
    id         text   NOT NULL PRIMARY KEY,
    expires_at bigint NOT NULL
);

-- Assertions that were used, by a hash of who and which: none counts twice.
CREATE TABLE used_assertions (
    id         text   NOT NULL PRIMARY KEY,
    expires_at bigint NOT NULL
);

CREATE TABLE operator_tokens (
    id         text   NOT NULL PRIMARY KEY,
    name       text   NOT NULL UNIQUE,
    role       text   NOT NULL,
    hash       blob   NOT NULL UNIQUE,
    created_at bigint NOT NULL,
    created_by text   NOT NULL,
    expires_at bigint NOT NULL
);

-- Counts the changes of what a daemon keeps in memory, so that it need only look
-- at one number to know that it is up to date.
CREATE TABLE revision (
    number bigint NOT NULL
);
INSERT INTO revision (number) VALUES (1);
-- +goose StatementBegin
CREATE TRIGGER credentials_added AFTER INSERT ON credentials BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER credentials_changed AFTER UPDATE ON credentials BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER credentials_removed AFTER DELETE ON credentials BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER callers_added AFTER INSERT ON callers BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER callers_changed AFTER UPDATE ON callers BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER callers_removed AFTER DELETE ON callers BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER revoked_tokens_added AFTER INSERT ON revoked_tokens BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER operator_tokens_added AFTER INSERT ON operator_tokens BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER operator_tokens_changed AFTER UPDATE ON operator_tokens BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER operator_tokens_removed AFTER DELETE ON operator_tokens BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
