-- Times are microseconds since 1970 in UTC, 0 for none. Lists are JSON.

-- +goose Up
CREATE TABLE credentials (
    id             text   NOT NULL PRIMARY KEY,
    slug           text   NOT NULL UNIQUE,
    name           text   NOT NULL,
    description    text   NOT NULL,
    provider       text   NOT NULL,
    plan           text   NOT NULL,
    purposes       text   NOT NULL,
    labels         text   NOT NULL,
    token_url      text   NOT NULL,
    api_url        text   NOT NULL,
    validation_url text   NOT NULL,
    allow_hosts    text   NOT NULL,
    status         text   NOT NULL,
    status_reason  text   NOT NULL,
    used           bigint NOT NULL,
    created_at     bigint NOT NULL,
    created_by     text   NOT NULL,
    changed_at     bigint NOT NULL,
    changed_by     text   NOT NULL,
    secret_set_at  bigint NOT NULL,
    checked_at     bigint NOT NULL,
    checked_by     text   NOT NULL,
    data_key       blob   NOT NULL, -- the credential's own key, sealed by the keyset
    fields         text   NOT NULL  -- JSON: name of field to what the data key sealed, in Base64
);

-- The current token of a credential, at most one row each. The fence is never
-- set back while the credential lives.
CREATE TABLE tokens (
    credential_id text   NOT NULL PRIMARY KEY REFERENCES credentials (id) ON DELETE CASCADE,
    sealed        blob,
    expiry        bigint NOT NULL DEFAULT 0,
    fence         bigint NOT NULL DEFAULT 0,
    leased_at     bigint NOT NULL DEFAULT 0,
    lease_until   bigint NOT NULL DEFAULT 0,
    refused       blob,
    refused_at    bigint NOT NULL DEFAULT 0
);

CREATE TABLE meta (
    key   text NOT NULL PRIMARY KEY,
    value blob NOT NULL
);
