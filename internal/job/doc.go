// Package job keeps runs alive beyond the process that works on them, and begins
// them by the clock.
//
// A run is a row ([stagedoor.Run]) in an [Engine], which knows five acts: enqueue,
// claim, heartbeat, finish, cancel. [Rows] is the engine of one machine: rows in
// the store, claimed in one statement, whose process gives a sign of life every
// [HeartbeatEvery]. A run whose sign of life is older than [LostAfter] and whose
// process is gone is interrupted, and whoever comes first takes it up again. An
// engine of many machines can take its place; package jobtest holds what both must
// do.
//
// [Attempt.Work] does one run under such a sign of life, in any process: that of a person's
// own `sync`, or a [Worker] in the daemon, which takes up what waits. A [Scheduler]
// asks for runs at the times ([Times]) that a cron expression names in a zone.
//
// Package job knows neither Zoom nor SQL: what a run does is a function it is
// given. Nothing here decides what of a run is done already: the destination's
// checkpoints do, so that a copy of a slice which is lost here is lost to nobody.
package job
