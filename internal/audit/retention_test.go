package audit_test

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/audit"
	"github.com/stagedoor/stagedoor/internal/store"
)

// TestRetention removes lines batch by batch beneath a process that goes on
// writing, and verifies after each, with a head from the beginning.
func TestRetention(t *testing.T) {
	a := newAudited(t)
	s := a.open()
	lasting := audit.Open(s, a.key, audit.Options{Process: "lasting"})
	commit := func(name string, at time.Time) {
		t.Helper()
		if err := lasting.Commit(t.Context(), stagedoor.Event{At: at, Actor: "person ada", Action: name, Result: "ok"}); err != nil {
			t.Fatal(err)
		}
	}
	commit("first", time.Time{})
	a.saveHead()
	var removed int64
	for round := range 6 {
		a.process(3)
		commit(fmt.Sprint("round", round), time.Time{})
		n, err := audit.Prune(t.Context(), s, a.key, time.Now().Add(time.Hour), 4, time.Now)
		if err != nil || n != 4 {
			t.Fatalf("removed %d: %v", n, err)
		}
		removed += n
		report := a.verify()
		if report.Found > 0 || report.Removed == nil || report.Removed.Lines != removed {
			t.Fatalf("round %d: %s\n%+v", round, says(report), report.Removed)
		}
	}
	// All but the newest line goes, and with it what the lasting process wrote: it
	// opens a chain anew.
	a.process(1)
	if _, err := a.prune(time.Now().Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	if report := a.verify(); report.Found > 0 || report.Lines != 1 {
		t.Fatalf("%d lines: %s", report.Lines, says(report))
	}
	commit("after all was removed", time.Time{})
	a.process(2)
	if report := a.verify(); report.Found > 0 || report.Lines != 1+2+3 {
		t.Fatalf("%d lines: %s", report.Lines, says(report))
	}
	// What is not old stays.
	if n, err := a.prune(time.Now().Add(-time.Hour)); n != 0 || err != nil {
		t.Errorf("removed %d: %v", n, err)
	}
	if err := lasting.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
}

// TestRetentionHidesNothing holds that lines which do not verify are not removed
// for their age.
func TestRetentionHidesNothing(t *testing.T) {
	for name, attack := range map[string][]string{
		"edited":        {`UPDATE audit_lines SET line = replace(line, 'ada', 'eve') WHERE chain = 1 AND sequence = 3`},
		"made old":      {`UPDATE audit_lines SET at = 1 WHERE chain = 1 AND sequence = 3`},
		"a line gone":   {`DELETE FROM audit_lines WHERE chain = 1 AND sequence = 3`},
		"a chain gone":  {`DELETE FROM audit_lines WHERE chain = 1`, `DELETE FROM audit_chains WHERE number = 1`},
		"an end gone":   {`DELETE FROM audit_lines WHERE chain = 1 AND sequence > 2`},
		"anchor forged": {`INSERT INTO audit_anchor VALUES (1, '{"through":0,"mac":"00"}')`},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			a := newAudited(t)
			a.process(4)
			a.process(4)
			a.sql(attack...)
			n, err := a.prune(time.Now().Add(time.Hour))
			if n != 0 || stagedoor.KindOf(err) != stagedoor.KindAltered {
				t.Errorf("removed %d: %v", n, err)
			}
			if a.verify().Found == 0 {
				t.Error("it is not to be seen any more")
			}
		})
	}
}

// TestManyProcesses writes from many at once, as processes would, and verifies.
func TestManyProcesses(t *testing.T) {
	a := newAudited(t)
	const processes, lines = 50, 4
	var all sync.WaitGroup
	for range processes {
		s := a.open()
		all.Go(func() {
			l := audit.Open(s, a.key, audit.Options{})
			a.record(l, lines)
			if err := l.Close(context.Background()); err != nil {
				t.Error(err)
			}
		})
	}
	all.Wait()
	report := a.verify()
	if report.Found > 0 || report.Lines != processes*(lines+1) || report.Chains != processes {
		t.Errorf("%d lines of %d processes: %s", report.Lines, report.Chains, says(report))
	}
}

// childVariable makes this test program write to the database that it names until
// it is killed.
const childVariable = "STAGEDOOR_AUDIT_TEST_WRITE"

func TestMain(m *testing.M) {
	path := os.Getenv(childVariable)
	if path == "" {
		os.Exit(m.Run())
	}
	s, err := store.Open(context.Background(), store.Options{Database: "sqlite:" + path})
	if err != nil {
		fmt.Println(err)
		os.Exit(1)
	}
	l := audit.Open(s, testKey, audit.Options{Batch: time.Millisecond})
	for i := 0; ; i++ {
		e := stagedoor.Event{Actor: "person ada", Action: fmt.Sprint(i), Result: "ok"}
		if i%10 != 0 {
			l.Record(e)
			continue
		}
		if err := l.Commit(context.Background(), e); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		fmt.Println("written", i)
	}
}

// TestKilled kills a process that writes, again and again: what it said was
// written is there, and the audit verifies.
func TestKilled(t *testing.T) {
	a := newAudited(t)
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	for range 5 {
		child := exec.Command(self)
		child.Env = append(os.Environ(), childVariable+"="+a.path)
		out, err := child.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := child.Start(); err != nil {
			t.Fatal(err)
		}
		var told int
		for told < 30 {
			if _, err := fmt.Fscanf(out, "written %d\n", &told); err != nil {
				t.Fatal(err)
			}
		}
		if err := child.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		_ = child.Wait()
		s := a.open()
		rows, err := s.Audit(t.Context(), stagedoor.AuditQuery{Action: fmt.Sprint(told), Limit: 100})
		if err != nil || len(rows) == 0 {
			t.Errorf("what was told as written is not there: %v", err)
		}
		s.Close()
		if report := a.verify(); report.Found > 0 {
			t.Fatal(says(report))
		}
	}
}

// TestVolume verifies a long audit in an amount of memory that does not grow with
// it.
func TestVolume(t *testing.T) {
	n := 100_000
	if testing.Short() {
		n = 20_000
	}
	a := newAudited(t)
	s := a.open()
	l := audit.Open(s, a.key, audit.Options{Hold: n})
	a.record(l, n)
	if err := l.Close(context.Background()); err != nil {
		t.Fatal(err)
	}
	var before, after runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&before)
	began := time.Now()
	report := a.verify()
	took := time.Since(began)
	runtime.GC()
	runtime.ReadMemStats(&after)
	if report.Found > 0 || report.Lines != int64(n)+1 {
		t.Errorf("%d lines: %s", report.Lines, says(report))
	}
	t.Logf("%d lines verified in %v; %d KB of heap more afterwards", report.Lines, took.Round(time.Millisecond), (int64(after.HeapAlloc)-int64(before.HeapAlloc))/1024)
	if !strings.HasPrefix(report.First.Format(time.RFC3339), "20") {
		t.Error("when it began is not told")
	}
}
