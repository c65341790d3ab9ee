package egress

import (
	"bufio"
	"context"
	"crypto/tls"
	"crypto/x509"
	"encoding/base64"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"
	"syscall"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Bounds of the stages of a probe.
const (
	lookUpFor  = 5 * time.Second
	connectFor = 5 * time.Second
	greetFor   = 8 * time.Second // CONNECT, and TLS
)

// Probe goes the way that a request to u would go, under the same rules, up to
// the point where the request would be sent; nothing is sent. Where a stage
// fails, its Err is a [stagedoor.Error] and the later stages are not tried.
func (t *Transport) Probe(ctx context.Context, u *url.URL) stagedoor.Way {
	w := &trail{Way: stagedoor.Way{Scheme: u.Scheme, Stage: stagedoor.StageHost, Took: map[string]time.Duration{}}, since: time.Now()}
	if to, err := targetOf(u); err == nil {
		w.Host = net.JoinHostPort(to.host, to.port)
	}
	w.Err = t.probe(ctx, u, w)
	w.enter("")
	return w.Way
}

// trail is a way that is being gone.
type trail struct {
	stagedoor.Way
	since time.Time
}

// enter ends a stage and begins the next; the last one stays named.
func (w *trail) enter(stage string) {
	w.Took[w.Stage] += time.Since(w.since)
	w.since = time.Now()
	if stage != "" {
		w.Stage = stage
	}
}

func (t *Transport) probe(ctx context.Context, u *url.URL, w *trail) error {
	_, proxy, err := t.way((&http.Request{Method: http.MethodGet, URL: u}).WithContext(ctx))
	if err != nil {
		return err
	}
	var conn net.Conn
	if proxy == nil {
		conn, err = t.probeDirect(ctx, w)
	} else {
		w.Proxy, w.Variable = proxyName(proxy), proxyVariable(u.Scheme)
		conn, err = t.probeProxy(ctx, proxy, w)
	}
	if err != nil {
		return err
	}
	defer func() { conn.Close() }()
	if u.Scheme != "https" {
		return nil
	}
	w.enter(stagedoor.StageTLS)
	name, _, _ := net.SplitHostPort(w.Host)
	_, err = t.greet(ctx, conn, name, w.Host, w)
	return err
}

// probeDirect looks the host up and connects to it.
func (t *Transport) probeDirect(ctx context.Context, w *trail) (net.Conn, error) {
	w.enter(stagedoor.StageDNS)
	name, port, err := net.SplitHostPort(w.Host)
	if err != nil {
		return nil, unreached(w.Host, err)
	}
	addresses, err := lookUp(ctx, name)
	if err != nil {
		return nil, unreached(w.Host, err)
	}
	w.enter(stagedoor.StageTCP)
	return firstOf(ctx, addresses, port, w, func(ctx context.Context, to string) (net.Conn, error) {
		if !t.list.names(name, port) {
			if err := t.checkAddress(entry{name, port}, to); err != nil {
				return nil, err
			}
		}
		return newDialer().DialContext(ctx, "tcp", to)
	})
}

// probeProxy connects to the proxy and, for https, has it make the tunnel.
func (t *Transport) probeProxy(ctx context.Context, proxy *url.URL, w *trail) (net.Conn, error) {
	if proxy.Scheme != "http" && proxy.Scheme != "https" {
		return nil, barred(w.Proxy, "doctor can not try a proxy of the kind "+stagedoor.Outside(proxy.Scheme, 20), "Requests do go through it; `stagedoor credential check NAME` tries one.", errors.ErrUnsupported)
	}
	port := proxy.Port()
	if port == "" {
		port = map[string]string{"http": "80", "https": "443"}[proxy.Scheme]
	}
	w.enter(stagedoor.StageDNS)
	addresses, err := lookUp(ctx, proxy.Hostname())
	if err != nil {
		return nil, explainProxy(proxy, w.Variable, err)
	}
	w.enter(stagedoor.StageTCP)
	conn, err := firstOf(ctx, addresses, port, w, func(ctx context.Context, to string) (net.Conn, error) {
		return newDialer().DialContext(ctx, "tcp", to)
	})
	if err != nil {
		return nil, explainProxy(proxy, w.Variable, err)
	}
	w.enter(stagedoor.StageProxy)
	if proxy.Scheme == "https" {
		secure, err := t.greet(ctx, conn, proxy.Hostname(), w.Proxy, &trail{})
		if err != nil {
			conn.Close()
			return nil, err
		}
		conn = secure
	}
	if w.Scheme != "https" {
		return conn, nil // plain http needs no tunnel
	}
	if err := tunnel(conn, proxy, w); err != nil {
		conn.Close()
		return nil, err
	}
	return conn, nil
}

// tunnel asks the proxy for a way to the host.
func tunnel(conn net.Conn, proxy *url.URL, w *trail) error {
	_ = conn.SetDeadline(time.Now().Add(greetFor))
	defer func() { _ = conn.SetDeadline(time.Time{}) }()
	ask := "CONNECT " + w.Host + " HTTP/1.1\r\nHost: " + w.Host + "\r\n"
	if proxy.User != nil {
		password, _ := proxy.User.Password()
		ask += "Proxy-Authorization: Basic " + base64.StdEncoding.EncodeToString([]byte(proxy.User.Username()+":"+password)) + "\r\n"
	}
	if _, err := conn.Write([]byte(ask + "\r\n")); err != nil {
		return explainProxy(proxy, w.Variable, err)
	}
	// A proxy sends nothing after its answer before we do, so that the reader
	// holds nothing back.
	answer, err := http.ReadResponse(bufio.NewReader(conn), &http.Request{Method: http.MethodConnect})
	if err != nil {
		return explainProxy(proxy, w.Variable, err)
	}
	answer.Body.Close()
	if answer.StatusCode != http.StatusOK {
		return refusedByProxy(proxy, w.Variable, w.Host, answer.StatusCode)
	}
	return nil
}

// greet makes the TLS handshake. Verification is done here rather than by
// crypto/tls, in the same way, so that a certificate that is refused is known
// too; the connection is closed before anything is sent over it.
func (t *Transport) greet(ctx context.Context, conn net.Conn, name, host string, w *trail) (net.Conn, error) {
	ctx, cancel := context.WithTimeout(ctx, greetFor)
	defer cancel()
	secure := tls.Client(conn, &tls.Config{
		ServerName: name, MinVersion: tls.VersionTLS12,
		InsecureSkipVerify: true, // verified by VerifyConnection
		VerifyConnection: func(state tls.ConnectionState) error {
			return t.verify(state, name, host, w)
		},
	})
	if err := secure.HandshakeContext(ctx); err != nil {
		if own, ok := errors.AsType[*stagedoor.Error](err); ok {
			return nil, own
		}
		return nil, unreached(host, err)
	}
	w.TLSVersion = tls.VersionName(secure.ConnectionState().Version)
	return secure, nil
}

func (t *Transport) verify(state tls.ConnectionState, name, host string, w *trail) error {
	chain := state.PeerCertificates
	if len(chain) == 0 {
		return barred(host, host+" showed no certificate", "Whoever runs "+host+" must give it one.", nil)
	}
	leaf := chain[0]
	w.Names, w.Issuer, w.Expires = namesOf(leaf), issuerOf(chain[len(chain)-1]), leaf.NotAfter
	between := x509.NewCertPool()
	for _, cert := range chain[1:] {
		between.AddCert(cert)
	}
	options := x509.VerifyOptions{DNSName: name, Intermediates: between, Roots: t.pool}
	if _, err := leaf.Verify(options); err != nil {
		return explainCertificate(host, chain, err, time.Now())
	}
	if t.pool != nil {
		options.Roots = nil // the system's alone
		_, err := leaf.Verify(options)
		w.OwnCA = err != nil
		port := "443"
		if _, p, err := net.SplitHostPort(host); err == nil {
			port = p
		}
		w.Intercepted = w.OwnCA && t.list.provides(target{"https", name, port})
	}
	return nil
}

func lookUp(ctx context.Context, name string) ([]netip.Addr, error) {
	if address, err := netip.ParseAddr(name); err == nil {
		return []netip.Addr{address}, nil
	}
	ctx, cancel := context.WithTimeout(ctx, lookUpFor)
	defer cancel()
	return net.DefaultResolver.LookupNetIP(ctx, "ip", name)
}

// firstOf connects to the first of the addresses that answers, IPv4 first: a
// machine without IPv6 would only wait for the others.
func firstOf(ctx context.Context, addresses []netip.Addr, port string, w *trail, dial func(context.Context, string) (net.Conn, error)) (net.Conn, error) {
	var failed error
	for _, four := range []bool{true, false} {
		for _, address := range addresses {
			address = address.Unmap()
			if address.Is4() != four {
				continue
			}
			w.Address = address.String()
			one, cancel := context.WithTimeout(ctx, connectFor)
			conn, err := dial(one, net.JoinHostPort(address.String(), port))
			cancel()
			if err == nil {
				return conn, nil
			}
			if failed == nil {
				failed = err
			}
			if ctx.Err() != nil {
				return nil, unreached(w.Host, failed)
			}
		}
	}
	return nil, unreachedUnlessOurs(w.Host, failed)
}

func unreachedUnlessOurs(host string, err error) error {
	if own, ok := errors.AsType[*stagedoor.Error](err); ok {
		return own
	}
	return unreached(host, err)
}

// unreached explains why a stage failed.
func unreached(host string, err error) error {
	if e := explainHost(host, err, time.Now()); e != nil {
		return e
	}
	e := &stagedoor.Error{
		Op: "reach the host", Subject: host, Kind: stagedoor.KindNetwork, Err: err,
		Fix: "Look at this machine's network and firewall (outgoing port 443), and whether a proxy is needed here: HTTPS_PROXY.",
	}
	name, byName := errors.AsType[*net.DNSError](err)
	timeout, byTime := errors.AsType[net.Error](err)
	system, bySystem := errors.AsType[syscall.Errno](err)
	_, port, _ := net.SplitHostPort(host)
	switch {
	case errors.Is(err, context.Canceled):
		e.Kind, e.Cause, e.Fix = stagedoor.KindInterrupted, "it was interrupted", "Run it again."
	case byName:
		e.Cause = "the name " + stagedoor.Outside(name.Name, shownName) + " could not be looked up: this machine's DNS server did not answer"
		e.Fix = "Look at this machine's network and DNS server (/etc/resolv.conf; `nslookup " + stagedoor.Outside(name.Name, shownName) + "`). Behind a proxy set HTTPS_PROXY, which then looks names up."
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Cause = host + " refused the connection: nothing listens on port " + port
		e.Fix = "Look at host and port in the credential's URLs (`stagedoor credential show NAME`), and whether what should listen there runs; a firewall may refuse it too."
	case byTime && timeout.Timeout():
		e.Cause = host + " did not answer in time"
		e.Fix = "A firewall that drops connections looks so: let this machine out to " + host + ", or set HTTPS_PROXY where a proxy is needed."
	case bySystem:
		e.Cause = host + " was not reached: " + system.Error()
	default:
		e.Cause = fmt.Sprintf("%s was not reached: %s", host, stagedoor.Outside(strings.TrimPrefix(err.Error(), "remote error: "), 200))
	}
	return e
}
