package zoomsim_test

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log"
	"net/http"
	"net/url"
	"testing"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// userEmails is the program under test: it reads the e-mail addresses of all
// active users, and tries again when Zoom is busy.
func userEmails(client *http.Client, api string) ([]string, error) {
	var emails []string
	query := url.Values{"page_size": {"5"}}
	for tries := 0; ; {
		answer, err := client.Get(api + "/users?" + query.Encode())
		if err != nil {
			return nil, err
		}
		var page struct {
			Users         []struct{ Email string }
			NextPageToken string `json:"next_page_token"`
		}
		if answer.StatusCode == http.StatusOK {
			err = json.NewDecoder(answer.Body).Decode(&page)
		} else if tries++; tries > 3 {
			err = errors.New("Zoom answered " + answer.Status)
		}
		answer.Body.Close()
		if err != nil {
			return nil, err
		}
		for _, user := range page.Users {
			emails = append(emails, user.Email)
		}
		if answer.StatusCode == http.StatusOK {
			if page.NextPageToken == "" {
				return emails, nil
			}
			query.Set("next_page_token", page.NextPageToken)
		}
	}
}

// oauthClient is a client of a simulated Zoom that any OAuth library makes.
func oauthClient(info zoomsim.Info) *http.Client {
	return (&clientcredentials.Config{
		ClientID: info.ClientID, ClientSecret: info.ClientSecret, TokenURL: info.TokenURL,
		AuthStyle:      oauth2.AuthStyleInHeader,
		EndpointParams: url.Values{"grant_type": {"account_credentials"}, "account_id": {info.AccountID}},
	}).Client(context.Background())
}

func TestUserEmails(t *testing.T) {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 20})
	if err != nil {
		t.Fatal(err)
	}
	defer sim.Close()

	// The second page fails twice, as it does on a bad day.
	err = sim.AddFaults(zoomsim.Fault{Kind: zoomsim.PerSecond429, Operation: "GET /users", After: 1, Count: 2})
	if err != nil {
		t.Fatal(err)
	}
	emails, err := userEmails(oauthClient(sim.Info()), sim.Info().APIURL)
	if err != nil {
		t.Fatal(err)
	}

	// The truth, to compare with.
	truth, err := sim.Dataset("users", time.Time{}, time.Time{})
	if err != nil {
		t.Fatal(err)
	}
	active := 0
	for record := range truth {
		var user struct{ Status string }
		if err := json.Unmarshal(record, &user); err != nil {
			t.Fatal(err)
		}
		if user.Status == "active" {
			active++
		}
	}
	if len(emails) != active {
		t.Errorf("%d addresses, want %d", len(emails), active)
	}
	if fired := sim.Stats().FaultsFired[zoomsim.PerSecond429]; fired != 2 {
		t.Errorf("the fault fired %d times, want 2", fired)
	}
}

// A fault makes requests fail: any kind, on any operation, as often as wished.
func ExampleSimulator_AddFaults() {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 3})
	if err != nil {
		log.Fatal(err)
	}
	defer sim.Close()
	err = sim.AddFaults(
		zoomsim.Fault{Kind: zoomsim.HTTP500, Operation: "GET /users/{userId}"},
		zoomsim.Fault{Kind: zoomsim.PerSecond429, Operation: "GET /users/{userId}", After: 1},
	)
	if err != nil {
		log.Fatal(err)
	}
	client := oauthClient(sim.Info())
	for range 3 {
		answer, err := client.Get(sim.Info().APIURL + "/users/me")
		if err != nil {
			log.Fatal(err)
		}
		answer.Body.Close()
		fmt.Println(answer.StatusCode)
	}
	// Output:
	// 500
	// 429
	// 200
}

// The dataset is the truth that a program's result is compared with, record by
// record, byte by byte.
func ExampleSimulator_Dataset() {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Meetings: 20, Today: time.Date(2026, 3, 19, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		log.Fatal(err)
	}
	defer sim.Close()
	day := time.Date(2026, 3, 18, 0, 0, 0, 0, time.UTC)
	records, err := sim.Dataset("meeting_activities", day, day)
	if err != nil {
		log.Fatal(err)
	}
	count := 0
	for record := range records {
		if json.Valid(record) {
			count++
		}
	}
	fmt.Println(count, "records")
	// Output:
	// 15 records
}
