package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/quota"
	"github.com/stagedoor/stagedoor/internal/store"
	"github.com/stagedoor/stagedoor/internal/zoom"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// What is read: so many Heavy pages, in chains of pagesEach that do not depend on
// each other, at a latency, on the business plan.
const (
	chains       = 400
	pagesEach    = 5
	zoomLatency  = 150 * time.Millisecond
	permitted    = 40 // Heavy requests a second on business
	pacingRounds = 3
	others       = permitted / 3.0
)

// pacing measures how much of what Zoom permits is used, and what is refused.
func pacing() error {
	type row struct {
		name, limiter string
		jitter        time.Duration
		others        float64
		processes     int
	}
	var rows []row
	for _, limiter := range []string{"fixed", "sliding", "bucket"} {
		rows = append(rows,
			row{"no jitter", limiter, 0, 0, 1},
			row{"30 ms of jitter", limiter, 30 * time.Millisecond, 0, 1},
			row{"other apps take a third", limiter, 0, others, 1},
			row{"four processes", limiter, 0, 0, 4})
	}
	fmt.Printf("\n## Quota: %d Heavy pages in %d chains, %d/s permitted, %s\n\n", chains*pagesEach, chains, permitted, zoomLatency)
	fmt.Println("| | counted by | share of the permitted rate, three rounds | refused |\n|---|---|---|---|")
	// The rows do nearly nothing but wait, so those of one way of counting go at
	// the same time, each with an account of its own.
	for begin := 0; begin < len(rows); begin += 4 {
		results := make([][]string, 4)
		errs := make([]error, 4)
		var all sync.WaitGroup
		for i, r := range rows[begin : begin+4] {
			all.Go(func() {
				var shares, refused []string
				for range pacingRounds {
					share, no, err := paced(r.limiter, r.jitter, r.others, r.processes)
					if err != nil {
						errs[i] = err
						return
					}
					shares = append(shares, fmt.Sprintf("%.1f %%", 100*share))
					refused = append(refused, strconv.Itoa(no))
				}
				results[i] = []string{r.name, r.limiter, strings.Join(shares, ", "), strings.Join(refused, ", ")}
			})
		}
		all.Wait()
		if err := errors.Join(errs...); err != nil {
			return err
		}
		for _, r := range results {
			fmt.Println("| " + strings.Join(r, " | ") + " |")
		}
	}
	return peers()
}

// peers are what one would write without a quota: one call after the other, and
// all at once.
func peers() error {
	for _, peer := range []struct {
		name     string
		parallel int
		pages    int
	}{{"a sequential client", 1, 100}, {"a naive parallel client", chains, chains * pagesEach}} {
		sim, err := account("fixed", 0)
		if err != nil {
			return err
		}
		began := time.Now()
		if err := read(sim.Info(), nil, peer.parallel, peer.pages/peer.parallel); err != nil {
			return err
		}
		took := time.Since(began)
		fmt.Printf("| %s | fixed | %.1f %% | %d |\n", peer.name, 100*float64(peer.pages)/took.Seconds()/permitted, sim.Stats().RateLimited.Second)
		sim.Close()
	}
	return nil
}

func account(limiter string, jitter time.Duration) (*zoomsim.Simulator, error) {
	return zoomsim.Start(zoomsim.Options{Seed: 7, Plan: "business", Limiter: limiter, Latency: zoomLatency, Jitter: jitter})
}

// paced returns the share of what is left by others, and how many requests were
// refused.
func paced(limiter string, jitter time.Duration, others float64, processes int) (float64, int, error) {
	sim, err := account(limiter, jitter)
	if err != nil {
		return 0, 0, err
	}
	defer sim.Close()
	if others > 0 {
		if err := sim.AddFaults(zoomsim.Fault{Kind: zoomsim.OtherTraffic, Operation: "/report/meeting_activities", Rate: others}); err != nil {
			return 0, 0, err
		}
	}
	home, err := os.MkdirTemp("", "stagedoor-bench-")
	if err != nil {
		return 0, 0, err
	}
	defer os.RemoveAll(home)
	database := "sqlite:" + filepath.Join(home, "quota.db")
	began := time.Now()
	if processes == 1 {
		err = zoomReader(sim.Info(), database, chains)
	} else {
		var all sync.WaitGroup
		errs := make([]error, processes)
		for i := range processes {
			all.Go(func() { errs[i] = another(sim.Info(), database, chains/processes) })
		}
		all.Wait()
		err = errors.Join(errs...)
	}
	took := time.Since(began).Seconds()
	stats := sim.Stats()
	left := permitted - float64(stats.OtherTraffic.Sent-stats.OtherTraffic.Refused)/took
	return chains * pagesEach / took / left, stats.RateLimited.Second, err
}

// zoomReader reads the chains as one process does, by its account's quota.
func zoomReader(info zoomsim.Info, database string, chains int) error {
	ctx := context.Background()
	s, err := store.Open(ctx, store.Options{Database: database})
	if err != nil {
		return err
	}
	defer s.Close()
	q := quota.Open(quota.Options{Provider: stagedoor.Zoom, Plan: stagedoor.PlanBusiness, Account: "bench", Store: s})
	err = read(info, backfill{q}, chains, pagesEach)
	return errors.Join(err, q.Close(ctx))
}

type backfill struct{ *quota.Account }

func (b backfill) Admit(ctx context.Context, call stagedoor.Call) (stagedoor.Turn, error) {
	return b.Account.Admit(ctx, call, stagedoor.Use{Caller: "bench", Class: stagedoor.Backfill})
}

var errEnough = errors.New("enough")

// read walks so many lists at once, each to so many pages.
func read(info zoomsim.Info, q zoom.Quota, chains, pages int) error {
	way, err := bearer(info)
	if err != nil {
		return err
	}
	client, err := zoom.New(zoom.Config{HTTP: way, APIURL: info.APIURL, Provider: stagedoor.Zoom, Quota: q, Patience: time.Hour})
	if err != nil {
		return err
	}
	var all sync.WaitGroup
	errs := make([]error, chains)
	for i := range chains {
		all.Go(func() {
			request := stagedoor.Request{Path: "/report/meeting_activities", Query: url.Values{
				"from": {info.Until[:8] + "01"}, "to": {info.Until}, "activity_type": {"All Activities"}, "page_size": {"3"},
			}}
			_, err := client.Pages(context.Background(), request, nil, func(p stagedoor.Page) error {
				if p.Number == pages {
					return errEnough
				}
				return nil
			})
			if !errors.Is(err, errEnough) {
				errs[i] = fmt.Errorf("a chain ended early: %w", err)
			}
		})
	}
	all.Wait()
	return errors.Join(errs...)
}

// bearer sends a token of the simulator with each request, over as many
// connections as there are requests.
func bearer(info zoomsim.Info) (http.RoundTripper, error) {
	form := url.Values{"grant_type": {"account_credentials"}, "account_id": {info.AccountID}}
	request, err := http.NewRequest(http.MethodPost, info.TokenURL, strings.NewReader(form.Encode()))
	if err != nil {
		return nil, err
	}
	request.Header.Set("Content-Type", "application/x-www-form-urlencoded")
	request.SetBasicAuth(info.ClientID, info.ClientSecret)
	answer, err := http.DefaultClient.Do(request)
	if err != nil {
		return nil, err
	}
	defer answer.Body.Close()
	var got struct {
		Token string `json:"access_token"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&got); err != nil {
		return nil, err
	}
	return tokened{got.Token, &http.Transport{MaxIdleConnsPerHost: 500}}, nil
}

type tokened struct {
	token string
	base  http.RoundTripper
}

func (t tokened) RoundTrip(r *http.Request) (*http.Response, error) {
	clone := r.Clone(r.Context())
	clone.Header.Set("Authorization", "Bearer "+t.token)
	return t.base.RoundTrip(clone)
}

// another runs zoomReader in a process of its own.
func another(info zoomsim.Info, database string, chains int) error {
	program, err := os.Executable()
	if err != nil {
		return err
	}
	what, err := json.Marshal(info)
	if err != nil {
		return err
	}
	cmd := exec.Command(program, "reader", database, strconv.Itoa(chains))
	cmd.Stdin, cmd.Stderr = strings.NewReader(string(what)), os.Stderr
	return cmd.Run()
}

// asReader is what another starts.
func asReader(args []string) error {
	var info zoomsim.Info
	if err := json.NewDecoder(os.Stdin).Decode(&info); err != nil {
		return err
	}
	chains, err := strconv.Atoi(args[1])
	if err != nil {
		return err
	}
	return zoomReader(info, args[0], chains)
}
