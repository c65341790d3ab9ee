package cli

import (
	"bytes"
	"testing"
)

// FuzzTame holds that nothing that steers a terminal comes through, however the
// text is cut, and that all else does.
func FuzzTame(f *testing.F) {
	for _, text := range []string{"plain\n", "a\x1b[31mred", "\u009b31m", "ü\u00a0é\tx", "\x7f\r\x00", "\xc2", "日本"} {
		f.Add(text, 1)
	}
	f.Fuzz(func(t *testing.T, text string, cut int) {
		var got bytes.Buffer
		w := &tame{to: &got}
		cut = max(0, min(cut, len(text)))
		for _, part := range []string{text[:cut], text[cut:]} {
			if n, err := w.Write([]byte(part)); err != nil || n != len(part) {
				t.Fatal(n, err)
			}
		}
		for i, r := range got.String() {
			if r < ' ' && r != '\n' && r != '\t' || r == 0x7F || r >= 0x80 && r <= 0x9F {
				t.Errorf("%q lets %U through at %d", text, r, i)
			}
		}
	})
}

func TestTameKeepsText(t *testing.T) {
	const text = "Zoë, 日本, é\u00a0ü\tx\n{\"a\":\"\\u001b\"}\n"
	var got bytes.Buffer
	w := &tame{to: &got}
	for i := range len(text) {
		if _, err := w.Write([]byte{text[i]}); err != nil {
			t.Fatal(err)
		}
	}
	if got.String() != text {
		t.Errorf("%q became %q", text, got.String())
	}
}
