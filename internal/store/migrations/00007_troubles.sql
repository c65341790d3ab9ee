-- +goose Up
-- What went wrong with a credential that a person must mend. Equal errors are one
-- row that counts; print is a digest of what makes two equal.
CREATE TABLE credential_troubles (
    credential_id text   NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    print         text   NOT NULL,
    first_at      bigint NOT NULL,
    last_at       bigint NOT NULL,
    count         bigint NOT NULL,
    document      text   NOT NULL, -- JSON: op, kind, cause, fix, by, tracking
    PRIMARY KEY (credential_id, print)
);

-- Who used a credential last is asked with every look at its tile, and what a caller
-- did last too. The indexes are over the text itself, so that there is no column beside
-- it which could say otherwise.
CREATE INDEX audit_lines_credential ON audit_lines (CASE WHEN json_valid(line) THEN json_extract(line, '$.credential') END, at);
CREATE INDEX audit_lines_actor ON audit_lines (CASE WHEN json_valid(line) THEN json_extract(line, '$.actor') END, at);
