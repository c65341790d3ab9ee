package folder

import (
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
)

// A right to write is one of folders: of what is not there yet, and of a file, the
// folder around it is named.
func TestRightsAreThoseOfTheFolder(t *testing.T) {
	place := t.TempDir()
	for _, path := range []string{place, filepath.Join(place, "out"), filepath.Join(place, "users.csv")} {
		err := explain("open the destination", "csv:"+path, path, fs.ErrPermission)
		if want := "this user may not write in " + place + ". Fix:"; !strings.Contains(err.Error(), want) {
			t.Errorf("%s: %v, want %q", path, err, want)
		}
	}
}
