//go:build unix

package provider

import (
	"io/fs"
	"os"
	"syscall"
)

// foreign reports whether a file belongs neither to this user nor to root nor
// to the owner of the home, who can put anything there anyway.
func foreign(file, home fs.FileInfo) bool {
	mine, ok := file.Sys().(*syscall.Stat_t)
	theirs, also := home.Sys().(*syscall.Stat_t)
	return ok && also && mine.Uid != 0 && int(mine.Uid) != os.Geteuid() && mine.Uid != theirs.Uid
}
