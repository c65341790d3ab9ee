package cli

import "github.com/spf13/cobra"

// Commands returns every command that the help lists, for tests that walk them.
func Commands() []*cobra.Command {
	root := newRoot(&session{terminal: newTerminal()})
	var list []*cobra.Command
	for _, cmd := range tree(root) {
		if cmd.Name() != "help" {
			list = append(list, cmd)
		}
	}
	return list
}

// UsageOf is how a command's arguments are written.
func UsageOf(cmd *cobra.Command) string { return usageOf(cmd) }

// IsCompleted reports whether completion knows what a command means by an
// argument's name.
func IsCompleted(cmd *cobra.Command, name string) bool {
	return meant((&session{}).completeArguments(), placeOf(cmd), name) != nil
}

// Fit cuts the cells of a list until its rows fit into a width.
func Fit(rows [][]string, width int) [][]string { return fit(rows, width) }
