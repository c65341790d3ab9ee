// Package store keeps Stagedoor's rows: sealed credentials, the token row that
// processes share, and small facts. The default is one SQLite file under home;
// PostgreSQL is to join behind the same suite (package storetest).
//
// [Open] gives a [Store], whose methods stand one file per noun:
// credential.go, token.go, quota.go, meta.go. Several processes may open one database at
// once, also for the first time; no transaction outlives a method call.
//
// The store seals nothing and opens nothing: what it is given sealed it gives
// back sealed (package vault does both), and it has no way to write an account
// id, a client id or a secret in the clear.
package store
