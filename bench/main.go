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
)

func main() {
	fmt.Printf("%s/%s, %d processors, %s\n", runtime.GOOS, runtime.GOARCH, runtime.NumCPU(), runtime.Version())
	for _, part := range []func() error{reading, crowds, outage, starting} {
		if err := part(); err != nil {
			fmt.Fprintln(os.Stderr, "bench:", err)
			os.Exit(1)
		}
	}
}
