//go:build linux || darwin

package doctor

import (
	"io/fs"
	"os"
	"os/user"
	"strconv"
	"syscall"
)

// freeBytes is how much this user may still write on the folder's disk; false
// where that can not be told.
func freeBytes(folder string) (uint64, bool) {
	var disk syscall.Statfs_t
	if err := syscall.Statfs(folder, &disk); err != nil {
		return 0, false
	}
	return uint64(disk.Bavail) * uint64(disk.Bsize), true
}

// ownedByMe tells whether the file is this user's, and else whose it is.
func ownedByMe(info fs.FileInfo) (owner string, mine bool) {
	stat, ok := info.Sys().(*syscall.Stat_t)
	if !ok || int(stat.Uid) == os.Geteuid() {
		return "", true
	}
	id := strconv.Itoa(int(stat.Uid))
	if u, err := user.LookupId(id); err == nil {
		return u.Username, false
	}
	return id, false
}
