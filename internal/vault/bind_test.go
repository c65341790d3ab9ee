package vault

import (
	"bytes"
	"testing"
)

func TestNoTwoListsOfPartsBindAlike(t *testing.T) {
	lists := [][]string{
		{"ab", "c"},
		{"a", "bc"},
		{"abc"},
		{"abc", ""},
		{"", "abc"},
		{"a", "b", "c"},
		{"credential", "id", "token"},
		{"credential", "idtoken"},
	}
	for i, a := range lists {
		for _, b := range lists[i+1:] {
			if bytes.Equal(bind(a...), bind(b...)) {
				t.Errorf("%q and %q bind alike", a, b)
			}
		}
	}
}
