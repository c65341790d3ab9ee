package egress

import "net/netip"

// ranges are the addresses that are not hosts on the public internet, by the
// IANA special-purpose address registries (RFC 6890 and its updates).
func ranges() []struct{ prefix, is string } {
	return []struct{ prefix, is string }{
		{"0.0.0.0/8", "an unspecified address"},
		{"10.0.0.0/8", "a private address"},
		{"100.64.0.0/10", "an address inside a carrier's network (CGNAT)"},
		{"127.0.0.0/8", "a loopback address"},
		{"169.254.0.0/16", "a link-local address"},
		{"172.16.0.0/12", "a private address"},
		{"192.0.0.0/24", "a reserved address"},
		{"192.0.2.0/24", "a reserved address"},
		{"192.168.0.0/16", "a private address"},
		{"198.18.0.0/15", "a reserved address"},
		{"198.51.100.0/24", "a reserved address"},
		{"203.0.113.0/24", "a reserved address"},
		{"224.0.0.0/4", "a multicast address"},
		{"240.0.0.0/4", "a reserved address"},
		{"::/128", "an unspecified address"},
		{"::1/128", "a loopback address"},
		{"::/96", "a reserved address"},
		{"64:ff9b:1::/48", "a private address"}, // local-use NAT64, RFC 8215
		{"100::/64", "a reserved address"},
		{"2001::/32", "a reserved address"}, // Teredo: hides an IPv4 address
		{"2001:db8::/32", "a reserved address"},
		{"fc00::/7", "a private address"},
		{"fe80::/10", "a link-local address"},
		{"fec0::/10", "a private address"}, // site-local, RFC 3879
		{"ff00::/8", "a multicast address"},
	}
}

// guard knows which addresses are not public.
type guard []struct {
	prefix netip.Prefix
	is     string
}

func newGuard() guard {
	var g guard
	for _, r := range ranges() {
		g = append(g, struct {
			prefix netip.Prefix
			is     string
		}{netip.MustParsePrefix(r.prefix), r.is})
	}
	return g
}

// refuses says what the address is when it is not a public one, and "" when it
// is. An IPv4 address inside an IPv6 one counts as itself.
func (g guard) refuses(addr netip.Addr) string {
	addr = addr.WithZone("").Unmap()
	for _, r := range g {
		if r.prefix.Contains(addr) {
			return r.is
		}
	}
	if inner, ok := embedded(addr); ok {
		return g.refuses(inner)
	}
	return ""
}

// embedded returns the IPv4 address that NAT64 (RFC 6052) or 6to4 (RFC 3056)
// would deliver to.
func embedded(addr netip.Addr) (netip.Addr, bool) {
	b := addr.As16()
	switch {
	case netip.MustParsePrefix("64:ff9b::/96").Contains(addr):
		return netip.AddrFrom4([4]byte(b[12:16])), true
	case netip.MustParsePrefix("2002::/16").Contains(addr):
		return netip.AddrFrom4([4]byte(b[2:6])), true
	}
	return netip.Addr{}, false
}
