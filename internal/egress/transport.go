package egress

import (
	"cmp"
	"context"
	"crypto/tls"
	"crypto/x509"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Options says to which hosts a [Transport] goes.
type Options struct {
	// Hosts are the provider's own, reached over https on its usual port; a
	// leading "*." stands for one or more labels.
	Hosts []string
	// Allow are HOST or HOST:PORT that a person added with --allow-host. They
	// may be private addresses and may be reached over plain http. An entry
	// without a port allows every port.
	Allow []string
	// CAFile is a PEM file of certificate authorities to trust beside the
	// system's. Empty: none.
	CAFile string
	// Anywhere adds every host that has a public address, over https. It is for
	// requests that carry no credential, such as the redirects of a download.
	Anywhere bool
	// FirstByte is how long an answer may take to begin. Zero: 60 seconds.
	FirstByte time.Duration
}

// Transport is a [http.RoundTripper] that goes to the hosts of its list only.
// It may be used by many goroutines at once, and is meant to be kept, since it
// keeps connections open.
type Transport struct {
	list     list
	anywhere bool
	guard    guard
	// proxyFor says which proxy a request goes through: nil for none.
	proxyFor func(*http.Request) (*url.URL, error)
	// direct resolves and dials by itself, and so checks addresses. proxied
	// dials nothing but the proxy, which may well have a private address.
	direct, proxied *http.Transport
	pool            *x509.CertPool // nil: the system's
}

var _ http.RoundTripper = (*Transport)(nil)

// New returns a Transport, or says which option is wrong.
func New(o Options) (*Transport, error) {
	l, err := newList(o.Hosts, o.Allow)
	if err != nil {
		return nil, err
	}
	pool, err := certificates(o.CAFile)
	if err != nil {
		return nil, err
	}
	t := &Transport{list: l, anywhere: o.Anywhere, guard: newGuard(), pool: pool, proxyFor: http.ProxyFromEnvironment}
	t.direct = newHTTP(pool, o.FirstByte)
	t.direct.DialContext = t.dial
	t.proxied = newHTTP(pool, o.FirstByte)
	t.proxied.DialContext = newDialer().DialContext
	t.proxied.Proxy = func(r *http.Request) (*url.URL, error) { return t.proxyFor(r) }
	t.proxied.OnProxyConnectResponse = func(_ context.Context, proxy *url.URL, asked *http.Request, answer *http.Response) error {
		if answer.StatusCode == http.StatusOK {
			return nil
		}
		return refusedByProxy(proxy, proxyVariable("https"), asked.URL.Opaque, answer.StatusCode)
	}
	return t, nil
}

func newHTTP(pool *x509.CertPool, firstByte time.Duration) *http.Transport {
	return &http.Transport{
		TLSClientConfig:       &tls.Config{RootCAs: pool, MinVersion: tls.VersionTLS12},
		TLSHandshakeTimeout:   10 * time.Second,
		ResponseHeaderTimeout: cmp.Or(firstByte, 60*time.Second),
		ExpectContinueTimeout: time.Second,
		IdleConnTimeout:       90 * time.Second,
		MaxIdleConns:          256,
		MaxIdleConnsPerHost:   64,
		ForceAttemptHTTP2:     true, // not automatic beside an own DialContext
		// A connection that died in silence is found by a ping, not by the
		// requests that wait on it.
		HTTP2: &http.HTTP2Config{SendPingTimeout: 15 * time.Second, PingTimeout: 15 * time.Second},
	}
}

// newDialer gives up a little before a request does, so that it is known what
// was not reached: the host or the proxy.
func newDialer() *net.Dialer {
	return &net.Dialer{Timeout: 8 * time.Second, KeepAlive: 30 * time.Second}
}

func certificates(file string) (*x509.CertPool, error) {
	if file == "" {
		return nil, nil // the system's
	}
	fail := func(cause string, err error) error {
		return &stagedoor.Error{
			Op: "read the certificate authorities", Subject: file, Kind: stagedoor.KindUsage, Cause: cause, Err: err,
			Fix: "Give --ca-file a readable file of PEM certificates (-----BEGIN CERTIFICATE-----).",
		}
	}
	pem, err := os.ReadFile(file)
	if err != nil {
		return nil, fail("the file could not be read: "+err.Error(), err)
	}
	pool, err := x509.SystemCertPool()
	if err != nil {
		pool = x509.NewCertPool() // a system without a pool of its own
	}
	if !pool.AppendCertsFromPEM(pem) {
		return nil, fail("there is no PEM certificate in the file", nil)
	}
	return pool, nil
}

// Check reports whether a request that carries the credential may go to u by
// the host's name. Its error is a [stagedoor.Error] of KindHostRefused. Names
// are not resolved: private addresses are refused when they are dialed.
func (t *Transport) Check(u *url.URL) error {
	to, err := targetOf(u)
	if err != nil {
		return refusal("the address", err.Error(), "Use the plain address of an API host: https://HOST/PATH.")
	}
	switch {
	case t.list.names(to.host, to.port):
		return nil
	case t.anywhere && to.scheme == "https":
		return t.checkLiteral(to)
	case !t.list.provides(to):
		return refusal(to.entry().String(), "the host is not on the credential's list; "+t.list.String(), allowFix(to.entry()))
	case to.scheme != "https":
		return refusal(to.entry().String(), "a credential goes over https; plain http is for hosts that --allow-host names", "Write https:// instead.")
	}
	return nil
}

// RoundTrip checks where the request goes, and sends it.
func (t *Transport) RoundTrip(r *http.Request) (*http.Response, error) {
	way, proxy, err := t.way(r)
	if err != nil {
		if r.Body != nil {
			r.Body.Close() // a RoundTripper always does
		}
		return nil, err
	}
	answer, err := way.RoundTrip(r)
	if err != nil {
		return nil, explain(r, proxy, err)
	}
	// A request over plain http has no tunnel: the proxy's own word comes in
	// the place of the host's.
	if proxy != nil && answer.StatusCode == http.StatusProxyAuthRequired {
		answer.Body.Close()
		return nil, refusedByProxy(proxy, proxyVariable(r.URL.Scheme), hostOf(r.URL), answer.StatusCode)
	}
	return answer, nil
}

// way returns what takes the request to its host, and the proxy that it goes
// through, if any.
func (t *Transport) way(r *http.Request) (*http.Transport, *url.URL, error) {
	if err := t.Check(r.URL); err != nil {
		return nil, nil, err
	}
	proxy, err := t.proxyFor(r)
	if err != nil {
		return nil, nil, &stagedoor.Error{
			Op: "read the proxy setting", Subject: "HTTPS_PROXY", Kind: stagedoor.KindUsage,
			Cause: "it is not the address of a proxy", Fix: "Set HTTPS_PROXY to http://HOST:PORT, or unset it.",
		} // the library's text may hold the proxy's password
	}
	if proxy != nil {
		return t.proxied, proxy, nil
	}
	return t.direct, nil, nil
}

// dial connects to addr unless it turns out not to be public.
func (t *Transport) dial(ctx context.Context, network, addr string) (net.Conn, error) {
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	name, err := canonical(host)
	if err != nil {
		return nil, refusal(addr, err.Error(), "Use the plain address of an API host: https://HOST/PATH.")
	}
	dialer := newDialer()
	if !t.list.names(name, port) {
		dialer.ControlContext = func(_ context.Context, _, resolved string, _ syscall.RawConn) error {
			return t.checkAddress(entry{name, port}, resolved)
		}
	}
	return dialer.DialContext(ctx, network, addr)
}

func (t *Transport) checkAddress(to entry, resolved string) error {
	addr, err := netip.ParseAddrPort(resolved)
	if err != nil {
		return refusal(to.String(), "the address it resolved to is not an IP address", allowFix(to))
	}
	if is := t.guard.refuses(addr.Addr()); is != "" {
		return refusal(to.String(), "its name resolved to "+addr.Addr().String()+", "+is+", and credentials go to public addresses only", allowFix(to))
	}
	return nil
}

// checkLiteral refuses a host that is an address which is not public, since
// behind a proxy nothing else here sees it. Names are checked when they are
// dialed.
func (t *Transport) checkLiteral(to target) error {
	addr, err := netip.ParseAddr(to.host)
	if err != nil && endsInNumber(to.host) {
		return refusal(to.entry().String(), "it is no name, and no address as they are written, but some programs read as an address what ends in a number", allowFix(to.entry()))
	}
	if err != nil {
		return nil // a name
	}
	if is := t.guard.refuses(addr); is != "" {
		return refusal(to.entry().String(), "it is "+is+", and requests go to public addresses only", allowFix(to.entry()))
	}
	return nil
}

// endsInNumber reports whether the last label of a host is a number, as in
// 2130706433, 127.1 and 0x7f.1: older functions of operating systems, and so
// proxies, take those for IPv4 addresses, and no top-level domain is like that.
// Source: WHATWG URL, "ends in a number", read 2026-11-25.
func endsInNumber(host string) bool {
	last := host[strings.LastIndexByte(host, '.')+1:]
	digits := "0123456789"
	if strings.HasPrefix(last, "0x") {
		digits += "abcdef"
	}
	return last != "" && strings.Trim(strings.TrimPrefix(last, "0x"), digits) == ""
}

// CloseIdleConnections closes the connections that no request uses.
func (t *Transport) CloseIdleConnections() {
	t.direct.CloseIdleConnections()
	t.proxied.CloseIdleConnections()
}

func refusal(subject, cause, fix string) *stagedoor.Error {
	return &stagedoor.Error{Op: "send a request with a credential", Subject: subject, Kind: stagedoor.KindHostRefused, Cause: cause, Fix: fix}
}

func allowFix(e entry) string {
	return "If the credential is meant to go there, add the host: --allow-host " + e.String() +
		" on `stagedoor credential add`, or `stagedoor credential edit NAME --allow-host " + e.String() + "` for one that exists."
}
