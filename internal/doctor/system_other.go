//go:build !linux && !darwin

package doctor

import "io/fs"

// freeBytes is not known here.
func freeBytes(string) (uint64, bool) { return 0, false }

// ownedByMe does not look: who owns a file is told in another way here.
func ownedByMe(fs.FileInfo) (string, bool) { return "", true }
