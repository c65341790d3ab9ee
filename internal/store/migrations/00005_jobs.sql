-- +goose Up
-- Runs of syncs. They stay when their credential goes: what was done was done.
CREATE TABLE runs (
    id            text   NOT NULL PRIMARY KEY,
    credential_id text   NOT NULL,
    credential    text   NOT NULL,
    spec          text   NOT NULL,
    asked_by      text   NOT NULL,
    schedule      text   NOT NULL,
    due           bigint NOT NULL,
    state         text   NOT NULL,
    created_at    bigint NOT NULL,
    not_before    bigint NOT NULL,
    started_at    bigint NOT NULL,
    ended_at      bigint NOT NULL,
    process       text   NOT NULL, -- JSON
    heartbeat_at  bigint NOT NULL,
    attempts      bigint NOT NULL,
    idle          bigint NOT NULL,
    cancel_at     bigint NOT NULL,
    cancel_by     text   NOT NULL,
    held          bigint NOT NULL,
    note          text   NOT NULL,
    times         bigint NOT NULL,
    slices        bigint NOT NULL,
    rows          bigint NOT NULL,
    progress      text   NOT NULL, -- JSON, as the receipt and the error
    receipt       text   NOT NULL,
    error         text   NOT NULL
);
CREATE INDEX runs_state ON runs (state);
CREATE INDEX runs_schedule ON runs (schedule, created_at);
CREATE INDEX runs_created_at ON runs (created_at);

-- The copy of how each slice ended, for show: the destination's checkpoint counts.
CREATE TABLE run_slices (
    run_id text   NOT NULL REFERENCES runs (id) ON DELETE CASCADE,
    stream text   NOT NULL,
    slice  text   NOT NULL,
    at     bigint NOT NULL,
    state  text   NOT NULL,
    report text   NOT NULL, -- JSON
    PRIMARY KEY (run_id, stream, slice)
) WITHOUT ROWID;

CREATE TABLE schedules (
    id            text   NOT NULL PRIMARY KEY,
    name          text   NOT NULL UNIQUE,
    credential_id text   NOT NULL REFERENCES credentials (id) ON DELETE CASCADE,
    spec          text   NOT NULL,
    cron          text   NOT NULL,
    zone          text   NOT NULL,
    catch_up      text   NOT NULL,
    jitter        bigint NOT NULL, -- nanoseconds
    paused_at     bigint NOT NULL,
    paused_by     text   NOT NULL,
    next_at       bigint NOT NULL,
    last_run      text   NOT NULL,
    last_due      bigint NOT NULL,
    missed        bigint NOT NULL,
    skipped       bigint NOT NULL,
    created_at    bigint NOT NULL,
    created_by    text   NOT NULL
);

CREATE TABLE destinations (
    id          text   NOT NULL PRIMARY KEY,
    name        text   NOT NULL UNIQUE,
    description text   NOT NULL,
    kind        text   NOT NULL,
    place       text   NOT NULL,
    created_at  bigint NOT NULL,
    created_by  text   NOT NULL,
    checked_at  bigint NOT NULL,
    error       text   NOT NULL, -- JSON
    data_key    blob   NOT NULL, -- its own key, sealed by the keyset
    url         blob   NOT NULL  -- what the data key sealed
);

-- A daemon is told of what another process asks of it, and not of heartbeats.
-- +goose StatementBegin
CREATE TRIGGER runs_added AFTER INSERT ON runs BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER runs_asked AFTER UPDATE OF cancel_at, not_before, held ON runs
WHEN NEW.cancel_at <> OLD.cancel_at OR NEW.not_before <> OLD.not_before OR NEW.held <> OLD.held
BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER schedules_added AFTER INSERT ON schedules BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER schedules_changed AFTER UPDATE ON schedules BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER schedules_removed AFTER DELETE ON schedules BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER destinations_added AFTER INSERT ON destinations BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER destinations_changed AFTER UPDATE ON destinations BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
-- +goose StatementBegin
CREATE TRIGGER destinations_removed AFTER DELETE ON destinations BEGIN UPDATE revision SET number = number + 1; END;
-- +goose StatementEnd
