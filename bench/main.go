// Command bench measures what Stagedoor promises of speed and prints it as the
// tables of docs/performance.md: ratios to a named reference in the same run,
// since a time alone says more about the machine. `make bench` runs it.
//
// It is a module of its own, so that nobody who imports Stagedoor gets the
// libraries that it is compared with. It is not a test: it never fails because
// a machine is slow.
package main

import (
	"fmt"
	"os"
	"runtime"
	"slices"
)

// parts in the order of docs/performance.md. A name as argument runs only that
// one: `go run . starting`.
var parts = []struct {
	name string
	run  func() error
}{{"reading", reading}, {"crowds", crowds}, {"outage", outage}, {"starting", starting}, {"pacing", pacing}, {"gateway", gateway}, {"million", million}}

func main() {
	if len(os.Args) == 4 && os.Args[1] == "reader" {
		if err := asReader(os.Args[2:]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 3 && os.Args[1] == "bare" {
		if err := asBare(os.Args[2]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 4 && os.Args[1] == "pages" {
		if err := asPages(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	if len(os.Args) == 4 && os.Args[1] == "sync" {
		if err := asSync(os.Args[2], os.Args[3]); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
		return
	}
	fmt.Printf("%s/%s, %d processors, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, part := range parts {
		if len(os.Args) > 1 && !slices.Contains(os.Args[1:], part.name) {
			continue
		}
		if err := part.run(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
}
