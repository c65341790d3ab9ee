package cli_test

import (
	"bytes"
	"io"
	"net/http"
	"os"
	"reflect"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/goccy/go-yaml"

	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/zoomsim"
)

const servePage = "../../docs/serve.md"

// TestServePageHasEverySetting holds the tables of docs/serve.md against the
// settings, their variables and the flags.
func TestServePageHasEverySetting(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile(servePage)
	if err != nil {
		t.Fatal(err)
	}
	var rows []string
	for line := range strings.Lines(string(text)) {
		if strings.HasPrefix(line, "| `") || strings.HasPrefix(line, "| –") {
			rows = append(rows, line)
		}
	}
	help := newWorld(t, zoomsim.Options{Users: 1, Meetings: 1}).succeeds("serve", "--help").stdout
	expect := func(name string) {
		flag, variable := "--"+strings.ReplaceAll(name, "_", "-"), "STAGEDOOR_"+strings.ToUpper(name)
		if !strings.Contains(help, flag+" ") {
			flag = "–"
		}
		if !slices.ContainsFunc(rows, func(row string) bool {
			return strings.Contains(row, "`"+name+"`") && strings.Contains(row, variable+"`") && (flag == "–" || strings.Contains(row, "`"+flag+"`"))
		}) {
			t.Errorf("docs/serve.md has no row with `%s`, `%s` and `%s`", name, flag, variable)
		}
	}
	number := 0
	for _, settings := range []any{app.Settings{}, app.ServeSettings{}} {
		kind := reflect.TypeOf(settings)
		for i := range kind.NumField() {
			name := kind.Field(i).Tag.Get("yaml")
			if name != "-" && name != "serve" {
				expect(name)
				number++
			}
		}
	}
	if number < 18 {
		t.Errorf("only %d settings were looked for", number)
	}
	for _, b := range blocksOf(t, servePage) {
		if b.kind == "yaml" && strings.HasPrefix(b.text, "# stagedoor.yaml\n") {
			var settings app.Settings
			if err := yaml.NewDecoder(bytes.NewReader([]byte(b.text)), yaml.Strict()).Decode(&settings); err != nil || settings.PublicURL == "" {
				t.Errorf("%s: these are no settings: %v", b.place(), err)
			}
		}
	}
}

// TestServePageHasEveryMetric holds the table of metrics against a daemon.
func TestServePageHasEveryMetric(t *testing.T) {
	t.Parallel()
	w := newWorld(t, zoomsim.Options{Users: 2, Meetings: 5})
	w.addCredential()
	w.succeeds("schedule", "add", "acme", "users", "--cron", "@daily", "--into", "sqlite:zoom.db")
	d := w.serve(w.at())
	g := w.addCaller("reports", "--allow", "GET /users/**")
	if status, body := w.through(d.url, g, http.DefaultClient, "/to/acme/v2/users/me"); status != http.StatusOK {
		t.Fatalf("status %d: %s", status, body)
	}
	token := strings.TrimSpace(w.succeeds("operator", "token", "prometheus").stdout)
	request, err := http.NewRequest(http.MethodGet, d.url+"/metrics", nil)
	if err != nil {
		t.Fatal(err)
	}
	request.Header.Set("Authorization", "Bearer "+token)
	var shown string
	w.eventually(func() bool { // the daemon looks for new tokens four times a second
		answer, err := http.DefaultClient.Do(request)
		if err != nil {
			t.Fatal(err)
		}
		defer answer.Body.Close()
		body, _ := io.ReadAll(answer.Body)
		shown = string(body)
		return answer.StatusCode == http.StatusOK
	})
	page, err := os.ReadFile(servePage)
	if err != nil {
		t.Fatal(err)
	}
	var real, told []string
	for _, m := range regexp.MustCompile(`(?m)^# TYPE (stagedoor_\w+)`).FindAllStringSubmatch(shown, -1) {
		real = append(real, m[1])
		if !strings.Contains(string(page), "`"+m[1]+"`") {
			t.Errorf("docs/serve.md does not tell of %s", m[1])
		}
	}
	for _, m := range regexp.MustCompile("`(stagedoor_[a-z_]+)`").FindAllStringSubmatch(string(page), -1) {
		told = append(told, m[1])
	}
	if len(real) < 15 {
		t.Errorf("the daemon shows only %q", real)
	}
	for _, name := range told {
		// Those have no series before a token was killed, or minted by the daemon.
		if !slices.Contains(real, name) && name != "stagedoor_token_heals_total" && name != "stagedoor_token_mints_total" {
			t.Errorf("docs/serve.md tells of %s, which the daemon does not have", name)
		}
	}
}
