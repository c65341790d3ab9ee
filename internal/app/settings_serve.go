package app

import (
	"cmp"
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strconv"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/server"
)

// DefaultListen is where the daemon listens unless told otherwise.
const DefaultListen = "127.0.0.1:8700"

// defaultRunsAtOnce is how many syncs the daemon runs side by side: they share the
// account's quota anyway, and one that is slow keeps no other waiting.
const defaultRunsAtOnce = 2

const mostRunsFix = "Write how many syncs may run side by side, 1 to 100."

// defaultGrace is how long running answers may take to finish when the daemon stops.
const defaultGrace = 30 * time.Second

// ServeSettings are those of the daemon: flags of `serve`, or STAGEDOOR_ and the
// name in capitals, or the part "serve" of stagedoor.yaml.
type ServeSettings struct {
	Listen         string   `yaml:"listen"`          // default 127.0.0.1:8700
	OperatorListen string   `yaml:"operator_listen"` // on loopback, with expose: gateway
	Expose         string   `yaml:"expose"`          // all (default) or gateway
	TLSCert        string   `yaml:"tls_cert"`
	TLSKey         string   `yaml:"tls_key"`
	ACMEHost       []string `yaml:"acme_host"`
	ACMEEmail      string   `yaml:"acme_email"`
	ACMEDirectory  string   `yaml:"acme_directory"` // default Let's Encrypt
	BehindProxy    bool     `yaml:"behind_proxy"`
	Proxy          []string `yaml:"proxy"`        // addresses or networks; empty: whoever connects
	AllowedHost    []string `yaml:"allowed_host"` // names by which it may be called, beside its own
	Grace          string   `yaml:"grace"`        // a duration; default 30s
	MaxBody        string   `yaml:"max_body"`     // of a caller's request: bytes, or 500MiB, 2GiB (default)
	RunsAtOnce     int      `yaml:"runs_at_once"` // syncs that run side by side; default 2
}

// resolve fills in what no flag has set.
func (s ServeSettings) resolve(getenv func(string) string, file ServeSettings) (ServeSettings, error) {
	for _, one := range []struct {
		value       *string
		name        string
		file, usual string
	}{
		{&s.Listen, "LISTEN", file.Listen, DefaultListen},
		{&s.OperatorListen, "OPERATOR_LISTEN", file.OperatorListen, ""},
		{&s.Expose, "EXPOSE", file.Expose, ""},
		{&s.TLSCert, "TLS_CERT", file.TLSCert, ""},
		{&s.TLSKey, "TLS_KEY", file.TLSKey, ""},
		{&s.ACMEEmail, "ACME_EMAIL", file.ACMEEmail, ""},
		{&s.ACMEDirectory, "ACME_DIRECTORY", file.ACMEDirectory, ""},
		{&s.Grace, "GRACE", file.Grace, ""},
		{&s.MaxBody, "MAX_BODY", file.MaxBody, ""},
	} {
		*one.value = first(*one.value, getenv("STAGEDOOR_"+one.name), one.file, one.usual)
	}
	for _, many := range []struct {
		value *[]string
		name  string
		file  []string
	}{
		{&s.ACMEHost, "ACME_HOST", file.ACMEHost},
		{&s.Proxy, "PROXY", file.Proxy},
		{&s.AllowedHost, "ALLOWED_HOST", file.AllowedHost},
	} {
		if len(*many.value) == 0 {
			*many.value = strings.FieldsFunc(getenv("STAGEDOOR_"+many.name), func(r rune) bool { return r == ',' || r == ' ' })
		}
		if len(*many.value) == 0 {
			*many.value = many.file
		}
	}
	if said := getenv("STAGEDOOR_RUNS_AT_ONCE"); s.RunsAtOnce == 0 && said != "" {
		n, err := strconv.Atoi(said)
		if err != nil || n < 1 {
			return s, wrongSetting("STAGEDOOR_RUNS_AT_ONCE", said, mostRunsFix)
		}
		s.RunsAtOnce = n
	} else if s.RunsAtOnce == 0 {
		s.RunsAtOnce = file.RunsAtOnce
	}
	if s.RunsAtOnce < 0 || s.RunsAtOnce > 100 {
		return s, wrongSetting("runs_at_once", strconv.Itoa(s.RunsAtOnce), mostRunsFix)
	}
	if said := getenv("STAGEDOOR_BEHIND_PROXY"); !s.BehindProxy && said != "" {
		behind, err := strconv.ParseBool(said)
		if err != nil {
			return s, wrongSetting("STAGEDOOR_BEHIND_PROXY", said, "Write true or false.")
		}
		s.BehindProxy = behind
	} else if !s.BehindProxy {
		s.BehindProxy = file.BehindProxy
	}
	return s, nil
}

func wrongSetting(name, value, fix string) error {
	return &stagedoor.Error{
		Op: "read the settings", Subject: name, Kind: stagedoor.KindUsage,
		Cause: "\"" + value + "\" is not of its form", Fix: fix,
	}
}

// checkPublicURL holds the setting to an address that others can be given. It is
// not shown where it is wrong: it may hold a password.
func checkPublicURL(text string) error {
	if text == "" {
		return nil
	}
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || strings.ContainsAny(text, "?#") || strings.Trim(u.Path, "/") != "" {
		return &stagedoor.Error{
			Op: "read the settings", Subject: "public_url (--public-url, STAGEDOOR_PUBLIC_URL)", Kind: stagedoor.KindUsage,
			Cause: "it is not a plain http or https address", Fix: "Write scheme and host alone, like https://gateway.example.com: callers' paths start with /to/ behind it.",
		}
	}
	return nil
}

// grace reads the setting.
func (s ServeSettings) grace() (time.Duration, error) {
	if s.Grace == "" {
		return defaultGrace, nil
	}
	d, err := time.ParseDuration(s.Grace)
	if err != nil || d < 0 {
		return 0, wrongSetting("grace", s.Grace, "Write a duration such as 30s.")
	}
	return d, nil
}

// maxBody reads the setting, in bytes; 0: the usual.
func (s ServeSettings) maxBody() (int64, error) {
	text, unit := strings.ToUpper(strings.ReplaceAll(s.MaxBody, " ", "")), int64(1)
	for i, suffix := range []string{"KIB", "MIB", "GIB"} {
		if number, ok := strings.CutSuffix(text, suffix); ok {
			text, unit = number, 1<<(10*(i+1))
		}
	}
	if text == "" {
		return 0, nil
	}
	n, err := strconv.ParseInt(text, 10, 64)
	if err != nil || n <= 0 || n > (1<<62)/unit {
		return 0, wrongSetting("max_body", s.MaxBody, "Write a number of bytes, or one such as 500MiB.")
	}
	return n * unit, nil
}

// BaseURL is how callers reach the daemon, without a final slash, as far as the
// settings tell. A running daemon goes by how a request reached it.
func (s Settings) BaseURL() string {
	if s.PublicURL != "" {
		return s.PublicURL
	}
	if len(s.Serve.ACMEHost) > 0 {
		return "https://" + s.Serve.ACMEHost[0]
	}
	host, port, err := net.SplitHostPort(s.Serve.Listen)
	if err != nil || port == "" || port == "0" {
		host, port, _ = net.SplitHostPort(DefaultListen)
	}
	if ip, err := netip.ParseAddr(host); host == "" || err == nil && ip.IsUnspecified() {
		host = "127.0.0.1"
	}
	scheme := "http"
	if s.Serve.TLSCert != "" {
		scheme = "https"
	}
	return fmt.Sprintf("%s://%s", scheme, net.JoinHostPort(host, port))
}

// BaseURL is how callers reach the daemon: as the settings say, or else where it
// listens, or else where it would.
func (a *App) BaseURL() string {
	callers, _ := a.whereabouts()
	return callers
}

// PageURL is how people reach the daemon's page: the same, unless operators have a
// listener of their own.
func (a *App) PageURL() string {
	_, operators := a.whereabouts()
	return operators
}

func (a *App) whereabouts() (callers, operators string) {
	if a.settings.PublicURL != "" || len(a.settings.Serve.ACMEHost) > 0 {
		callers = a.settings.BaseURL()
	}
	told, page := a.address, a.address
	if told == "" {
		told, page = server.Whereabouts(a.settings.Home)
	}
	callers = cmp.Or(callers, told, a.settings.BaseURL())
	if page == told {
		page = callers
	}
	return callers, cmp.Or(page, callers)
}
