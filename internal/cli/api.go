package cli

import (
	"bufio"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

type apiFlags struct {
	params, fields     []string
	input, contentType string
	paginate           bool
	include            bool
	format, jq         string
	filter             *filter // of jq; nil if there is none
}

func apiCommand(s *session) *cobra.Command {
	var f apiFlags
	cmd := &cobra.Command{
		Use: hideBrackets.Replace("api NAME [METHOD] PATH"), Short: "Make one call of the Zoom API", GroupID: groupData,
		Args: takes(1, 3, "NAME [METHOD] PATH, such as `stagedoor api acme /users/me`"),
		Long: "Sends the request with the credential's token, renewed as needed, at the pace that Zoom permits.\n" +
			"/users/me, /v2/users/me and the full URL mean the same. Without METHOD it is GET, or POST where\n" +
			"-f or --input gives a body.\n\n" +
			"-q runs a jq expression on the answer, and with --paginate on each row as it comes, so that a list of any\n" +
			"length takes no memory. A text is printed as it is, anything else as JSON on one line; numbers keep their\n" +
			"digits. It goes with --include, not with --format. Expressions see the answer alone: env is empty, and\n" +
			"input, include and import are closed.",
		Example: "stagedoor api acme /users/me\n" +
			"stagedoor api acme /users/me -q .email\n" +
			"stagedoor api acme /users --paginate -q 'select(.type == 2) | .email'\n" +
			"stagedoor api acme /report/meeting_activities -p from=2026-10-01 -p to=2026-10-31 -p 'activity_type=All Activities' --paginate\n" +
			"stagedoor api acme PATCH /users/ada@example.com -f dept=Research -f type=2\n" +
			"stagedoor api acme POST /users/me/meetings --input meeting.json",
	}
	flags := cmd.Flags()
	flags.StringArrayVarP(&f.params, "param", "p", nil, "A KEY=VALUE in the query; may be repeated")
	flags.StringArrayVarP(&f.fields, "field", "f", nil, "A KEY=VALUE in the JSON body; a dot goes deeper, and numbers, true, false, null and JSON keep their type; may be repeated")
	flags.StringVar(&f.input, "input", "", "file that holds the body, or - for stdin")
	flags.StringVar(&f.contentType, "content-type", "", "what --input holds, if not JSON: text/csv, application/scim+json …")
	flags.BoolVar(&f.paginate, "paginate", false, "read all pages and print their rows")
	flags.StringVarP(&f.jq, "jq", "q", "", "A jq expression, such as .email: print what it makes of the answer or of each row")
	flags.BoolVar(&f.include, "include", false, "print status and headers before the answer")
	flags.StringVar(&f.format, "format", "", "How to print the rows of --paginate: table (default on a terminal), json, ndjson (default in a pipe) or csv")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, args []string) error {
		name, request, err := f.request(args, flags.Changed)
		if err != nil {
			return err
		}
		// Last, since stdin can be read only once.
		if err := f.readBody(s.terminal, &request); err != nil {
			return err
		}
		c, err := a.Credential(ctx, name)
		if err != nil {
			return err
		}
		conn, err := a.Connect(ctx, c, app.Use{RenewAhead: f.paginate, Waiting: s.waiting(), Class: f.class()})
		if err != nil {
			return err
		}
		defer conn.Close()
		client, err := conn.API()
		if err != nil {
			return err
		}
		began := time.Now()
		if f.paginate {
			err = s.pages(ctx, client, request, f)
		} else {
			err = s.call(ctx, client, request, f)
		}
		a.Called(ctx, c, client, request, began, f.pagesWord(), err)
		if err != nil {
			return named(err, c.Slug)
		}
		if err := a.MarkUsed(ctx, c); err != nil {
			return err
		}
		if request.Method == http.MethodGet && !f.paginate && f.filter == nil {
			s.hint("add --paginate to read all pages of a list, -q EXPR to pick from the answer, --include to see the headers")
		}
		return nil
	})
	return cmd
}

// pagesWord is what the audit says of a list that is read whole.
func (f *apiFlags) pagesWord() string {
	if f.paginate {
		return "all pages"
	}
	return ""
}

// class is who waits: for all pages of a list nobody does.
func (f *apiFlags) class() stagedoor.Class {
	if f.paginate {
		return stagedoor.Backfill
	}
	return stagedoor.Interactive
}

// request reads NAME [METHOD] PATH; a NAME may be left out for the default
// credential. What can be known to be wrong is refused here, before anything is
// opened or sent.
func (f *apiFlags) request(args []string, given func(flag string) bool) (string, stagedoor.Request, error) {
	name := stagedoor.DefaultSlug
	if len(args) > 1 && !isPath(args[0]) && !isMethod(args[0]) {
		name, args = args[0], args[1:]
	}
	request := stagedoor.Request{Method: http.MethodGet}
	if len(f.fields) > 0 || given("input") {
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
	if err := f.together(request.Method, given); err != nil {
		return "", request, err
	}
	if given("jq") {
		if f.filter, err = newFilter(f.jq); err != nil {
			return "", request, err
		}
	}
	if len(f.fields) > 0 {
		request.Body, err = bodyOf(f.fields)
	}
	return name, request, err
}

// together refuses flags that contradict each other.
func (f *apiFlags) together(method string, given func(flag string) bool) error {
	refuse := func(subject, cause, fix string) error {
		return &stagedoor.Error{Op: "read the call", Subject: subject, Kind: stagedoor.KindUsage, Cause: cause, Fix: fix}
	}
	body := len(f.fields) > 0 || given("input")
	switch {
	case len(f.fields) > 0 && given("input"):
		return refuse("-f and --input", "each of them gives the whole body", "Give one of them; put the fields of -f into the file.")
	case given("input") && f.input == "":
		return refuse("--input", "it names no file", "Name a file, or - for stdin.")
	case given("content-type") && !given("input"):
		return refuse("--content-type", "it says what --input holds, and there is no --input", "Leave it out; what -f builds is JSON.")
	case body && f.paginate:
		return refuse("--paginate", "it reads the rows of a list, so it goes with GET and without a body", "Give what narrows the list with -p.")
	case body && (method == http.MethodGet || method == http.MethodHead):
		return refuse(method, "it takes no body", "Give parameters with -p KEY=VALUE, or another METHOD.")
	case f.paginate && (f.include || method != http.MethodGet):
		return refuse("", "--paginate reads the rows of a list, so it goes with GET and without --include", "Leave one of them out.")
	case given("jq") && f.format != "":
		return refuse("-q and --format", "each of them decides how rows are printed", "Leave --format out: -q prints JSON, and texts as they are; @csv and @tsv make lines of columns.")
	case f.format != "" && !f.paginate:
		return refuse("--format "+f.format, "a single answer is printed as Zoom sent it", "Add --paginate to print rows, or leave --format out.")
	}
	return nil
}

func isPath(arg string) bool { return strings.HasPrefix(arg, "/") || strings.Contains(arg, "://") }

func isMethod(arg string) bool {
	return slices.Contains([]string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE"}, strings.ToUpper(arg))
}

func (s *session) call(ctx context.Context, client *zoom.Client, request stagedoor.Request, f apiFlags) error {
	answer, err := client.Do(ctx, request)
	if err != nil {
		return err
	}
	if f.include {
		fmt.Fprintf(s.out, "HTTP %d %s\n", answer.Status, http.StatusText(answer.Status))
		for _, name := range slices.Sorted(maps.Keys(answer.Header)) {
			for _, value := range answer.Header[name] {
				fmt.Fprintf(s.out, "%s: %s\n", name, oneLine(value))
			}
		}
		fmt.Fprintln(s.out)
	}
	body := answer.Body
	if f.filter != nil && len(body) > 0 {
		w := bufio.NewWriter(s.out)
		err := f.filter.print(ctx, w, body, resultStyle{indent: s.outTTY, clean: s.outTTY})
		if errors.Is(err, errHalt) {
			err = nil
		}
		return errors.Join(err, w.Flush()) // what came before an error is shown
	}
	if s.outTTY {
		body = indented(body)
	}
	if len(body) == 0 {
		if !f.include {
			s.say("done: HTTP %d, no content", answer.Status)
		}
		return nil
	}
	if _, err := s.shown().Write(body); err != nil {
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
