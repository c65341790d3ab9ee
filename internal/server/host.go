package server

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// names are those by which the daemon may be called. A page of another site
// that lets its own name lead to the daemon's address (DNS rebinding) is refused
// by them.
type names struct {
	loopback bool // the listener is: addresses off loopback are nobody's
	listed   []string
}

func (o *Options) names(loopback bool) names {
	n := names{loopback: loopback}
	for _, name := range o.AllowedHosts {
		n.listed = append(n.listed, canonicalHost(name))
	}
	if u, err := url.Parse(o.PublicURL); err == nil && u.Host != "" {
		n.listed = append(n.listed, canonicalHost(u.Host))
	}
	if o.ACME != nil {
		for _, name := range o.ACME.Hosts {
			n.listed = append(n.listed, canonicalHost(name))
		}
	}
	return n
}

// allow reports whether a Host header names the daemon. Off loopback, where no
// name is listed, any is taken: the daemon can not know what it is called there.
func (n names) allow(host string) bool {
	host = canonicalHost(host)
	if slices.Contains(n.listed, host) || loopbackHost(host) {
		return true
	}
	if n.loopback || host == "" {
		return false
	}
	_, err := netip.ParseAddr(host)
	return err == nil || len(n.listed) == 0
}

// canonicalHost is a host without port, brackets, trailing dot and capitals.
func canonicalHost(host string) string {
	if name, _, err := net.SplitHostPort(host); err == nil {
		host = name
	}
	host = strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return strings.ToLower(strings.TrimSuffix(host, "."))
}

func wrongHost(w http.ResponseWriter) {
	problem(w, &stagedoor.Error{
		Kind: stagedoor.KindForbidden, Status: http.StatusMisdirectedRequest,
		Cause: "The Host of the request is not a name of this daemon.",
		Fix:   "Call it by its own name, or allow this one with `stagedoor serve --allowed-host NAME`.",
	})
}

// crossOrigin holds pages of other sites off what changes something.
var crossOrigin = http.NewCrossOriginProtection()

func wrongOrigin(w http.ResponseWriter) {
	problem(w, &stagedoor.Error{
		Kind: stagedoor.KindForbidden, Cause: "The request was made by a page of another site.",
		Fix: "Make it from a program, or from a page of this daemon.",
	})
}
