package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/http/httputil"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"
)

const staticToken = "a-token-of-this-api"

// serveBytes is an API that costs next to nothing: it takes a token and answers
// with as many bytes as it is asked for.
func serveBytes(w http.ResponseWriter, r *http.Request) {
	w.Header().Set("Content-Type", "application/json")
	if r.URL.Path == "/oauth/token" {
		fmt.Fprintf(w, `{"access_token":%q,"token_type":"bearer","expires_in":3600,"scope":"report:read:admin"}`, staticToken)
		return
	}
	w.Header().Set("X-Zm-Trackingid", "v=2.0;clid=us02;rid=WEB_0")
	if r.Header.Get("Authorization") != "Bearer "+staticToken {
		w.WriteHeader(http.StatusUnauthorized)
		return
	}
	if r.Method != http.MethodGet {
		_, _ = io.Copy(io.Discard, r.Body)
		_, _ = io.WriteString(w, "{}")
		return
	}
	size, _ := strconv.Atoi(r.URL.Query().Get("bytes"))
	w.Header().Set("Content-Length", strconv.Itoa(size))
	_, _ = io.Copy(w, io.LimitReader(noise{}, int64(size)))
}

// A server is a process in between.
type server struct {
	cmd *exec.Cmd
	url string
}

func (s *server) pid() int { return s.cmd.Process.Pid }

func (s *server) stop() {
	_ = s.cmd.Process.Signal(os.Interrupt)
	_ = s.cmd.Wait()
}

// listening starts a server that says where it listens, on stderr.
func listening(cmd *exec.Cmd) (*server, error) {
	stderr, err := cmd.StderrPipe()
	if err != nil {
		return nil, err
	}
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	lines := bufio.NewScanner(stderr)
	var said strings.Builder
	for lines.Scan() {
		said.WriteString(lines.Text() + "\n")
		if _, url, ok := strings.Cut(lines.Text(), "listening on "); ok {
			go func() {
				for lines.Scan() {
					fmt.Fprintln(os.Stderr, lines.Text())
				}
			}()
			return &server{cmd, strings.Fields(url)[0]}, nil
		}
	}
	return nil, fmt.Errorf("%s ended: %w\n%s", cmd.Args[0], cmd.Wait(), said.String())
}

// startBare starts this program as the reverse proxy that asBare is.
func startBare(api string) (*server, error) {
	self, err := os.Executable()
	if err != nil {
		return nil, err
	}
	return listening(exec.Command(self, "bare", api))
}

// asBare is the peer: what one writes with the standard library in a minute.
func asBare(api string) error {
	target, err := url.Parse(api)
	if err != nil {
		return err
	}
	proxy := &httputil.ReverseProxy{
		Transport: &http.Transport{MaxIdleConns: 256, MaxIdleConnsPerHost: 256, DisableCompression: true},
		Rewrite: func(r *httputil.ProxyRequest) {
			r.SetURL(target)
			r.Out.Header.Set("Authorization", "Bearer "+staticToken)
		},
	}
	server := httptest.NewServer(proxy)
	defer server.Close()
	fmt.Fprintln(os.Stderr, "listening on "+server.URL)
	select {}
}

// startGateway starts the daemon with one credential and one caller, and returns
// the caller's access token.
func startGateway(dir, api string) (*server, string, error) {
	program, home := filepath.Join(dir, "stagedoor"), filepath.Join(dir, "home")
	provider := "name: bench\ntitle: Bench\nextends: zoom\nlimits:\n"
	for _, label := range []string{"Light", "Medium", "Heavy", "Resource-intensive"} {
		provider += "  - {label: " + label + ", plan: pro, per_second: 1000000}\n"
	}
	err := errors.Join(build(program, "..", "./cmd/stagedoor"), os.MkdirAll(filepath.Join(home, "providers"), 0o700),
		os.WriteFile(filepath.Join(home, "providers", "bench.yaml"), []byte(provider), 0o600))
	if err != nil {
		return nil, "", err
	}
	run := func(stdin string, words ...string) ([]byte, error) {
		cmd := command(home, append([]string{program}, words...)...)
		cmd.Stdin = strings.NewReader(stdin)
		var stderr bytes.Buffer
		cmd.Stderr = &stderr
		out, err := cmd.Output()
		if err != nil {
			err = fmt.Errorf("%s: %w\n%s", strings.Join(words[:2], " "), err, stderr.String())
		}
		return out, err
	}
	if _, err := run("a-secret", "credential", "add", "acme", "--provider", "bench", "--no-check", "--account-id", "a", "--client-id", "c",
		"--client-secret-stdin", "--token-url", api+"/oauth/token", "--api-url", api+"/v2", "--allow-host", strings.TrimPrefix(api, "http://")); err != nil {
		return nil, "", err
	}
	made, err := run("", "caller", "add", "bench", "--credential", "acme", "--allow", "/report/**", "--json")
	if err != nil {
		return nil, "", err
	}
	var caller struct {
		ClientID     string `json:"client_id"`
		ClientSecret string `json:"client_secret"`
	}
	if err := json.Unmarshal(made, &caller); err != nil {
		return nil, "", err
	}
	daemon, err := listening(command(home, program, "serve", "--listen", "127.0.0.1:0"))
	if err != nil {
		return nil, "", err
	}
	config := clientcredentials.Config{ClientID: caller.ClientID, ClientSecret: caller.ClientSecret, TokenURL: daemon.url + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader}
	token, err := config.Token(context.Background())
	if err != nil {
		daemon.stop()
		return nil, "", err
	}
	return daemon, token.AccessToken, nil
}
