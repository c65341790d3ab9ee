// Package store keeps Stagedoor's rows: sealed credentials and destinations, the
// token row that processes share, callers, the audit trail, runs, schedules, and
// small facts. The default is one SQLite file under home;
// PostgreSQL is to join behind the same suite (package storetest).
//
// [Open] gives a [Store], whose methods stand one file per noun: credential.go,
// token.go, caller.go, run.go, schedule.go and so on. Several processes may open one
// database at once, also for the first time; no transaction outlives a method call.
//
// The store seals nothing and opens nothing: what it is given sealed it gives
// back sealed (package vault does both), and it has no way to write an account
// id, a client id or a secret in the clear.
package store
