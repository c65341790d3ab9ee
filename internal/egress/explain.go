package egress

import (
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"os"
	"strings"
	"syscall"
	"time"

	"github.com/stagedoor/stagedoor"
)

// explain gives words of its own to what went wrong on the way, where it is the
// way's fault and not the other side's: the proxy, a name that is not there, a
// certificate. Everything else is left as it is, for those who know what was
// asked for. What will not pass by itself is [stagedoor.KindUnreachable], which
// nobody tries again.
func explain(r *http.Request, proxy *url.URL, err error) error {
	if refused, ok := errors.AsType[*stagedoor.Error](err); ok {
		return refused // of a dial that was refused, or by refusedByProxy
	}
	if errors.Is(r.Context().Err(), context.Canceled) {
		return err
	}
	if op, ok := errors.AsType[*net.OpError](err); ok && op.Op == "proxyconnect" && proxy != nil {
		return explainProxy(proxy, proxyVariable(r.URL.Scheme), op.Err)
	}
	if e := explainHost(hostOf(r.URL), err, time.Now()); e != nil {
		return e
	}
	return err
}

func barred(subject, cause, fix string, err error) *stagedoor.Error {
	return &stagedoor.Error{
		Op: "reach the host", Subject: subject, Kind: stagedoor.KindUnreachable, Cause: cause, Fix: fix, Err: err,
	}
}

// explainHost explains a host that can not be reached until somebody mends
// something; nil where that is not known.
func explainHost(host string, err error, now time.Time) *stagedoor.Error {
	if name, ok := errors.AsType[*net.DNSError](err); ok && name.IsNotFound {
		shown := stagedoor.Outside(name.Name, shownName)
		return barred(host, "there is no host by the name "+shown,
			"Look for a slip in the credential's URLs (`stagedoor credential show NAME`). If the name is right, this machine's DNS does not know it: `nslookup "+shown+"` shows that; behind a proxy set HTTPS_PROXY, which then looks names up.", nil)
	}
	if bad, ok := errors.AsType[*tls.CertificateVerificationError](err); ok {
		return explainCertificate(host, bad.UnverifiedCertificates, bad.Err, now)
	}
	if plain, ok := errors.AsType[tls.RecordHeaderError](err); ok {
		return barred(host, host+" does not speak TLS on this port",
			"Look at the port and at https:// in the credential's URLs (`stagedoor credential show NAME`); a simulator without TLS is at http://, and needs --allow-host.", plain)
	}
	return nil
}

// shownName is how much of a name is shown that a stranger may have chosen.
const shownName = 100

// explainCertificate says what is wrong with a chain; chain may be empty.
func explainCertificate(host string, chain []*x509.Certificate, err error, now time.Time) *stagedoor.Error {
	var issuer, names string
	var leaf *x509.Certificate
	if len(chain) > 0 {
		leaf = chain[0]
		issuer = issuerOf(chain[len(chain)-1])
		names = namesOf(leaf)
	}
	if wrong, ok := errors.AsType[x509.HostnameError](err); ok && leaf != nil {
		return barred(host, fmt.Sprintf("the certificate of %s is for another name: %s", stagedoor.Outside(wrong.Host, shownName), names),
			"Use the name that is in the certificate in the credential's URLs, or have one made for this name. If a proxy or a sign-in page of the network answers in its place, sign in to the network first.", err)
	}
	if invalid, ok := errors.AsType[x509.CertificateInvalidError](err); ok && invalid.Reason == x509.Expired && invalid.Cert != nil {
		cert := invalid.Cert
		if now.Before(cert.NotBefore) {
			return barred(host, fmt.Sprintf("the certificate of %s is valid from %s on, and this machine's clock says %s", host, day(cert.NotBefore), day(now)),
				"Set this machine's clock: "+clockFix+". If the clock is right, the server's certificate is not valid yet.", err)
		}
		return barred(host, fmt.Sprintf("the certificate of %s expired on %s (this machine's clock says %s)", host, day(cert.NotAfter), day(now)),
			"If the clock is right, whoever runs "+host+" must renew the certificate; if it is wrong: "+clockFix+".", err)
	}
	if _, ok := errors.AsType[x509.UnknownAuthorityError](err); ok {
		return barred(host, fmt.Sprintf("the certificate of %s is signed by an authority that this machine does not trust: %s", host, issuer),
			"If that is your company's proxy or a server of your own, get its CA certificate as a PEM file and give it with --ca-file FILE, STAGEDOOR_CA_FILE, or `ca_file:` in stagedoor.yaml. If you do not know it, somebody may be listening: ask who runs this network.", err)
	}
	return barred(host, "the certificate of "+host+" is not valid: "+stagedoor.Outside(err.Error(), 200),
		"Whoever runs "+host+" must mend its certificate; if a proxy of yours signs it, give its CA certificate with --ca-file FILE.", err)
}

// clockFix sets a clock right, by the systems that Stagedoor runs on.
const clockFix = "`sudo timedatectl set-ntp true` (Linux with systemd), `sudo chronyc makestep` (chrony), `sudo sntp -sS time.apple.com` (macOS), `w32tm /resync` (Windows)"

func day(t time.Time) string { return t.UTC().Format("2006-01-02 15:04 UTC") }

func issuerOf(cert *x509.Certificate) string {
	name := cert.Issuer.CommonName
	if name == "" {
		name = cert.Issuer.String()
	}
	if name == "" {
		return "one without a name"
	}
	return "\"" + stagedoor.Outside(name, shownName) + "\""
}

func namesOf(cert *x509.Certificate) string {
	names := append([]string{}, cert.DNSNames...)
	for _, ip := range cert.IPAddresses {
		names = append(names, ip.String())
	}
	if len(names) == 0 {
		return "none at all"
	}
	if len(names) > 5 {
		names = append(names[:5], "…")
	}
	return stagedoor.Outside(strings.Join(names, ", "), 2*shownName)
}

// explainProxy explains that the proxy itself was not reached.
func explainProxy(proxy *url.URL, variable string, err error) *stagedoor.Error {
	at := proxyName(proxy)
	e := &stagedoor.Error{
		Op: "go through the proxy", Subject: at, Kind: stagedoor.KindNetwork,
		Fix: "Look at " + variable + " (it names this proxy) and whether the proxy runs; unset " + variable + " where no proxy is needed, or except the host with NO_PROXY.",
	}
	name, byName := errors.AsType[*net.DNSError](err)
	timeout, byTime := errors.AsType[net.Error](err)
	system, bySystem := errors.AsType[syscall.Errno](err)
	switch {
	case byName && name.IsNotFound:
		e.Kind, e.Cause = stagedoor.KindUnreachable, "there is no host by the name of the proxy "+at
	case byName:
		e.Cause = "the name of the proxy " + at + " could not be looked up"
	case errors.Is(err, syscall.ECONNREFUSED):
		e.Cause, e.Err = "the proxy "+at+" refused the connection: nothing listens there", syscall.ECONNREFUSED
	case byTime && timeout.Timeout():
		e.Cause, e.Err = "the proxy "+at+" did not answer in time", context.DeadlineExceeded
	case bySystem:
		e.Cause, e.Err = "the proxy "+at+" was not reached: "+system.Error(), system
	case errors.Is(err, io.EOF), errors.Is(err, io.ErrUnexpectedEOF):
		e.Cause = "the proxy " + at + " closed the connection without an answer"
	default:
		if own := explainHost(at, err, time.Now()); own != nil {
			return own // an https proxy with a certificate that is not good
		}
		e.Cause = "the proxy " + at + " was not reached"
	}
	return e
}

// refusedByProxy explains an answer of the proxy itself.
func refusedByProxy(proxy *url.URL, variable, host string, status int) *stagedoor.Error {
	at := proxyName(proxy)
	e := barred(at, fmt.Sprintf("the proxy %s does not let us through to %s (status %d)", at, host, status),
		"Ask who runs the proxy to let CONNECT "+host+" through, or except the host with NO_PROXY where it can be reached without it.", nil)
	e.Op, e.Status = "go through the proxy", status
	switch {
	case status == http.StatusProxyAuthRequired && proxy.User == nil:
		e.Cause = "the proxy " + at + " wants a user name and a password (status 407)"
		e.Fix = "Put them into " + variable + " in the environment, http://USER:PASSWORD@" + at + " (a character such as @ in the password as %40), or ask for a proxy that needs none."
	case status == http.StatusProxyAuthRequired:
		e.Cause = "the proxy " + at + " does not take the user name and password that " + variable + " holds (status 407)"
		e.Fix = "Correct them in " + variable + " (a character such as @ in the password is written as %40). A proxy that wants NTLM or Kerberos instead needs a helper between, such as cntlm or px."
	case status >= 500:
		e.Kind = stagedoor.KindNetwork
		e.Cause = fmt.Sprintf("the proxy %s could not reach %s (status %d)", at, host, status)
		e.Fix = "Try again; if it stays so, ask who runs the proxy whether it can reach " + host + "."
	}
	return e
}

// proxyName is the proxy's host and port, without a user name and password.
func proxyName(proxy *url.URL) string {
	return hostOf(proxy)
}

// hostOf is HOST, with the port where one is written.
func hostOf(u *url.URL) string { return stagedoor.Outside(u.Host, shownName) }

// proxyVariable is the variable that names the proxy of a scheme; of two
// spellings the capitals win, as net/http has it.
func proxyVariable(scheme string) string {
	name := strings.ToUpper(scheme) + "_PROXY"
	if os.Getenv(name) == "" && os.Getenv(strings.ToLower(name)) != "" {
		return strings.ToLower(name)
	}
	return name
}
