// Command bench measures what Stagedoor promises of speed, beside named
// references in the same run.
package main

func main() {}
