package doctor

import (
	"fmt"
	"net"
	"net/netip"
	"net/url"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
)

// certificateWarns is how long before its end a certificate is worth a word.
// Public ones are renewed a month before; what is left at two weeks was
// forgotten by somebody.
const certificateWarns = 14 * 24 * time.Hour

// stages are the checks of a way, in their order.
var stages = []string{stagedoor.StageHost, stagedoor.StageDNS, stagedoor.StageTCP, stagedoor.StageProxy, stagedoor.StageTLS}

// way writes a way down and reports whether it leads there.
func (s *Sheet) way(w stagedoor.Way, now time.Time) bool {
	end, proxied := w.Host, w.Proxy != ""
	if proxied {
		end = w.Proxy
	}
	name := end
	if host, _, err := net.SplitHostPort(end); err == nil {
		name = host
	}
	says := map[string]string{
		"host":  w.Host + " is on the credential's list",
		"dns":   name + " is " + w.Address,
		"tcp":   end + " takes connections",
		"proxy": "none for " + w.Host,
	}
	if name == w.Address {
		says["dns"] = w.Address + " is an address, and needs no look-up"
	}
	if proxied {
		says["tcp"] = "the proxy " + says["tcp"]
		says["proxy"] = fmt.Sprintf("%s takes us to %s, by %s", w.Proxy, w.Host, w.Variable)
	}
	for i, stage := range stages {
		s.took(w.Took[stage])
		switch {
		case w.Err != nil && stage == w.Stage:
			s.failed(stage, w.Err)
			s.skip("see "+stage+" of "+w.Host, stages[i+1:]...)
			return false
		case stage == "tls":
			s.certificate(w, now)
		default:
			s.ok(stage, "%s", says[stage])
		}
	}
	return true
}

func (s *Sheet) certificate(w stagedoor.Way, now time.Time) {
	if ip, err := netip.ParseAddr(w.Address); w.Scheme != "https" && w.Proxy == "" && err == nil && ip.IsLoopback() {
		s.ok("tls", "%s is reached over plain http, and does not leave this machine", w.Host)
		return
	}
	if w.Scheme != "https" {
		s.warn("tls", "", w.Host+" is reached over plain http, and so are the client secret and every token",
			"Write https:// in the credential's URLs: `stagedoor credential edit NAME --token-url URL --api-url URL`.")
		return
	}
	left := w.Expires.Sub(now)
	days := int(left / (24 * time.Hour))
	says := fmt.Sprintf("%s, certificate for %s, signed by %s, good for %s (until %s)", w.TLSVersion, w.Names, w.Issuer, several(days, "day"), w.Expires.UTC().Format(time.DateOnly))
	switch {
	case left < certificateWarns:
		s.warn("tls", "", w.Host+": the certificate ends in "+several(days, "day")+", on "+w.Expires.UTC().Format(time.DateOnly),
			"Whoever runs "+w.Host+" (or the proxy that answers in its place) must renew it before that day.")
	case w.Intercepted:
		s.warn("tls", "", w.Host+" is answered by somebody in between: the certificate is signed by "+w.Issuer+", which only --ca-file vouches for",
			"If that is your company's proxy, all is well, and it can read the client secret and every token. If not, take --ca-file away at once and set a new secret: `stagedoor credential set-secret NAME`.")
	case w.OwnCA:
		s.ok("tls", "%s: %s, by --ca-file", w.Host, says)
	default:
		s.ok("tls", "%s: %s", w.Host, says)
	}
}

// sameHost reports whether two addresses are one to connect to.
func sameHost(a, b string) bool {
	u, err1 := url.Parse(a)
	v, err2 := url.Parse(b)
	return err1 == nil && err2 == nil && u.Scheme == v.Scheme && strings.EqualFold(u.Host, v.Host)
}

// Bounds of a clock that is off: a server tells whole seconds, and the answer
// takes a while.
const (
	skewWarns = 30 * time.Second
	skewFails = 5 * time.Minute
)

// clockFix sets a clock right, by the systems that Stagedoor runs on.
const clockFix = "`sudo timedatectl set-ntp true` (Linux with systemd), `sudo chronyc makestep` (chrony), `sudo sntp -sS time.apple.com` (macOS), `w32tm /resync` (Windows); in a virtual machine or container look at the host's clock"

// clock compares this machine's clock with what a server said.
func (s *Sheet) clock(h Heard) {
	if h.Date.IsZero() {
		s.skip("no server told the time", "clock")
		return
	}
	off := h.At.Sub(h.Date)
	size := off.Abs()
	if size < 2*time.Second {
		s.ok("clock", "within two seconds of %s", h.Host)
		return
	}
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	says := fmt.Sprintf("this machine's clock (%s) is %s %s that of %s", h.At.UTC().Format(time.RFC3339), short(size), direction, h.Host)
	switch {
	case size >= skewFails:
		s.fail("clock", "", says+"; days of reports, and whether a certificate is valid, go by it", "Set the clock: "+clockFix+".")
	case size >= skewWarns:
		s.warn("clock", "", says, "Set the clock: "+clockFix+".")
	default:
		s.ok("clock", "%s", says)
	}
}

// Heard is what servers told beside their answers.
type Heard struct {
	Date   time.Time // the last Date header; zero: none
	At     time.Time // this machine's clock when it came
	Host   string    // who sent it
	Limits []Limit   // what they said of quotas, in order

	TokenCalls, APICalls int // requests that were sent
}

// Limit is what one answer said of a quota.
type Limit struct {
	Label     stagedoor.Label
	Daily     bool
	Limit     int // -1: not told
	Remaining int // -1: not told
	Refused   bool
	Until     string // Retry-After, as it was sent
}

// short prints a duration in two parts at most: "1h2m", "3d4h".
func short(d time.Duration) string {
	d = d.Round(time.Second)
	switch {
	case d >= 48*time.Hour:
		return fmt.Sprintf("%dd%dh", d/(24*time.Hour), d%(24*time.Hour)/time.Hour)
	case d >= time.Hour:
		return fmt.Sprintf("%dh%dm", d/time.Hour, d%time.Hour/time.Minute)
	case d >= time.Minute:
		return fmt.Sprintf("%dm%ds", d/time.Minute, d%time.Minute/time.Second)
	}
	return d.String()
}
