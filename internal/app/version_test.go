package app

import (
	"runtime/debug"
	"testing"
)

func TestBuildFrom(t *testing.T) {
	commit := debug.BuildSetting{Key: "vcs.revision", Value: "1a2b3c4d5e6f708192a3b4c5d6e7f8091a2b3c4d"}
	for name, c := range map[string]struct {
		main     string
		settings []debug.BuildSetting
		want     string
	}{
		"go install of a tag":          {main: "v0.2.0", want: "0.2.0"},
		"go install of a candidate":    {main: "v0.2.0-rc.1", want: "0.2.0-rc.1"},
		"a clone":                      {main: "v0.1.1-0.20261124201300-1a2b3c4d5e6f", settings: []debug.BuildSetting{commit}, want: Version + " (commit 1a2b3c4d5e6f)"},
		"a clone that is at a tag":     {main: "v0.2.0", settings: []debug.BuildSetting{commit}, want: "0.2.0 (commit 1a2b3c4d5e6f)"},
		"a clone with changes":         {main: "v0.2.0+dirty", settings: []debug.BuildSetting{commit, {Key: "vcs.modified", Value: "true"}}, want: Version + " (commit 1a2b3c4d5e6f, with changes)"},
		"an archive without a history": {main: "(devel)", want: Version},
	} {
		info := &debug.BuildInfo{Settings: c.settings}
		info.Main.Version = c.main
		if got := buildFrom(info).String(); got != c.want {
			t.Errorf("%s: %q, want %q", name, got, c.want)
		}
	}
}
