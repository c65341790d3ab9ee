package main

import (
	"fmt"
	"slices"
	"sync"
	"sync/atomic"
	"time"
)

const (
	outageCallers = 100
	pastExpiry    = 1500 * time.Millisecond
)

// outage takes the endpoint away before the renewal, until after the token has
// expired. Callers ask all the time. What counts is what they meet once it is
// back: how long after that moment the last of them has a token.
func outage() error {
	fmt.Printf("\n## An outage past expiry\n\nThe endpoint answers 503 until %s after the token expired; %d callers ask all the while. After it is back: when the callers had a token (the median of 5 runs of the first and of the last of them), and errors.\n\n", pastExpiry, outageCallers)
	fmt.Println("| | first after | last after | errors once it is back | errors before |\n|---|---|---|---|---|")
	for i := range 3 {
		var firsts, lasts []time.Duration
		var after, before int64
		var name string
		for run := range 5 {
			o, err := outageOf(i, time.Duration(run)*latency/5)
			if err != nil {
				return err
			}
			name = o.name
			firsts, lasts = append(firsts, o.first), append(lasts, o.last)
			after, before = after+o.after, before+o.before
		}
		fmt.Printf("| %s | %s | %s | %d | %d |\n", name, short(median(firsts)), short(median(lasts)), after, before)
	}
	return nil
}

type recovery struct {
	name          string
	first, last   time.Duration
	before, after int64 // errors
}

// outageOf runs one contender; shift moves the end of the outage against the
// contender's own attempts.
func outageOf(which int, shift time.Duration) (recovery, error) {
	e := newEndpoint(lifetime)
	defer e.Close()
	list, err := contenders(e, margin)
	if err != nil {
		return recovery{}, err
	}
	c := list[which]
	defer list[0].close()
	if _, err := c.value(); err != nil {
		return recovery{}, err
	}
	expiry := time.Now().Add(lifetime)
	e.down.Store(true)
	time.Sleep(time.Until(expiry.Add(-200 * time.Millisecond)))

	var back atomic.Int64 // when the endpoint was back, Unix nanoseconds
	var before, after atomic.Int64
	got := make([]time.Duration, outageCallers)
	var all sync.WaitGroup
	for i := range outageCallers {
		all.Go(func() {
			for {
				asked := time.Now()
				_, err := c.value()
				since := back.Load()
				switch {
				case err != nil && since != 0 && asked.UnixNano() >= since:
					after.Add(1)
				case err != nil:
					before.Add(1)
				case since != 0 && time.Now().After(expiry):
					got[i] = time.Since(time.Unix(0, since))
					return
				}
				time.Sleep(5 * time.Millisecond)
			}
		})
	}
	time.Sleep(time.Until(expiry.Add(pastExpiry + shift)))
	e.down.Store(false)
	back.Store(time.Now().UnixNano())
	all.Wait()
	return recovery{c.name, slices.Min(got), slices.Max(got), before.Load(), after.Load()}, nil
}
