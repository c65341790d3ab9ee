package cli

import (
	"context"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

type apiFlags struct {
	params, fields []string
	paginate       bool
	include        bool
	format         string
}

func apiCommand(s *session) *cobra.Command {
	var f apiFlags
	cmd := &cobra.Command{
		Use: "api NAME PATH", Short: "Make one call of the Zoom API", GroupID: groupData,
		Args: takes(1, 3, "NAME [METHOD] PATH, such as `stagedoor api acme /users/me`"),
		Long: "stagedoor api NAME [METHOD] PATH sends the request with the credential's token, renewed as needed, at the pace that Zoom permits.\n" +
			"/users/me, /v2/users/me and the full URL mean the same. Without METHOD it is GET, or POST where\n" +
			"-f gives a body.",
		Example: "stagedoor api acme /users/me\n" +
			"stagedoor api acme /report/meeting_activities -p from=2026-10-01 -p to=2026-10-31 -p 'activity_type=All Activities' --paginate\n" +
			"stagedoor api acme PATCH /users/ada@example.com -f dept=Research -f type=2",
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.params, "param", "p", nil, "A KEY=VALUE in the query; may be repeated")
	flags.StringArrayVarP(&f.fields, "field", "f", nil, "A KEY=VALUE in the JSON body; a dot goes deeper, and numbers, true, false, null and JSON keep their type; may be repeated")
	flags.BoolVar(&f.paginate, "paginate", false, "read all pages and print their rows")
	flags.BoolVar(&f.include, "include", false, "print status and headers before the answer")
	flags.StringVar(&f.format, "format", "", "How to print the rows of --paginate: table (default on a terminal), json, ndjson (default in a pipe) or csv")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		name, request, err := f.request(args)
		if err != nil {
			return err
		}
		c, err := a.Credential(ctx, name)
		if err != nil {
			return err
		}
		conn, err := a.Connect(ctx, c, app.Use{RenewAhead: f.paginate, Waiting: s.waiting()})
		if err != nil {
			return err
		}
		defer conn.Close()
		client, err := conn.API()
		if err != nil {
			return err
		}
		if f.paginate {
			err = s.pages(ctx, client, request, f.format)
		} else {
			err = s.call(ctx, client, request, f.include)
		}
		if err != nil {
			return err
		}
		if err := a.MarkUsed(ctx, c); err != nil {
			return err
		}
		if request.Method == http.MethodGet && !f.paginate {
			s.hint("add --paginate to read all pages of a list, --include to see the headers")
		}
		return nil
	})
	return cmd
}

// request reads NAME [METHOD] PATH; a NAME may be left out for the default
// credential.
func (f *apiFlags) request(args []string) (string, stagedoor.Request, error) {
	name := stagedoor.DefaultSlug
	isPath := func(arg string) bool { return strings.HasPrefix(arg, "/") || strings.Contains(arg, "://") }
	if len(args) > 1 && !isPath(args[0]) && !isMethod(args[0]) {
		name, args = args[0], args[1:]
	}
	request := stagedoor.Request{Method: http.MethodGet}
	if len(f.fields) > 0 {
		request.Method = http.MethodPost
	}
	if len(args) == 2 && isMethod(args[0]) {
		request.Method, args = strings.ToUpper(args[0]), args[1:]
	}
	if len(args) != 1 || !isPath(args[0]) {
		return "", request, &stagedoor.Error{
			Op: "read the call", Subject: strings.Join(args, " "), Kind: stagedoor.KindUsage,
			Cause: "it is not NAME [METHOD] PATH, or PATH does not begin with a slash",
			Fix:   "Write it like `stagedoor api acme GET /users/me`.",
		}
	}
	request.Path = args[0]
	var err error
	if request.Query, err = queryOf(f.params); err != nil {
		return "", request, err
	}
	if len(f.fields) > 0 {
		request.Body, err = bodyOf(f.fields)
	}
	if err == nil && f.format != "" && !f.paginate {
		err = &stagedoor.Error{
			Op: "read the call", Subject: "--format " + f.format, Kind: stagedoor.KindUsage,
			Cause: "a single answer is printed as Zoom sent it", Fix: "Add --paginate to print rows, or leave --format out.",
		}
	}
	if err == nil && f.paginate && (f.include || request.Method != http.MethodGet) {
		err = &stagedoor.Error{
			Op: "read the call", Kind: stagedoor.KindUsage,
			Cause: "--paginate reads the rows of a list, so it goes with GET and without --include", Fix: "Leave one of them out.",
		}
	}
	return name, request, err
}

func isMethod(arg string) bool {
	return slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, strings.ToUpper(arg))
}

func keyValue(flag, text string) (string, string, error) {
	key, value, ok := strings.Cut(text, "=")
	if !ok || key == "" {
		return "", "", &stagedoor.Error{
			Op: "read the flags", Subject: flag + " " + key, Kind: stagedoor.KindUsage,
			Cause: "it is not KEY=VALUE", Fix: "Write it like " + flag + " page_size=100.",
		}
	}
	return key, value, nil
}

func queryOf(params []string) (url.Values, error) {
	query := url.Values{}
	for _, p := range params {
		key, value, err := keyValue("-p", p)
		if err != nil {
			return nil, err
		}
		query.Add(key, value)
	}
	return query, nil
}

// bodyOf builds a JSON object of "a.b=value" fields.
func bodyOf(fields []string) ([]byte, error) {
	body := map[string]any{}
	for _, field := range fields {
		key, value, err := keyValue("-f", field)
		if err != nil {
			return nil, err
		}
		at := body
		path := strings.Split(key, ".")
		for _, name := range path[:len(path)-1] {
			deeper, ok := at[name].(map[string]any)
			if !ok {
				deeper = map[string]any{}
				at[name] = deeper
			}
			at = deeper
		}
		at[path[len(path)-1]] = typed(value)
	}
	return json.Marshal(body)
}

// typed keeps what is JSON as it is; anything else is text.
func typed(value string) any {
	if _, err := strconv.ParseFloat(value, 64); err == nil || value == "true" || value == "false" || value == "null" ||
		strings.HasPrefix(value, "[") || strings.HasPrefix(value, "{") || strings.HasPrefix(value, `"`) {
		if json.Valid([]byte(value)) {
			return json.RawMessage(value)
		}
	}
	return value
}

func (s *session) call(ctx context.Context, client *zoom.Client, request stagedoor.Request, include bool) error {
	answer, err := client.Do(ctx, request)
	if err != nil {
		return err
	}
	if include {
		fmt.Fprintf(s.out, "HTTP %d %s\n", answer.Status, http.StatusText(answer.Status))
		for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
			for _, value := range answer.Header[name] {
				fmt.Fprintf(s.out, "%s: %s\n", name, oneLine(value))
			}
		}
		fmt.Fprintln(s.out)
	}
	body := answer.Body
	if s.outTTY {
		body = indented(body)
	}
	if len(body) == 0 {
		if !include {
			s.say("done: HTTP %d, no content", answer.Status)
		}
		return nil
	}
	if _, err := s.out.Write(body); err != nil {
		return err
	}
	if body[len(body)-1] != '\n' {
		fmt.Fprintln(s.out)
	}
	return nil
}

func indented(body []byte) []byte {
	var v any
	dec := json.NewDecoder(strings.NewReader(string(body)))
	dec.UseNumber()
	if dec.Decode(&v) != nil {
		return body
	}
	if pretty, err := json.MarshalIndent(v, "", "  "); err == nil {
		return pretty
	}
	return body
}
