// Package jobtest holds what every engine of runs must do ([Test]), as package job
// says it: one on a machine's own database, or one of many machines. It has
// [Memory], rows for tests of what stands on them: it needs no disk, so that hours
// pass in no time.
package jobtest
