package cli_test

import (
	"encoding/json"
	"regexp"
	"strings"
	"testing"

	"github.com/stagedoor/stagedoor/zoomsim"
)

// A finding is what a check is to have found.
type finding struct {
	check, result, kind string
	says, fix           string // regular expressions
}

type visit struct {
	Checks []struct {
		Name       string `json:"name"`
		Credential string `json:"credential"`
		Result     string `json:"result"`
		Says       string `json:"says"`
		Fix        string `json:"fix"`
		Kind       string `json:"kind"`
		TookMS     *int64 `json:"took_ms"`
	} `json:"checks"`
	Failures   int    `json:"failures"`
	Warnings   int    `json:"warnings"`
	TokenCalls int    `json:"token_calls"`
	APICalls   int    `json:"api_calls"`
	Next       string `json:"next"`
}

// doctor runs `stagedoor doctor … --json`, and holds what is true of every
// visit: one document, no secret, a fix for whatever is not well, and nothing
// besides what the test made wrong.
func (w *world) doctor(status int, env []string, args []string, want ...finding) visit {
	w.t.Helper()
	r := w.startWith(nil, env, append([]string{"doctor", "--json"}, args...)...).wait()
	if r.status != status {
		w.t.Errorf("doctor %v: exit status %d, want %d\n%s%s", args, r.status, status, r.stdout, r.stderr)
	}
	for _, secret := range []string{w.info.ClientSecret, "proxy-password"} {
		if strings.Contains(r.stdout+r.stderr, secret) {
			w.t.Errorf("doctor %v shows a secret", args)
		}
	}
	var v visit
	if err := json.Unmarshal([]byte(r.stdout), &v); err != nil {
		w.t.Fatalf("doctor %v: %v\n%s%s", args, err, r.stdout, r.stderr)
	}
	met := map[string]bool{}
	for _, c := range v.Checks {
		if c.TookMS == nil || c.Says == "" {
			w.t.Errorf("%s has no took_ms or says nothing", c.Name)
		}
		if c.Result != "warn" && c.Result != "fail" {
			continue
		}
		if c.Fix == "" || strings.Contains(c.Fix, "NAME ") || strings.HasSuffix(c.Fix, "NAME") {
			w.t.Errorf("%s: %q has the fix %q", c.Name, c.Says, c.Fix)
		}
		expected := false
		for _, f := range want {
			if f.check == c.Name && f.result == c.Result {
				expected, met[f.check] = true, true
				if c.Kind != f.kind || !regexp.MustCompile(f.says).MatchString(c.Says) || !regexp.MustCompile(f.fix).MatchString(c.Fix) {
					w.t.Errorf("%s %s: kind %q, says %q, fix %q; want %+v", c.Result, c.Name, c.Kind, c.Says, c.Fix, f)
				}
			}
		}
		if !expected {
			w.t.Errorf("unexpected: %s %s (%s): %s", c.Result, c.Name, c.Kind, c.Says)
		}
	}
	for _, f := range want {
		if !met[f.check] {
			w.t.Errorf("%s did not %s\n%s", f.check, f.result, r.stdout)
		}
	}
	if v.Next == "" {
		w.t.Error("no next command")
	}
	return v
}

// result is what a check came to, or "" where it was not made.
func (v visit) result(name string) string {
	for _, c := range v.Checks {
		if c.Name == name && c.Result != "ok" {
			return c.Result
		}
	}
	for _, c := range v.Checks {
		if c.Name == name {
			return c.Result
		}
	}
	return ""
}

// fromEnv are the variables of the credential env at the simulator, with some
// set otherwise.
func (w *world) fromEnv(other ...string) []string {
	return append([]string{
		"ZOOM_ACCOUNT_ID=" + w.info.AccountID, "ZOOM_CLIENT_ID=" + w.info.ClientID, "ZOOM_CLIENT_SECRET=" + w.info.ClientSecret,
		"ZOOM_TOKEN_URL=" + w.info.TokenURL, "ZOOM_API_URL=" + w.info.APIURL,
	}, other...)
}

func TestDoctorOfAGoodCredential(t *testing.T) {
	w := newWorld(t, zoomsim.Options{Plan: "business", Meetings: 120})
	w.addCredential("--purpose", "reports")
	minted := w.sim.Stats().TokensMinted
	v := w.doctor(0, nil, nil)
	if v.TokenCalls != 1 || v.APICalls != 2 || w.sim.Stats().TokensMinted != minted+1 {
		t.Errorf("it took %d token calls and %d API calls, want 1 and 2", v.TokenCalls, v.APICalls)
	}
	for _, name := range []string{
		"settings", "home", "disk", "ca-file", "key", "database", "rows",
		"ids", "secret-age", "host", "dns", "tcp", "proxy", "tls", "token-endpoint", "client", "account-id", "app", "clock", "scopes", "call", "report", "plan", "quota",
	} {
		if got := v.result(name); got != "ok" {
			t.Errorf("%s is %q", name, got)
		}
	}
	// The token that it minted is the one that all use: no second is minted.
	w.succeeds("token", "acme")
	if got := w.sim.Stats().TokensMinted; got != minted+1 {
		t.Errorf("%d tokens were minted, want %d", got, minted+1)
	}

	// For people: a line a check, and the next command.
	r := w.succeeds("doctor", "acme") // which mints another
	for _, want := range []string{`(?m)^this machine$`, `(?m)^credential acme$`, `(?m)^ok    client +client id and client secret are good$`} {
		if !regexp.MustCompile(want).MatchString(r.stdout) {
			t.Errorf("stdout has no %s:\n%s", want, r.stdout)
		}
	}
	if !strings.Contains(r.stderr, "1 call to the token endpoint and 2 to the API") || !strings.Contains(r.stderr, "next: stagedoor sync acme") {
		t.Errorf("stderr: %s", r.stderr)
	}
}

// TestDoctorOfABadCredential makes each thing wrong that Zoom tells apart.
func TestDoctorOfABadCredential(t *testing.T) {
	t.Parallel()
	tests := map[string]struct {
		zoom   zoomsim.Options
		env    []string
		faults []zoomsim.Fault
		off    bool
		status int
		want   []finding
		also   map[string]string // what other checks came to
	}{
		"wrong client id": {
			env: []string{"ZOOM_CLIENT_ID=nobodynobodynobody1234"}, status: 4,
			want: []finding{{"client", "fail", "invalid_client", "does not know this client id", "App Credentials page"}},
			also: map[string]string{"account-id": "skip", "app": "skip", "token-endpoint": "ok"},
		},
		"wrong secret": {
			env: []string{"ZOOM_CLIENT_SECRET=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"}, status: 4,
			want: []finding{{"client", "fail", "invalid_client", "does not know", "set-secret"}},
		},
		"wrong account id": {
			env: []string{"ZOOM_ACCOUNT_ID=wrongwrongwrongwrongAB"}, status: 4,
			want: []finding{{"account-id", "fail", "account_unknown", "client id and client secret are good, the account id is not", "Copy the Account ID"}},
			also: map[string]string{"client": "ok", "app": "skip"},
		},
		"account number": {
			env: []string{"ZOOM_ACCOUNT_ID=5551234567"}, status: 4,
			want: []finding{
				{"ids", "warn", "account_id_malformed", "account number is another thing", "App Credentials"},
				{"account-id", "fail", "account_unknown", "the account id is not", "account-id"},
			},
		},
		"e-mail address as the account id": {
			env: []string{"ZOOM_ACCOUNT_ID=me@example.com"}, status: 4,
			want: []finding{
				{"ids", "warn", "account_id_malformed", "is an e-mail address", "App Credentials"},
				{"account-id", "fail", "account_id_malformed", "the account id is not", "only the id"},
			},
		},
		"part of an address as the account id": {
			env: []string{"ZOOM_ACCOUNT_ID=https://zoom.us/oauth/token?account_id=x"}, status: 4,
			want: []finding{
				{"ids", "warn", "account_id_malformed", "stands after account_id=", "App Credentials"},
				{"account-id", "fail", "account_id_malformed", "the account id is not", "only the id"},
			},
		},
		"a secret with blanks": {
			env: []string{"ZOOM_CLIENT_SECRET=aaaaaaaaaaaaaaaa aaaaaaaaaaaaaaa"}, status: 4,
			want: []finding{
				{"ids", "warn", "secret_has_blanks", "the client secret has a blank", "App Credentials"},
				{"client", "fail", "secret_has_blanks", "blank inside", "Copy the client secret again"},
			},
		},
		"a secret that is Base64": {
			env: []string{"ZOOM_CLIENT_SECRET=bXktY2xpZW50LWlkOm15LWNsaWVudC1zZWNyZXQ="}, status: 4,
			want: []finding{
				{"ids", "warn", "secret_is_base64", "Base64", "App Credentials"},
				{"client", "fail", "secret_is_base64", "Base64", "secret itself"},
			},
		},
		"deactivated app": {
			off: true, status: 4,
			want: []finding{{"app", "fail", "app_inactive", "deactivated", "Activate your app"}},
			also: map[string]string{"client": "ok"},
		},
		"another type of app": {
			zoom: zoomsim.Options{AppType: "general"}, status: 4,
			want: []finding{{"app", "fail", "grant_unsupported", "not a Server-to-Server OAuth app", "make a new app"}},
		},
		"the token endpoint is down": {
			faults: []zoomsim.Fault{{Kind: zoomsim.TokenEndpointDown, Count: 9}}, status: 1,
			want: []finding{{"token-endpoint", "fail", "unavailable", "could not", "[Tt]ry again"}},
		},
		"validation outside the scopes": {
			zoom: zoomsim.Options{Scopes: []string{"user:read:list_users:admin"}},
			want: []finding{{"call", "warn", "scope_missing", "outside the app's scopes.*/users is inside", "--validation-url /users"}},
			also: map[string]string{"report": "skip"},
		},
		"an empty report": {
			zoom: zoomsim.Options{NoReportFeature: true},
			want: []finding{{"report", "warn", "feature_off", "is empty for the last 30 days", "ask Zoom Support"}},
		},
		"a free account": {
			zoom: zoomsim.Options{Plan: "free"},
			want: []finding{
				{"report", "warn", "plan_too_small", "not part of the account's Zoom plan", "raise the plan"},
				{"plan", "warn", "plan_too_small", "pro is configured, but", "--plan free"},
			},
		},
		"a smaller plan shown by a header": {
			env: []string{"ZOOM_PLAN=business"}, faults: []zoomsim.Fault{{Kind: zoomsim.PerSecond429, Operation: "meeting_activities"}},
			want: []finding{
				{"plan", "warn", "plan_too_small", "business is configured .40 Heavy calls.*permits 10", "--plan pro"},
				{"quota", "warn", "rate_limited", "per second or minute are used up", "again in a minute"},
			},
			also: map[string]string{"report": "skip"},
		},
		"a day that is used up": {
			faults: []zoomsim.Fault{{Kind: zoomsim.Daily429, Operation: "meeting_activities"}}, status: 5,
			want: []finding{{"quota", "fail", "daily_quota", "Heavy calls of the day are used up.*limit 30000", "00:00:00Z"}},
		},
		"the API is down": {
			faults: []zoomsim.Fault{{Kind: zoomsim.HTTP500, Count: 9}}, status: 1,
			want: []finding{
				{"call", "fail", "unavailable", "", "status.zoom.us"},
				{"report", "warn", "unavailable", "", "status.zoom.us"},
			},
		},
	}
	for name, tt := range tests {
		t.Run(name, func(t *testing.T) {
			tt.zoom.Meetings = 60
			w := newWorld(t, tt.zoom)
			if err := w.sim.AddFaults(tt.faults...); err != nil {
				t.Fatal(err)
			}
			active := !tt.off
			w.sim.SetCredential(zoomsim.CredentialChange{Active: &active})
			v := w.doctor(tt.status, w.fromEnv(tt.env...), []string{"env"}, tt.want...)
			for check, want := range tt.also {
				if got := v.result(check); got != want {
					t.Errorf("%s is %q, want %q", check, got, want)
				}
			}
		})
	}
}

// TestDoctorOfASavedCredential is about what is saved beside the three values.
func TestDoctorOfASavedCredential(t *testing.T) {
	w := newWorld(t, zoomsim.Options{Plan: "business", Meetings: 60, Scopes: []string{"user:read:list_users:admin", "user:read:user:admin"}})
	w.addCredential("--purpose", "reports")
	v := w.doctor(1, nil, []string{"acme"},
		finding{"scopes", "fail", "scope_missing", `missing for the purposes reports: report:read:\S+ \(for reports\)`, "Add Scopes"},
		finding{"report", "fail", "scope_missing", "was not granted a scope", "Scopes, add one of them"})
	if v.Next != "stagedoor doctor acme" {
		t.Errorf("next is %q", v.Next)
	}

	// A new secret that Zoom does not know, while the one before works.
	all := []string{"user:read:admin", "group:read:admin", "role:read:admin"}
	w.sim.SetCredential(zoomsim.CredentialChange{Scopes: &all})
	w.succeeds("credential", "edit", "acme", "--purpose", "users")
	wrong := w.give("wrong.txt", "WrongWrongWrongWrongWrongWrong12\n")
	w.succeeds("credential", "set-secret", "acme", "--no-check", "--client-secret-file", wrong)
	w.doctor(4, nil, []string{"acme"}, finding{"client", "fail", "invalid_client", "so is the secret before the newest; the newest secret is refused", "credential set-secret acme"})
	right := w.give("right.txt", w.info.ClientSecret+"\n")
	w.succeeds("credential", "set-secret", "acme", "--client-secret-file", right)

	// A secret of long ago.
	change(t, w, "update credentials set secret_set_at = secret_set_at - 100*86400*1000000")
	w.doctor(0, nil, []string{"acme"}, finding{"secret-age", "warn", "", "set 100 days ago", "choose Regenerate"})

	// A row from the future: the clock was ahead, or is behind.
	change(t, w, "update credentials set secret_set_at = secret_set_at + 100*86400*1000000, changed_at = changed_at + 3600*1000000")
	w.doctor(0, nil, []string{"acme"}, finding{"clock", "warn", "", "a credential was changed 59m|a credential was changed 1h0m", "timedatectl set-ntp"})
	change(t, w, "update credentials set changed_at = changed_at - 3600*1000000")

	w.succeeds("credential", "disable", "acme")
	w.doctor(0, nil, []string{"acme"}, finding{"credential", "warn", "credential_disabled", "switched off", "credential enable acme"})
	w.doctor(1, nil, []string{"nobody"}, finding{"credential", "fail", "not_found", "no credential by that name", "Known: acme"})
}

// change changes the database behind the program's back.
func change(t *testing.T, w *world, statement string) {
	t.Helper()
	if _, err := readColumn(w.path("home/stagedoor.db"), statement+" returning 1"); err != nil {
		t.Fatal(err)
	}
}
