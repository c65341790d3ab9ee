package sync

import (
	"math"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestWhatAPartCarriesComesBack(t *testing.T) {
	values := []any{
		"", "Übung", nil, int64(math.MinInt64), int64(0), int64(math.MaxInt64), 0.1, math.MaxFloat64, true, false,
		time.Date(1, 1, 1, 0, 0, 0, 1, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC), "last",
	}
	var packed []byte
	for _, v := range values {
		packed = pack(packed, v)
	}
	rest := string(packed)
	var got []any
	for range values {
		var v any
		v, rest = unpack(rest)
		got = append(got, v)
	}
	if diff := cmp.Diff(values, got); diff != "" || rest != "" {
		t.Errorf("%q is left (-want +got):\n%s", rest, diff)
	}
}
