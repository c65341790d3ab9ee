package jsonl

import (
	"bytes"
	"errors"
	"io"
	"math"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// TestTimes compares with the standard library's way.
func TestTimes(t *testing.T) {
	var ours times
	for _, at := range []time.Time{
		{},
		time.Date(9999, 12, 31, 23, 59, 59, 999e6, time.UTC), time.Date(1969, 12, 31, 23, 59, 59, 1e6, time.UTC),
		time.Unix(0, 0), time.Date(2026, 11, 25, 7, 9, 3, 216e6, time.UTC), time.Date(2026, 11, 25, 0, 0, 0, 0, time.UTC), time.Date(1, 1, 2, 3, 4, 5, 6e6, time.UTC),
	} {
		want := at.UTC().Format(timeFormat)
		for range 2 {
			if got := string(ours.append(nil, at.UnixMicro())); got != want {
				t.Errorf("%s, want %s", got, want)
			}
		}
	}
}

// FuzzRoundTrip writes any row and reads it back.
func FuzzRoundTrip(f *testing.F) {
	f.Add("key", "text", "[1,{}]", int64(1), 0.5, true, int64(1e15), byte(0))
	f.Add("", "\"=1+1\",\r\n", "{\"a\":\n1}", int64(math.MinInt64), math.Inf(-1), false, int64(-1000), byte(0xff))
	f.Add("\\.", " a ", "\"text\"", int64(0), math.NaN(), false, int64(0), byte(0x0a))
	f.Add("null", "\x00\u2028", "[\"\\ud800\"]", int64(0), math.Copysign(0, -1), false, int64(0), byte(0x50))
	columns := []stagedoor.Column{
		{Name: "_key", Type: stagedoor.Text},
		{Name: "a \"b\",\nc", Type: stagedoor.Text},
		{Name: "j", Type: stagedoor.JSON},
		{Name: "i", Type: stagedoor.Integer},
		{Name: "r", Type: stagedoor.Real},
		{Name: "b", Type: stagedoor.Boolean},
		{Name: "t", Type: stagedoor.Timestamp},
	}
	f.Fuzz(func(t *testing.T, key, text, json string, i int64, r float64, b bool, at int64, nulls byte) {
		texts := []string{key, text, json}
		for i := range texts {
			texts[i] = string(bytes.ToValidUTF8([]byte(texts[i]), []byte("?")))
		}
		at = at % (250 * 365 * dayMicros) / 1000 * 1000 // whole milliseconds, in four-digit years
		null := func(i int) bool { return nulls>>i&1 == 1 }
		var file bytes.Buffer
		w, err := NewWriter(&file, columns)
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			for i, text := range texts {
				if null(i) {
					w.Null()
				} else {
					w.Text([]byte(text))
				}
			}
			for n, write := range []func(){func() { w.Integer(i) }, func() { w.Real(r) }, func() { w.Boolean(b) }, func() { w.Time(at) }} {
				if null(3 + n) {
					w.Null()
				} else {
					write()
				}
			}
			if err := w.End(); err != nil {
				t.Fatal(err)
			}
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		content := file.String()
		in, err := NewReader(&file, append(columns[:7:7], stagedoor.Column{Name: "none", Type: stagedoor.Text}))
		if err != nil {
			t.Fatal(err)
		}
		for range 2 {
			if err := in.Next(); err != nil {
				t.Fatalf("%v in %q", err, content)
			}
			for i, want := range texts {
				if got, ok := in.Text(i); ok == null(i) || ok && string(got) != want {
					t.Fatalf("column %d is %q, %t, want %q, %t in %q", i, got, ok, want, !null(i), content)
				}
			}
			if got, ok := in.Integer(3); ok == null(3) || ok && got != i {
				t.Fatalf("%d, %t, want %d in %q", got, ok, i, content)
			}
			if got, ok := in.Real(4); ok == null(4) || ok && got != r && !(math.IsNaN(got) && math.IsNaN(r)) {
				t.Fatalf("%g, %t, want %g in %q", got, ok, r, content)
			}
			if got, ok := in.Boolean(5); ok == null(5) || ok && got != b {
				t.Fatalf("%t, %t, want %t in %q", got, ok, b, content)
			}
			if got, ok := in.Time(6); ok == null(6) || ok && got != at {
				t.Fatalf("%d, %t, want %d in %q", got, ok, at, content)
			}
			if _, ok := in.Text(7); ok {
				t.Fatal("a column that the file lacks has a value")
			}
		}
		if err := in.Next(); !errors.Is(err, io.EOF) {
			t.Fatalf("after the rows: %v", err)
		}
	})
}

// FuzzReader reads anything: it ends with an error or the end, and never hangs.
func FuzzReader(f *testing.F) {
	f.Add([]byte("{\"a\":1}\n{\"a\":\"x\"}\n"))
	f.Add([]byte("a,b\r\n1,\"x\"\"y\"\r\n"))
	f.Fuzz(func(t *testing.T, content []byte) {
		r, err := NewReader(bytes.NewReader(content), []stagedoor.Column{{Name: "a", Type: stagedoor.Text}})
		for err == nil {
			if err = r.Next(); err == nil {
				_, _ = r.Text(0)
				_, _ = r.Integer(0)
				_, _ = r.Time(0)
			}
		}
	})
}
