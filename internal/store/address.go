package store

import (
	"net/url"
	"path/filepath"
	"regexp"
	"strings"
	"sync"

	"github.com/stagedoor/stagedoor"
)

// schemeForm is what may stand before the first colon. Text of any other form
// is never repeated in an error, since it may be a slip of the pen with a
// password in it.
var schemeForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]{0,20}$`)
})

// Path reads the --database setting and returns the file's absolute path.
func Path(database string) (string, error) { return sqlitePath(database) }

// sqlitePath reads the --database setting and returns the file's absolute path.
func sqlitePath(database string) (string, error) {
	fail := func(cause, fix string) (string, error) {
		return "", &stagedoor.Error{
			Op: "open the database", Subject: "the --database setting",
			Kind: stagedoor.KindUsage, Cause: cause, Fix: fix,
		}
	}
	if holdsPassword(database) {
		return fail("it holds a password, which other users could see in the process list and in the shell's history",
			"Take the password out, change it, and give it in PGPASSWORD or in ~/.pgpass (mode 0600).")
	}
	scheme, rest, found := strings.Cut(database, ":")
	if !found || !schemeForm().MatchString(scheme) {
		return fail("it does not name a kind of database", "Write sqlite:PATH, for example sqlite:/var/lib/stagedoor/stagedoor.db.")
	}
	switch strings.ToLower(scheme) {
	case "sqlite":
	case "postgres", "postgresql":
		return fail("PostgreSQL is not built yet as Stagedoor's own database", "Use sqlite:PATH for now.")
	default:
		return fail("Stagedoor knows no kind of database called \""+scheme+"\"", "Write sqlite:PATH.")
	}
	if rest == "" {
		return fail("sqlite: stands without a path", "Write sqlite:PATH, for example sqlite:/var/lib/stagedoor/stagedoor.db.")
	}
	path, err := filepath.Abs(rest)
	if err != nil {
		return fail("its path is relative, and the current folder is not known", "Give a path that starts at the root.")
	}
	return path, nil
}

// holdsPassword errs on the careful side, and does without a URL parser, since
// the passwords that a URL parser trips over are passwords too.
func holdsPassword(database string) bool {
	if strings.Contains(strings.ToLower(database), "password=") {
		return true
	}
	_, authority, found := strings.Cut(database, "://")
	if !found {
		return false
	}
	at := strings.LastIndexByte(authority, '@')
	return at >= 0 && strings.Contains(authority[:at], ":")
}

// dsn names the file at path to the driver, which reads a SQLite URI.
// Source: sqlite.org/uri.html, read 2026-11.
func dsn(path string, pragmas ...string) string {
	slashed := filepath.ToSlash(path)
	if !strings.HasPrefix(slashed, "/") {
		slashed = "/" + slashed // a drive letter, on Windows
	}
	query := url.Values{"_txlock": {"immediate"}, "_pragma": pragmas}
	return "file:" + (&url.URL{Path: slashed}).EscapedPath() + "?" + query.Encode()
}
