package egress

import (
	"fmt"
	"net/netip"
	"net/url"
	"strconv"
	"strings"

	"golang.org/x/net/idna"

	"github.com/stagedoor/stagedoor"
)

// list is the hosts that a credential may go to.
type list struct {
	patterns []string // the provider's: "zoom.us", "*.zoom.us"
	allowed  []entry  // from --allow-host
}

// entry is one HOST or HOST:PORT of --allow-host.
type entry struct {
	host string
	port string // empty: any
}

func (e entry) String() string {
	host := e.host
	if strings.Contains(host, ":") {
		host = "[" + host + "]"
	}
	if e.port == "" {
		return host
	}
	return host + ":" + e.port
}

// target is where a request wants to go.
type target struct {
	scheme, host, port string
}

func (t target) entry() entry { return entry{t.host, t.port} }

func newList(patterns, allow []string) (list, error) {
	var l list
	for _, pattern := range patterns {
		l.patterns = append(l.patterns, strings.ToLower(strings.TrimSuffix(pattern, ".")))
	}
	for _, text := range allow {
		e, err := parseEntry(text)
		if err != nil {
			return list{}, err
		}
		l.allowed = append(l.allowed, e)
	}
	return l, nil
}

func parseEntry(text string) (entry, error) {
	fail := func(cause string) (entry, error) {
		return entry{}, &stagedoor.Error{
			Op: "read --allow-host", Subject: strconv.Quote(text), Kind: stagedoor.KindUsage, Cause: cause,
			Fix: "Give one host by its full name or address, with its port if it is the only one: sim.example.com, 127.0.0.1:8701 or [::1]:8701.",
		}
	}
	if strings.ContainsAny(text, "/@?#*") {
		return fail("it is not HOST or HOST:PORT")
	}
	host, port := strings.TrimSpace(text), ""
	if _, err := netip.ParseAddr(host); err != nil { // a bare IPv6 address has colons, but no port
		u, err := url.Parse("//" + host)
		if err != nil {
			return fail("it is not HOST or HOST:PORT")
		}
		host, port = u.Hostname(), u.Port()
		if strings.HasSuffix(u.Host, ":") {
			return fail("the port is missing after the colon")
		}
	}
	name, err := canonical(host)
	if err != nil {
		return fail(err.Error())
	}
	if port != "" {
		n, err := strconv.ParseUint(port, 10, 16)
		if err != nil || n == 0 {
			return fail("the port is not a number from 1 to 65535")
		}
		port = strconv.FormatUint(n, 10)
	}
	return entry{name, port}, nil
}

// canonical returns the one spelling of a host that names are compared in, and
// that net/http dials: lower case, ASCII, no final dot, addresses as netip
// prints them.
func canonical(host string) (string, error) {
	host = strings.TrimSuffix(host, ".")
	if addr, err := netip.ParseAddr(host); err == nil {
		if addr.Zone() != "" {
			return "", fmt.Errorf("an address with a zone names a link of this machine, not a host")
		}
		return addr.Unmap().String(), nil
	}
	if ascii, err := idna.Lookup.ToASCII(host); err == nil {
		host = ascii
	}
	host = strings.TrimSuffix(strings.ToLower(host), ".")
	if host == "" {
		return "", fmt.Errorf("there is no host in it")
	}
	for _, label := range strings.Split(host, ".") {
		if label == "" {
			return "", fmt.Errorf("the host has an empty part")
		}
		for _, r := range label {
			if !('a' <= r && r <= 'z' || '0' <= r && r <= '9' || r == '-' || r == '_') {
				return "", fmt.Errorf("the host holds a character that host names do not have")
			}
		}
	}
	return host, nil
}

// targetOf reads where u goes. Its error is a phrase that says what is odd.
func targetOf(u *url.URL) (target, error) {
	switch {
	case u == nil:
		return target{}, fmt.Errorf("there is no address")
	case u.Opaque != "":
		return target{}, fmt.Errorf("the address has no // and so no host")
	case u.User != nil:
		return target{}, fmt.Errorf("the address holds a user name or password, which is how look-alike addresses are made")
	}
	t := target{scheme: strings.ToLower(u.Scheme), port: u.Port()}
	switch t.scheme {
	case "https":
		if t.port == "" {
			t.port = "443"
		}
	case "http":
		if t.port == "" {
			t.port = "80"
		}
	default:
		return target{}, fmt.Errorf("the address is neither https nor http")
	}
	n, err := strconv.ParseUint(t.port, 10, 16)
	if err != nil || n == 0 {
		return target{}, fmt.Errorf("the port is not a number from 1 to 65535")
	}
	t.port = strconv.FormatUint(n, 10)
	t.host, err = canonical(u.Hostname())
	return t, err
}

// names reports whether --allow-host names the target.
func (l list) names(host, port string) bool {
	for _, e := range l.allowed {
		if e.host == host && (e.port == "" || e.port == port) {
			return true
		}
	}
	return false
}

// provides reports whether the host is one of the provider's. The provider
// serves on the port of https alone.
func (l list) provides(t target) bool {
	if t.port != "443" {
		return false
	}
	for _, pattern := range l.patterns {
		suffix, any := strings.CutPrefix(pattern, "*")
		if any && strings.HasPrefix(suffix, ".") && len(t.host) > len(suffix) && strings.HasSuffix(t.host, suffix) {
			return true
		}
		if !any && t.host == pattern {
			return true
		}
	}
	return false
}

// String lists the hosts for people.
func (l list) String() string {
	all := append([]string{}, l.patterns...)
	for _, e := range l.allowed {
		all = append(all, e.String())
	}
	if len(all) == 0 {
		return "the list is empty"
	}
	return "the list is " + strings.Join(all, ", ")
}
