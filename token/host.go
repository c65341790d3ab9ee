package token

import (
	"net"
	"net/url"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// hostList decides by name where a request that carries a credential or its
// token may go.
type hostList struct {
	patterns []string // the provider's: exact names, or *.name for one or more labels below it
	extra    []string // the credential's: HOST (any port) or HOST:PORT
	slug     string
}

// check refuses every address that is not on the list. The provider's own
// hosts are reached over https on its usual port only; plain http and other
// ports need a line of the credential's own.
func (l hostList) check(u *url.URL) error {
	name, port := hostName(u.Hostname()), u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	if u.User == nil && port != "" && name != "" {
		for _, line := range l.extra {
			if matchExtra(line, name, port) {
				return nil
			}
		}
		if u.Scheme == "https" && port == "443" {
			for _, pattern := range l.patterns {
				if matchPattern(pattern, name) {
					return nil
				}
			}
		}
	}
	return &stagedoor.Error{
		Op: "reach " + u.Scheme + "://" + u.Host, Subject: subject(stagedoor.Credential{Slug: l.slug}), Kind: stagedoor.KindHostRefused,
		Cause: "the address is not on the credential's list of hosts, so nothing was sent",
		Fix:   "If it is right, allow it with `stagedoor credential edit " + strings.TrimSpace(l.slug+" --allow-host "+net.JoinHostPort(name, port)) + "`.",
	}
}

func matchPattern(pattern, name string) bool {
	pattern = hostName(pattern)
	if tail, wild := strings.CutPrefix(pattern, "*."); wild {
		head, found := strings.CutSuffix(name, "."+tail)
		return found && head != ""
	}
	return pattern == name
}

func matchExtra(line, name, port string) bool {
	host, wanted, err := net.SplitHostPort(line)
	if err != nil {
		return hostName(strings.Trim(line, "[]")) == name
	}
	return hostName(host) == name && wanted == port
}

// hostName makes two spellings of one name equal: letter case does not count,
// nor does the dot at the end of a full name.
func hostName(name string) string {
	return strings.TrimSuffix(strings.ToLower(name), ".")
}

// withoutBase writes an API URL the one way that the rest of Stagedoor knows:
// without the base path and without a slash at the end.
func withoutBase(u *url.URL, base string) string {
	clean := url.URL{Scheme: u.Scheme, Host: u.Host, Path: strings.TrimRight(u.Path, "/")}
	if base != "" {
		clean.Path = strings.TrimRight(strings.TrimSuffix(clean.Path, strings.TrimRight(base, "/")), "/")
	}
	return clean.String()
}
