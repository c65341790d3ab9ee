package cli_test

import (
	"bufio"
	"database/sql"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/stagedoor/stagedoor/internal/cli"
	"github.com/stagedoor/stagedoor/zoomsim"
)

func TestMain(m *testing.M) {
	// Most of a test's time here is waiting: for Zoom's pace, for another process.
	// So more of them go side by side than there are processors; -parallel of the
	// command line comes later, and counts.
	_ = flag.Set("test.parallel", strconv.Itoa(max(8, 4*runtime.GOMAXPROCS(0))))
	testscript.Main(m, map[string]func(){
		"stagedoor": func() { os.Exit(cli.Main(os.Args[1:])) },
		"panicking": panicWithToken,
	})
}

// TestScripts runs the user stories of testdata. A story is told by an
// operator, who has a terminal and a simulated Zoom (`sim`), and asserts
// messages and exit statuses; no story may show the secret.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:                 "testdata",
		RequireExplicitExec: true,
		Condition:           condition,
		Setup: func(env *testscript.Env) error {
			env.Setenv("STAGEDOOR_HOME", filepath.Join(env.WorkDir, "home"))
			env.Setenv("HOME", env.WorkDir)
			return nil
		},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"sim": startSimulator, "manage": manage, "exits": exits, "follow": follow, "stats": stats, "same": same, "filesame": filesame, "rows": rows, "alter": alter, "mode": mode,
			"used": used, "yesterday": yesterday, "service": startService,
			"postgres": startPostgres, "postgresrows": postgresRows, "postgresdoes": postgresDoes, "postgressame": postgresSame,
			"address": address, "up": up, "grant": grant, "raw": raw, "within": within, "header": header, "seen": seen, "sent": sent,
			"text": text, "await": await,
		},
	})
}

// startSimulator starts a simulated Zoom and sets what a script needs of it:
//
//	sim [seed=N] [plan=P] [ttl=D] [scopes=S,S] [meetings=N] [users=N] [apptype=T] [noreport] [nologs] [gone=N] [limits=off]
func startSimulator(ts *testscript.TestScript, neg bool, args []string) {
	o := zoomsim.Options{Seed: 1, Meetings: 120}
	for _, arg := range args {
		name, value, _ := strings.Cut(arg, "=")
		number, _ := strconv.Atoi(value)
		switch name {
		case "seed":
			o.Seed = int64(number)
		case "plan":
			o.Plan = value
		case "ttl":
			ttl, err := time.ParseDuration(value)
			ts.Check(err)
			o.TokenTTL = ttl
		case "scopes":
			o.Scopes = strings.Split(value, ",")
		case "meetings":
			o.Meetings = number
		case "users":
			o.Users = number
		case "apptype":
			o.AppType = value
		case "noreport":
			o.NoReportFeature = true
		case "gone":
			o.GoneUsers = number
		case "barred":
			o.BarredUsers = number
		case "nologs":
			o.NoAdminLogs = true
		case "limits":
			o.Limits = value
		default:
			ts.Fatalf("sim: unknown option %s", arg)
		}
	}
	sim, err := zoomsim.Start(o)
	ts.Check(err)
	ts.Defer(func() { sim.Close() })
	info := sim.Info()
	host := strings.TrimSuffix(strings.TrimPrefix(info.APIURL, "http://"), "/v2")
	for name, value := range map[string]string{
		"TOKEN_URL": info.TokenURL, "API_URL": info.APIURL, "SIM_HOST": host, "MANAGEMENT": info.ManagementURL,
		"ACCOUNT": info.AccountID, "CLIENT": info.ClientID, "SECRET": info.ClientSecret, "SINCE": info.Since, "UNTIL": info.Until,
		"AT_SIM": strings.Join([]string{"--token-url", info.TokenURL, "--api-url", info.APIURL, "--allow-host", host}, " "),
	} {
		ts.Setenv(name, value)
	}
	ts.Check(os.WriteFile(ts.MkAbs("secret.txt"), []byte(info.ClientSecret+"\n"), 0o600))
}

// startService starts a service with the standard client credentials grant at
// /token and an API (/things, /numbers, /echo, /page), and sets SERVICE and
// SERVICE_HOST. It has two odd token endpoints too, as the files of
// docs/providers.md want them: /odd (another grant, all in the query) and /nested
// (a nested answer, with the lifetime in minutes as a text).
func startService(ts *testscript.TestScript, neg bool, args []string) {
	mux := http.NewServeMux()
	mux.HandleFunc("POST /token", func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "application/json")
		id, secret, _ := r.BasicAuth()
		if id != "my-id" || secret != "my-secret" || r.FormValue("grant_type") != "client_credentials" || r.FormValue("account_id") != "" {
			w.WriteHeader(http.StatusUnauthorized)
			io.WriteString(w, `{"error":"invalid_client"}`)
			return
		}
		io.WriteString(w, `{"access_token":"a-token-of-the-service","token_type":"Bearer","expires_in":600,"scope":"read"}`)
	})
	mux.HandleFunc("POST /odd", func(w http.ResponseWriter, r *http.Request) {
		id, secret, _ := r.BasicAuth()
		body, _ := io.ReadAll(r.Body)
		if r.URL.RawQuery != "version=2&audience=reports&grant=machine&tenant=t-1" || len(body) > 0 {
			w.WriteHeader(http.StatusNotFound)
			fmt.Fprintf(w, `{"code":"E-20","message":"tenant %s unknown"}`, r.URL.Query().Get("tenant"))
			return
		}
		if id != "my-id" || secret != "my-secret" {
			w.WriteHeader(http.StatusForbidden)
			io.WriteString(w, `{"code":"E-17","message":"bad key"}`)
			return
		}
		io.WriteString(w, `{"access_token":"a-token-of-the-service","expires_in":900}`)
	})
	mux.HandleFunc("POST /nested", func(w http.ResponseWriter, r *http.Request) {
		if r.PostFormValue("client_id") != "my-id" || r.PostFormValue("client_secret") != "my-secret" || r.Header.Get("Authorization") != "" {
			io.WriteString(w, `{"fault":{"name":"auth_failed","text":"no such application"}}`)
			return
		}
		io.WriteString(w, `{"data":{"token":{"value":"a-token-of-the-service","kind":"session","ttl":"60"},"rights":["read"]}}`)
	})
	mux.HandleFunc("GET /things", func(w http.ResponseWriter, r *http.Request) {
		if r.Header.Get("Authorization") != "Bearer a-token-of-the-service" {
			w.WriteHeader(http.StatusUnauthorized)
			return
		}
		io.WriteString(w, `{"things":[{"id":1},{"id":2}]}`)
	})
	mux.HandleFunc("GET /numbers", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, `{"rows":[{"id":9007199254740993,"b":1.10},{"id":18446744073709551617,"b":1e400}],"text":"a\tb \u001b[31m"}`)
	})
	mux.HandleFunc("POST /echo", func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		json.NewEncoder(w).Encode(map[string]string{"type": r.Header.Get("Content-Type"), "body": string(body)})
	})
	mux.HandleFunc("GET /page", func(w http.ResponseWriter, r *http.Request) {
		io.WriteString(w, "<html><title>Sign in</title></html>")
	})
	// The files of the page are given to the story as they stand there.
	page, err := os.ReadFile(filepath.Join("..", "..", "docs", "providers.md"))
	ts.Check(err)
	for _, block := range strings.Split(string(page), "\n```yaml\n# ")[1:] {
		text, _, _ := strings.Cut(block, "\n```\n")
		name, _, _ := strings.Cut(text, "\n")
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte("# "+text+"\n"), 0o644))
	}
	server := httptest.NewServer(mux)
	ts.Defer(server.Close)
	ts.Setenv("SERVICE", server.URL)
	ts.Setenv("SERVICE_HOST", strings.TrimPrefix(server.URL, "http://"))
}

// manage posts JSON to the simulator's management: manage faults '{"faults":[…]}'.
func manage(ts *testscript.TestScript, neg bool, args []string) {
	if len(args) != 2 {
		ts.Fatalf("usage: manage PATH JSON")
	}
	resp, err := http.Post(ts.Getenv("MANAGEMENT")+"/"+args[0], "application/json", strings.NewReader(args[1]))
	ts.Check(err)
	defer resp.Body.Close()
	body, _ := io.ReadAll(resp.Body)
	if resp.StatusCode != http.StatusOK {
		ts.Fatalf("manage %s: %s %s", args[0], resp.Status, body)
	}
}

// exits runs a command and asserts its exit status: exits 4 stagedoor token.
// An argument $AT_SIM stands for the flags that lead to the simulator.
func exits(ts *testscript.TestScript, neg bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	var command []string
	for _, arg := range args[1:] {
		if arg == ts.Getenv("AT_SIM") && arg != "" {
			command = append(command, strings.Fields(arg)...)
			continue
		}
		command = append(command, arg)
	}
	got := 0
	if err := ts.Exec(command[0], command[1:]...); err != nil {
		exit, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("%v: %v", command, err)
		}
		got = exit.ExitCode()
	}
	if secret := ts.Getenv("SECRET"); secret != "" && command[0] == "stagedoor" && !slices.Contains(command, "sim") {
		if strings.Contains(ts.ReadFile("stdout")+ts.ReadFile("stderr"), secret) {
			ts.Fatalf("%v shows the client secret", command)
		}
	}
	if got != want {
		ts.Fatalf("%v: exit status %d, want %d", command, got, want)
	}
}

// follow runs a command that the last one named, in a next line, a fix or an
// example, and asserts its exit status: follow 0 'stagedoor credential check acme'.
// It fails if the command was not named. WORD=VALUE puts what a person knows in
// the place of a word in capitals; NAME is acme unless told. What else is given
// is added, such as the flags that lead to the simulator.
func follow(ts *testscript.TestScript, neg bool, args []string) {
	said := ts.ReadFile("stdout") + "\n" + ts.ReadFile("stderr")
	var list []string
	for _, line := range strings.Split(said, "\n") {
		for i, part := range strings.Split(line, "`") {
			if i%2 == 1 {
				list = append(list, part)
			}
		}
		for _, part := range strings.Split(strings.TrimPrefix(line, "next: "), "  ·  ") {
			part, _, _ = strings.Cut(strings.TrimLeft(part, " 0123456789"), "   ")
			list = append(list, part)
		}
	}
	list = slices.DeleteFunc(list, func(command string) bool { return !strings.HasPrefix(command, "stagedoor") })
	if !slices.Contains(list, args[1]) {
		ts.Fatalf("%q was not named, only: %s", args[1], strings.Join(list, "; "))
	}
	command := strings.Fields(args[1])
	put := map[string]string{"NAME": "acme"}
	var more []string
	for _, arg := range args[2:] {
		if word, value, ok := strings.Cut(arg, "="); ok && word == strings.ToUpper(word) && slices.Contains(command, word) {
			put[word] = value
			continue
		}
		more = append(more, arg)
	}
	for i, word := range command {
		if value, ok := put[word]; ok {
			command[i] = value
		}
	}
	exits(ts, false, slices.Concat([]string{args[0]}, command, more))
}

// stats asserts a number of the simulator's statistics: stats tokens_minted 1;
// a dot goes deeper: stats faults_fired.reset 3. A + after it means at least, and ! stats … 10+ fewer.
func stats(ts *testscript.TestScript, neg bool, args []string) {
	var all map[string]any
	resp, err := http.Get(ts.Getenv("MANAGEMENT") + "/stats")
	ts.Check(err)
	defer resp.Body.Close()
	ts.Check(json.NewDecoder(resp.Body).Decode(&all))
	var value any = all
	for _, name := range strings.Split(args[0], ".") {
		m, ok := value.(map[string]any)
		if !ok {
			ts.Fatalf("no %s in %v", args[0], all)
		}
		value = m[name]
	}
	got, _ := value.(float64)
	text, atLeast := strings.CutSuffix(args[1], "+")
	want, err := strconv.ParseFloat(text, 64)
	ts.Check(err)
	if is := got == want || atLeast && got > want; is == neg {
		ts.Fatalf("%s = %v, want %s (not: %t)", args[0], got, args[1], neg)
	}
}

// same asserts that a table holds what Zoom has, row for row, by _raw:
// same zoom.db meeting_activities [SINCE UNTIL].
func same(ts *testscript.TestScript, neg bool, args []string) {
	query := url.Values{}
	if len(args) == 4 {
		query.Set("since", args[2])
		query.Set("until", args[3])
	}
	resp, err := http.Get(ts.Getenv("MANAGEMENT") + "/dataset/" + args[1] + "?" + query.Encode())
	ts.Check(err)
	defer resp.Body.Close()
	var want []string
	scanner := bufio.NewScanner(resp.Body)
	scanner.Buffer(nil, 1<<20)
	for scanner.Scan() {
		want = append(want, scanner.Text())
	}
	ts.Check(scanner.Err())
	got := column(ts, args[0], "select _raw from \""+args[1]+"\" where _deleted_at is null")
	slices.Sort(want)
	slices.Sort(got)
	if len(want) == 0 || !slices.Equal(got, want) {
		ts.Fatalf("%s holds %d rows of %s, Zoom has %d, and they are not the same", args[0], len(got), args[1], len(want))
	}
}

// rows asserts the result of a query, one value a row: rows zoom.db 'select …' a b.
func rows(ts *testscript.TestScript, neg bool, args []string) {
	if got := column(ts, args[0], args[1]); !slices.Equal(got, args[2:]) {
		ts.Fatalf("%s: %v, want %v", args[1], got, args[2:])
	}
}

// alter changes a database by SQL, as an attacker would who can write the file:
// alter home/stagedoor.db 'delete from …' …. Each statement must change something.
func alter(ts *testscript.TestScript, neg bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	for _, statement := range args[1:] {
		result, err := db.Exec(statement)
		ts.Check(err)
		if n, _ := result.RowsAffected(); n == 0 {
			ts.Fatalf("%s: changed nothing", statement)
		}
	}
}

func column(ts *testscript.TestScript, file, query string) []string {
	list, err := readColumn(ts.MkAbs(file), query)
	ts.Check(err)
	return list
}

// used asserts that the ledger has as many calls of a label today as the
// simulator counted: used acme Heavy.
func used(ts *testscript.TestScript, neg bool, args []string) {
	ts.Check(ts.Exec("stagedoor", "quota", args[0], "--json"))
	var report struct {
		Lines []struct {
			Label string `json:"label"`
			Calls int    `json:"calls"`
		} `json:"lines"`
	}
	ts.Check(json.Unmarshal([]byte(ts.ReadFile("stdout")), &report))
	resp, err := http.Get(ts.Getenv("MANAGEMENT") + "/stats")
	ts.Check(err)
	defer resp.Body.Close()
	var stats struct {
		ByLabel map[string]int `json:"by_label"`
	}
	ts.Check(json.NewDecoder(resp.Body).Decode(&stats))
	calls := 0
	for _, line := range report.Lines {
		if line.Label == args[1] {
			calls += line.Calls
		}
	}
	if calls != stats.ByLabel[args[1]] || calls == 0 {
		ts.Fatalf("the ledger has %d %s calls, the simulator counted %d", calls, args[1], stats.ByLabel[args[1]])
	}
}

// yesterday makes what was used today be used yesterday, as if a night had passed:
// yesterday home/stagedoor.db.
func yesterday(ts *testscript.TestScript, neg bool, args []string) {
	db, err := sql.Open("sqlite", ts.MkAbs(args[0]))
	ts.Check(err)
	defer db.Close()
	today := time.Now().UTC()
	_, err = db.Exec("update quotas set document = replace(document, ?, ?)", today.Format(time.DateOnly), today.AddDate(0, 0, -1).Format(time.DateOnly))
	ts.Check(err)
}

// mode asserts a file's permissions: mode home/key 0600.
func mode(ts *testscript.TestScript, neg bool, args []string) {
	info, err := os.Stat(ts.MkAbs(args[0]))
	ts.Check(err)
	if got := fmt.Sprintf("%04o", info.Mode().Perm()); got != args[1] {
		ts.Fatalf("%s has mode %s, want %s", args[0], got, args[1])
	}
}
