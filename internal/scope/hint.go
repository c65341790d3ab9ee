package scope

import (
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// nameBytes is how long the name of a scope may be that others gave us; Zoom's
// longest has 83 bytes.
const nameBytes = 120

// Hint says what is wrong with the name of a scope in a Server-to-Server app,
// and which one is meant; "" where nothing is.
func (c *Catalogue) Hint(name string) string {
	name = stagedoor.Outside(name, nameBytes)
	bare := strings.TrimSuffix(strings.TrimSuffix(name, ":master"), ":admin")
	admin := bare + ":admin"
	switch {
	case isMaster(name) && c.has(admin):
		return name + " is for master accounts with sub-accounts; for an account's own data it is " + admin
	case isMaster(name) && c.has(name):
		return name + " exists for master accounts with sub-accounts only"
	case isAdmin(name) && c.has(name):
		return ""
	case c.has(admin):
		return name + " is " + admin + " in a Server-to-Server app"
	case c.has(name):
		return name + " can be granted only to an app that acts for one user; it has no :admin form for a Server-to-Server app"
	}
	if meant, ok := renamed[bare]; ok {
		return name + " does not exist; it is " + meant
	}
	if near := c.near(name); near != "" {
		return name + " is in no operation of Zoom's API; did you mean " + near + "?"
	}
	return name + " is in no operation of Zoom's API"
}

// renamed are names that Zoom's own pages gave at some time.
// Source: github.com/jrchamp/moodle-mod_zoom issue 590.
var renamed = map[string]string{
	"user:read:list_recordings": "cloud_recording:read:list_user_recordings:admin",
}

// near returns the :admin scope whose name is the most alike, if any is alike
// enough to be meant.
func (c *Catalogue) near(name string) string {
	bare := strings.TrimSuffix(strings.ToLower(name), ":admin")
	wanted := bare + ":admin"
	// In a short name three other letters make another name.
	best, least := "", 2+min(2, len(bare)/10)
	for _, style := range []stagedoor.ScopeStyle{stagedoor.GranularScopes, stagedoor.ClassicScopes} {
		var names []string
		for known := range c.uses[style] {
			if isAdmin(known) {
				names = append(names, known)
			}
		}
		slices.Sort(names)
		for _, known := range names {
			for _, written := range []string{wanted, bare} {
				if len(known) >= len(written)+least || len(written) >= len(known)+least {
					continue
				}
				if d := stagedoor.Distance(written, known); d < least {
					best, least = known, d
				}
			}
		}
	}
	return best
}
