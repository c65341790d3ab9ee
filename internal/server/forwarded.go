package server

import (
	"context"
	"net"
	"net/http"
	"net/netip"
	"slices"
	"strings"
)

type arrivalKey struct{}

// arrival is how a request reached the daemon.
type arrival struct {
	base    string
	gateway bool // at a listener that shows only what --expose gateway does
}

// Base is the address by which the request reached the daemon, or its public
// URL where that is set: "https://gateway.example.com", without a slash.
func Base(r *http.Request) string {
	a, _ := r.Context().Value(arrivalKey{}).(arrival)
	return a.base
}

// Narrow reports whether the request came to a listener that shows only what
// --expose gateway does.
func Narrow(r *http.Request) bool {
	a, _ := r.Context().Value(arrivalKey{}).(arrival)
	return a.gateway
}

func withArrival(r *http.Request, a arrival) *http.Request {
	return r.WithContext(context.WithValue(r.Context(), arrivalKey{}, a))
}

// forwardedHeaders are what proxies write. None of them goes further: what was
// believed of them stands in the request itself.
var forwardedHeaders = []string{"X-Forwarded-For", "X-Forwarded-Proto", "X-Forwarded-Host", "X-Forwarded-Port", "X-Real-Ip", "Forwarded"}

// origin is whom a request came from, and by which name and scheme.
type origin struct {
	remote, host, scheme string
}

// originOf reads a request, and what the proxy in front says of it, if that is
// one to believe.
func (o *Options) originOf(r *http.Request) origin {
	from := origin{remote: r.RemoteAddr, host: r.Host, scheme: "http"}
	if r.TLS != nil {
		from.scheme = "https"
	}
	if !o.BehindProxy || !o.believed(r.RemoteAddr) {
		return from
	}
	if address := o.caller(r.Header.Values("X-Forwarded-For")); address != "" {
		from.remote = net.JoinHostPort(address, "0")
	}
	// A proxy adds to the end of what it was sent, so that the last word is its own.
	if scheme := strings.ToLower(last(r.Header.Values("X-Forwarded-Proto"))); scheme == "https" || scheme == "http" {
		from.scheme = scheme
	}
	if host := last(r.Header.Values("X-Forwarded-Host")); host != "" {
		from.host = host
	}
	return from
}

// caller is the last address that no believed proxy has: all before it may be
// anybody's invention.
func (o *Options) caller(values []string) string {
	addresses := list(values)
	for i, text := range slices.Backward(addresses) {
		ip, err := netip.ParseAddr(strings.Trim(text, "[]"))
		if err != nil { // some proxies add the port
			withPort, err := netip.ParseAddrPort(text)
			if err != nil {
				return ""
			}
			ip = withPort.Addr()
		}
		if len(o.Proxies) == 0 || i == 0 || !o.proxy(ip) {
			return ip.Unmap().WithZone("").String() // a zone may be any text
		}
	}
	return ""
}

func (o *Options) believed(remote string) bool {
	if len(o.Proxies) == 0 {
		return true
	}
	address, err := netip.ParseAddrPort(remote)
	return err == nil && o.proxy(address.Addr())
}

func (o *Options) proxy(ip netip.Addr) bool {
	return slices.ContainsFunc(o.Proxies, func(p netip.Prefix) bool { return p.Contains(ip.Unmap()) })
}

func list(values []string) []string {
	var words []string
	for _, value := range values {
		for word := range strings.SplitSeq(value, ",") {
			if word = strings.TrimSpace(word); word != "" {
				words = append(words, word)
			}
		}
	}
	return words
}

func last(values []string) string {
	words := list(values)
	if len(words) == 0 {
		return ""
	}
	return words[len(words)-1]
}

// ParseProxies reads addresses and networks: "10.0.0.5", "10.1.0.0/16".
func ParseProxies(texts []string) ([]netip.Prefix, error) {
	var prefixes []netip.Prefix
	for _, text := range texts {
		if ip, err := netip.ParseAddr(text); err == nil {
			prefixes = append(prefixes, netip.PrefixFrom(ip.Unmap(), ip.Unmap().BitLen()))
			continue
		}
		prefix, err := netip.ParsePrefix(text)
		if err != nil {
			return nil, wrong("--proxy "+text, "it is neither an address nor a network", "Write it like 10.0.0.5 or 10.1.0.0/16.")
		}
		prefixes = append(prefixes, prefix.Masked())
	}
	return prefixes, nil
}
