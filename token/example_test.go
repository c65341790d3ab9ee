package token_test

import (
	"context"
	"fmt"
	"net/http"
	"os"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/token"
)

// A program that calls Zoom's API wraps its client once. Tokens are minted,
// renewed and replaced behind it.
func ExampleTransport() {
	ctx := context.Background()
	source, err := token.NewSource(ctx, token.Config{
		Provider: stagedoor.Zoom,
		Credential: stagedoor.Credential{
			AccountID:     os.Getenv("ZOOM_ACCOUNT_ID"),
			ClientID:      os.Getenv("ZOOM_CLIENT_ID"),
			ClientSecrets: []stagedoor.Secret{stagedoor.NewSecret(os.Getenv("ZOOM_CLIENT_SECRET"))},
		},
	})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer source.Close()
	client := &http.Client{Transport: &token.Transport{Source: source}, Timeout: time.Minute}
	resp, err := client.Get("https://api.zoom.us/v2/users/me")
	if err != nil {
		fmt.Println(err)
		return
	}
	defer resp.Body.Close()
	fmt.Println(resp.Status)
}
