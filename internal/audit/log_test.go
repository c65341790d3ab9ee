package audit

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stagedoor/stagedoor"
)

// fake is a store in memory that notes when rows came, and refuses when told to.
type fake struct {
	mu      sync.Mutex
	rows    []stagedoor.AuditRow
	batches []int // rows by transaction, openings too
	at      []time.Duration
	began   time.Time
	refuse  error
	silent  bool // rows are written, and the answer is lost
}

func (f *fake) AppendAudit(_ context.Context, chain int64, compose func(stagedoor.AuditState) ([]stagedoor.AuditRow, error)) error {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.refuse != nil && !f.silent {
		return f.refuse
	}
	var state stagedoor.AuditState
	ends := map[int64]stagedoor.AuditEnd{}
	for _, r := range f.rows {
		ends[r.Chain] = stagedoor.AuditEnd{Chain: r.Chain, Sequence: r.Sequence, MAC: r.MAC, Arrival: r.Arrival}
		if r.Sequence == 0 {
			state.Opening = r
		}
	}
	state.Own = ends[chain]
	rows, err := compose(state)
	if err != nil || len(rows) == 0 {
		return err
	}
	for _, r := range rows {
		r.Arrival = int64(len(f.rows) + 1)
		f.rows = append(f.rows, r)
	}
	f.batches, f.at = append(f.batches, len(rows)), append(f.at, time.Since(f.began))
	if f.silent {
		f.silent = false
		return f.refuse
	}
	return nil
}

func (f *fake) actions() string {
	f.mu.Lock()
	defer f.mu.Unlock()
	var all []string
	for _, r := range f.rows {
		l, err := decode(r.Line)
		if err != nil {
			panic(err)
		}
		all = append(all, l.Action)
	}
	return strings.Join(all, " ")
}

// transactions are the rows and the time of each.
func (f *fake) transactions() ([]int, []time.Duration) {
	f.mu.Lock()
	defer f.mu.Unlock()
	return append([]int(nil), f.batches...), append([]time.Duration(nil), f.at...)
}

func (f *fake) set(refuse error, silent bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.refuse, f.silent = refuse, silent
}

func inBubble(t *testing.T, o Options, f func(t *testing.T, s *fake, l *Log)) {
	synctest.Test(t, func(t *testing.T) {
		s := &fake{began: time.Now()}
		l := Open(s, []byte("key"), o)
		f(t, s, l)
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		_ = l.Close(ctx)
	})
}

func act(name string) stagedoor.Event {
	return stagedoor.Event{Actor: "person ada", Action: name, Result: "ok"}
}

func TestBatches(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, s *fake, l *Log) {
		l.Record(act("a"))
		time.Sleep(99 * time.Millisecond)
		l.Record(act("b"))
		synctest.Wait()
		if batches, _ := s.transactions(); len(batches) != 0 {
			t.Fatal("a line was written before its batch was due")
		}
		time.Sleep(time.Millisecond)
		synctest.Wait()
		if _, at := s.transactions(); s.actions() != "audit.open a b" || at[0] != 100*time.Millisecond {
			t.Fatalf("%s, at %v", s.actions(), at)
		}
		// A thousand do not wait.
		for range 1000 {
			l.Record(act("c"))
		}
		synctest.Wait()
		if batches, at := s.transactions(); len(batches) != 2 || batches[1] != 1000 || at[1] != 100*time.Millisecond {
			t.Fatalf("batches of %v at %v", batches, at)
		}
		// An admin act neither, and takes along what waits.
		l.Record(act("d"))
		if err := l.Commit(t.Context(), act("e")); err != nil {
			t.Fatal(err)
		}
		if batches, at := s.transactions(); at[2] != 100*time.Millisecond || batches[2] != 2 {
			t.Fatalf("batches of %v at %v", batches, at)
		}
		l.Record(act("f"))
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.actions(); !strings.HasSuffix(got, "c d e f") || s.at[3] != 100*time.Millisecond {
			t.Fatalf("Close left something behind: …%s", got[len(got)-20:])
		}
		if err := l.Commit(t.Context(), act("late")); err == nil {
			t.Error("a closed log took a line")
		}
	})
}

func TestNothingIsWrittenWithoutALine(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, s *fake, l *Log) {
		if err := l.Close(t.Context()); err != nil || len(s.rows) != 0 {
			t.Errorf("%v, %d rows", err, len(s.rows))
		}
	})
}

// TestStoreAway holds that lines wait for a store that is away, in a bounded
// number, and that what is lost is counted in the audit itself.
func TestStoreAway(t *testing.T) {
	inBubble(t, Options{Hold: 10}, func(t *testing.T, s *fake, l *Log) {
		away := errors.New("away")
		s.set(away, false)
		if err := l.Commit(t.Context(), act("first")); !errors.Is(err, away) {
			t.Fatalf("an act that was not written came back as %v", err)
		}
		for i := range 9 {
			l.Record(act(fmt.Sprint("held", i)))
		}
		began := time.Now()
		for range 5 {
			l.Record(act("lost"))
		}
		if waited := time.Since(began); waited != patience {
			t.Errorf("Record waited %v, want %v once and then never", waited, patience)
		}
		time.Sleep(time.Hour)
		s.set(nil, false)
		time.Sleep(restingMost)
		synctest.Wait()
		l.Record(act("after"))
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.actions(); got != "audit.open first held0 held1 held2 held3 held4 held5 held6 held7 held8 audit.gap after" {
			t.Error(got)
		}
		gap, _ := decode(s.rows[11].Line)
		if gap.Lost != 5 || !strings.HasPrefix(gap.Detail, "5 lines were lost from ") {
			t.Errorf("%d lost: %s", gap.Lost, gap.Detail)
		}
	})
}

// TestRoomComes holds that Record, where all places are taken, gets the first that
// is free.
func TestRoomComes(t *testing.T) {
	inBubble(t, Options{Hold: 2}, func(t *testing.T, s *fake, l *Log) {
		s.set(errors.New("away"), false)
		l.Record(act("a"))
		l.Record(act("b"))
		time.Sleep(150 * time.Millisecond) // refused once
		s.set(nil, false)
		l.Record(act("c"))
		if err := l.Close(t.Context()); err != nil {
			t.Fatal(err)
		}
		if got := s.actions(); got != "audit.open a b c" {
			t.Error(got)
		}
	})
}

// TestAnswerLost holds that lines are written once where the store wrote them and
// could not say so.
func TestAnswerLost(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, s *fake, l *Log) {
		for _, name := range []string{"a", "b"} { // with the opening, and without
			s.set(errors.New("the answer was lost"), true)
			_ = l.Commit(t.Context(), act(name))
			l.Record(act(name + "2"))
			s.set(nil, false)
			time.Sleep(time.Minute)
		}
		if got := s.actions(); got != "audit.open a a2 b b2" {
			t.Error(got)
		}
	})
}

// TestClosedWhileAway holds that lines which could not be written are an error
// that counts them, and that Close does not wait for ever.
func TestClosedWhileAway(t *testing.T) {
	inBubble(t, Options{}, func(t *testing.T, s *fake, l *Log) {
		s.set(errors.New("away"), false)
		l.Record(act("a"))
		l.Record(act("b"))
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := l.Close(ctx)
		if err == nil || !strings.Contains(err.Error(), "2 lines could not be written and are lost: away") {
			t.Error(err)
		}
	})
}

// TestOrder holds that lines of many goroutines are all there, each one's in their
// order, and chained.
func TestOrder(t *testing.T) {
	s := &fake{}
	l := Open(s, []byte("key"), Options{Lines: 7})
	var all sync.WaitGroup
	for g := range 8 {
		all.Go(func() {
			for i := range 50 {
				e := act(fmt.Sprint(g))
				e.Sent = int64(i)
				if i%10 == 9 {
					if err := l.Commit(context.Background(), e); err != nil {
						t.Error(err)
					}
					continue
				}
				l.Record(e)
			}
		})
	}
	all.Wait()
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	next := map[string]int64{}
	var before stagedoor.AuditMAC
	for i, r := range s.rows {
		line, err := decode(r.Line)
		if err != nil {
			t.Fatal(err)
		}
		if !bytes.Equal(seal("key").line(r.Chain, r.Sequence, before, r.Line), r.MAC) || r.Sequence != int64(i) {
			t.Fatalf("row %d is not chained", i)
		}
		before = r.MAC
		if line.Action != actOpen && line.Sent != next[line.Action] {
			t.Fatalf("of %s came %d, want %d", line.Action, line.Sent, next[line.Action])
		}
		next[line.Action]++
	}
	if len(s.rows) != 401 {
		t.Errorf("%d rows", len(s.rows))
	}
}

// FuzzEncode holds that a line says what it was given, so that no two have the same
// text, and that no text of an event is without a bound, nor a path with a query.
func FuzzEncode(f *testing.F) {
	f.Add("caller reports", "GET /users/{userId}", "/users/ada?access_token=x", "acme", "ok", int64(200), int64(1764028800000001))
	f.Add("a\xffb", "\"}", "\x00\u2028<>&", "", strings.Repeat("ü", 2000), int64(-1), int64(0))
	f.Fuzz(func(t *testing.T, actor, action, subject, detail, tracking string, n, at int64) {
		e := stagedoor.Event{
			At: time.UnixMicro(at % (1 << 50)).In(time.FixedZone("x", 3600)), Actor: actor, Action: action, Subject: subject, Detail: detail, Tracking: tracking,
			Status: int(n % 1000), Sent: n, Received: -n, Duration: time.Duration(n),
		}
		kept := normal(e)
		if again := normal(kept); again != kept {
			t.Fatalf("what is kept is not kept as it is:\n%+v\n%+v", kept, again)
		}
		text, err := encode(line{Event: kept})
		if err != nil {
			t.Fatal(err)
		}
		read, err := decode(text)
		if err != nil || read.Event != kept {
			t.Fatalf("%v\n%+v\n%+v", err, read.Event, kept)
		}
		if strings.HasPrefix(kept.Subject, "/") && strings.Contains(kept.Subject, "?") {
			t.Error("a query is kept")
		}
		if strings.Contains(text, "\n") || len(text) > 6*8*longest+1000 {
			t.Errorf("it is %d bytes, or several lines", len(text))
		}
	})
}

// TestMACsDoNotMeet holds that no boundary between parts can be moved.
func TestMACsDoNotMeet(t *testing.T) {
	key := seal("key")
	seen := map[string]string{}
	for name, m := range map[string]stagedoor.AuditMAC{
		"a line":               key.line(1, 2, stagedoor.AuditMAC("ab"), "cd"),
		"moved by one byte":    key.line(1, 2, stagedoor.AuditMAC("a"), "bcd"),
		"in another place":     key.line(1, 3, stagedoor.AuditMAC("ab"), "cd"),
		"in another chain":     key.line(2, 2, stagedoor.AuditMAC("ab"), "cd"),
		"chain and place":      key.line(2, 1, stagedoor.AuditMAC("ab"), "cd"),
		"with another purpose": key.mac("audit head", number(1), number(2), stagedoor.AuditMAC("ab"), []byte("cd")),
		"with another key":     seal("other").line(1, 2, stagedoor.AuditMAC("ab"), "cd"),
		"in fewer parts":       key.mac("audit line", number(1), number(2), []byte("abcd")),
	} {
		if other := seen[m.String()]; other != "" {
			t.Errorf("%s has the MAC of %s", name, other)
		}
		seen[m.String()] = name
	}
}
