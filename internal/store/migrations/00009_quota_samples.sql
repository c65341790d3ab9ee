-- +goose Up
-- How many calls of an account were made by a time of a UTC day, by who and label, for
-- the day's curve. The account is named as in quotas.
CREATE TABLE quota_samples (
    account  text   NOT NULL,
    at       bigint NOT NULL,
    document text   NOT NULL, -- JSON: the day's lines so far
    PRIMARY KEY (account, at)
);
