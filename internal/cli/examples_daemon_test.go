package cli_test

import "strings"

// daemonOf is where pages have their daemon, as `stagedoor serve` has it by
// itself; world.gate stands for it.
const daemonOf = "127.0.0.1:8700"

// needsDaemon reports whether a page speaks to a daemon that it does not start.
func needsDaemon(blocks []block) bool {
	for _, b := range blocks {
		if b.kind != "text" && strings.Contains(b.text, "stagedoor serve") {
			return false
		}
	}
	for _, b := range blocks {
		if b.kind != "text" && strings.Contains(b.text, daemonOf) {
			return true
		}
	}
	return false
}
