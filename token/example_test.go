package token_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http"
	"net/http/httptest"
	"os"
	"strings"
	"sync"
	"time"

	"golang.org/x/oauth2"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
	"github.com/stagedoor/stagedoor/zoomsim"
)

// A program that calls Zoom's API wraps its client once. Tokens are minted,
// renewed and replaced behind it.
func ExampleTransport() {
	ctx := context.Background()
	accountID, clientID, clientSecret := os.Getenv("ZOOM_ACCOUNT_ID"), os.Getenv("ZOOM_CLIENT_ID"), os.Getenv("ZOOM_CLIENT_SECRET")
	source, err := token.NewSource(ctx, token.Config{
		Provider: stagedoor.Zoom,
		Credential: stagedoor.Credential{
			AccountID: accountID, ClientID: clientID,
			ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(clientSecret)},
		},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	client := &http.Client{Transport: &token.Transport{Source: source}, Timeout: time.Minute}
	resp, err := client.Get("https://api.zoom.us/v2/users/me")
	if err != nil {
		log.Fatal(err)
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
}

// simulated returns what is put into a Config to reach a simulated Zoom.
func simulated(sim *zoomsim.Simulator) stagedoor.Credential {
	info := sim.Info()
	return stagedoor.Credential{
		AccountID: info.AccountID, ClientID: info.ClientID,
		ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(info.ClientSecret)},
		TokenURL:      info.TokenURL, APIURL: info.APIURL,
		AllowHosts: []string{strings.TrimPrefix(strings.TrimSuffix(info.APIURL, "/v2"), "http://")},
	}
}

// directory is a service that hands on the users of a Zoom account. It knows
// nothing of tokens: its client sees to them.
type directory struct {
	zoom *http.Client
	api  string // with /v2
}

func (d directory) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	request, err := http.NewRequestWithContext(r.Context(), http.MethodGet, d.api+"/users?page_size=300", nil)
	if err != nil {
		http.Error(w, err.Error(), http.StatusInternalServerError)
		return
	}
	answer, err := d.zoom.Do(request)
	if err != nil {
		// It says what failed, why and what to do, and holds no secret.
		log.Print(err)
		http.Error(w, "Zoom can not be asked just now", http.StatusBadGateway)
		return
	}
	defer answer.Body.Close()
	w.WriteHeader(answer.StatusCode)
	_, _ = io.Copy(w, answer.Body)
}

// A service calls Zoom for its own callers. Here a token is revoked under it; the
// Transport gets a new one and asks again, and nobody notices.
func ExampleTransport_service() {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer sim.Close()

	source, err := token.NewSource(context.Background(), token.Config{Provider: stagedoor.Zoom, Credential: simulated(sim)})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	service := directory{zoom: &http.Client{Transport: &token.Transport{Source: source}, Timeout: time.Minute}, api: sim.Info().APIURL}

	if err := sim.AddFaults(zoomsim.Fault{Kind: zoomsim.TokenRevoked, After: 1}); err != nil {
		log.Fatal(err)
	}
	for range 3 {
		answer := httptest.NewRecorder()
		service.ServeHTTP(answer, httptest.NewRequest(http.MethodGet, "/", nil))
		fmt.Println(answer.Code)
	}
	fmt.Println("tokens minted:", sim.Stats().TokensMinted)
	// Output:
	// 200
	// 200
	// 200
	// tokens minted: 2
}

// One Source is shared by all goroutines of a program, and asks for one token.
func ExampleSource_shared() {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer sim.Close()

	source, err := token.NewSource(context.Background(), token.Config{Provider: stagedoor.Zoom, Credential: simulated(sim)})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	var wait sync.WaitGroup
	for range 100 {
		wait.Go(func() {
			if _, err := source.Token(); err != nil {
				log.Print(err)
			}
		})
	}
	wait.Wait()
	fmt.Println("tokens minted:", sim.Stats().TokensMinted)
	// Output:
	// tokens minted: 1
}

// A job that will run for a while asks for a token that lasts as long.
func ExampleSource_Get() {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer sim.Close()

	source, err := token.NewSource(context.Background(), token.Config{Provider: stagedoor.Zoom, Credential: simulated(sim)})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	ctx, cancel := context.WithTimeout(context.Background(), 10*time.Second)
	defer cancel()
	t, err := source.Get(ctx, 40*time.Minute)
	if err != nil {
		log.Fatal(err)
	}
	fmt.Println(time.Until(t.Expiry) >= 40*time.Minute)
	fmt.Println(t.Value) // a Secret does not print itself; Reveal gives it out
	// Output:
	// true
	// [secret]
}

// Anything that takes an oauth2.TokenSource takes a Source: other libraries'
// clients, or oauth2's own.
func ExampleSource_oauth2() {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer sim.Close()

	source, err := token.NewSource(context.Background(), token.Config{Provider: stagedoor.Zoom, Credential: simulated(sim)})
	if err != nil {
		log.Fatal(err)
	}
	defer source.Close()
	var tokens oauth2.TokenSource = source
	client := &http.Client{Transport: &oauth2.Transport{Source: tokens}}
	answer, err := client.Get(sim.Info().APIURL + "/users/me")
	if err != nil {
		log.Fatal(err)
	}
	defer answer.Body.Close()
	fmt.Println(answer.Status)
	// Output:
	// 200 OK
}
