// Package storetest is what every database of Stagedoor must do, as one suite:
// [Test] runs it against the databases that a [Fresh] makes. SQLite passes it
// today; PostgreSQL is to pass the same.
//
// What is peculiar to one database (files and their modes, a full disk) is
// tested beside that database, not here.
package storetest
