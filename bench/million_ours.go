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
	"runtime/pprof"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination"
	"github.com/stagedoor/stagedoor/internal/stream"
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

// asSync is a process that writes the pages into a destination.
func asSync(dir, into string) error {
	ctx := context.Background()
	client, err := zoom.New(zoom.Config{HTTP: diskAPI{dir}, Provider: stagedoor.Zoom})
	if err != nil {
		return err
	}
	var dest stagedoor.Destination = nowhere{}
	if into != "nowhere" {
		if dest, err = destination.Open(ctx, into, destination.Options{}); err != nil {
			return err
		}
	}
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
	began := time.Now()
	days := make(chan time.Time)
	var group sync.WaitGroup
	errs := make([]error, syncWidth)
	for i := range syncWidth {
		group.Go(func() {
			for day := range days {
				if errs[i] == nil {
					errs[i] = syncDay(ctx, client, dest, dir, day)
				}
			}
		})
	}
	for n := range pagesDays {
		days <- firstDay.AddDate(0, 0, n)
	}
	close(days)
	group.Wait()
	err = errors.Join(append(errs, dest.Close())...)
	if err != nil {
		return err
	}
	return json.NewEncoder(os.Stdout).Encode(map[string]any{"seconds": time.Since(began).Seconds()})
}

const syncWidth = 2

// nowhere takes records and keeps none: what reading alone takes.
type nowhere struct{ stagedoor.Destination }

func (nowhere) Begin(context.Context, stagedoor.Stream, stagedoor.Slice, string) (stagedoor.SliceWriter, error) {
	return nowhere{}, nil
}
func (nowhere) Write(context.Context, stagedoor.Record) error { return nil }
func (nowhere) Commit(context.Context, stagedoor.Checkpoint, bool) (stagedoor.Written, error) {
	return stagedoor.Written{}, nil
}
func (nowhere) Abort() error { return nil }
func (nowhere) Close() error { return nil }

func syncDay(ctx context.Context, client *zoom.Client, dest stagedoor.Destination, dir string, day time.Time) error {
	list, err := stream.Find("report_meeting_participants")
	if err != nil {
		return err
	}
	participants := list[0]
	slice := stagedoor.Slice{Stream: participants.Name, Days: stagedoor.Days{Since: day, Until: day}}
	w, err := dest.Begin(ctx, participants, slice, "run")
	if err != nil {
		return err
	}
	defer w.Abort()
	rows := 0
	for page := 0; ; page++ {
		text, err := os.ReadFile(historyFile(dir, day, page))
		if errors.Is(err, os.ErrNotExist) {
			break
		}
		var history struct {
			Meetings []instance `json:"history_meetings"`
		}
		if err := json.Unmarshal(text, &history); err != nil {
			return err
		}
		for _, meeting := range history.Meetings {
			at, _ := time.Parse(time.RFC3339, meeting.Start)
			part := stagedoor.Part{Value: meeting.UUID, Carried: map[string]any{
				"meeting_id": strconv.FormatInt(meeting.ID, 10), "meeting_start_time": at, "meeting_topic": meeting.Topic, "host_email": meeting.HostEmail,
			}}
			decoder := stream.NewDecoder(participants, slice, part)
			request := stagedoor.Request{Method: "GET", Path: zoom.Path(participants.Path, meeting.UUID), Query: url.Values{"page_size": {"300"}}}
			if _, err := client.Pages(ctx, request, participants.ListKeys, func(page stagedoor.Page) error {
				for _, raw := range page.Rows {
					row, err := decoder.Decode(raw)
					if err != nil {
						return err
					}
					rows++
					if err := w.Write(ctx, row.Record); err != nil {
						return err
					}
				}
				return nil
			}); err != nil {
				return err
			}
		}
	}
	_, err = w.Commit(ctx, stagedoor.Checkpoint{Slice: slice, Run: "run", ReadAt: time.Now(), Returned: rows}, true)
	return err
}
