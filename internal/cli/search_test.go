package cli_test

import (
	"bytes"
	"database/sql"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// A search looks for secrets in bytes, in every encoding in which a program may
// write one by accident. Sixteen bytes in a row of an encoded secret are a
// find: a part of a secret is a leak too.
type search map[window]string

type window [16]byte

// add makes the search look for a secret by a name.
func (s search) add(name, secret string) {
	for _, forms := range encodings(secret) {
		for _, form := range forms {
			for at := range len(form) - len(window{}) + 1 {
				s[window([]byte(form[at:at+len(window{})]))] = name
			}
		}
	}
}

// in returns the names of the secrets that data holds, sorted.
func (s search) in(data []byte) []string {
	found := map[string]bool{}
	for at := range max(0, len(data)-len(window{})+1) {
		if name, ok := s[window(data[at:at+len(window{})])]; ok {
			found[name] = true
		}
	}
	return slices.Sorted(maps.Keys(found))
}

// encodings returns the forms of a secret.
func encodings(secret string) map[string][]string {
	forms := map[string][]string{
		"raw":          {secret},
		"hex":          {hex.EncodeToString([]byte(secret))},
		"hex, upper":   {strings.ToUpper(hex.EncodeToString([]byte(secret)))},
		"query":        {url.QueryEscape(secret)},
		"path":         {url.PathEscape(secret)},
		"all percent":  {each(secret, "%%%02X")},
		"all percent ": {each(secret, "%%%02x")},
		"base64":       aligned(base64.RawStdEncoding, secret),
		"base64 url":   aligned(base64.RawURLEncoding, secret),
	}
	if !utf8.ValidString(secret) {
		return forms // JSON and quotes replace what is not text
	}
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	_ = encoder.Encode(secret)
	escaped, _ := json.Marshal(secret)
	twice, _ := json.Marshal(string(escaped))
	unquoted := func(text string) string { return strings.Trim(strings.TrimSpace(text), `"`) }
	forms["json"] = []string{unquoted(string(escaped))}
	forms["json, html as it is"] = []string{unquoted(plain.String())}
	forms["json in json"] = []string{strings.TrimSuffix(unquoted(string(twice)), `\`)}
	forms["json, all escaped"] = []string{each(secret, `\u%04x`)}
	forms["go"] = []string{unquoted(strconv.Quote(secret))}
	forms["go, ascii"] = []string{unquoted(strconv.QuoteToASCII(secret))}
	return forms
}

func each(text, format string) string {
	var b strings.Builder
	for i := range len(text) {
		fmt.Fprintf(&b, format, text[i])
	}
	return b.String()
}

// aligned returns the Base64 of a text that stands at any place in a longer
// one: what depends on its neighbours is left out.
func aligned(encoding *base64.Encoding, text string) []string {
	var forms []string
	for before := range 3 {
		whole := encoding.EncodeToString(append(make([]byte, before), text...))
		first := (before*8 + 5) / 6
		forms = append(forms, whole[first:(before+len(text))*8/6])
	}
	return forms
}

// TestSearchFindsWhatIsPlanted proves the search: it finds each secret in each
// encoding in a log, in a row of a database, and in a write-ahead log that was
// not folded in yet.
func TestSearchFindsWhatIsPlanted(t *testing.T) {
	t.Parallel()
	secrets := map[string]string{
		"plain":   "hB3kzQ9wXcV7nM1pL5sD2fG8jK4rT6yU",
		"awkward": `4/s+=e cr"et\<&>%ü~2nd-of:this;app'`,
		"token":   "eyJzdiI6IjAwMDAwMiJ9." + strings.Repeat("Q7x-", 100) + "_c0de",
		"key":     "\x00\xff\x10\x80\x9c\xe2\x28\xa1\x01\x02\x03\xf5\xf6\xf7\xf8\xfa\x11\x91\x12\x92\x13\x93\x14\x94\x15\x95\x16\x96\x17\x97\x18\x98",
	}
	s := search{}
	for name, secret := range secrets {
		s.add(name, secret)
	}
	all := slices.Sorted(maps.Keys(secrets))
	if found := s.in([]byte(strings.Repeat("time=2026-01-01T00:00:00Z level=DEBUG msg=\"token minted\" credential=acme\n", 100))); len(found) > 0 {
		t.Errorf("found %v where nothing is", found)
	}

	for name := range encodings("x") {
		planted := map[string][]string{}
		var want []string
		for _, secret := range all {
			if forms := encodings(secrets[secret])[name]; forms != nil {
				planted[secret], want = forms, append(want, secret)
			}
		}
		for i := range planted[want[0]] {
			t.Run(fmt.Sprint(name, " ", i), func(t *testing.T) {
				dir := t.TempDir()
				log, database := filepath.Join(dir, "log"), filepath.Join(dir, "rows.db")
				var lines bytes.Buffer
				db, err := sql.Open("sqlite", database)
				if err != nil {
					t.Fatal(err)
				}
				defer db.Close()
				db.SetMaxOpenConns(1)
				run := func(statement string, args ...any) {
					t.Helper()
					if _, err := db.Exec(statement, args...); err != nil {
						t.Fatal(err)
					}
				}
				plant := func() {
					for secret, forms := range planted {
						fmt.Fprintf(&lines, "level=INFO msg=x detail=%s\n", forms[i])
						// Longer than a page, so that the row goes on in others.
						run("insert into rows values (?, ?)", secret, []byte(strings.Repeat("-", 3000)+forms[i]+strings.Repeat("-", 3000)))
					}
				}
				found := func(path string) []string {
					t.Helper()
					data, err := os.ReadFile(path)
					if err != nil {
						t.Fatal(err)
					}
					return s.in(data)
				}
				run("create table rows (name text, value blob)")
				plant()
				if err := os.WriteFile(log, lines.Bytes(), 0o600); err != nil {
					t.Fatal(err)
				}
				for _, path := range []string{log, database} {
					if got := found(path); !slices.Equal(got, want) {
						t.Errorf("%s: found %v, planted %v", filepath.Base(path), got, want)
					}
				}

				run("delete from rows")
				run("vacuum")
				run("pragma journal_mode=wal")
				run("pragma wal_autocheckpoint=0")
				plant()
				if got := found(database); len(got) > 0 {
					t.Fatalf("the database holds %v before the log is folded in, so the log proves nothing", got)
				}
				if got := found(database + "-wal"); !slices.Equal(got, want) {
					t.Errorf("write-ahead log: found %v, planted %v", got, want)
				}
			})
		}
	}
}
