package server

import "testing"

// A zone may be any text, which has no business in the audit.
func TestForwardedZonesAreDropped(t *testing.T) {
	o := &Options{BehindProxy: true}
	if got := o.caller([]string{"2001:db8::1, fe80::1%\u202eevil"}); got != "fe80::1" {
		t.Errorf("%q", got)
	}
}
