package store

import (
	"encoding/json"
	"fmt"
	"time"
)

// timeColumn keeps a time as microseconds since 1970; the zero time is 0.
type timeColumn struct{ at *time.Time }

func (c timeColumn) Scan(value any) error {
	micros, ok := value.(int64)
	if !ok {
		return fmt.Errorf("a time is stored as %T", value)
	}
	if micros == 0 {
		*c.at = time.Time{}
		return nil
	}
	*c.at = time.UnixMicro(micros).UTC()
	return nil
}

// micros is a time as it is stored.
func micros(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return t.UnixMicro()
}

// jsonColumn keeps a list or a map as JSON text; an empty one comes back nil.
type jsonColumn struct{ into any }

func (c jsonColumn) Scan(value any) error {
	text, ok := value.(string)
	if !ok {
		return fmt.Errorf("a list is stored as %T", value)
	}
	return json.Unmarshal([]byte(text), c.into)
}

// jsonText is a list or a map as it is stored.
func jsonText[T []string | map[string]string | map[string][]byte](v T) (string, error) {
	if len(v) == 0 {
		return "null", nil
	}
	text, err := json.Marshal(v)
	return string(text), err
}
