package stagedoor_test

import (
	"bufio"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"runtime"
	"strings"
	"syscall"
	"testing"
)

// buildStatic builds the program as the Dockerfile does.
func buildStatic(t *testing.T) string {
	t.Helper()
	program := filepath.Join(t.TempDir(), "stagedoor")
	build := exec.Command("go", "build", "-trimpath", "-ldflags=-s -w", "-o", program, "./cmd/stagedoor")
	build.Env = append(os.Environ(), "CGO_ENABLED=0")
	if out, err := build.CombinedOutput(); err != nil {
		t.Fatalf("%v\n%s", err, out)
	}
	return program
}

// TestImageNeedsNothingElse runs the program as the image's last stage has it:
// in a root of its own that holds nothing but it, its home and a /tmp, as a user that
// is not root.
func TestImageNeedsNothingElse(t *testing.T) {
	if testing.Short() {
		t.Skip("takes longer than -short permits")
	}
	chroot, err := exec.LookPath("chroot")
	if runtime.GOOS != "linux" || os.Getuid() != 0 || err != nil {
		t.Skip("needs Linux, root and chroot")
	}
	root, err := os.MkdirTemp("", "stagedoor-image-")
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { os.RemoveAll(root) })
	program, err := os.ReadFile(buildStatic(t))
	if err != nil {
		t.Fatal(err)
	}
	for _, err := range []error{
		os.Chmod(root, 0o755),
		os.WriteFile(filepath.Join(root, "stagedoor"), program, 0o755),
		os.Mkdir(filepath.Join(root, "data"), 0o700),
		os.Chown(filepath.Join(root, "data"), 65532, 65532),
		os.Mkdir(filepath.Join(root, "tmp"), 0o700), // for receipts and tables, which can be long
		os.Chown(filepath.Join(root, "tmp"), 65532, 65532),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
	for _, words := range []string{"version", "credential list --json", "demo --once", "doctor --json"} {
		cmd := exec.Command(chroot, append([]string{"--userspec=65532:65532", root, "/stagedoor"}, strings.Fields(words)...)...)
		cmd.Env = []string{"STAGEDOOR_HOME=/data"}
		if out, err := cmd.CombinedOutput(); err != nil {
			t.Errorf("stagedoor %s: %v\n%s", words, err, out)
		}
	}
	// The daemon ends well when its container is stopped.
	serve := exec.Command(chroot, "--userspec=65532:65532", root, "/stagedoor", "serve", "--listen", "0.0.0.0:0", "--behind-proxy")
	serve.Env = []string{"STAGEDOOR_HOME=/data"}
	stderr, err := serve.StderrPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := serve.Start(); err != nil {
		t.Fatal(err)
	}
	var said strings.Builder
	for lines := bufio.NewScanner(stderr); lines.Scan(); {
		said.WriteString(lines.Text() + "\n")
		if strings.Contains(lines.Text(), "listening on ") {
			if err := serve.Process.Signal(syscall.SIGTERM); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := serve.Wait(); err != nil || !strings.Contains(said.String(), "listening on ") {
		t.Errorf("stagedoor serve: %v\n%s", err, said.String())
	}
}

// TestUnits has systemd read the units, and judge how much they may do.
func TestUnits(t *testing.T) {
	analyze, err := exec.LookPath("systemd-analyze")
	if err != nil {
		t.Skip("needs systemd-analyze (Debian: apt-get install systemd)")
	}
	dir := t.TempDir()
	for _, name := range []string{"stagedoor-sync@.service", "stagedoor-sync@.timer", "stagedoor.service"} {
		text, err := os.ReadFile(filepath.Join("packaging", name))
		if err != nil {
			t.Fatal(err)
		}
		// The program need not be installed to check the unit.
		text = []byte(strings.ReplaceAll(string(text), "/usr/local/bin/stagedoor", "/bin/true"))
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	verify := exec.Command(analyze, "verify", "--man=no", filepath.Join(dir, "stagedoor-sync@acme.service"), filepath.Join(dir, "stagedoor-sync@acme.timer"), filepath.Join(dir, "stagedoor.service"))
	for _, name := range []string{"service", "timer"} {
		text, _ := os.ReadFile(filepath.Join(dir, "stagedoor-sync@."+name))
		os.WriteFile(filepath.Join(dir, "stagedoor-sync@acme."+name), text, 0o600)
	}
	if out, err := verify.CombinedOutput(); err != nil || regexp.MustCompile(`stagedoor\S*:\d+:`).Match(out) {
		t.Errorf("systemd-analyze verify: %v\n%s", err, out)
	}
	for _, name := range []string{"stagedoor-sync@acme.service", "stagedoor.service"} {
		judge := exec.Command(analyze, "security", "--offline=true", "--threshold=20", filepath.Join(dir, name))
		if out, err := judge.CombinedOutput(); err != nil {
			t.Errorf("systemd-analyze security finds %s too open (more than 2.0 of 10): %v\n%s", name, err, out)
		}
	}
}
