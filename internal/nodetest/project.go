// Package nodetest runs, in tests, what comes from npm: other people's clients
// and tools that Stagedoor must get on with.
package nodetest

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// Project returns a folder with the files of a Node project and what its
// package-lock.json names, ready to be run there by Node.js of at least a version.
// What npm fetches lies in the user's cache folder, once for each lock file, and so
// outside of what git sees. Where Node.js or npm is missing, or npm's registry can
// not be reached, the test is skipped and says so.
func Project(t *testing.T, project string, least int) string {
	t.Helper()
	for _, program := range []string{"node", "npm"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("missing here: %s (scripts/node.sh installs what Debian has)", program)
		}
	}
	version, err := exec.Command("node", "--version").Output()
	major, _, _ := strings.Cut(strings.TrimPrefix(strings.TrimSpace(string(version)), "v"), ".")
	if n, _ := strconv.Atoi(major); err != nil || n < least {
		t.Skipf("Node.js here is %s, and %s needs %d", strings.TrimSpace(string(version)), project, least)
	}
	modules, err := fetch(project)
	if err != nil {
		for _, sign := range []string{"ENOTFOUND", "EAI_AGAIN", "ECONNREFUSED", "ETIMEDOUT", "ECONNRESET", "ENETUNREACH"} {
			if strings.Contains(err.Error(), sign) {
				t.Skipf("npm does not reach its registry (%s), so what %s needs is missing", sign, project)
			}
		}
		t.Fatalf("npm did not fetch what %s needs: %v", project, err)
	}
	dir := t.TempDir()
	if err := os.CopyFS(dir, os.DirFS(project)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(modules, filepath.Join(dir, "node_modules")); err != nil {
		t.Fatal(err)
	}
	return dir
}

// fetch has npm fetch what a project's lock file names, if nobody did yet,
// and returns the folder. Several processes may do so at once: each in a folder of
// its own, of which the first to be ready is kept.
func fetch(project string) (string, error) {
	hash := sha256.New()
	for _, name := range []string{"package.json", "package-lock.json"} {
		text, err := os.ReadFile(filepath.Join(project, name))
		if err != nil {
			return "", err
		}
		hash.Write(text)
	}
	cache, err := os.UserCacheDir()
	if err != nil {
		return "", err
	}
	cache = filepath.Join(cache, "stagedoor-tests")
	kept := filepath.Join(cache, fmt.Sprintf("node-%x", hash.Sum(nil)[:12]))
	modules := filepath.Join(kept, "node_modules")
	if _, err := os.Stat(modules); err == nil {
		return modules, nil
	}
	if err := os.MkdirAll(cache, 0o700); err != nil {
		return "", err
	}
	draft, err := os.MkdirTemp(cache, "draft-")
	if err != nil {
		return "", err
	}
	defer os.RemoveAll(draft)
	if err := os.CopyFS(draft, os.DirFS(project)); err != nil {
		return "", err
	}
	// No script of a package runs: what is fetched here is only ever read by node.
	npm := exec.Command("npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund")
	npm.Dir = draft
	if said, err := npm.CombinedOutput(); err != nil {
		return "", fmt.Errorf("%w\n%s", err, said)
	}
	if err := os.Rename(draft, kept); err != nil && !errors.Is(err, fs.ErrExist) {
		if _, there := os.Stat(modules); there != nil {
			return "", err
		}
	}
	return modules, nil
}
