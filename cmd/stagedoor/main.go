// Command stagedoor is the way in to the Zoom API for programs. What it does
// stands in package cli; `stagedoor --help` lists it.
package main

import (
	"os"

	"github.com/stagedoor/stagedoor/internal/cli"
)

func main() { os.Exit(cli.Main(os.Args[1:])) }
