package quota

import (
	"context"
	"sync"
)

// memory is the Store of an account that this process has to itself.
type memory struct {
	mu   sync.Mutex
	text []byte
}

func (m *memory) Quota(context.Context, string) ([]byte, error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.text, nil
}

func (m *memory) UpdateQuota(_ context.Context, _ string, change func([]byte) ([]byte, error)) error {
	m.mu.Lock()
	defer m.mu.Unlock()
	text, err := change(m.text)
	if err == nil {
		m.text = text
	}
	return err
}
