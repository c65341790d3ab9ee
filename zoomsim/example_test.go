package zoomsim_test

import (
	"context"
	"fmt"
	"log"
	"net/url"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// An unmodified OAuth client reads the users, once through a failing edge.
func Example() {
	sim, err := zoomsim.Start(zoomsim.Options{Seed: 1, Users: 3, Today: time.Date(2026, 3, 19, 0, 0, 0, 0, time.UTC)})
	if err != nil {
		log.Fatal(err)
	}
	defer sim.Close()
	info := sim.Info()
	client := (&clientcredentials.Config{
		ClientID:       info.ClientID,
		ClientSecret:   info.ClientSecret,
		TokenURL:       info.TokenURL,
		AuthStyle:      oauth2.AuthStyleInHeader,
		EndpointParams: url.Values{"grant_type": {"account_credentials"}, "account_id": {info.AccountID}},
	}).Client(context.Background())

	if err := sim.AddFaults(zoomsim.Fault{Kind: zoomsim.HTML503, Operation: "users"}); err != nil {
		log.Fatal(err)
	}
	for range 2 {
		answer, err := client.Get(info.APIURL + "/users")
		if err != nil {
			log.Fatal(err)
		}
		answer.Body.Close()
		fmt.Println(answer.StatusCode, answer.Header.Get("Content-Type"))
	}
	fmt.Println(sim.Stats().FaultsFired)
	// Output:
	// 503 text/html
	// 200 application/json;charset=UTF-8
	// map[html_503:1]
}
