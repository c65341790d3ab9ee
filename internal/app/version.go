package app

import (
	"runtime/debug"
	"strings"
)

// Version and Commit say which Stagedoor this is. `make release` sets both
// (-ldflags -X). In any other build Version is that of the development, unless
// Go knows better, and Commit is what Go noted of the clone.
var (
	Version = "0.1.0-dev"
	Commit  string // of 40 letters; empty in a build that was not stamped
)

// Build is what is known about how this program was built.
type Build struct {
	Version string `json:"version"`
	Commit  string `json:"commit,omitempty"`  // empty: not built in a clone
	Changed bool   `json:"changed,omitempty"` // the clone had changes that no commit has
}

// ThisBuild returns how this program was built. It reads the notes that Go left
// in the program, so it is not for every start.
func ThisBuild() Build {
	if Commit != "" {
		return Build{Version: Version, Commit: Commit}
	}
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return Build{Version: Version}
	}
	return buildFrom(info)
}

// tagged returns the version that somebody tagged. Where there is no tag, Go
// makes a version of the date and the commit, with two dashes.
func tagged(version string) (string, bool) {
	version, found := strings.CutPrefix(version, "v")
	return version, found && strings.Count(version, "-") < 2 && !strings.Contains(version, "+")
}

func buildFrom(info *debug.BuildInfo) Build {
	b := Build{Version: Version}
	// `go install …/cmd/stagedoor@v1.2.3` stamps nothing, but Go knows the tag.
	if version, ok := tagged(info.Main.Version); ok {
		b.Version = version
	}
	for _, setting := range info.Settings {
		switch setting.Key {
		case "vcs.revision":
			b.Commit = setting.Value
		case "vcs.modified":
			b.Changed = setting.Value == "true"
		}
	}
	return b
}

// String is for people: "0.2.0 (commit 1a2b3c4d5e6f)".
func (b Build) String() string {
	if b.Commit == "" {
		return b.Version
	}
	var s strings.Builder
	s.WriteString(b.Version + " (commit " + b.Commit[:min(12, len(b.Commit))])
	if b.Changed {
		s.WriteString(", with changes")
	}
	return s.String() + ")"
}
