package stream

import (
	"testing"

	"github.com/stagedoor/stagedoor"
)

// TestExamplesAreRecords holds that the example of a stream is a record which
// the stream understands wholly: no field that it does not know, no value of
// another type, and a key.
func TestExamplesAreRecords(t *testing.T) {
	for _, s := range All() {
		if s.Example == "" {
			t.Errorf("%s has no example for the catalogue", s.Name)
			continue
		}
		record, err := NewDecoder(s, stagedoor.Slice{Stream: s.Name}, stagedoor.Part{}).Decode([]byte(s.Example))
		if err != nil {
			t.Errorf("%s: %v", s.Name, err)
			continue
		}
		if len(record.Unknown) > 0 || len(record.Changed) > 0 || record.Cleaned > 0 || record.Key == "" {
			t.Errorf("%s: unknown fields %v, other types %v, %d values cleaned, key %q", s.Name, record.Unknown, record.Changed, record.Cleaned, record.Key)
		}
	}
}
