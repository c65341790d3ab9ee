package jobtest

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Memory keeps runs and schedules as the store does, as long as it lives. It holds
// no lock over a wait, so that it works in a bubble of testing/synctest.
type Memory struct {
	mu        sync.Mutex
	runs      map[string]stagedoor.Run
	schedules map[string]stagedoor.Schedule
	slices    map[string][]stagedoor.RunSlice
	Broken    error // what every call returns, if not nil; set it by Break
}

// Break has every call fail from now on; nil mends it.
func (m *Memory) Break(err error) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.Broken = err
}

func (m *Memory) open() error {
	m.mu.Lock()
	if m.runs == nil {
		m.runs, m.schedules, m.slices = map[string]stagedoor.Run{}, map[string]stagedoor.Schedule{}, map[string][]stagedoor.RunSlice{}
	}
	return m.Broken
}

func missing(what string) error {
	return &stagedoor.Error{Op: "find", Subject: what, Kind: stagedoor.KindNotFound, Cause: "it is not there"}
}

// AddRun stores a new run.
func (m *Memory) AddRun(_ context.Context, r stagedoor.Run) error {
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return err
	}
	if _, taken := m.runs[r.ID]; taken {
		return &stagedoor.Error{Op: "add a run", Subject: "run " + r.ID, Kind: stagedoor.KindExists, Cause: "it is there"}
	}
	m.runs[r.ID] = r
	return nil
}

// Runs lists runs, the newest first.
func (m *Memory) Runs(_ context.Context, q stagedoor.RunQuery) ([]stagedoor.Run, error) {
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return nil, err
	}
	var list []stagedoor.Run
	for _, r := range m.runs {
		if (len(q.States) == 0 || slices.Contains(q.States, r.State)) && (q.Schedule == "" || q.Schedule == r.Schedule) && (q.Credential == "" || q.Credential == r.Credential) && !(q.Unheld && r.Held) {
			list = append(list, r)
		}
	}
	slices.SortFunc(list, func(a, b stagedoor.Run) int {
		if c := b.CreatedAt.Compare(a.CreatedAt); c != 0 {
			return c
		}
		if a.ID < b.ID {
			return 1
		}
		return -1
	})
	if q.Limit > 0 && len(list) > q.Limit {
		list = list[:q.Limit]
	}
	return list, nil
}

// UpdateRun changes a run.
func (m *Memory) UpdateRun(_ context.Context, id string, edit func(*stagedoor.Run) error) (stagedoor.Run, error) {
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return stagedoor.Run{}, err
	}
	r, ok := m.runs[id]
	if !ok {
		return r, missing("run " + id)
	}
	if err := edit(&r); err != nil {
		return stagedoor.Run{}, err
	}
	m.runs[id] = r
	return r, nil
}

// RunLease tells how it stands with a run.
func (m *Memory) RunLease(_ context.Context, id string) (stagedoor.RunLease, error) {
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return stagedoor.RunLease{}, err
	}
	r, ok := m.runs[id]
	if !ok {
		return stagedoor.RunLease{}, missing("run " + id)
	}
	return stagedoor.RunLease{Attempts: r.Attempts, Idle: r.Idle, CancelAt: r.CancelAt, CancelBy: r.CancelBy}, nil
}

// AddRunSlices keeps how slices ended.
func (m *Memory) AddRunSlices(_ context.Context, id string, slices []stagedoor.RunSlice) error {
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return err
	}
	r := m.runs[id]
	for _, slice := range slices {
		if slice.State == stagedoor.SliceWritten {
			r.Slices, r.Rows, r.Idle = r.Slices+1, r.Rows+slice.Written, 0
		}
	}
	m.runs[id] = r
	m.slices[id] = append(m.slices[id], slices...)
	return nil
}

// Slices are those that were kept of a run, in the order of their coming.
func (m *Memory) Slices(id string) []stagedoor.RunSlice {
	m.mu.Lock()
	defer m.mu.Unlock()
	return slices.Clone(m.slices[id])
}

// AddSchedule stores a schedule.
func (m *Memory) AddSchedule(s stagedoor.Schedule) {
	defer m.mu.Unlock()
	_ = m.open()
	m.schedules[s.Name] = s
}

// Schedules returns all schedules in the order of their names.
func (m *Memory) Schedules(context.Context) ([]stagedoor.Schedule, error) {
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return nil, err
	}
	var list []stagedoor.Schedule
	for _, s := range m.schedules {
		list = append(list, s)
	}
	slices.SortFunc(list, func(a, b stagedoor.Schedule) int {
		if a.Name < b.Name {
			return -1
		}
		return 1
	})
	return list, nil
}

// FireSchedule moves a schedule on and adds runs.
func (m *Memory) FireSchedule(_ context.Context, name string, due time.Time, edit func(*stagedoor.Schedule) []stagedoor.Run) (bool, error) {
	defer m.mu.Unlock()
	if err := m.open(); err != nil {
		return false, err
	}
	s := m.schedules[name]
	if !s.Next.Equal(due) || !s.PausedAt.IsZero() {
		return false, nil
	}
	for _, r := range edit(&s) {
		if before, ok := m.runs[r.ID]; ok {
			before.Times, before.Due, before.Note = before.Times+r.Times, r.Due, r.Note
			r = before
		}
		m.runs[r.ID] = r
	}
	m.schedules[name] = s
	return true, nil
}
