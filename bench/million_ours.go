package main

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"runtime/debug"
	"runtime/pprof"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/sync"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// diskAPI answers as the API would, with the pages of a folder.
type diskAPI struct{ dir string }

func (a diskAPI) RoundTrip(request *http.Request) (*http.Response, error) {
	file, err := a.file(request.URL)
	if err != nil {
		return nil, err
	}
	body, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	return &http.Response{
		Status: "200 OK", StatusCode: http.StatusOK, Proto: "HTTP/1.1", ProtoMajor: 1, ProtoMinor: 1,
		Header: http.Header{"Content-Type": {"application/json;charset=UTF-8"}}, Body: body, ContentLength: -1, Request: request,
	}, nil
}

func (a diskAPI) file(u *url.URL) (string, error) {
	page, err := pageNumber(u.Query().Get("next_page_token"))
	if err != nil {
		return "", err
	}
	if strings.HasSuffix(u.Path, "/report/history_meetings") {
		from, err := time.Parse(time.DateOnly, u.Query().Get("from"))
		return historyFile(a.dir, from, page), err
	}
	_, rest, ok := strings.Cut(u.EscapedPath(), "/report/meetings/")
	id, isParticipants := strings.CutSuffix(rest, "/participants")
	if !ok || !isParticipants {
		return "", fmt.Errorf("the folder has no pages of %s", u.Path)
	}
	for strings.Contains(id, "%") { // a UUID with slashes is escaped twice
		if id, err = url.PathUnescape(id); err != nil {
			return "", err
		}
	}
	raw, err := base64.StdEncoding.DecodeString(id)
	if err != nil || len(raw) != 16 {
		return "", fmt.Errorf("%q is no UUID of a meeting", id)
	}
	return participantsFile(a.dir, [16]byte(raw), page), nil
}

// asSync is a process that syncs the pages into a destination, by the same code
// as `stagedoor sync`: the client of the API, the engine, the decoder, the
// destination. Only the connection below the client is the folder's.
func asSync(dir, into string) error {
	ctx := context.Background()
	if file := os.Getenv("BENCH_PROFILE"); file != "" {
		f, err := os.Create(file)
		if err != nil {
			return err
		}
		if err := pprof.StartCPUProfile(f); err != nil {
			return err
		}
		defer pprof.StopCPUProfile()
	}
	debug.SetGCPercent(50) // as `stagedoor sync` does
	began := time.Now()
	client, err := zoom.New(zoom.Config{HTTP: diskAPI{dir}, Provider: stagedoor.Zoom})
	if err != nil {
		return err
	}
	dest, err := openInto(ctx, into)
	if err != nil {
		return err
	}
	receipt, err := run(ctx, client, dest)
	if err := errors.Join(err, dest.Close()); err != nil {
		return err
	}
	took := time.Since(began).Seconds()
	return json.NewEncoder(os.Stdout).Encode(outcome{Seconds: took, Rows: receipt.Streams[0].Written})
}

func openInto(ctx context.Context, into string) (stagedoor.Destination, error) {
	if into == "nowhere" {
		return nowhere{}, nil
	}
	return destination.Open(ctx, into, destination.Options{Private: true}) // the password of a server of this run
}

func run(ctx context.Context, client *zoom.Client, dest stagedoor.Destination) (stagedoor.Receipt, error) {
	participants, err := stream.Find("report_meeting_participants")
	if err != nil {
		return stagedoor.Receipt{}, err
	}
	engine := sync.Engine{
		Reader: client, Destination: dest, Path: zoom.Path,
		Decoder: func(s stagedoor.Stream, slice stagedoor.Slice, part stagedoor.Part) sync.Decoder {
			return stream.NewDecoder(s, slice, part)
		},
		Parent: func(name string) (stagedoor.Stream, bool) {
			list, err := stream.Find(name)
			return append(list, stagedoor.Stream{})[0], err == nil
		},
		Label:  func(stagedoor.Stream) string { return "Heavy" },
		Width:  func(stagedoor.Stream) int { return 16 },
		Report: func(string, stagedoor.SliceReport) {},
		Now:    func() time.Time { return firstDay.AddDate(0, 0, pagesDays+2) },
	}
	plan, err := engine.Plan(ctx, sync.Job{Run: "run", Streams: participants, Since: firstDay, Until: firstDay.AddDate(0, 0, pagesDays-1)})
	if err != nil {
		return stagedoor.Receipt{}, err
	}
	return engine.Run(ctx, plan)
}

// nowhere takes records and keeps none: what reading alone takes.
type nowhere struct{}

func (nowhere) Name() string { return "nowhere" }
func (nowhere) Checkpoints(context.Context, stagedoor.Stream, string, string) ([]stagedoor.Checkpoint, error) {
	return nil, nil
}

func (nowhere) Parts(context.Context, stagedoor.Stream, string) ([]string, error) { return nil, nil }

func (nowhere) Begin(context.Context, stagedoor.Stream, stagedoor.Slice, string) (stagedoor.SliceWriter, error) {
	return &noSlice{}, nil
}
func (nowhere) Close() error { return nil }

type noSlice struct{ rows int }

func (n *noSlice) Write(context.Context, stagedoor.Record) error { n.rows++; return nil }
func (n *noSlice) Abort() error                                  { return nil }
func (n *noSlice) Commit(context.Context, stagedoor.Checkpoint, bool) (stagedoor.Written, error) {
	return stagedoor.Written{Rows: n.rows}, nil
}
