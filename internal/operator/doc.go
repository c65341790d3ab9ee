// Package operator knows who may look into a running Stagedoor and act on it.
//
// [People] are the operators who sign in to the page: each has a name, a
// [stagedoor.Role] and a password. [People.Invite] makes one and the secret of a
// one-time link, [People.Accept] takes the password that its bearer sets,
// [People.SignIn] begins a session and [People.Session] tells whose a cookie is.
// Passwords are kept as argon2id makes them, and of links and cookies the SHA-256
// alone. Who guesses has to wait longer each time.
//
// [Operators] keeps the tokens that operators' programs show (a Prometheus
// server, a script): each has a name, a role and an end. Only the SHA-256 of a
// token is kept; the token itself is seen once, by whoever made it.
// [Operators.Require] puts a guard before an HTTP handler.
//
// [Operators.Verify] and [People.Session] answer from memory, so that no request
// waits for the database; Reload brings the memory up to date, whenever the store's
// revision moved.
//
// The programs that are let through to Zoom are not operators but callers, and
// none of a caller's tokens opens anything here. Cookies, forms and pages are
// package web's.
package operator
