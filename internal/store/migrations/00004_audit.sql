-- +goose Up
-- The lines of the audit. What a line says stands in its text, a JSON object; the
-- MAC vouches for the text, its place, and all lines of the chain before it.
CREATE TABLE audit_lines (
    arrival  integer NOT NULL PRIMARY KEY,
    chain    bigint  NOT NULL,
    sequence bigint  NOT NULL,
    at       bigint  NOT NULL,
    line     text    NOT NULL,
    mac      blob    NOT NULL,
    UNIQUE (chain, sequence)
);
CREATE INDEX audit_lines_at ON audit_lines (at);

-- How far each chain reaches, so that a process which opens a chain can put down
-- quickly where the others are.
CREATE TABLE audit_chains (
    number   bigint NOT NULL PRIMARY KEY,
    sequence bigint NOT NULL,
    mac      blob   NOT NULL,
    arrival  bigint NOT NULL
);
CREATE INDEX audit_chains_arrival ON audit_chains (arrival);

-- One row, once old lines were removed: what vouches for their removal.
CREATE TABLE audit_anchor (
    one      bigint NOT NULL PRIMARY KEY CHECK (one = 1),
    document text   NOT NULL
);
