package cli_test

import "strings"

// needsDaemon reports whether a page speaks to a daemon that it does not start.
func needsDaemon(blocks []block) bool {
	speaks := false
	for _, b := range blocks {
		if b.kind == "text" {
			continue
		}
		if strings.Contains(b.text, "stagedoor serve") {
			return false
		}
		speaks = speaks || strings.Contains(b.text, "127.0.0.1:8700")
	}
	return speaks
}
