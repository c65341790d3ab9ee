package main

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

const callers = 10_000

// lifetime and margin are Zoom's hour and five minutes, shortened so that a run
// ends. Each contender renews as long before expiry as the others.
const (
	lifetime = 4 * time.Second
	margin   = 2 * time.Second
)

// situation is one in which a usable token exists, or could.
type situation struct {
	name string
	// prepare gets a contender with a new token to where the callers come in,
	// and says for how long they keep asking.
	prepare func(e *endpoint, c contender) (stay time.Duration)
}

var situations = []situation{
	{"the token becomes due for renewal while all ask", func(*endpoint, contender) time.Duration {
		time.Sleep(lifetime - margin - 300*time.Millisecond)
		return 1200 * time.Millisecond
	}},
	{"all come at once after nobody asked for longer than a token lives", func(*endpoint, contender) time.Duration {
		time.Sleep(lifetime + lifetime/4)
		return 300 * time.Millisecond
	}},
	{"the first early renewal failed; all ask when the token expires", func(e *endpoint, c contender) time.Duration {
		e.failing.Store(1)
		time.Sleep(lifetime - margin + 100*time.Millisecond)
		c.value() // meets the stale token, so that its renewal begins
		time.Sleep(margin - 500*time.Millisecond)
		return 1500 * time.Millisecond
	}},
	{"no token yet: somebody has to wait", nil},
}

func crowds() error {
	fmt.Printf("\n## %d callers, a token endpoint that takes %s\n\n", callers, latency)
	fmt.Printf("Tokens live for %s and are renewed %s ahead. Of each caller's longest wait: the median, 99.9 %%, and the longest. Who waited %s or more waited for the network.\n", lifetime, margin, latency/2)
	for _, s := range situations {
		fmt.Printf("\n%s:\n\n| | requests | p50 | p99.9 | longest | waited for the network | errors |\n|---|---|---|---|---|---|---|\n", s.name)
		for i := range 3 {
			if err := crowd(s, i); err != nil {
				return err
			}
		}
	}
	return nil
}

func crowd(s situation, which int) error {
	e := newEndpoint(lifetime)
	defer e.Close()
	list, err := contenders(e, margin)
	if err != nil {
		return err
	}
	c := list[which]
	defer list[0].close()
	var stay time.Duration
	if s.prepare != nil {
		if _, err := c.value(); err != nil {
			return err
		}
		e.asked.Store(0)
		stay = s.prepare(e, c)
	}
	waits, failed := ask(c, stay)
	network := 0
	for _, w := range waits {
		if w >= latency/2 {
			network++
		}
	}
	slices.Sort(waits)
	fmt.Printf("| %s | %d | %s | %s | %s | %d | %d |\n", c.name, e.asked.Load(), short(waits[callers/2]), short(waits[callers-callers/1000]), short(waits[callers-1]), network, failed)
	return nil
}

// ask lets all callers ask at once, and again every 50 ms for as long as they
// stay. It returns each one's longest wait and how many calls failed.
func ask(c contender, stay time.Duration) (waits []time.Duration, failed int) {
	waits = make([]time.Duration, callers)
	failures := make([]int, callers)
	var ready, all sync.WaitGroup
	begin := make(chan struct{})
	ready.Add(callers)
	for i := range callers {
		all.Go(func() {
			ready.Done()
			<-begin
			for end := time.Now().Add(stay); ; time.Sleep(50 * time.Millisecond) {
				asked := time.Now()
				_, err := c.value()
				waits[i] = max(waits[i], time.Since(asked))
				if err != nil {
					failures[i]++
				}
				if time.Now().After(end) {
					return
				}
			}
		})
	}
	ready.Wait()
	close(begin)
	all.Wait()
	for _, n := range failures {
		failed += n
	}
	return waits, failed
}

func short(d time.Duration) string {
	if d < 10*time.Millisecond {
		return fmt.Sprintf("%.3f ms", float64(d)/1e6)
	}
	return d.Round(time.Millisecond).String()
}
