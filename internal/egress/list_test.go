package egress

import (
	"net/url"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// zoomHosts are the provider's own in these tests.
func zoomHosts() []string { return []string{"zoom.us", "*.zoom.us", "*.zoomgov.com"} }

func TestCheckAsksTheListByName(t *testing.T) {
	for _, c := range []struct {
		name  string
		url   string
		allow []string
		ok    bool
	}{
		{name: "API host", url: "https://api.zoom.us/v2/users", ok: true},
		{name: "token host", url: "https://zoom.us/oauth/token", ok: true},
		{name: "regional host", url: "https://api-eu.zoom.us/v2/users", ok: true},
		{name: "several labels", url: "https://a.b.zoom.us/", ok: true},
		{name: "government", url: "https://api.zoomgov.com/v2", ok: true},
		{name: "letter case", url: "HTTPS://API.Zoom.US/v2", ok: true},
		{name: "final dot", url: "https://api.zoom.us./v2", ok: true},
		{name: "the default port, written out", url: "https://api.zoom.us:443/v2", ok: true},
		{name: "fullwidth letters, which are dialed as ASCII", url: "https://ａpi.zoom.us/", ok: true},

		{name: "another port", url: "https://api.zoom.us:8443/v2"},
		{name: "plain http", url: "http://api.zoom.us/v2"},
		{name: "http on the port of https", url: "http://api.zoom.us:443/v2"},
		{name: "the pattern's parent", url: "https://zoomgov.com/oauth/token"},
		{name: "a name that ends alike", url: "https://evilzoom.us/"},
		{name: "a name that begins alike", url: "https://api.zoom.us.evil.example/"},
		{name: "a label is missing", url: "https://.zoom.us/"},
		{name: "an empty label", url: "https://a..zoom.us/"},
		{name: "another host", url: "https://evil.example/"},
		{name: "Cyrillic o", url: "https://zооm.us/"},
		{name: "user name that looks like a host", url: "https://api.zoom.us@evil.example/"},
		{name: "user name on a good host", url: "https://me@api.zoom.us/"},
		{name: "an address", url: "https://170.114.52.2/"},
		{name: "loopback", url: "https://127.0.0.1/"},
		{name: "no host", url: "https:///v2"},
		{name: "opaque", url: "https:api.zoom.us/v2"},
		{name: "no scheme", url: "//api.zoom.us/v2"},
		{name: "another scheme", url: "ftp://api.zoom.us/"},
		{name: "a blank in the name", url: "https://api.zoom.us%20.evil.example/"},
		{name: "port 0", url: "https://api.zoom.us:0/"},

		{name: "allowed host", url: "https://sim.example:8443/", allow: []string{"sim.example"}, ok: true},
		{name: "allowed host, plain http", url: "http://sim.example/", allow: []string{"sim.example"}, ok: true},
		{name: "allowed host and port", url: "http://sim.example:8701/", allow: []string{"sim.example:8701"}, ok: true},
		{name: "allowed with the default port", url: "https://sim.example/", allow: []string{"Sim.Example.:443"}, ok: true},
		{name: "allowed loopback", url: "http://127.0.0.1:8701/v2", allow: []string{"127.0.0.1:8701"}, ok: true},
		{name: "allowed IPv6", url: "http://[::1]:8701/v2", allow: []string{"[::1]:8701"}, ok: true},
		{name: "allowed IPv6 without a port", url: "http://[::1]:8701/v2", allow: []string{"::1"}, ok: true},
		{name: "allowed IPv6 in another spelling", url: "http://[0:0:0:0:0:0:0:1]:8701/v2", allow: []string{"[::1]"}, ok: true},
		{name: "allowed international name", url: "https://bücher.example/", allow: []string{"xn--bcher-kva.example"}, ok: true},
		{name: "allowed name with underscore", url: "https://zoom_sim:81/", allow: []string{"zoom_sim:81"}, ok: true},

		{name: "another port than the allowed", url: "http://sim.example:8702/", allow: []string{"sim.example:8701"}},
		{name: "a subdomain of the allowed", url: "https://a.sim.example/", allow: []string{"sim.example"}},
		{name: "localhost is not 127.0.0.1", url: "http://localhost:8701/", allow: []string{"127.0.0.1:8701"}},
		{name: "link-local with a zone", url: "http://[fe80::1%25eth0]/", allow: []string{"fe80::1"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			transport, err := New(Options{Hosts: zoomHosts(), Allow: c.allow})
			if err != nil {
				t.Fatal(err)
			}
			u, err := url.Parse(c.url)
			if err != nil {
				if c.ok {
					t.Fatal(err)
				}
				return // refused even earlier
			}
			err = transport.Check(u)
			if c.ok && err != nil {
				t.Errorf("refused: %v", err)
			}
			if !c.ok && stagedoor.KindOf(err) != stagedoor.KindHostRefused {
				t.Errorf("got %v, want a refusal", err)
			}
		})
	}
}

func TestRefusalNamesHostListAndFix(t *testing.T) {
	transport, err := New(Options{Hosts: zoomHosts(), Allow: []string{"127.0.0.1:8701"}})
	if err != nil {
		t.Fatal(err)
	}
	err = transport.Check(&url.URL{Scheme: "https", Host: "api.example.com", Path: "/v2", RawQuery: "access_token=canary"})
	if err == nil {
		t.Fatal("went through")
	}
	for _, want := range []string{
		"api.example.com:443", "zoom.us, *.zoom.us, *.zoomgov.com, 127.0.0.1:8701",
		"--allow-host api.example.com:443", "stagedoor credential edit NAME --allow-host api.example.com:443",
	} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in %v", want, err)
		}
	}
	if strings.Contains(err.Error(), "canary") {
		t.Error("the query is in the error")
	}
}

func TestAllowHostIsOneHost(t *testing.T) {
	for _, text := range []string{
		"", "https://sim.example", "sim.example/v2", "*.example", "sim.example:", "sim.example:0", "sim.example:65536",
		"sim.example:http", "me@sim.example", "sim example", "a..b", "fe80::1%eth0", ":8701",
	} {
		_, err := New(Options{Allow: []string{text}})
		if stagedoor.KindOf(err) != stagedoor.KindUsage {
			t.Errorf("--allow-host %q gave %v, want a usage error", text, err)
		}
	}
}

func FuzzCheck(f *testing.F) {
	f.Add("https://api.zoom.us/v2")
	f.Add("https://api.zoom.us@evil.example")
	f.Add("https://x.zoom.us%2eevil.example")
	transport, err := New(Options{Hosts: zoomHosts()})
	if err != nil {
		f.Fatal(err)
	}
	f.Fuzz(func(t *testing.T, text string) {
		u, err := url.Parse(text)
		if err != nil || transport.Check(u) != nil {
			return
		}
		name, err := canonical(u.Hostname())
		if err != nil {
			t.Fatalf("%q went through, and its host is no name", text)
		}
		if name != "zoom.us" && !strings.HasSuffix(name, ".zoom.us") && !strings.HasSuffix(name, ".zoomgov.com") {
			t.Errorf("%q went through to %q", text, name)
		}
		if u.Scheme != "https" || u.User != nil {
			t.Errorf("%q went through", text)
		}
	})
}
