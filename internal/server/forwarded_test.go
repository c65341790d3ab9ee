package server

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestForwarded holds what is believed of a proxy's headers, and whose.
func TestForwarded(t *testing.T) {
	const direct, proxied = "192.0.2.7:5000", "10.0.0.5:5000"
	for name, c := range map[string]struct {
		behind  bool
		proxies string
		from    string
		headers []string
		want    origin
	}{
		"no proxy":                      {false, "", proxied, []string{"X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"}, origin{proxied, "gate", "http"}},
		"a proxy":                       {true, "10.0.0.5", proxied, []string{"X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: gate.example.com"}, origin{"198.51.100.1:0", "gate.example.com", "https"}},
		"any proxy":                     {true, "", proxied, []string{"X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: HTTPS"}, origin{"198.51.100.1:0", "gate", "https"}},
		"somebody beside the proxy":     {true, "10.0.0.5", direct, []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: evil.example"}, origin{direct, "gate", "http"}},
		"a proxy that says nothing":     {true, "10.0.0.5", proxied, nil, origin{proxied, "gate", "http"}},
		"what the caller made up":       {true, "10.0.0.5", proxied, []string{"X-Forwarded-For: 127.0.0.1, 198.51.100.1"}, origin{"198.51.100.1:0", "gate", "http"}},
		"made up, in two headers":       {true, "10.0.0.5", proxied, []string{"X-Forwarded-For: 127.0.0.1", "X-Forwarded-For: 198.51.100.1"}, origin{"198.51.100.1:0", "gate", "http"}},
		"made up, of a proxy's address": {true, "10.0.0.0/8", proxied, []string{"X-Forwarded-For: 203.0.113.9, 198.51.100.1, 10.9.9.9"}, origin{"198.51.100.1:0", "gate", "http"}},
		"two proxies":                   {true, "10.0.0.5 10.0.0.6", proxied, []string{"X-Forwarded-For: 198.51.100.1, 10.0.0.6"}, origin{"198.51.100.1:0", "gate", "http"}},
		"proxies alone":                 {true, "10.0.0.0/8", proxied, []string{"X-Forwarded-For: 10.0.0.7, 10.0.0.6"}, origin{"10.0.0.7:0", "gate", "http"}},
		"with a port":                   {true, "10.0.0.5", proxied, []string{"X-Forwarded-For: 198.51.100.1:61234"}, origin{"198.51.100.1:0", "gate", "http"}},
		"IPv6":                          {true, "10.0.0.5", proxied, []string{"X-Forwarded-For: 2001:db8::1"}, origin{"[2001:db8::1]:0", "gate", "http"}},
		"IPv6 with a port":              {true, "10.0.0.5", proxied, []string{"X-Forwarded-For: [2001:db8::1]:61234"}, origin{"[2001:db8::1]:0", "gate", "http"}},
		"IPv4 in IPv6":                  {true, "10.0.0.5", "[::ffff:10.0.0.5]:5000", []string{"X-Forwarded-For: ::ffff:198.51.100.1"}, origin{"198.51.100.1:0", "gate", "http"}},
		"no address":                    {true, "10.0.0.5", proxied, []string{"X-Forwarded-For: unknown"}, origin{proxied, "gate", "http"}},
		"another scheme":                {true, "10.0.0.5", proxied, []string{"X-Forwarded-Proto: javascript"}, origin{proxied, "gate", "http"}},
		"the last scheme":               {true, "10.0.0.5", proxied, []string{"X-Forwarded-Proto: https, http"}, origin{proxied, "gate", "http"}},
	} {
		t.Run(name, func(t *testing.T) {
			proxies, err := ParseProxies(strings.Fields(c.proxies))
			if err != nil {
				t.Fatal(err)
			}
			r := httptest.NewRequest("GET", "http://gate/", nil)
			r.RemoteAddr = c.from
			for _, header := range c.headers {
				name, value, _ := strings.Cut(header, ": ")
				r.Header.Add(name, value)
			}
			if got := (&Options{BehindProxy: c.behind, Proxies: proxies}).originOf(r); got != c.want {
				t.Errorf("got %+v, want %+v", got, c.want)
			}
		})
	}
}

// TestForwardedGoesNoFurther holds that the parts see whom a request came from,
// and nothing that a proxy or anybody else wrote of it.
func TestForwardedGoesNoFurther(t *testing.T) {
	said := []string{
		"X-Forwarded-For: 198.51.100.1", "X-Forwarded-Proto: https", "X-Forwarded-Host: gate.example.com", "X-Forwarded-Port: 1", "X-Real-IP: 1.2.3.4", "Forwarded: for=1.2.3.4",
	}
	hsts := func(a got) bool { return a.Header.Get("Strict-Transport-Security") != "" }
	behind := newWorld(t, Options{BehindProxy: true, AllowedHosts: []string{"gate.example.com"}})
	for _, path := range []string{"/to/acme", "/oauth/token"} {
		a := raw(t, behind.address(0), "GET "+path, said...)
		if !strings.Contains(a.body, "base=https://gate.example.com narrow=false from=198.51.100.1:0 host=gate.example.com body=") || strings.Contains(a.body, "orwarded-") || strings.Contains(a.body, "1.2.3.4") || !hsts(a) {
			t.Errorf("%s: %v %s", path, a.Header, a.body)
		}
	}
	plain := newWorld(t, Options{})
	a := raw(t, plain.address(0), "GET /to/acme", said...)
	if !strings.Contains(a.body, "base=http://"+plain.address(0)+" narrow=false from=127.0.0.1:") || strings.Contains(a.body, "1.2.3.4") || strings.Contains(a.body, "198.51") || hsts(a) {
		t.Errorf("no proxy is believed: %v %s", a.Header, a.body)
	}
	// A public URL stands above all that anybody says.
	public := newWorld(t, Options{BehindProxy: true, PublicURL: "https://public.example.com/"})
	if a := raw(t, public.address(0), "GET /oauth/token"); !strings.Contains(a.body, "base=https://public.example.com ") || a.StatusCode != http.StatusOK {
		t.Errorf("%s", a.body)
	}
}

// TestOptions asserts each refusal of options, with what to do about it.
func TestOptions(t *testing.T) {
	const fix = "--tls-cert FILE --tls-key FILE, or --acme-host NAME"
	for name, c := range map[string]struct {
		o           Options
		cause, says string
	}{
		"everywhere":              {Options{Listen: "0.0.0.0:0"}, "in the clear", fix},
		"no host":                 {Options{Listen: ":0"}, "in the clear", fix},
		"IPv6 everywhere":         {Options{Listen: "[::]:0"}, "in the clear", fix},
		"a private address":       {Options{Listen: "10.0.0.5:0"}, "in the clear", fix},
		"a name":                  {Options{Listen: "gate.example.com:0"}, "in the clear", fix},
		"a name like localhost":   {Options{Listen: "localhost.evil.example:0"}, "in the clear", fix},
		"no port":                 {Options{Listen: "127.0.0.1"}, "not an address with a port", "127.0.0.1:8700"},
		"an empty port":           {Options{Listen: "127.0.0.1:"}, "not an address with a port", "127.0.0.1:8700"},
		"nothing":                 {Options{}, "not an address with a port", "127.0.0.1:8700"},
		"expose":                  {Options{Listen: "127.0.0.1:0", Expose: "some"}, "no such choice", "all or gateway"},
		"certificate alone":       {Options{Listen: "127.0.0.1:0", CertFile: "x"}, "one of them is missing", "Give both"},
		"key alone":               {Options{Listen: "127.0.0.1:0", KeyFile: "x"}, "one of them is missing", "Give both"},
		"no such file":            {Options{Listen: "127.0.0.1:0", CertFile: "no-such", KeyFile: "no-such"}, "no certificate with its key", "PEM"},
		"two certificates":        {Options{Listen: "127.0.0.1:0", CertFile: "x", KeyFile: "y", ACME: &ACME{}}, "both say", "Leave one"},
		"proxy and TLS":           {Options{Listen: "127.0.0.1:0", CertFile: "x", KeyFile: "y", BehindProxy: true}, "so would the daemon", "Leave out"},
		"proxies without":         {Options{Listen: "127.0.0.1:0", Proxies: must(ParseProxies([]string{"10.0.0.5"}))}, "no proxy is believed", "--behind-proxy"},
		"operators beside all":    {Options{Listen: "127.0.0.1:0", OperatorListen: "127.0.0.1:0"}, "usual listener already", "--expose gateway"},
		"operators for everybody": {Options{Listen: "127.0.0.1:0", Expose: ExposeGateway, OperatorListen: "0.0.0.0:0"}, "in the clear", "ssh -L"},
		"ACME of an address":      {Options{Listen: "127.0.0.1:0", ACME: &ACME{Hosts: []string{"10.0.0.5"}}}, "not the full name", "gateway.example.com"},
		"ACME of a wildcard":      {Options{Listen: "127.0.0.1:0", ACME: &ACME{Hosts: []string{"*.example.com"}}}, "not the full name", "gateway.example.com"},
		"ACME of localhost":       {Options{Listen: "127.0.0.1:0", ACME: &ACME{Hosts: []string{"localhost"}}}, "not the full name", "gateway.example.com"},
		"ACME with a port":        {Options{Listen: "127.0.0.1:0", ACME: &ACME{Hosts: []string{"gate.example.com:443"}}}, "not the full name", "gateway.example.com"},
		"ACME elsewhere":          {Options{Listen: "127.0.0.1:0", ACME: &ACME{Hosts: []string{"gate.example.com"}, Directory: "acme.example"}}, "not a plain http", "https://"},
		"public URL with a path":  {Options{Listen: "127.0.0.1:0", PublicURL: "https://gate.example.com/zoom"}, "not a plain http", "https://"},
		"public URL with a user":  {Options{Listen: "127.0.0.1:0", PublicURL: "https://a:b@gate.example.com"}, "not a plain http", "https://"},
		"public URL of no web":    {Options{Listen: "127.0.0.1:0", PublicURL: "ftp://gate.example.com"}, "not a plain http", "https://"},
	} {
		t.Run(name, func(t *testing.T) {
			s, err := Listen(c.o)
			if err == nil {
				s.Stop(t.Context())
				t.Fatal("it listens")
			}
			isExplained(t, err, stagedoor.KindUsage, c.cause, c.says)
		})
	}
	if _, err := ParseProxies([]string{"10.0.0.5", "ten"}); err == nil {
		t.Error("ten is an address")
	} else {
		isExplained(t, err, stagedoor.KindUsage, "neither an address nor a network", "10.1.0.0/16")
	}
	// A port that is taken.
	w := newWorld(t, Options{})
	_, err := Listen(Options{Listen: w.address(0)})
	isExplained(t, err, stagedoor.KindUsage, "can not be listened on", "Stop what has the port")
	// The second listener's too, which gives the first one back.
	_, err = Listen(Options{Listen: "127.0.0.1:0", Expose: ExposeGateway, OperatorListen: w.address(0)})
	isExplained(t, err, stagedoor.KindUsage, "can not be listened on", "--operator-listen HOST:PORT")
}

func must[T any](v T, err error) T {
	if err != nil {
		panic(err)
	}
	return v
}

func isExplained(t *testing.T, err error, kind stagedoor.Kind, cause, fix string) {
	t.Helper()
	e, ok := errorOf(err)
	if !ok || e.Kind != kind || !strings.Contains(e.Cause, cause) || !strings.Contains(e.Fix, fix) {
		t.Errorf("got %+v\nwant kind %s, a cause with %q and a fix with %q", err, kind, cause, fix)
	}
}
