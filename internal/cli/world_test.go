package cli_test

import (
	"bytes"
	"database/sql"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// A world is a folder with a home, a simulated Zoom, and the program run as the
// processes that a user would run. (The test binary is the program; see
// TestMain.)
type world struct {
	t     *testing.T
	sim   *zoomsim.Simulator
	front atomic.Pointer[func(http.ResponseWriter, *http.Request, http.Handler)]
	info  zoomsim.Info
	dir   string   // where commands run, and all that they write lies
	user  string   // the e-mail address of one of its users, in examples
	gate  string   // host and port of its daemon
	asked string   // where a test puts what it gives to the program: not searched
	env   []string // of every command

	database string // a PostgreSQL destination, with its password; empty: there is none here
}

// A result is how a command ended.
type result struct {
	stdout, stderr string
	status         int // -1: killed by a signal
}

// newWorld starts a simulator; requests reach it through inFront.
func newWorld(t *testing.T, o zoomsim.Options) *world {
	t.Helper()
	if o.Seed == 0 {
		o.Seed = 1
	}
	w := &world{t: t, dir: t.TempDir(), asked: t.TempDir()}
	server := httptest.NewUnstartedServer(http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		if front := w.front.Load(); front != nil {
			(*front)(rw, r, w.sim.Handler())
			return
		}
		w.sim.Handler().ServeHTTP(rw, r)
	}))
	o.BaseURL = "http://" + server.Listener.Addr().String()
	var err error
	if w.sim, err = zoomsim.New(o); err != nil {
		t.Fatal(err)
	}
	server.Start()
	t.Cleanup(func() {
		w.sim.Close()
		server.CloseClientConnections()
		server.Close()
	})
	w.info = w.sim.Info()
	temp := filepath.Join(w.dir, "tmp")
	if err := os.Mkdir(temp, 0o700); err != nil {
		t.Fatal(err)
	}
	w.env = []string{
		"PATH=" + os.Getenv("PATH"), "HOME=" + w.dir, "STAGEDOOR_HOME=" + filepath.Join(w.dir, "home"), "TMPDIR=" + temp,
	}
	return w
}

// inFront lets f see every request before the simulator does.
func (w *world) inFront(f func(rw http.ResponseWriter, r *http.Request, zoom http.Handler)) {
	w.front.Store(&f)
}

// path is a file in the world's folder.
func (w *world) path(name string) string { return filepath.Join(w.dir, name) }

// give writes what a person hands to the program, such as a secret's file.
func (w *world) give(name, text string) string {
	w.t.Helper()
	path := filepath.Join(w.asked, name)
	if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
		w.t.Fatal(err)
	}
	return path
}

// atSim are the flags that lead to the simulator.
func (w *world) atSim() []string {
	return []string{
		"--account-id", w.info.AccountID, "--client-id", w.info.ClientID, "--plan", "business",
		"--token-url", w.info.TokenURL, "--api-url", w.info.APIURL,
		"--allow-host", strings.TrimSuffix(strings.TrimPrefix(w.info.APIURL, "http://"), "/v2"),
	}
}

// addCredential saves acme.
func (w *world) addCredential(flags ...string) {
	w.t.Helper()
	secret := w.give("secret.txt", w.info.ClientSecret+"\n")
	args := append([]string{"credential", "add", "acme", "--client-secret-file", secret}, w.atSim()...)
	w.succeeds(append(args, flags...)...)
}

// syncAll is the command that reads all that the simulator has of meeting
// activities into zoom.db.
func (w *world) syncAll() []string {
	return []string{
		"sync", "acme", "meeting_activities", "--since", w.info.Since, "--until", w.info.Until,
		"--into", "sqlite:" + w.path("zoom.db"), "--json",
	}
}

// A process is a command that runs.
type process struct {
	world          *world
	cmd            *exec.Cmd
	stdout, stderr bytes.Buffer
}

// start starts `stagedoor args…`.
func (w *world) start(args ...string) *process {
	w.t.Helper()
	return w.startWith(nil, nil, args...)
}

func (w *world) startWith(stdin io.Reader, env []string, args ...string) *process {
	w.t.Helper()
	return w.startProgram("stagedoor", stdin, env, args...)
}

// startProgram starts one of the programs of TestMain.
func (w *world) startProgram(program string, stdin io.Reader, env []string, args ...string) *process {
	w.t.Helper()
	p := &process{world: w, cmd: exec.Command(program, args...)}
	p.cmd.Dir, p.cmd.Env, p.cmd.Stdin = w.dir, append(slices.Clone(w.env), env...), stdin
	p.cmd.Stdout, p.cmd.Stderr = &p.stdout, &p.stderr
	// No command here takes so long: one that hangs fails, and is not waited for.
	hung := time.AfterFunc(2*time.Minute, func() { _ = p.cmd.Process.Kill() })
	w.t.Cleanup(func() { hung.Stop() })
	if err := p.cmd.Start(); err != nil {
		w.t.Fatal(err)
	}
	return p
}

// wait returns how the process ended.
func (p *process) wait() result {
	p.world.t.Helper()
	r := result{}
	if err := p.cmd.Wait(); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			p.world.t.Fatal(err)
		}
		r.status = exit.ExitCode()
	}
	r.stdout, r.stderr = p.stdout.String(), p.stderr.String()
	return r
}

// run runs `stagedoor args…` to its end.
func (w *world) run(args ...string) result {
	w.t.Helper()
	return w.start(args...).wait()
}

// succeeds runs a command that must end with status 0.
func (w *world) succeeds(args ...string) result {
	w.t.Helper()
	r := w.run(args...)
	if r.status != 0 {
		w.t.Fatalf("stagedoor %s: exit status %d\n%s", strings.Join(args[:min(2, len(args))], " "), r.status, r.stderr)
	}
	return r
}

// isWhole fails unless zoom.db holds what Zoom has of meeting activities, row
// for row.
func (w *world) isWhole() {
	w.t.Helper()
	w.isWholeOf("meeting_activities")
}

// isWholeOf is isWhole for any stream.
func (w *world) isWholeOf(stream string) {
	w.t.Helper()
	truth, err := w.sim.Dataset(stream, time.Time{}, time.Time{})
	if err != nil {
		w.t.Fatal(err)
	}
	var want []string
	for row := range truth {
		want = append(want, string(row))
	}
	got, err := readColumn(w.path("zoom.db"), "select _raw from "+stream+" where _deleted_at is null")
	if err != nil {
		w.t.Fatal(err)
	}
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, want) {
		w.t.Fatalf("zoom.db holds %d rows of %s, Zoom has %d, and they are not the same", len(got), stream, len(want))
	}
}

// readColumn returns the first column of a query.
func readColumn(file, query string) ([]string, error) {
	db, err := sql.Open("sqlite", file)
	if err != nil {
		return nil, err
	}
	defer db.Close()
	result, err := db.Query(query)
	if err != nil {
		return nil, err
	}
	defer result.Close()
	var list []string
	for result.Next() {
		var text sql.NullString
		if err := result.Scan(&text); err != nil {
			return nil, err
		}
		list = append(list, text.String)
	}
	return list, result.Err()
}
