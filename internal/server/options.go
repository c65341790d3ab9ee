package server

import (
	"context"
	"log/slog"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"github.com/stagedoor/stagedoor"
)

// What of the daemon the public listener shows.
const (
	ExposeAll     = "all"
	ExposeGateway = "gateway" // /oauth/token, /.well-known/, /to/ and health
)

// Options say where to listen, and how to be reached.
type Options struct {
	// Listen is HOST:PORT of the public listener; port 0 takes a free one.
	Listen string
	// OperatorListen is HOST:PORT, on loopback, of a second listener that answers
	// everything; for Expose "gateway". Empty: none.
	OperatorListen string
	Expose         string // ExposeAll or ExposeGateway

	// CertFile and KeyFile are PEM files, read again when they change.
	CertFile, KeyFile string
	// ACME gets certificates by itself; nil: not.
	ACME *ACME

	// BehindProxy says that a proxy in front does TLS, and that what it says in
	// X-Forwarded-For, -Proto and -Host is believed.
	BehindProxy bool
	// Proxies are those that are believed; empty: whoever connects.
	Proxies []netip.Prefix

	// PublicURL is how callers reach the daemon; empty: as the request did.
	PublicURL string
	// AllowedHosts are further names by which it may be called.
	AllowedHosts []string

	Log *slog.Logger

	headerTime, bodyTime time.Duration // 0: as below; tests can not wait so long
}

// ACME says how certificates are got (RFC 8555), by TLS-ALPN-01: the names must
// lead to port 443 of the listener.
type ACME struct {
	Hosts     []string
	Email     string // for the authority's notices; may be empty
	Directory string // empty: Let's Encrypt
	// Cache keeps keys and certificates. It must seal them.
	Cache autocert.Cache
	// HTTP asks the authority; nil: http.DefaultClient.
	HTTP *http.Client
}

// Parts are what requests are handed to.
type Parts struct {
	OAuth   http.Handler // /oauth/… and /.well-known/oauth-authorization-server
	Gateway http.Handler // /to/…
	// API is /api/…, and UI everything that is nobody else's. Both ask by themselves who it
	// is that comes. nil: there is none.
	API, UI http.Handler
	// Guard lets only operators with the role pass.
	Guard   func(stagedoor.Role, http.Handler) http.Handler
	Metrics http.Handler
	Debug   func(context.Context) (Debug, error)
	// Ready says why the daemon can not serve callers; nil: it can.
	Ready func(context.Context) error
}

// Times of a connection. A body that is relayed, and its answer, may take as long
// as they like while bytes move, which the gateway watches; what else is sent here
// is a few lines.
const (
	headerTime  = 20 * time.Second
	bodyTime    = time.Minute
	idleTime    = 2 * time.Minute
	headerBytes = 64 << 10
)

const opServe = "serve"

func wrong(subject, cause, fix string) error {
	return &stagedoor.Error{Op: opServe, Subject: subject, Kind: stagedoor.KindUsage, Cause: cause, Fix: fix}
}

// check says what is wrong with the options, before anything is opened.
func (o *Options) check() error {
	if o.Expose == "" {
		o.Expose = ExposeAll
	}
	switch {
	case o.Expose != ExposeAll && o.Expose != ExposeGateway:
		return wrong("--expose "+o.Expose, "there is no such choice", "Use all or gateway.")
	case (o.CertFile == "") != (o.KeyFile == ""):
		return wrong("--tls-cert and --tls-key", "one of them is missing", "Give both: the certificate with its chain, and its key, as PEM files.")
	case o.CertFile != "" && o.ACME != nil:
		return wrong("--tls-cert and --acme-host", "both say where the certificate comes from", "Leave one of them out.")
	case o.BehindProxy && o.tls():
		return wrong("--behind-proxy", "the proxy in front does TLS, and so would the daemon", "Leave out --behind-proxy, or --tls-cert and --acme-host.")
	case len(o.Proxies) > 0 && !o.BehindProxy:
		return wrong("--proxy", "no proxy is believed without --behind-proxy", "Add --behind-proxy.")
	case o.OperatorListen != "" && o.Expose != ExposeGateway:
		return wrong("--operator-listen", "the operators' pages are on the usual listener already", "Add --expose gateway, or leave out --operator-listen.")
	}
	if o.ACME != nil {
		for _, name := range o.ACME.Hosts {
			if _, err := netip.ParseAddr(name); err == nil || !strings.Contains(name, ".") || strings.ContainsAny(name, ":/*") {
				return wrong("--acme-host "+name, "no authority certifies it by ACME: it is not the full name of a machine", "Write a name such as gateway.example.com.")
			}
		}
		if o.ACME.Directory != "" {
			if err := httpURL("--acme-directory", o.ACME.Directory, true); err != nil {
				return err
			}
		}
	}
	if o.PublicURL != "" {
		if err := httpURL("--public-url", o.PublicURL, false); err != nil {
			return err
		}
		o.PublicURL = strings.TrimSuffix(o.PublicURL, "/")
	}
	if err := o.checkListen(); err != nil {
		return err
	}
	if o.OperatorListen != "" && !loopback(o.OperatorListen) {
		return wrong("--operator-listen "+o.OperatorListen, "operators' tokens would go over the network in the clear: it is not a loopback address",
			"Use an address such as 127.0.0.1:8701; from elsewhere reach it through SSH (ssh -L 8701:127.0.0.1:8701).")
	}
	return nil
}

func (o *Options) checkListen() error {
	if _, port, err := net.SplitHostPort(o.Listen); err != nil || port == "" {
		return wrong("--listen "+o.Listen, "it is not an address with a port", "Write it like 127.0.0.1:8700, or [::1]:8700.")
	}
	if o.tls() || o.BehindProxy || loopback(o.Listen) {
		return nil
	}
	return wrong("--listen "+o.Listen, "other machines could reach it, and callers' secrets and tokens would go over the network in the clear",
		"Give a certificate with --tls-cert FILE --tls-key FILE, or --acme-host NAME to get one; behind a proxy that does TLS, say so with --behind-proxy; or listen on 127.0.0.1:8700.")
}

func (o *Options) tls() bool { return o.CertFile != "" || o.ACME != nil }

func httpURL(flag, text string, path bool) error {
	u, err := url.Parse(text)
	if err != nil || (u.Scheme != "https" && u.Scheme != "http") || u.Host == "" || u.User != nil || u.RawQuery != "" || u.Fragment != "" ||
		!path && strings.Trim(u.Path, "/") != "" {
		return wrong(flag+" "+text, "it is not a plain http or https address", "Write it like https://gateway.example.com.")
	}
	return nil
}

// loopback reports whether only this machine can reach an address to listen on.
// A name counts only if it is localhost: what others lead to may change.
func loopback(address string) bool {
	host, _, err := net.SplitHostPort(address)
	if err != nil {
		return false
	}
	return loopbackHost(host)
}

func loopbackHost(host string) bool {
	if strings.EqualFold(strings.TrimSuffix(host, "."), "localhost") {
		return true
	}
	ip, err := netip.ParseAddr(host)
	return err == nil && ip.Unmap().IsLoopback()
}
