package destination

import (
	"context"
	"fmt"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor"
)

// participants is a stream of the shape of the largest report.
func participants() stagedoor.Stream {
	s := stagedoor.Stream{Name: "participants", Window: &stagedoor.Window{Days: 1}, Day: []string{"join_time"}}
	for _, name := range []string{"meeting_uuid", "id", "user_id", "name", "user_email", "registrant_id", "status", "bo_mtg_id", "participant_user_id", "meeting_topic", "host_email"} {
		s.Columns = append(s.Columns, stagedoor.Column{Name: name, Type: stagedoor.Text})
	}
	for _, name := range []string{"join_time", "leave_time", "meeting_start_time"} {
		s.Columns = append(s.Columns, stagedoor.Column{Name: name, Type: stagedoor.Timestamp})
	}
	return append1(s, "duration", stagedoor.Integer, "meeting_id", stagedoor.Integer, "failover", stagedoor.Boolean)
}

func append1(s stagedoor.Stream, rest ...any) stagedoor.Stream {
	for i := 0; i < len(rest); i += 2 {
		s.Columns = append(s.Columns, stagedoor.Column{Name: rest[i].(string), Type: rest[i+1].(stagedoor.ColumnType)})
	}
	return s
}

// BenchmarkWrite writes 20,000 rows a slice, a day each, as a sync does.
func BenchmarkWrite(b *testing.B) {
	for _, url := range []string{"jsonl:%s", "jsonl:%s?compress=zstd", "csv:%s", "parquet:%s", "sqlite:%s.db"} {
		b.Run(strings.ReplaceAll(url, "%s", ""), func(b *testing.B) {
			place := filepath.Join(b.TempDir(), "zoom")
			ctx := context.Background()
			d, err := Open(ctx, fmt.Sprintf(url, place), Options{})
			if err != nil {
				b.Fatal(err)
			}
			defer d.Close()
			stream := participants()
			const rows = 20_000
			first := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
			values := make([]any, len(stream.Columns))
			for b.Loop() {
				days := stagedoor.Days{Since: first, Until: first}
				first = first.AddDate(0, 0, 1)
				slice := stagedoor.Slice{Stream: stream.Name, Days: days}
				w, err := d.Begin(ctx, stream, slice, "run-1")
				if err != nil {
					b.Fatal(err)
				}
				for i := range rows {
					hash := uint64(i) * 0x9E3779B97F4A7C15
					id := fmt.Sprintf("%016x", hash)
					at := days.Since.Add(time.Duration(i*4) * time.Second)
					email := "person." + id[:5] + "@example.com"
					for j, v := range []any{
						"uuid" + id[:6] + "==", id, id[:8], "Person " + id[:5], email, "", "in_meeting", "", id, "Weekly talk of team " + id[:2], "host" + id[:3] + "@example.com",
						at, at.Add(time.Hour), days.Since, int64(3600), int64(hash >> 30), false,
					} {
						values[j] = v
					}
					raw := fmt.Appendf(nil, `{"id":"%s","user_id":"%s","name":"Person %s","user_email":"%s","join_time":"%s","leave_time":"%s","duration":3600,"registrant_id":"","failover":false,"status":"in_meeting","participant_user_id":"%s","bo_mtg_id":""}`,
						id, id[:8], id[:5], email, at.Format(time.RFC3339), at.Add(time.Hour).Format(time.RFC3339), id)
					if err := w.Write(ctx, stagedoor.Record{Key: days.Since.Format(time.DateOnly) + ":" + id, Values: values, Raw: raw}); err != nil {
						b.Fatal(err)
					}
				}
				if _, err := w.Commit(ctx, stagedoor.Checkpoint{Slice: slice, ReadAt: time.Now(), Returned: rows}, true); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/float64(b.N)/rows, "ns/row")
		})
	}
}
