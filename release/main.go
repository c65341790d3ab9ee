// Command release builds what people download, into dist/: for each platform an
// archive with the program, the README, the licences, man pages and completion
// scripts; beside them SHA256SUMS and a list of all modules (SPDX). `make
// release` runs it.
//
// Two runs on one commit give the same bytes, wherever the clone is: paths are
// trimmed, archives have the commit's time and no owner. It needs no network
// beyond the modules and publishes nothing.
package main

import (
	"crypto/sha256"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"
)

var platforms = []string{"linux/amd64", "linux/arm64", "darwin/amd64", "darwin/arm64", "windows/amd64", "windows/arm64"}

func main() {
	dir := "dist"
	if len(os.Args) > 1 {
		dir = os.Args[1]
	}
	if err := release(dir); err != nil {
		fmt.Fprintln(os.Stderr, "release:", err)
		os.Exit(1)
	}
}

// origin is what the release is made of.
type origin struct {
	version, commit string
	at              time.Time // of the commit
}

func release(dir string) error {
	from, err := findOrigin()
	if err != nil {
		return err
	}
	if err := os.RemoveAll(dir); err != nil {
		return err
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	work, err := os.MkdirTemp("", "stagedoor-release-")
	if err != nil {
		return err
	}
	defer os.RemoveAll(work)
	modules, err := linked()
	if err != nil {
		return err
	}
	common, err := documents(work, from, modules)
	if err != nil {
		return err
	}
	var made []string
	for _, platform := range platforms {
		system, arch, _ := strings.Cut(platform, "/")
		program := entry{name: "stagedoor", mode: 0o755}
		if system == "windows" {
			program.name += ".exe"
		}
		out := filepath.Join(work, system+"-"+arch)
		if err := build(from, system, arch, out); err != nil {
			return err
		}
		if program.body, err = os.ReadFile(out); err != nil {
			return err
		}
		name := fmt.Sprintf("stagedoor_%s_%s_%s", from.version, system, arch)
		pack, ending := packTar, ".tar.gz"
		if system == "windows" {
			pack, ending = packZip, ".zip"
		}
		if err := pack(filepath.Join(dir, name+ending), name, from.at, append([]entry{program}, common...)); err != nil {
			return err
		}
		made = append(made, name+ending)
		fmt.Println(filepath.Join(dir, name+ending))
	}
	bill := fmt.Sprintf("stagedoor_%s.spdx.json", from.version)
	text, err := spdx(from, modules)
	if err != nil {
		return err
	}
	if err := os.WriteFile(filepath.Join(dir, bill), text, 0o644); err != nil {
		return err
	}
	return sums(dir, append(made, bill))
}

// findOrigin reads the commit, and the version from VERSION or from a tag on
// that commit. Without either it is a snapshot, named after the commit.
func findOrigin() (origin, error) {
	said, err := run("git", "log", "-1", "--format=%H %ct")
	if err != nil {
		return origin{}, err
	}
	commit, seconds, _ := strings.Cut(strings.TrimSpace(said), " ")
	unix, err := strconv.ParseInt(seconds, 10, 64)
	if err != nil {
		return origin{}, err
	}
	changes, err := run("git", "status", "--porcelain", "--untracked-files=no")
	if err != nil {
		return origin{}, err
	}
	if strings.TrimSpace(changes) != "" {
		return origin{}, fmt.Errorf("the clone has changes that are not committed, so nobody could build the same again:\n%s", changes)
	}
	version := os.Getenv("VERSION")
	if version == "" {
		tag, _ := run("git", "describe", "--tags", "--exact-match", "--match", "v[0-9]*")
		version = strings.TrimSpace(tag)
	}
	version = strings.TrimPrefix(version, "v")
	if version == "" {
		version = "0.0.0-snapshot." + commit[:12]
	}
	if strings.ContainsAny(version, " /\\'\"") {
		return origin{}, fmt.Errorf("%q is no version: write it as 1.2.3", version)
	}
	return origin{version: version, commit: commit, at: time.Unix(unix, 0).UTC()}, nil
}

func build(from origin, system, arch, out string) error {
	const app = "github.com/stagedoor/stagedoor/internal/app"
	cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false",
		"-ldflags", "-s -w -buildid= -X "+app+".Version="+from.version+" -X "+app+".Commit="+from.commit, "-o", out, "./cmd/stagedoor")
	cmd.Env = append(os.Environ(), "CGO_ENABLED=0", "GOOS="+system, "GOARCH="+arch, "GOFLAGS=", "GOAMD64=v1", "GOARM64=v8.0")
	if said, err := cmd.CombinedOutput(); err != nil {
		return fmt.Errorf("build for %s/%s: %w\n%s", system, arch, err, said)
	}
	return nil
}

func run(name string, args ...string) (string, error) {
	out, err := exec.Command(name, args...).Output()
	if err != nil {
		return "", fmt.Errorf("%s %s: %w", name, strings.Join(args, " "), err)
	}
	return string(out), nil
}

// sums writes SHA256SUMS, as `sha256sum --check` reads it.
func sums(dir string, names []string) error {
	slices.Sort(names)
	var text strings.Builder
	for _, name := range names {
		body, err := os.ReadFile(filepath.Join(dir, name))
		if err != nil {
			return err
		}
		fmt.Fprintf(&text, "%x  %s\n", sha256.Sum256(body), name)
	}
	return os.WriteFile(filepath.Join(dir, "SHA256SUMS"), []byte(text.String()), 0o644)
}
