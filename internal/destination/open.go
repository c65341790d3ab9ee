package destination

import (
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"sync"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination/sqlite"
	"github.com/stagedoor/stagedoor/internal/destination/stdout"
)

// Options say how to print, for the destination that prints, and what must not
// be written to.
type Options struct {
	Out     io.Writer // required for stdout
	Format  string    // table, json, ndjson or csv; if empty, table on a terminal and else ndjson
	Width   int       // columns of the terminal that Out is; 0 if it is none
	Streams int       // how many streams the run writes

	// Own is the path of the program's own database, which is refused as a
	// destination; empty if there is none.
	Own string
	// Private tells that others cannot see the URL, since it came from env:VAR
	// or from a saved destination, so that it may hold a password.
	Private bool
}

// works is what every refusal names.
const works = "What works today: - (stdout), jsonl:PATH, csv:PATH, parquet:PATH, sqlite:PATH, postgres://…?schema=zoom."

// schemeForm is what may stand before the first colon. Text of any other form
// is never repeated in an error, since it may hold a secret.
var schemeForm = sync.OnceValue(func() *regexp.Regexp {
	return regexp.MustCompile(`^[a-zA-Z][a-zA-Z0-9+.-]{0,20}$`)
})

// Open opens the destination that url names: "" or "-" is stdout, sqlite:PATH
// (or sqlite:///PATH from the root) a SQLite file, postgres://… a schema of a
// PostgreSQL database, jsonl:PATH, csv:PATH and parquet:PATH a folder of files,
// or one file where PATH ends in .jsonl, .csv or .parquet. The url is never
// repeated in an error. A url that is of no use is an error of [stagedoor.KindUsage], a
// place that cannot be used one of [stagedoor.KindDestination].
func Open(ctx context.Context, url string, o Options) (stagedoor.Destination, error) {
	if url == "" || url == "-" {
		return stdout.New(stdout.Options{Out: o.Out, Format: o.Format, Width: o.Width, Streams: o.Streams})
	}
	if !o.Private && holdsPassword(url) {
		return nil, refuse("it holds a password, which other users could see in the process list and in the shell's history",
			"Take it out, change the password, put the URL into an environment variable and give --into env:VAR.")
	}
	scheme, rest, found := strings.Cut(url, ":")
	if !found || !schemeForm().MatchString(scheme) {
		fix := "Write - for stdout, sqlite:PATH, the name of a saved destination, or env:VAR for a variable that holds one of these."
		if strings.Contains(filepath.Base(url), ".") && !strings.ContainsAny(url, "=@ \t") { // libpq's host=… password=… has dots too
			kind := "sqlite"
			for _, format := range []string{"jsonl", "csv", "parquet"} {
				if ok, _ := endingOf(strings.ToLower(url), format); ok {
					kind = format
				}
			}
			fix = "If it is a file, write " + kind + ":" + url + ". " + fix
		}
		return nil, refuse("it is neither a saved destination nor a URL of a known form", fix)
	}
	switch scheme = strings.ToLower(scheme); scheme {
	case "sqlite":
		return openSQLite(ctx, rest, o.Own)
	case "jsonl", "csv", "parquet":
		return openFiles(ctx, scheme, rest, o.Streams)
	case "postgres", "postgresql":
		return openPostgres(ctx, url)
	case "s3", "gs", "az", "salesforce":
		return nil, refuse(scheme+": is reserved for a later version and not built yet", works)
	}
	return nil, refuse("it does not start with a kind of destination that Stagedoor knows", works)
}

func openSQLite(ctx context.Context, rest, own string) (stagedoor.Destination, error) {
	path, err := filePath("sqlite", rest)
	if err != nil {
		return nil, err
	}
	switch path {
	case ":memory:":
		return nil, refuse("a database in memory is gone when the command ends", "Write sqlite:PATH, for example sqlite:zoom.db.")
	}
	if isOwn(path, own) {
		return nil, &stagedoor.Error{
			Op: "open the destination", Subject: "sqlite:" + path, Kind: stagedoor.KindUsage,
			Cause: "this is Stagedoor's own database, which holds the sealed credentials",
			Fix:   "Give the rows a file of their own, for example --into sqlite:zoom.db.",
		}
	}
	d, err := sqlite.Open(ctx, path)
	if err != nil {
		return nil, err // not d: a nil *Destination would not be a nil interface
	}
	return d, nil
}

// Absent reports whether url names a file or a folder of this machine where
// nothing lies yet.
func Absent(url string) bool {
	scheme, rest, _ := strings.Cut(url, ":")
	switch scheme = strings.ToLower(scheme); scheme {
	case "jsonl", "csv", "parquet":
		rest, _, _ = strings.Cut(rest, "?")
	case "sqlite":
	default:
		return false
	}
	path, err := filePath(scheme, rest)
	if err != nil {
		return false // Open says what is wrong
	}
	_, err = os.Lstat(path)
	return errors.Is(err, fs.ErrNotExist)
}

// filePath takes the path out of what stands after scheme and colon.
func filePath(scheme, rest string) (string, error) {
	path := rest
	if after, ok := strings.CutPrefix(rest, "//"); ok {
		if !strings.HasPrefix(after, "/") {
			return "", refuse("after "+scheme+":// stands a host, and a file has none",
				"Write "+scheme+":PATH, or "+scheme+":///PATH with three slashes for a path from the root.")
		}
		path = "/" + strings.TrimLeft(after, "/")
	}
	if path == "" {
		return "", refuse(scheme+": stands without a path", "Write "+scheme+":PATH, for example "+scheme+":"+map[bool]string{true: "zoom.db", false: "zoom"}[scheme == "sqlite"]+".")
	}
	return path, nil
}

// isOwn reports whether path is the program's own database, also through a
// link, or one of the two files that SQLite keeps beside it.
func isOwn(path, own string) bool {
	if own == "" {
		return false
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		if sameFile(path, own+suffix) {
			return true
		}
	}
	return false
}

func sameFile(a, b string) bool {
	absA, errA := filepath.Abs(a)
	absB, errB := filepath.Abs(b)
	if errA == nil && errB == nil && absA == absB {
		return true
	}
	infoA, errA := os.Stat(a)
	infoB, errB := os.Stat(b)
	return errA == nil && errB == nil && os.SameFile(infoA, infoB)
}

var percents = sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(`%[0-9a-fA-F]{2}`) })

// holdsPassword errs on the careful side, and does without a URL parser, since
// the passwords that a URL parser trips over are passwords too.
func holdsPassword(url string) bool {
	decoded := percents().ReplaceAllStringFunc(url, func(code string) string {
		b, _ := strconv.ParseUint(code[1:], 16, 8)
		return string([]byte{byte(b)})
	})
	for _, form := range []string{url, decoded} { // a parameter's name may itself be written with %
		if strings.Contains(strings.ToLower(strings.Join(strings.Fields(form), "")), "password=") {
			return true
		}
	}
	_, authority, found := strings.Cut(url, "://")
	if !found {
		return false
	}
	at := strings.LastIndexByte(authority, '@')
	return at >= 0 && strings.Contains(authority[:at], ":")
}

func refuse(cause, fix string) error {
	return &stagedoor.Error{Op: "open the destination", Subject: "--into", Kind: stagedoor.KindUsage, Cause: cause, Fix: fix}
}
