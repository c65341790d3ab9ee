package cli

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"golang.org/x/oauth2"
	"golang.org/x/oauth2/clientcredentials"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

// demoGateway is the daemon of the demo, and a caller of it.
type demoGateway struct {
	app    *app.App // of the daemon
	daemon *app.Daemon
	caller stagedoor.Caller
	secret stagedoor.Secret
	report string // what the caller reads, an address
}

// lets shows how another program is let in.
func (d *demo) lets(ctx context.Context) error {
	const allow = "GET /report/**"
	d.step("6  another program is let in, with rights of its own", "stagedoor caller add reports --credential demo --allow '"+allow+"'")
	if err := d.addCaller(ctx, allow); err != nil {
		return err
	}
	d.say("client id %s, client secret %s (its owner sees it once)", d.caller.ID, stagedoor.Redacted)

	d.step("7  the gateway: standard OAuth in front, Zoom's own grant behind", "stagedoor serve")
	if err := d.start(ctx); err != nil {
		return err
	}
	d.say("up at %s", d.daemon.URL())
	client := d.program(ctx)
	day := d.sim.Info().Until
	d.report = fmt.Sprintf("%s/to/demo/v2/report/meeting_activities?from=%s&to=%s", d.daemon.URL(), day, day)
	status, rows, err := readThrough(ctx, client, d.report)
	if err != nil {
		return err
	}
	d.say("reports gets a token by client_credentials and reads %s: status %d, %d rows", d.report, status, rows)
	forbidden := d.daemon.URL() + "/to/demo/v2/users"
	if status, _, err = readThrough(ctx, client, forbidden); err != nil {
		return err
	}
	d.say("what no rule allows, it may not: %s answers %d", forbidden, status)
	d.say("")
	return nil
}

func (d *demo) addCaller(ctx context.Context, allow string) error {
	a, err := d.open()
	if err != nil {
		return err
	}
	d.caller, d.secret, _, err = a.AddCaller(ctx, stagedoor.NewCaller{
		Caller: stagedoor.Caller{Name: "reports", Credential: "demo", Description: "the demo's other program"}, RuleTexts: stagedoor.RuleTexts{Allow: []string{allow}},
	})
	return errors.Join(err, a.Close())
}

// start starts the daemon on a free port of this machine, whatever the settings
// of the user's own are.
func (d *demo) start(ctx context.Context) error {
	settings, err := d.settings.Resolve(os.Getenv)
	if err != nil {
		return err
	}
	settings.PublicURL, settings.Serve = "", app.ServeSettings{Listen: "127.0.0.1:0"}
	log, err := newLog(settings, os.Stderr)
	if err != nil {
		return err
	}
	if d.app, err = app.Open(settings, app.Environment{Command: d.command, Getenv: os.Getenv, Log: log}); err != nil {
		return err
	}
	if d.daemon, err = d.app.Serve(ctx); err != nil {
		return err
	}
	// For the commands that somebody types in another terminal.
	path := filepath.Join(d.home, "stagedoor.yaml")
	if err := os.WriteFile(path, []byte("public_url: "+d.daemon.URL()+"\n"), 0o600); err != nil {
		return &stagedoor.Error{
			Op: "write the demo's settings", Subject: path, Kind: stagedoor.KindStore, Err: err,
			Cause: "the file can not be written", Fix: "Name a folder for temporary files with TMPDIR.",
		}
	}
	return nil
}

// program is the HTTP client of a program that knows standard OAuth and nothing
// of Zoom's.
func (d *demo) program(ctx context.Context) *http.Client {
	config := clientcredentials.Config{
		ClientID: d.caller.ID, ClientSecret: d.secret.Reveal(), TokenURL: d.daemon.URL() + "/oauth/token", AuthStyle: oauth2.AuthStyleInHeader,
	}
	client := config.Client(ctx)
	client.Timeout = time.Minute
	return client
}

// readThrough reads a report and counts its rows.
func readThrough(ctx context.Context, client *http.Client, url string) (status, rows int, err error) {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0, 0, err
	}
	wrong := func(err error) error {
		return &stagedoor.Error{
			Op: "read through the gateway", Subject: url, Kind: stagedoor.KindNetwork, Err: err,
			Cause: "it gave no answer: " + err.Error(), Fix: "Run it again with --log-level info, which says more.",
		}
	}
	answer, err := client.Do(request)
	if err != nil {
		return 0, 0, wrong(err)
	}
	defer answer.Body.Close()
	var page struct {
		Rows []json.RawMessage `json:"meeting_activity_logs"`
	}
	if err := json.NewDecoder(answer.Body).Decode(&page); err != nil {
		return 0, 0, wrong(err)
	}
	return answer.StatusCode, len(page.Rows), nil
}

// page invites the person to the page, by a link that works once: on their terminal, or
// where there is none into a file of their own.
func (d *demo) page(ctx context.Context) error {
	d.step("8  the page, for people", "stagedoor operator invite you --role admin")
	a, err := d.open()
	if err != nil {
		return err
	}
	_, secret, err := a.InviteOperator(ctx, "you", stagedoor.RoleAdmin)
	if err := errors.Join(err, a.Close()); err != nil {
		return err
	}
	link := d.daemon.URL() + "/invitation#" + secret.Reveal()
	if d.errTTY {
		d.say("%s", link)
	} else {
		path := filepath.Join(d.home, "page.link")
		if err := os.WriteFile(path, []byte(link+"\n"), 0o600); err != nil {
			return &stagedoor.Error{
				Op: "write the link to the page", Subject: path, Kind: stagedoor.KindStore, Err: err,
				Cause: "the file can not be written", Fix: "Name a folder for temporary files with TMPDIR.",
			}
		}
		d.say("the link to it is in %s", path)
	}
	d.say("it works once: choose a password, and you are in. The page is at %s", d.daemon.URL())
	d.say("then break the simulated Zoom on purpose, look at the tile, check it, and mend it again:")
	zoom := "http://" + simHost(d.sim.Info())
	d.say("  curl -sS -d '{\"active\":false}' %s/sim/credential", zoom)
	d.say("  curl -sS -d '{\"active\":true}' %s/sim/credential", zoom)
	d.say("")
	return nil
}

// invite says what can be typed while the demo stays up. The secret stands there
// as the person's own terminal would show it; export and printf are the shell's
// own, so that no list of processes shows it.
func (d *demo) invite() {
	d.say("simulator and gateway stay up until Ctrl-C; in another terminal:")
	d.say("  export STAGEDOOR_HOME=%s STAGEDOOR_CALLER_SECRET=%s", d.home, d.secret.Reveal())
	d.say("  token=$(printf 'user = \"%s:%%s\"\\n' \"$STAGEDOOR_CALLER_SECRET\" | curl -sS -K - -d grant_type=client_credentials %s/oauth/token | sed 's/.*\"access_token\": *\"\\([^\"]*\\)\".*/\\1/')", d.caller.ID, d.daemon.URL())
	d.say("  printf 'Authorization: Bearer %%s\\n' \"$token\" | curl -sS -H @- '%s'", d.report)
	d.say("  stagedoor audit --limit 5")
	d.say("  stagedoor api demo /users/me")
}

// close stops the daemon.
func (g *demoGateway) close() error {
	if g.app == nil {
		return nil
	}
	var err error
	if g.daemon != nil {
		ctx, cancel := context.WithTimeout(context.Background(), g.daemon.Grace())
		defer cancel()
		_, err = g.daemon.Stop(ctx)
	}
	return errors.Join(err, g.app.Close())
}
