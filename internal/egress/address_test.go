package egress

import (
	"net/netip"
	"strings"
	"testing"
)

func TestOnlyPublicAddressesPass(t *testing.T) {
	g := newGuard()
	for addr, is := range map[string]string{
		"8.8.8.8":                      "",
		"170.114.52.2":                 "",
		"172.15.255.255":               "",
		"172.32.0.0":                   "",
		"100.63.255.255":               "",
		"100.128.0.0":                  "",
		"2606:4700::1111":              "",
		"::ffff:8.8.8.8":               "",
		"64:ff9b::808:808":             "", // NAT64 of 8.8.8.8
		"2002:808:808::1":              "", // 6to4 of 8.8.8.8
		"127.0.0.1":                    "loopback",
		"127.255.255.254":              "loopback",
		"::1":                          "loopback",
		"::ffff:127.0.0.1":             "loopback",
		"64:ff9b::7f00:1":              "loopback",
		"2002:7f00:1::":                "loopback",
		"10.1.2.3":                     "private",
		"172.16.0.1":                   "private",
		"192.168.1.1":                  "private",
		"fd00::1":                      "private",
		"fec0::1":                      "private",
		"64:ff9b::a00:1":               "private",
		"64:ff9b:1::808:808":           "private",
		"2002:c0a8:101::":              "private",
		"169.254.169.254":              "link-local",
		"fe80::1":                      "link-local",
		"fe80::1%eth0":                 "link-local",
		"64:ff9b::a9fe:a9fe":           "link-local",
		"100.64.0.1":                   "CGNAT",
		"100.127.255.255":              "CGNAT",
		"224.0.0.1":                    "multicast",
		"ff02::1":                      "multicast",
		"0.0.0.0":                      "unspecified",
		"::":                           "unspecified",
		"255.255.255.255":              "reserved",
		"198.18.0.1":                   "reserved",
		"::7f00:1":                     "reserved", // IPv4-compatible, RFC 4291
		"2001:0:4136:e378:8000:63bf::": "reserved",
	} {
		got := g.refuses(netip.MustParseAddr(addr))
		if (got == "") != (is == "") || !strings.Contains(got, is) {
			t.Errorf("%s is %q, want %q", addr, got, is)
		}
	}
}
