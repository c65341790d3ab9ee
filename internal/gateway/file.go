package gateway

import (
	"net"
	"net/http"
	"net/url"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// mostHops is how many redirects of a file are followed.
const mostHops = 5

// filesRule is the path, below the API's base, that a caller's rules must allow
// to GET for it to read files. It is not a path of the API, so that no rule by
// scope and none that names paths of the API lets a file through; a rule of
// everything, /**, does.
const filesRule = "/-/download"

// download sends a file of the provider's. Two things are judged: the rules must
// allow GET /-/download; and an address below the API's base is a call of the
// API whatever its host, so that it is judged as that call, and by that alone.
// (Zoom gives such addresses for recordings of the phone.)
func (x *exchange) download(t target) *refusal {
	x.action = "GET download"
	if refused := x.reads(); refused != nil {
		return refused
	}
	u, refused := fileURL(t.query)
	if refused != nil {
		return refused
	}
	x.path = u.Host + u.EscapedPath()
	if refused := x.open(); refused != nil {
		return refused
	}
	op, refused := x.judgeFile(u)
	if refused != nil {
		return refused
	}
	x.op = op
	return x.forward(u, func(x *exchange) send { return x.fetch })
}

// fileURL reads the address out of the query, where it stands alone.
func fileURL(query string) (*url.URL, *refusal) {
	wrong := func(cause string) (*url.URL, *refusal) {
		return nil, refuse(http.StatusBadRequest, stagedoor.KindUsage, cause, "Give the address of the file as url=, escaped: "+Prefix+"NAME/-/download?url=https%3A%2F%2F…")
	}
	values, err := url.ParseQuery(query)
	if err != nil || len(values) != 1 || len(values["url"]) != 1 {
		return wrong("the query is not one url= alone")
	}
	u, err := url.Parse(values.Get("url"))
	switch {
	case err != nil || u.Host == "" || u.Opaque != "" || (u.Scheme != "https" && u.Scheme != "http"):
		return wrong("url is not a web address")
	case u.User != nil || u.Fragment != "" || strings.HasSuffix(values.Get("url"), "#"):
		return wrong("url holds a user, a password or a fragment")
	case hasToken(u.RawQuery):
		return nil, tokenInQuery()
	}
	return u, nil
}

// judgeFile says what operation reading the file is, or why it may not be read.
func (x *exchange) judgeFile(u *url.URL) (stagedoor.Operation, *refusal) {
	first, plain := firstSegment(u)
	if !plain {
		return stagedoor.Operation{}, refuse(http.StatusBadRequest, stagedoor.KindUsage, "the path of url can not be read in one way alone", "Give the address of the file as the provider gave it.")
	}
	base := x.conn.Base()
	if base != "" && strings.HasPrefix(u.EscapedPath(), base+"/") {
		op, err := x.Callers.Permit(x.caller, base, x.r.Method, u.EscapedPath())
		if err != nil {
			return op, judged(err)
		}
		return op, nil
	}
	if first == strings.ToLower(strings.Trim(base, "/")) || apiLike(first) {
		return stagedoor.Operation{}, refuse(http.StatusForbidden, stagedoor.KindForbidden, "url is an address of the API, and not of a file", "Call the API below "+Prefix+x.caller.Credential+base+".")
	}
	if _, err := x.Callers.Permit(x.caller, base, http.MethodGet, base+filesRule); err != nil {
		refused := judged(err)
		refused.err = &stagedoor.Error{Op: "read a file", Kind: refused.err.Kind, Cause: "the rules of this caller do not let it read files", Fix: "Files need a rule of their own: --allow 'GET " + filesRule + "'."}
		return stagedoor.Operation{}, refused
	}
	// What it is in the table, and so in the quota, is for the connection to find.
	return stagedoor.Operation{}, nil
}

// firstSegment returns the first segment of a path, in lower case; plain is
// false for a path that two servers could read in two ways.
func firstSegment(u *url.URL) (first string, plain bool) {
	path := u.EscapedPath()
	for range 4 {
		decoded, err := url.PathUnescape(path)
		if err != nil {
			return "", false
		}
		segments := strings.Split(strings.TrimPrefix(decoded, "/"), "/")
		for i, segment := range segments {
			name, _, _ := strings.Cut(segment, ";")
			name = strings.Trim(name, ". \t")
			if (name == "" && i < len(segments)-1) || strings.ContainsAny(segment, "\\\x00") || segment == "." || segment == ".." {
				return "", false
			}
		}
		first, _, _ = strings.Cut(segments[0], ";")
		if decoded == path {
			return strings.ToLower(strings.Trim(first, ". ")), true
		}
		path = decoded
	}
	return "", false // escaped more often than anybody does in earnest
}

// apiLike reports whether a first segment is how interfaces for programs begin,
// at Zoom and elsewhere: /v2, /scim2, /oauth.
func apiLike(segment string) bool {
	version, isVersion := strings.CutPrefix(segment, "v")
	return isVersion && version != "" && strings.Trim(version, "0123456789") == "" ||
		strings.HasPrefix(segment, "scim") || segment == "oauth" || segment == "api"
}

// fetch gets a file, following its redirects. The token goes to the first host
// alone; from the first other one on, requests carry nothing of the credential
// nor of the caller but what part of the file is asked for.
func (x *exchange) fetch(r *http.Request) (Sent, error) {
	s := Sending{Use: x.use(), Operation: x.op, File: true}
	origin := r.URL
	for hops := 0; ; hops++ {
		sent, err := x.conn.Send(r, s)
		sent.Waited, sent.Upstream = sent.Waited+x.sent.Waited, sent.Upstream+x.sent.Upstream
		x.sent.Waited, x.sent.Upstream = sent.Waited, sent.Upstream
		if err != nil {
			return sent, err
		}
		next, ok := redirect(sent.Response, r.URL)
		if !ok {
			return sent, nil
		}
		sent.Response.Body.Close()
		if hops == mostHops || next == nil {
			return sent, &stagedoor.Error{Op: "read a file", Kind: stagedoor.KindBadAnswer, Cause: "the file's address leads on and on, or to no web address", Fix: "Ask the provider for the file's address again."}
		}
		s.Operation = stagedoor.Operation{}
		if !s.Bare {
			if !sameOrigin(next, origin) {
				s.Bare = true
			} else if _, refused := x.judgeFile(next); refused != nil {
				s.Bare = true
			}
		}
		r = r.Clone(r.Context())
		r.URL, r.Host = next, ""
		if s.Bare {
			r.Header = only(r.Header, "Range", "If-Range", "Accept", "Accept-Encoding", "User-Agent")
		}
	}
}

// redirect returns where an answer leads; nil where that is no web address.
func redirect(answer *http.Response, from *url.URL) (*url.URL, bool) {
	switch answer.StatusCode {
	case http.StatusMovedPermanently, http.StatusFound, http.StatusSeeOther, http.StatusTemporaryRedirect, http.StatusPermanentRedirect:
	default:
		return nil, false
	}
	location := answer.Header.Get("Location")
	if location == "" {
		return nil, false
	}
	next, err := from.Parse(location)
	if err != nil || next.Host == "" || (next.Scheme != "https" && next.Scheme != "http") || next.User != nil {
		return nil, true
	}
	next.Fragment, next.RawFragment = "", ""
	return next, true
}

func sameOrigin(a, b *url.URL) bool {
	return a.Scheme == b.Scheme && strings.EqualFold(hostPort(a), hostPort(b))
}

func hostPort(u *url.URL) string {
	port := u.Port()
	if port == "" {
		port = map[string]string{"https": "443", "http": "80"}[u.Scheme]
	}
	return net.JoinHostPort(u.Hostname(), port)
}

func only(h http.Header, names ...string) http.Header {
	kept := http.Header{}
	for _, name := range names {
		if values := h.Values(name); len(values) > 0 {
			kept[name] = values
		}
	}
	return kept
}
