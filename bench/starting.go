package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

const starts = 101

// starting measures whole processes, from their start to their end, beside an
// empty Go program.
func starting() error {
	dir, err := os.MkdirTemp("", "stagedoor-bench-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(dir)
	program, empty := filepath.Join(dir, "stagedoor"), filepath.Join(dir, "empty")
	source := filepath.Join(dir, "empty.go")
	if err := os.WriteFile(source, []byte("package main\n\nfunc main() {}\n"), 0o600); err != nil {
		return err
	}
	if err := errors.Join(build(program, "..", "./cmd/stagedoor"), build(empty, dir, source)); err != nil {
		return err
	}
	home := filepath.Join(dir, "home")
	if err := fill(program, home); err != nil {
		return err
	}
	commands := [][]string{{empty}, {program, "version"}, {program, "credential", "list"}, {program, "token"}}
	times := make([][]time.Duration, len(commands))
	for range starts {
		for i, words := range commands {
			cmd := command(home, words...)
			began := time.Now()
			if err := cmd.Run(); err != nil {
				return fmt.Errorf("%s: %w", strings.Join(words[1:], " "), err)
			}
			times[i] = append(times[i], time.Since(began))
		}
	}
	fmt.Printf("\n## Starting\n\nThe median of %d runs in which all take turns.\n\n| command | time | times an empty Go program |\n|---|---|---|\n", starts)
	for i, words := range commands {
		name := "an empty Go program"
		if i > 0 {
			name = "`stagedoor " + strings.Join(words[1:], " ") + "`"
		}
		var ratios []float64
		for run := range times[i] {
			ratios = append(ratios, float64(times[i][run])/float64(times[0][run]))
		}
		fmt.Printf("| %s | %.2f ms | %.2f× |\n", name, float64(median(times[i]))/1e6, median(ratios))
	}
	return nil
}

func build(out, dir, what string) error {
	cmd := exec.Command("go", "build", "-trimpath", "-o", out, what)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("%w\n%s", err, said)
	}
	return nil
}

func command(home string, words ...string) *exec.Cmd {
	cmd := exec.Command(words[0], words[1:]...)
	cmd.Env = append(os.Environ(), "STAGEDOOR_HOME="+home)
	return cmd
}

// fill makes a home with one credential and its token, from a simulator.
func fill(program, home string) error {
	sim, err := zoomsim.Start(zoomsim.Options{})
	if err != nil {
		return err
	}
	defer sim.Close()
	text, err := json.Marshal(sim.Info())
	if err != nil {
		return err
	}
	var at struct {
		TokenURL string `json:"token_url"`
		APIURL   string `json:"api_url"`
		Account  string `json:"account_id"`
		Client   string `json:"client_id"`
		Secret   string `json:"client_secret"`
	}
	if err := json.Unmarshal(text, &at); err != nil {
		return err
	}
	host := strings.TrimSuffix(strings.TrimPrefix(at.APIURL, "http://"), "/v2")
	add := command(home, program, "credential", "add", "--account-id", at.Account, "--client-id", at.Client,
		"--client-secret-stdin", "--token-url", at.TokenURL, "--api-url", at.APIURL, "--allow-host", host)
	add.Stdin = strings.NewReader(at.Secret)
	if said, err := add.CombinedOutput(); err != nil {
		return fmt.Errorf("credential add: %w\n%s", err, said)
	}
	mint := command(home, program, "token")
	mint.Stdout = io.Discard
	return mint.Run()
}
