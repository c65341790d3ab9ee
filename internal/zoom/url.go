package zoom

import (
	"maps"
	"net"
	"net/url"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// address is where Zoom's API is.
type address struct {
	root *url.URL // without /v2 and without a final slash
	base string   // "/v2"
}

func newAddress(subject, apiURL, base string) (address, error) {
	u, err := url.Parse(apiURL)
	if err != nil || u.Host == "" || (u.Scheme != "https" && u.Scheme != "http") || u.RawQuery != "" || u.Fragment != "" || u.User != nil {
		return address{}, &stagedoor.Error{
			Op: "read the API URL", Subject: subject, Kind: stagedoor.KindUsage,
			Cause: "it is not the address of an API", Fix: "Give it as https://HOST" + base + ".",
		} // its text is left out: it may hold a password
	}
	path := strings.TrimRight(u.EscapedPath(), "/")
	path = strings.TrimRight(strings.TrimSuffix(path, base), "/")
	root, err := url.Parse(u.Scheme + "://" + u.Host + path)
	if err != nil {
		return address{}, &stagedoor.Error{Op: "read the API URL", Subject: subject, Kind: stagedoor.KindUsage, Cause: "its path can not be read", Fix: "Give it as https://HOST."}
	}
	return address{root: root, base: base}, nil
}

// below returns the escaped path of u below the API's base, and false where u
// is not part of the API.
func (a address) below(u *url.URL) (string, bool) {
	if !sameOrigin(u, a.root) {
		return "", false
	}
	path, ok := strings.CutPrefix(u.EscapedPath(), a.root.EscapedPath()+a.base)
	return path, ok && strings.HasPrefix(path, "/")
}

// URL returns the address of a path below the API: "/users/me", "/v2/users/me"
// and the full URL mean the same, and a query in it is kept. A full URL on
// another host is returned where Config.Check lets the credential go there; the
// error is of KindHostRefused otherwise, and of KindUsage for what is no path.
func (c *Client) URL(path string) (*url.URL, error) {
	fail := func(cause, fix string) (*url.URL, error) {
		shown, _, _ := strings.Cut(path, "?") // a query may hold anything
		return nil, &stagedoor.Error{Op: "read the path", Subject: stagedoor.Outside(shown, 120), Kind: stagedoor.KindUsage, Cause: cause, Fix: fix}
	}
	const example = "Give it like /users/me, /v2/users/me or a full https:// URL."
	text := path
	full := strings.HasPrefix(text, "https://") || strings.HasPrefix(text, "http://")
	if !full {
		if strings.Contains(strings.SplitN(text, "?", 2)[0], "://") {
			return fail("it is neither a path nor a web address", example)
		}
		text = "/" + strings.TrimPrefix(text, "/")
		if text != c.api.base && !strings.HasPrefix(text, c.api.base+"/") && !strings.HasPrefix(text, c.api.base+"?") {
			text = c.api.base + text
		}
		text = c.api.root.String() + text
	}
	u, err := url.Parse(text)
	if err == nil {
		_, err = url.ParseQuery(u.RawQuery) // what it can not read would be left out in silence
	}
	if err != nil {
		return fail("it can not be read as an address", "Write ; as %3B, and a percent sign as %25, and let `%` stand only before two hexadecimal digits.")
	}
	if strings.Contains(text, "#") {
		return fail("it holds a #, and what follows one is never sent", "Write # as %23.")
	}
	if name := placeholder(text); name != "" {
		return fail("the identifier "+name+" is not filled in", "Put the identifier in its place.")
	}
	segments := strings.Split(u.EscapedPath(), "/")
	for i, segment := range segments {
		plain, err := url.PathUnescape(segment)
		if err != nil || plain == "." || plain == ".." {
			return fail("a segment of it is . or .., which would lead to another path", "Give the path in full.")
		}
		if plain == "" && i > 0 && i < len(segments)-1 {
			return fail("a segment of it is empty, so an identifier may be missing", "Escape the slashes of a UUID: / as %2F, and twice (%252F) if it starts with / or holds //.")
		}
	}
	if full && !sameOrigin(u, c.api.root) {
		if err := c.check(u); err != nil {
			return nil, err
		}
	}
	return u, nil
}

// placeholder returns the first {name} in a path, or "".
func placeholder(path string) string {
	path, _, _ = strings.Cut(path, "?")
	_, after, found := strings.Cut(path, "{")
	if !found {
		return ""
	}
	name, _, _ := strings.Cut(after, "}")
	return "{" + name + "}"
}

func sameOrigin(a, b *url.URL) bool {
	return strings.EqualFold(a.Scheme, b.Scheme) && strings.EqualFold(hostPort(a), hostPort(b))
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[strings.ToLower(u.Scheme)]
	}
	return net.JoinHostPort(strings.TrimSuffix(u.Hostname(), "."), port)
}

// merge adds parameters to those in u; one that both have is taken from query.
// Blanks are sent as %20, which every server understands.
func merge(u *url.URL, query url.Values) {
	if len(query) == 0 {
		return
	}
	all := u.Query()
	for _, name := range slices.Sorted(maps.Keys(query)) {
		all[name] = query[name]
	}
	u.RawQuery = strings.ReplaceAll(all.Encode(), "+", "%20")
}
