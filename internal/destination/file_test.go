package destination

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/stagedoor/stagedoor"
)

// TestOneFile writes one stream of one run into each kind of file.
func TestOneFile(t *testing.T) {
	for _, name := range []string{"jsonl:zoom.jsonl", "jsonl:zoom.jsonl.gz", "jsonl:zoom.JSONL.zst", "csv:zoom.csv", "csv:zoom.csv.gz", "csv:zoom.csv.zst", "parquet:zoom.parquet"} {
		scheme, base, _ := strings.Cut(name, ":")
		folder := t.TempDir()
		path := filepath.Join(folder, base)
		if err := os.WriteFile(path, []byte("of before"), 0o600); err != nil {
			t.Fatal(err)
		}
		d := opening(t, scheme+":"+path)
		for _, finish := range []bool{false, true} {
			if finish { // a run that did not end left all as it was
				if err := d.Close(); err != nil {
					t.Fatal(err)
				}
				if text, err := os.ReadFile(path); err != nil || string(text) != "of before" {
					t.Fatalf("%s: after a run that did not end: %q, %v", name, text, err)
				}
				d = opening(t, scheme+":"+path)
			}
			put(t, d, people(false), stagedoor.Slice{Days: between(2, 2)}, 1, "2026-01-02:b", "2026-01-02:a")
			put(t, d, people(false), stagedoor.Slice{Days: between(1, 1)}, 2, "2026-01-01:c", "2026-01-02:b")
		}
		other := people(false)
		other.Name = "others"
		if _, err := d.Begin(context.Background(), other, stagedoor.Slice{}, "run"); err == nil || !strings.Contains(err.Error(), "one file holds one stream") {
			t.Errorf("%s: another stream: %v", name, err)
		}
		if second, err := Open(context.Background(), scheme+":"+path, Options{}); err == nil || !strings.Contains(err.Error(), "another run is writing there") {
			t.Errorf("%s: a second run: %v, %v", name, second, err)
		}
		points, err := d.Checkpoints(context.Background(), people(false), "", "")
		if err != nil || len(points) > 0 {
			t.Errorf("%s: checkpoints %v, %v", name, points, err)
		}
		if err := d.(stagedoor.Finisher).Finish(context.Background()); err != nil {
			t.Fatal(err)
		}
		if err := d.Close(); err != nil {
			t.Fatal(err)
		}
		var got []string
		if lower := filepath.Join(folder, strings.ToLower(base)); lower != path {
			if err := os.Rename(path, lower); err != nil {
				t.Fatal(err)
			}
			path = lower
		}
		for _, fields := range readFile(t, path) {
			key, row := rowOf(t, people(false), fields)
			got = append(got, key+" "+row.Pulled.Format("15:04")+" "+row.Raw)
		}
		if diff := cmp.Diff([]string{`2026-01-01:c 02:00 {"hour":2}`, `2026-01-02:a 01:00 {"hour":1}`, `2026-01-02:b 02:00 {"hour":2}`}, got); diff != "" {
			t.Errorf("%s (-want +got):\n%s", name, diff)
		}
		if entries, err := os.ReadDir(folder); err != nil || len(entries) != 1 {
			t.Errorf("%s: beside the file lie %v, %v", name, entries, err)
		}
	}
}

func TestOneFileWhereAFolderIs(t *testing.T) {
	path := filepath.Join(t.TempDir(), "zoom.csv")
	if err := os.Mkdir(path, 0o700); err != nil {
		t.Fatal(err)
	}
	_, err := Open(context.Background(), "csv:"+path, Options{})
	if stagedoor.KindOf(err) != stagedoor.KindDestination || !strings.Contains(err.Error(), "there is a folder of that name") {
		t.Errorf("%v", err)
	}
}
