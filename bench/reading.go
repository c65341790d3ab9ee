package main

import (
	"context"
	"fmt"
	"runtime"
	"slices"
	"sync"
	"time"

	"cloud.google.com/go/auth"
	"golang.org/x/oauth2"
)

const (
	rounds = 15
	reads  = 1_000_000 // of a contender in a round, by all goroutines together
)

// reader is a loop of n reads, written out so that no call of a function value
// is in what is measured.
type reader struct {
	name string
	loop func(n int)
}

// reading measures how long it takes to read a fresh token, by 1, 2, 8 and 64
// goroutines, beside the reading of the clock that each read cannot do without.
func reading() error {
	e := newEndpoint(time.Hour)
	defer e.Close()
	ours, err := ourSource(e, 0)
	if err != nil {
		return err
	}
	defer ours.Close()
	if _, err := ours.Token(); err != nil {
		return err
	}
	ctx := context.Background()
	fixed := mint(func() (*oauth2.Token, error) {
		return &oauth2.Token{AccessToken: "x", Expiry: time.Now().Add(time.Hour)}, nil
	})
	reuse := oauth2.ReuseTokenSource(nil, fixed)
	google := auth.NewCachedTokenProvider(googleMint{fixed}, nil)
	readers := []reader{
		{"`time.Now()`", func(n int) {
			for range n {
				time.Now()
			}
		}},
		{"stagedoor `Source.Token`", func(n int) {
			for range n {
				ours.Token()
			}
		}},
		{"stagedoor `Source.Get`, a copy", func(n int) {
			for range n {
				ours.Get(ctx, 0)
			}
		}},
		{"`oauth2.ReuseTokenSource`", func(n int) {
			for range n {
				reuse.Token()
			}
		}},
		{"`cloud.google.com/go/auth`", func(n int) {
			for range n {
				google.Token(ctx)
			}
		}},
	}
	fmt.Printf("\n## Reading a token\n\nNanoseconds a read, and how many times the reading of the clock; the median of %d rounds in which all take turns.\n\n", rounds)
	fmt.Println("| reads | allocations | 1 goroutine | 2 | 8 | 64 |\n|---|---|---|---|---|---|")
	columns := make([][]string, len(readers))
	for _, goroutines := range []int{1, 2, 8, 64} {
		times := make([][]float64, len(readers))
		for range rounds {
			for i, r := range readers {
				times[i] = append(times[i], perRead(r, goroutines))
			}
		}
		for i := range readers {
			// The ratio is taken within each round, for a machine changes its speed between them.
			var ratios []float64
			for round := range times[i] {
				ratios = append(ratios, times[i][round]/times[0][round])
			}
			columns[i] = append(columns[i], fmt.Sprintf("%.1f ns, %.2f×", median(times[i]), median(ratios)))
		}
	}
	for i, r := range readers {
		fmt.Printf("| %s | %d", r.name, allocations(r))
		for _, cell := range columns[i] {
			fmt.Printf(" | %s", cell)
		}
		fmt.Println(" |")
	}
	return nil
}

// perRead returns nanoseconds of wall time a read.
func perRead(r reader, goroutines int) float64 {
	var all sync.WaitGroup
	begin := make(chan struct{})
	for range goroutines {
		all.Go(func() {
			<-begin
			r.loop(reads / goroutines)
		})
	}
	began := time.Now()
	close(begin)
	all.Wait()
	return float64(time.Since(began)) / reads
}

// allocations returns how many there are in a thousand reads.
func allocations(r reader) uint64 {
	r.loop(1)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	r.loop(1000)
	runtime.ReadMemStats(&after)
	return (after.Mallocs - before.Mallocs) / 1000
}

func median[T float64 | time.Duration](list []T) T {
	sorted := slices.Sorted(slices.Values(list))
	return sorted[len(sorted)/2]
}
