package app

import (
	"bytes"
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"time"

	"github.com/goccy/go-yaml"

	"github.com/stagedoor/stagedoor"
)

// Settings are what can be set by flag, environment or stagedoor.yaml, in that
// order.
type Settings struct {
	Home      string `yaml:"-"`          // STAGEDOOR_HOME; default the XDG data folder
	Database  string `yaml:"database"`   // STAGEDOOR_DATABASE; default sqlite:HOME/stagedoor.db
	Key       string `yaml:"key"`        // STAGEDOOR_KEY; file:PATH (default file:HOME/key), env:NAME or passphrase
	CAFile    string `yaml:"ca_file"`    // STAGEDOOR_CA_FILE; PEM certificates to trust beside the system's
	LogLevel  string `yaml:"log_level"`  // STAGEDOOR_LOG_LEVEL; debug, info, warn (default) or error
	LogFormat string `yaml:"log_format"` // STAGEDOOR_LOG_FORMAT; text (default) or json
	PublicURL string `yaml:"public_url"` // STAGEDOOR_PUBLIC_URL; how callers reach the daemon, if not as it listens

	// AuditRetention is how long lines of the audit are kept, STAGEDOOR_AUDIT_RETENTION:
	// "90d" (default), "720h", or 0 for ever.
	AuditRetention string        `yaml:"audit_retention"`
	AuditKept      time.Duration `yaml:"-"` // the same, read; 0: for ever

	// RunRetention is how long runs are kept that have ended, STAGEDOOR_RUN_RETENTION:
	// "90d" (default), "720h", or 0 for ever.
	RunRetention string        `yaml:"run_retention"`
	RunsKept     time.Duration `yaml:"-"` // the same, read; 0: for ever

	Serve ServeSettings `yaml:"serve"` // of the daemon alone

	// NoHome is why Home is empty, as in a container without one; nil where there is
	// a home. What needs none (the credential env) works all the same, and all else
	// gives this error.
	NoHome error `yaml:"-"`
}

// Resolve fills in what no flag has set: from the environment, then from
// stagedoor.yaml under home, then the defaults.
func (s Settings) Resolve(getenv func(string) string) (Settings, error) {
	s.Home = first(s.Home, getenv("STAGEDOOR_HOME"))
	if s.Home == "" {
		s.Home, s.NoHome = dataHome(getenv)
	}
	var file Settings
	var err error
	if s.NoHome == nil {
		path := filepath.Join(s.Home, "stagedoor.yaml")
		if file, err = readFile(path); err != nil {
			if _, closed := os.Lstat(path); !errors.Is(closed, fs.ErrPermission) {
				return s, err
			}
			s.Home, s.NoHome = "", err // this user may not even look into it
		}
	}
	if s.NoHome == nil {
		file.Database = first(file.Database, "sqlite:"+filepath.Join(s.Home, "stagedoor.db"))
	}
	s.Database = first(s.Database, getenv("STAGEDOOR_DATABASE"), file.Database)
	s.Key = first(s.Key, getenv("STAGEDOOR_KEY"), file.Key)
	s.CAFile = first(s.CAFile, getenv("STAGEDOOR_CA_FILE"), file.CAFile)
	s.LogLevel = first(s.LogLevel, getenv("STAGEDOOR_LOG_LEVEL"), file.LogLevel, "warn")
	s.LogFormat = first(s.LogFormat, getenv("STAGEDOOR_LOG_FORMAT"), file.LogFormat, "text")
	s.PublicURL = strings.TrimSuffix(first(s.PublicURL, getenv("STAGEDOOR_PUBLIC_URL"), file.PublicURL), "/")
	if err := checkPublicURL(s.PublicURL); err != nil {
		return s, err
	}
	s.AuditRetention = first(s.AuditRetention, getenv("STAGEDOOR_AUDIT_RETENTION"), file.AuditRetention, "90d")
	if s.AuditKept, err = keptFor("audit_retention", s.AuditRetention); err != nil {
		return s, err
	}
	s.RunRetention = first(s.RunRetention, getenv("STAGEDOOR_RUN_RETENTION"), file.RunRetention, "90d")
	if s.RunsKept, err = keptFor("run_retention", s.RunRetention); err != nil {
		return s, err
	}
	s.Serve, err = s.Serve.resolve(getenv, file.Serve)
	return s, err
}

func first(values ...string) string {
	for _, v := range values {
		if v != "" {
			return v
		}
	}
	return ""
}

func readFile(path string) (Settings, error) {
	var s Settings
	text, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return s, nil
	}
	wrong := &stagedoor.Error{
		Op: "read the settings", Subject: path, Kind: stagedoor.KindUsage, Err: err,
		Cause: "the file can not be read", Fix: "Check its owner and mode, or remove it.",
	}
	if err != nil {
		return s, wrong
	}
	if len(bytes.TrimSpace(text)) == 0 {
		return s, nil
	}
	if err := yaml.NewDecoder(bytes.NewReader(text), yaml.Strict()).Decode(&s); err != nil {
		wrong.Cause = "it is not valid"
		if e, ok := errors.AsType[yaml.Error](err); ok {
			wrong.Cause = e.GetMessage()
		}
		wrong.Fix = "It may hold database, key, ca_file, log_level, log_format, public_url, audit_retention, run_retention and serve (docs/serve.md)."
		return s, wrong
	}
	return s, nil
}

// dataHome is the XDG data folder of stagedoor.
// Source: XDG Base Directory Specification 0.8; a relative path is to be ignored.
func dataHome(getenv func(string) string) (string, error) {
	if base := getenv("XDG_DATA_HOME"); filepath.IsAbs(base) {
		return filepath.Join(base, "stagedoor"), nil
	}
	if runtime.GOOS == "windows" {
		if base := getenv("LOCALAPPDATA"); base != "" {
			return filepath.Join(base, "stagedoor"), nil
		}
	}
	user := getenv("HOME")
	if user == "" {
		return "", &stagedoor.Error{
			Op: "find the home folder", Kind: stagedoor.KindUsage,
			Cause: "neither HOME nor XDG_DATA_HOME is set",
			Fix:   "Name a folder with --home DIR or STAGEDOOR_HOME.",
		}
	}
	return filepath.Join(user, ".local", "share", "stagedoor"), nil
}
