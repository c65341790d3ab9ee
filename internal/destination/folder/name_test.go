package folder

import (
	"path/filepath"
	"strings"
	"testing"
)

func TestNames(t *testing.T) {
	for text, want := range map[string]string{
		"all":                        "all",
		"2026-01-01..2026-01-31":     "2026-01-01..2026-01-31",
		"all@KDcuGIm1QgePTO8WbOqwIQ": "all@KDcuGIm1QgePTO8WbOqwIQ",
		"all@/abc+de==":              "all@%2Fabc%2Bde%3D%3D",
		"all@../../etc/passwd":       "all@..%2F..%2Fetc%2Fpasswd",
		"..":                         "%2E%2E",
		".":                          "%2E",
		".hidden":                    "%2Ehidden",
		`a\b:c*d?e"f<g>h|i j%k`:      "a%5Cb%3Ac%2Ad%3Fe%22f%3Cg%3Eh%7Ci%20j%25k",
		"con":                        "%63on",
		"Nul.txt":                    "%4Eul.txt",
		"COM7":                       "%43OM7",
		"console":                    "console",
		"ends.":                      "ends%2E",
		"über\x00":                   "%C3%BCber%00",
		strings.Repeat("x", 300):     strings.Repeat("x", 160) + "~7d91c9a4f7d2c2c5",
		"":                           "",
	} {
		got := safe(text)
		if len(text) == 300 {
			want = got[:nameLimit] + got[nameLimit:] // only its form matters
			if len(got) != nameLimit+1+16 || got == safe(text+"y") {
				t.Errorf("a long name became %q", got)
			}
		}
		if got != want {
			t.Errorf("safe(%q) = %q, want %q", text, got, want)
		}
	}
	for path, want := range map[string]int{"s/all.jsonl": 1, "s/all.2.jsonl.gz": 2, "s/2026-01-01..2026-01-31.12.csv": 12, "s/2026-01-01..2026-01-31.csv": 1} {
		if got := versionOf(path); got != want {
			t.Errorf("versionOf(%q) = %d, want %d", path, got, want)
		}
	}
}

func FuzzNames(f *testing.F) {
	f.Add("../x", "X")
	f.Fuzz(func(t *testing.T, a, b string) {
		name := safe(a)
		if len(name) > nameLimit+40 || strings.ContainsAny(name, `/\:*?"<>|`+"\x00\n ") || a != "" && !filepath.IsLocal(name) || name == "." {
			t.Errorf("safe(%q) = %q", a, name)
		}
		if a != b && name == safe(b) {
			t.Errorf("%q and %q have one name, %q", a, b, name)
		}
	})
}
