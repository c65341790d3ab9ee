package destinationtest

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor"
)

// The tests of this file start themselves once more, in processes of their own.

const (
	roundsVariable = "STAGEDOOR_ROUNDS_PLACE"
	fullVariable   = "STAGEDOOR_FULL_PLACE"
	nobodyVariable = "STAGEDOOR_NOBODY_PLACE"

	said = "the suite's child says: " // before what a child tells its parent
)

// again returns this test as a command, with a variable by which it knows that
// it is the child.
func again(t *testing.T, variable string) *exec.Cmd {
	t.Helper()
	var pattern []string
	for _, part := range strings.Split(t.Name(), "/") {
		pattern = append(pattern, "^"+regexp.QuoteMeta(part)+"$")
	}
	child := exec.CommandContext(t.Context(), os.Args[0], "-test.run="+strings.Join(pattern, "/"), "-test.timeout=60s")
	child.Env = append(os.Environ(), variable)
	return child
}

// tell is how a child ends: with a word to its parent.
func tell(err error) {
	word := "done"
	if err != nil {
		word = "no error of stagedoor: " + err.Error()
		if e, ok := errors.AsType[*stagedoor.Error](err); ok && e.Cause != "" && e.Fix != "" {
			word = string(e.Kind)
		}
	}
	fmt.Printf("\n%s%s (%v)\n", said, word, err)
}

// told runs a child and returns its word, and all that it printed.
func told(child *exec.Cmd) (word, printed string) {
	out, err := child.CombinedOutput()
	printed = string(out)
	if err != nil {
		printed += err.Error()
	}
	_, after, _ := strings.Cut(printed, said)
	word, _, _ = strings.Cut(after, " ")
	return word, printed
}

// testTwoProcesses has two processes write the same slices at once. One of them
// may be refused, with what to do; what is written is whole.
func testTwoProcesses(t *testing.T, kind Kind) {
	const rounds, rows = 8, 200
	if place := os.Getenv(roundsVariable); place != "" {
		tell(writeRounds(kind, place, rounds, rows))
		return
	}
	place := kind.New(t)
	type answer struct{ word, printed string }
	answers := make(chan answer)
	for range 2 {
		child := again(t, roundsVariable+"="+place)
		go func() {
			word, printed := told(child)
			answers <- answer{word, printed}
		}()
	}
	done := 0
	for range 2 {
		switch a := <-answers; a.word {
		case "done":
			done++
		case string(stagedoor.KindDestination), string(stagedoor.KindExists):
		default:
			t.Errorf("a process was neither done nor refused:\n%s", a.printed)
		}
	}
	if done == 0 {
		t.Error("both processes were refused, want one that is done")
	}
	for n := range killedDays {
		if run := wantWhole(t, kind, place, people(), days(n+1, n+1), rows); run == "" {
			t.Errorf("day %d was written by nobody", n+1)
		}
	}
}

func writeRounds(kind Kind, place string, rounds, rows int) error {
	d, err := kind.Open(place)
	if err != nil {
		return err
	}
	for n := range rounds {
		for of := 1; of <= killedDays; of++ {
			r := reading{stream: people(), days: days(of, of), at: readAt(n), gone: true, run: fmt.Sprintf("%d-%d", os.Getpid(), n)}
			for i := range rows {
				r.records = append(r.records, person(fmt.Sprintf("2026-01-%02d %04d", of, i), n))
			}
			if _, err := r.commit(d); err != nil {
				return errors.Join(err, d.Close())
			}
		}
	}
	return d.Close()
}

// large is a reading of about 5 MB that no compression makes small.
func large() reading {
	r := another()
	r.records = nil
	for i := range 4000 {
		record := person(fmt.Sprintf("2026-01-01 %04d", i), i)
		record.Raw = noise(1200, uint64(i))
		r.records = append(r.records, record)
	}
	r.stream = people()
	return r
}

// testFull fills the disk while a slice is written. For local places that is a
// child whose files may not grow any further.
func testFull(t *testing.T, kind Kind) {
	if place := os.Getenv(fullVariable); place != "" {
		d, err := kind.Open(place)
		if err != nil {
			tell(err)
			return
		}
		limitFiles(t, 256<<10)
		_, err = large().commit(d)
		_ = d.Close() // err is what happened
		tell(err)
		return
	}
	place, d, unchanged := standing(t, kind)
	switch {
	case kind.Full != nil:
		relieve := kind.Full(t, place)
		_, err := large().commit(d)
		relieve()
		wantKind(t, err, stagedoor.KindDestination)
	case kind.Local && filesCanBeLimited:
		if word, printed := told(again(t, fullVariable+"="+place)); word != string(stagedoor.KindDestination) {
			t.Fatalf("a disk that takes no more is not explained:\n%s", printed)
		}
	default:
		t.Skip("there is no way here to make the disk full")
	}
	unchanged()
	commit(t, d, large())
	if n := len(kind.Rows(t, place, people())); n != 4001 {
		t.Errorf("%d rows with space again, want 4001", n)
	}
}

// testForbidden opens a place where the user may create nothing, and one that is
// there and is another user's.
func testForbidden(t *testing.T, kind Kind) {
	attempt := func(place string) error {
		d, err := kind.Open(place)
		if err != nil {
			return err
		}
		defer d.Close()
		_, err = another().commit(d)
		return err
	}
	if place := os.Getenv(nobodyVariable); place != "" {
		becomeNobody(t)
		tell(attempt(place))
		return
	}
	if kind.Forbidden != nil {
		wantKind(t, attempt(kind.Forbidden(t)), stagedoor.KindDestination)
		return
	}
	if !kind.Local || !filesCanBeLimited {
		t.Skip("there is no way here to take the rights on a place away")
	}
	fresh := kind.New(t)
	theirs, d, unchanged := standing(t, kind)
	if err := d.Close(); err != nil {
		t.Fatal(err)
	}
	for _, place := range []string{fresh, theirs} {
		// Others may look into the folder, and its owner too may not write there.
		for folder := filepath.Dir(place); len(folder) > len(filepath.Clean(os.TempDir())); folder = filepath.Dir(folder) {
			if err := os.Chmod(folder, 0o755); err != nil {
				t.Fatal(err)
			}
		}
		forbid(t, filepath.Dir(place))
		if place == theirs {
			forbid(t, place)
		}
		if word, printed := told(again(t, nobodyVariable+"="+place)); word != string(stagedoor.KindDestination) {
			t.Errorf("a place that may not be written is not explained:\n%s", printed)
		}
		permit(t, filepath.Dir(place))
		if place == theirs {
			permit(t, place)
		}
	}
	unchanged()
}

// forbid takes the right to write a file or a folder away until the test ends.
func forbid(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err == nil {
		err = os.Chmod(path, info.Mode().Perm()&^0o222)
	}
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { permit(t, path) }) // before the folder is removed
}

func permit(t *testing.T, path string) {
	t.Helper()
	info, err := os.Stat(path)
	if err == nil {
		err = os.Chmod(path, info.Mode().Perm()|0o200)
	}
	if err != nil {
		t.Error(err)
	}
}

// testLost breaks the connections while a slice is written: in its middle,
// before its commit, and before it begins. A destination may connect once more,
// or tell that it could not; half a slice is never seen.
func testLost(t *testing.T, kind Kind) {
	if kind.Lose == nil {
		t.Skip("the place is no connection away")
	}
	for _, moment := range []string{"before a slice", "in a slice", "before its commit"} {
		t.Run(moment, func(t *testing.T) {
			place, d, unchanged := standing(t, kind)
			err := writeAndLose(t, kind, place, d, moment)
			if err != nil {
				wantKind(t, err, stagedoor.KindDestination)
				unchanged()
			}
			_ = d.Close() // it may have nothing to say good-bye to
			r := another()
			commit(t, open(t, kind, place), r)
			for key, row := range kind.Rows(t, place, r.stream) {
				if row.Run != r.run && row.Deleted.IsZero() {
					t.Errorf("row %q is of run %q", key, row.Run)
				}
			}
		})
	}
}

func writeAndLose(t *testing.T, kind Kind, place string, d stagedoor.Destination, moment string) error {
	t.Helper()
	ctx, r := context.Background(), another()
	if moment == "before a slice" {
		kind.Lose(t, place)
	}
	w, err := d.Begin(ctx, r.stream, r.slice(), r.run)
	if err != nil {
		return err
	}
	defer w.Abort()
	for i, record := range r.records {
		if moment == "in a slice" && i == len(r.records)/2 {
			kind.Lose(t, place)
		}
		if err := w.Write(ctx, record); err != nil {
			return err
		}
	}
	if moment == "before its commit" {
		kind.Lose(t, place)
	}
	_, err = w.Commit(ctx, stagedoor.Checkpoint{Slice: r.slice(), Run: r.run, ReadAt: r.at, Returned: len(r.records)}, r.gone)
	return err
}
