package gateway

import (
	"net/http"
	"strconv"
	"strings"
)

// strip takes off a request what is between the caller and the gateway, or would
// make the API do something else than what was judged. The hop-by-hop headers
// are gone already.
func strip(h http.Header) {
	for name := range h {
		// Some servers can not tell an underscore from a hyphen.
		switch lower := strings.ReplaceAll(strings.ToLower(name), "_", "-"); {
		case lower == "authorization", lower == "cookie", lower == "cookie2", lower == "forwarded",
			strings.HasPrefix(lower, "x-forwarded-"),
			// Who the caller is, in the words of other proxies.
			lower == "x-real-ip", lower == "x-client-ip", lower == "x-cluster-client-ip", lower == "true-client-ip", lower == "cf-connecting-ip",
			// Another method or path than the one in the request line, which some
			// servers believe.
			lower == "x-http-method-override", lower == "x-http-method", lower == "x-method-override",
			lower == "x-original-url", lower == "x-rewrite-url", lower == "x-original-uri", lower == "x-original-host", lower == "x-host",
			// net/http/httputil puts these back for a change of protocol.
			lower == "connection", lower == "upgrade", lower == "http2-settings":
			delete(h, name)
		}
	}
}

// dress gives a request what is the gateway's to say.
func (x *exchange) dress(h http.Header) {
	strip(h)
	// RFC 9110 §7.6.3: each proxy adds itself; those before it stay, so that a
	// circle of several is seen.
	version := strconv.Itoa(x.r.ProtoMajor)
	if x.r.ProtoMajor < 2 {
		version += "." + strconv.Itoa(x.r.ProtoMinor)
	}
	h.Set("Via", strings.TrimPrefix(strings.Join(h.Values("Via"), ", ")+", ", ", ")+version+" "+x.Instance)
	if h.Get("User-Agent") == "" {
		h.Set("User-Agent", strings.TrimSuffix("stagedoor/"+x.Version, "/"))
	}
	// Without this net/http would ask for gzip and undo it.
	if len(h.Values("Accept-Encoding")) == 0 {
		h.Set("Accept-Encoding", "identity")
	}
}

// bare takes off an answer what a browser, a client or a proxy in front would take
// as said by the gateway of itself.
func bare(h http.Header) {
	for _, name := range []string{
		"Set-Cookie", "Set-Cookie2", "Strict-Transport-Security", "Alt-Svc", "Clear-Site-Data", "Nel", "Report-To", "Www-Authenticate", "Upgrade",
		"X-Accel-Redirect", "X-Sendfile", "Service-Worker-Allowed",
	} {
		h.Del(name)
	}
	for name := range h {
		if strings.HasPrefix(name, "Access-Control-") { // which pages may read it is not for the provider to say
			delete(h, name)
		}
	}
}
