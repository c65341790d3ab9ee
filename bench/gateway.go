package main

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"slices"
	"strconv"
	"strings"
	"sync"
	"time"
)

const (
	gatewayRounds = 5
	roundLasts    = 2 * time.Second
	streamed      = 1 << 30
)

// A way leads to the API: past nobody, through a bare reverse proxy, or through
// the gateway.
type way struct {
	name  string
	url   string // of the API, with /v2
	token string
	pid   int // of the process in between; 0: none
}

// gateway measures what it costs to go through the daemon: calls a second, the
// latency, and processor time, beside the API itself (the floor) and beside the
// standard library's reverse proxy with a token that never changes (the peer), which
// checks no caller and no rule, keeps to no quota and records nothing.
func gateway() error {
	api := httptest.NewServer(http.HandlerFunc(serveBytes))
	defer api.Close()
	dir, err := os.MkdirTemp("", "stagedoor-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	bare, err := startBare(api.URL)
	if err != nil {
		return err
	}
	defer bare.stop()
	daemon, token, err := startGateway(dir, api.URL)
	if err != nil {
		return err
	}
	defer daemon.stop()
	ways := []way{
		{"the API itself", api.URL + "/v2", staticToken, 0},
		{"`httputil.ReverseProxy`", bare.url + "/v2", "of-the-caller", bare.pid()},
		{"stagedoor `serve`", daemon.url + "/to/acme/v2", token, daemon.pid()},
	}

	fmt.Printf("\n## The gateway\n\nReads through it, beside the API itself and a bare reverse proxy; the median of %d rounds of %s in which all take turns. The ratio is to the reverse proxy.\n", gatewayRounds, roundLasts)
	for _, size := range []int{2 << 10, 300 << 10} {
		fmt.Printf("\nanswers of %s:\n\n| | connections | calls a second | p50 | p99 | added at p50 | processor time a call | ratio: p50 | ratio: processor |\n|---|---|---|---|---|---|---|---|---|\n", bytesOf(size))
		for _, connections := range []int{1, 64} {
			if err := compare(ways, connections, size); err != nil {
				return err
			}
		}
	}
	fmt.Printf("\none answer and one request of %s, and the most memory that the process in between ever had until then:\n\n| | answer | request | peak memory before | after |\n|---|---|---|---|---|\n", bytesOf(streamed))
	for _, w := range ways {
		before := peakMemory(w.pid)
		down, err := timed(func() error { return fetch(http.DefaultClient, w, streamed) })
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		up, err := timed(func() error { return send(http.DefaultClient, w, streamed) })
		if err != nil {
			return fmt.Errorf("%s: %w", w.name, err)
		}
		fmt.Printf("| %s | %.0f MB/s | %.0f MB/s | %s | %s |\n", w.name, streamed/1e6/down.Seconds(), streamed/1e6/up.Seconds(), before, peakMemory(w.pid))
	}
	return nil
}

// compare has the ways take turns and prints a row of each.
func compare(ways []way, connections, size int) error {
	type figures struct{ rate, p50, p99, cpu []float64 }
	all := make([]figures, len(ways))
	for round := range gatewayRounds + 1 {
		for i, w := range ways {
			before := processorTime(w.pid)
			latencies, err := crowdReads(w, connections, size)
			if err != nil {
				return fmt.Errorf("%s: %w", w.name, err)
			}
			if round == 0 {
				continue // connections are made, and the heap grows, in the first
			}
			slices.Sort(latencies)
			f := &all[i]
			f.rate = append(f.rate, float64(len(latencies))/roundLasts.Seconds())
			f.p50 = append(f.p50, float64(latencies[len(latencies)/2]))
			f.p99 = append(f.p99, float64(latencies[len(latencies)*99/100]))
			f.cpu = append(f.cpu, float64(processorTime(w.pid)-before)/float64(len(latencies)))
		}
	}
	ratio := func(of, to []float64) string {
		var list []float64
		for i := range of {
			list = append(list, of[i]/to[i])
		}
		return fmt.Sprintf("%.2f×", median(list))
	}
	for i, w := range ways {
		f, floor, peer := all[i], all[0], all[1]
		cpu, cpuRatio, added, p50Ratio := "", "", "", ""
		if i > 0 {
			added = fmt.Sprintf("%.0f µs", (median(f.p50)-median(floor.p50))/1e3)
			p50Ratio = ratio(f.p50, peer.p50)
			if w.pid != 0 && median(f.cpu) > 0 {
				cpu, cpuRatio = fmt.Sprintf("%.0f µs", median(f.cpu)/1e3), ratio(f.cpu, peer.cpu)
			}
		}
		fmt.Printf("| %s | %d | %.0f | %.0f µs | %.0f µs | %s | %s | %s | %s |\n",
			w.name, connections, median(f.rate), median(f.p50)/1e3, median(f.p99)/1e3, added, cpu, p50Ratio, cpuRatio)
	}
	return nil
}

// crowdReads has connections read for a round and returns how long each call took.
func crowdReads(w way, connections, size int) ([]time.Duration, error) {
	client := clientOf(connections)
	var mu sync.Mutex
	var latencies []time.Duration
	var failed error
	var all sync.WaitGroup
	end := time.Now().Add(roundLasts)
	for range connections {
		all.Go(func() {
			var mine []time.Duration
			for time.Now().Before(end) {
				took, err := timed(func() error { return fetch(client, w, size) })
				if err != nil {
					mu.Lock()
					failed = errors.Join(failed, err)
					mu.Unlock()
					return
				}
				mine = append(mine, took)
			}
			mu.Lock()
			latencies = append(latencies, mine...)
			mu.Unlock()
		})
	}
	all.Wait()
	return latencies, failed
}

// clientOf keeps as many connections as there are, from round to round.
var clientOf = func() func(int) *http.Client {
	clients := map[int]*http.Client{}
	return func(connections int) *http.Client {
		if clients[connections] == nil {
			clients[connections] = &http.Client{Transport: &http.Transport{MaxIdleConns: 4 * connections, MaxIdleConnsPerHost: connections, DisableCompression: true}}
		}
		return clients[connections]
	}
}()

func timed(what func() error) (time.Duration, error) {
	began := time.Now()
	err := what()
	return time.Since(began), err
}

// fetch reads an answer of a size and counts its bytes.
func fetch(client *http.Client, w way, size int) error {
	return call(client, http.MethodGet, w, size, nil)
}

// send sends a request of a size.
func send(client *http.Client, w way, size int) error {
	return call(client, http.MethodPost, w, size, io.LimitReader(noise{}, int64(size)))
}

func call(client *http.Client, method string, w way, size int, body io.Reader) error {
	r, err := http.NewRequest(method, w.url+"/report/meeting_activities?bytes="+strconv.Itoa(size), body)
	if err != nil {
		return err
	}
	if body != nil {
		r.ContentLength = int64(size)
	}
	r.Header.Set("Authorization", "Bearer "+w.token)
	answer, err := client.Do(r)
	if err != nil {
		return err
	}
	defer answer.Body.Close()
	n, err := io.Copy(io.Discard, answer.Body)
	if err == nil && (answer.StatusCode != http.StatusOK || method == http.MethodGet && n != int64(size)) {
		err = fmt.Errorf("%s %s: status %d with %d bytes", method, w.url, answer.StatusCode, n)
	}
	return err
}

// noise is bytes without end.
type noise struct{}

func (noise) Read(p []byte) (int, error) { return copy(p, payload), nil }

var payload = bytes.Repeat([]byte(`{"activity_time":"2026-11-24 10:00:00:000","operator":"Rosa Jensen"},`), 512)

// processorTime is what a process used so far, in nanoseconds, where /proc tells.
func processorTime(pid int) int64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	if err != nil {
		return 0
	}
	// proc_pid_stat(5): utime and stime are fields 14 and 15, in ticks of 10 ms; the
	// name, field 2, ends with the last bracket.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	user, _ := strconv.ParseInt(fields[11], 10, 64)
	system, _ := strconv.ParseInt(fields[12], 10, 64)
	return (user + system) * int64(10*time.Millisecond)
}

// peakMemory is the most resident memory that a process ever had, where /proc tells.
func peakMemory(pid int) string {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return ""
	}
	_, after, _ := strings.Cut(string(text), "VmHWM:")
	var kilobytes int
	if _, err := fmt.Sscan(after, &kilobytes); err != nil {
		return ""
	}
	return fmt.Sprintf("%.0f MB", float64(kilobytes)/1e3)
}

func bytesOf(n int) string {
	switch {
	case n >= 1<<30:
		return fmt.Sprintf("%d GB", n>>30)
	default:
		return fmt.Sprintf("%d KB", n>>10)
	}
}
