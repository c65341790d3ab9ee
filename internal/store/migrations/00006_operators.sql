-- +goose Up
-- People who sign in to the page.
CREATE TABLE operators (
    id              text   NOT NULL PRIMARY KEY,
    name            text   NOT NULL UNIQUE,
    role            text   NOT NULL,
    password        text   NOT NULL, -- a PHC string of argon2id; empty until the invitation was accepted
    created_at      bigint NOT NULL,
    created_by      text   NOT NULL,
    password_at     bigint NOT NULL,
    last_sign_in_at bigint NOT NULL
);

-- One-time links. An operator has one at most.
CREATE TABLE invitations (
    id          text   NOT NULL PRIMARY KEY,
    operator_id text   NOT NULL UNIQUE REFERENCES operators (id) ON DELETE CASCADE,
    hash        blob   NOT NULL UNIQUE,
    created_at  bigint NOT NULL,
    created_by  text   NOT NULL,
    expires_at  bigint NOT NULL
);

-- Browsers that are signed in.
CREATE TABLE sessions (
    id          text   NOT NULL PRIMARY KEY,
    operator_id text   NOT NULL REFERENCES operators (id) ON DELETE CASCADE,
    hash        blob   NOT NULL UNIQUE,
    created_at  bigint NOT NULL,
    seen_at     bigint NOT NULL,
    expires_at  bigint NOT NULL,
    came_from   text   NOT NULL,
    browser     text   NOT NULL
);
CREATE INDEX sessions_operator ON sessions (operator_id);

-- A daemon is told who may still come in, and not of each look at a page.
-- +goose StatementBegin
CREATE TRIGGER operators_added AFTER INSERT ON operators BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER operators_changed AFTER UPDATE OF name, role, password ON operators BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER operators_removed AFTER DELETE ON operators BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sessions_added AFTER INSERT ON sessions BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER sessions_removed AFTER DELETE ON sessions BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
