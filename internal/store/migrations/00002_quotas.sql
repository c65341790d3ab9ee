-- +goose Up
-- What processes know together of an account's quota: one document an account,
-- since each process reads and writes all of it at once. The account is named by
-- a hash.
CREATE TABLE quotas (
    account  text NOT NULL PRIMARY KEY,
    document text NOT NULL
);
