package cli

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/stream"
)

func scopesCommand(s *session) *cobra.Command {
	var question stagedoor.ScopeQuestion
	var style, credential string
	var asJSON bool
	cmd := &cobra.Command{
		Use: "scopes", Short: "List the scopes that an app needs, and those that it lacks", GroupID: groupCredentials, Args: noWords,
		Long: "Prints the least list of scopes for what you want to do, to be added on the Scopes page of the app on\n" +
			"marketplace.zoom.us; in a pipe one a line. Without a purpose, stream or operation: for all streams.\n\n" +
			"With a credential the list is for its own purposes, unless others are given, and is held against the\n" +
			"scopes of its token: what is missing, what is superfluous. No call of the API is spent on that. Exit\n" +
			"status 3 means that something is missing.\n\n" +
			purposeHelp(),
		Example: "stagedoor scopes --purpose reports\n" +
			"stagedoor scopes --stream meeting_activities --style classic\n" +
			"stagedoor scopes --operation 'PATCH /users/{userId}'\n" +
			"stagedoor scopes --credential acme",
	}
	flags := cmd.Flags()
	flags.StringArrayVar(&question.Purposes, "purpose", nil, "what it is for, such as reports or users:write; may be repeated")
	flags.StringSliceVar(&question.Streams, "stream", nil, "A stream or family to be read, such as meeting_activities; may be repeated")
	flags.StringArrayVar(&question.Operations, "operation", nil, "An operation to be called, such as 'PATCH /users/{userId}'; may be repeated")
	flags.StringVar(&style, "style", "", "granular (apps made since 2024) or classic (default granular, or what the credential's token has)")
	flags.StringVar(&credential, "credential", "", "compare with the token of this credential")
	flags.BoolVar(&asJSON, "json", false, "print one JSON object")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		if flags.Changed("style") {
			parsed, err := stagedoor.ParseScopeStyle(style)
			if err != nil {
				return err
			}
			question.Style = parsed
		}
		answer, err := answerScopes(ctx, a, question, credential, flags.Changed("credential"))
		if err != nil {
			return err
		}
		if asJSON {
			if err := s.printJSON(answer); err != nil {
				return err
			}
			return answer.lacking()
		}
		if err := s.showScopes(answer); err != nil {
			return err
		}
		return answer.lacking()
	})
	return cmd
}

// noWords takes no argument, and says which flag a word that was given
// belongs to.
func noWords(_ *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	word := args[0]
	e := &stagedoor.Error{
		Op: "read the command line", Subject: "\"" + word + "\"", Kind: stagedoor.KindUsage,
		Cause: "a word by itself does not say what it is: a purpose, a stream or a credential",
		Fix:   "Use --purpose, --stream, --operation or --credential; if it is a credential: stagedoor scopes --credential " + word + ".",
	}
	if _, err := scope.ParsePurposes([]string{word}); err == nil {
		e.Fix = "It is a purpose: stagedoor scopes --purpose " + word + "."
	} else if _, err := stream.Find(word); err == nil {
		e.Fix = "It is a stream or family: stagedoor scopes --stream " + word + "."
	} else if strings.Contains(word, ":") {
		e.Cause = "it looks like a scope, and this command finds out which scopes are needed"
		if hints := app.ScopeHints([]string{word}); len(hints) > 0 {
			e.Cause += "; " + hints[0]
		}
		e.Fix = "Say what it is for: stagedoor scopes --purpose reports; `stagedoor scopes --help` lists the purposes."
	}
	return e
}

// purposeHelp lists the purposes for a help page.
func purposeHelp() string {
	var b strings.Builder
	b.WriteString("Purposes (NAME reads, NAME:write changes as well):")
	for _, p := range scope.Purposes() {
		fmt.Fprintf(&b, "\n  %-10s  %s", p.Name, p.About)
	}
	return b.String()
}

// scopesAnswer is what `scopes` found, as --json prints it.
type scopesAnswer struct {
	Style      stagedoor.ScopeStyle    `json:"style"`
	Purposes   []string                `json:"purposes"`
	Streams    []string                `json:"streams"`
	Operations []string                `json:"operations"`
	Scopes     []scopeRow              `json:"scopes"`
	Closed     []stagedoor.ScopeClosed `json:"closed"`
	Needs      []string                `json:"needs"` // what the account must have beside scopes
	Roles      []string                `json:"roles"` // what the role of the app's owner must permit

	// With a credential.
	Credential  string    `json:"credential,omitempty"`
	MintedAt    time.Time `json:"minted_at,omitzero"` // of the token that was compared
	Missing     []string  `json:"missing,omitzero"`
	Superfluous []string  `json:"superfluous,omitzero"`
	Hints       []string  `json:"hints,omitzero"`

	missing    []stagedoor.ScopeNeed
	validation string
	before     bool // the token was there before this command
}

type scopeRow struct {
	stagedoor.ScopeNeed
	Held string `json:"held,omitempty"` // "yes", "no", or the scope that stands in for it
}

func answerScopes(ctx context.Context, a *app.App, q stagedoor.ScopeQuestion, credential string, compare bool) (scopesAnswer, error) {
	answer := scopesAnswer{Scopes: []scopeRow{}, Needs: []string{}, Roles: []string{}}
	asked := len(q.Purposes)+len(q.Streams)+len(q.Operations) > 0
	var c stagedoor.Credential
	var held stagedoor.HeldScopes
	if compare {
		var err error
		if c, err = a.Credential(ctx, credential); err != nil {
			return answer, err
		}
		if err := a.KnowsScopes(c); err != nil {
			return answer, err
		}
		if !asked {
			q.Purposes = c.Purposes
		}
		q.Validation = c.ValidationURL
	}
	answer.validation = cmp.Or(q.Validation, stagedoor.Zoom.Validation)
	if len(q.Purposes)+len(q.Streams)+len(q.Operations) == 0 {
		q.Streams = []string{"all"}
	}
	// What is asked for is looked at before a token is.
	list, err := a.Scopes(q)
	if err != nil {
		return answer, err
	}
	if compare {
		if held, err = a.HeldScopes(ctx, c); err != nil {
			return answer, err
		}
		comparison, err := a.Compare(q, held.Scopes)
		if err != nil {
			return answer, err
		}
		if q.Style == "" && comparison.Style != list.Style {
			q.Style = comparison.Style
			if list, err = a.Scopes(q); err != nil {
				return answer, err
			}
		}
		answer.Credential, answer.MintedAt, answer.before = c.Slug, held.Minted, held.Before
		answer.Missing = []string{}
		answer.missing, answer.Superfluous, answer.Hints = comparison.Missing, comparison.Superfluous, comparison.Hints
		for _, need := range comparison.Missing {
			answer.Missing = append(answer.Missing, need.Scope)
		}
	}
	purposes, err := scope.ParsePurposes(q.Purposes)
	if err != nil {
		return answer, err
	}
	for _, p := range purposes {
		if p.Needs != "" {
			answer.Needs = append(answer.Needs, p.Name+": "+p.Needs)
		}
	}
	answer.Style, answer.Closed = list.Style, list.Closed
	answer.Purposes, answer.Streams, answer.Operations = orEmpty(scope.Names(purposes)), orEmpty(q.Streams), orEmpty(q.Operations)
	for _, need := range list.Needs {
		row := scopeRow{ScopeNeed: need}
		if compare {
			row.Held = "no"
			if slices.Contains(held.Scopes, need.Scope) {
				row.Held = "yes"
			} else if !slices.ContainsFunc(need.Operations, answer.lacks) {
				row.Held = "by another"
			}
		}
		answer.Scopes = append(answer.Scopes, row)
		for _, role := range need.Roles {
			if !slices.Contains(answer.Roles, role) {
				answer.Roles = append(answer.Roles, role)
			}
		}
	}
	return answer, nil
}

func orEmpty(list []string) []string { return append([]string{}, list...) }

func (a scopesAnswer) lacks(operation string) bool {
	return slices.ContainsFunc(a.missing, func(n stagedoor.ScopeNeed) bool { return slices.Contains(n.Operations, operation) })
}

// lacking is the error that a script sees by its exit status, where something
// is missing for what was asked. The scope of the validation call alone is
// none: a check without it says so itself.
func (a scopesAnswer) lacking() error {
	if !slices.ContainsFunc(a.missing, func(n stagedoor.ScopeNeed) bool { return !slices.Equal(n.For, []string{app.ForCheck}) }) {
		return nil
	}
	cause := fmt.Sprintf("%s of %d missing: %s", count(len(a.Missing), string(a.Style)+" scope"), len(a.Scopes), strings.Join(a.Missing, ", "))
	if len(a.Missing) == 1 {
		cause = fmt.Sprintf("the %s scope %s is missing", a.Style, a.Missing[0])
	}
	if a.before {
		cause += fmt.Sprintf("; the token was minted %s, and what was added to the app since does not stand in it", ago(a.MintedAt))
	}
	return &stagedoor.Error{
		Op: "compare the scopes", Subject: "credential " + a.Credential, Kind: stagedoor.KindPartial, Cause: cause,
		Fix: "On marketplace.zoom.us → Develop → the app → Scopes, add them. If one is not offered there, the plan or the role of the app's owner lacks the feature. Then run `stagedoor credential check NAME`, since only a new token holds a new scope.",
	}
}

// showScopes prints the list: bare names for programs and for pasting, a table
// for a person.
func (s *session) showScopes(a scopesAnswer) error {
	rows := [][]string{{"SCOPE", "FOR", "OPERATION"}}
	if a.Credential != "" {
		rows[0] = append(rows[0], "HELD")
	}
	for _, row := range a.Scopes {
		if !s.outTTY {
			fmt.Fprintln(s.out, row.Scope)
		}
		operations := row.Operations[0]
		if more := len(row.Operations) - 1; more > 0 {
			operations += fmt.Sprintf(" and %d more", more)
		}
		cells := []string{row.Scope, strings.Join(row.For, ", "), operations}
		if a.Credential != "" {
			cells = append(cells, row.Held)
		}
		rows = append(rows, cells)
	}
	if s.outTTY {
		if err := s.table(rows); err != nil {
			return err
		}
	}
	s.explainScopes(a)
	return nil
}

// explainScopes says to a person what the list does not: what is left out, what
// is needed besides, and how the token compares.
func (s *session) explainScopes(a scopesAnswer) {
	what := slices.Concat(a.Purposes, a.Streams, a.Operations)
	s.para("%s for %s; none of them can be left out", count(len(a.Scopes), string(a.Style)+" scope"), strings.Join(what, ", "))
	for _, row := range a.Scopes {
		if slices.Contains(row.For, app.ForCheck) {
			s.para("%s  %s is for GET %s, with which a check proves that Zoom takes the token", faint.Render("check"), row.Scope, a.validation)
		}
		if row.Note != "" {
			s.para("%s  %s: %s", amber.Render("note"), row.Scope, row.Note)
		}
	}
	for _, closed := range a.Closed {
		s.para("%s  %s (%s) is not covered: %s", amber.Render("note"), closed.Operation, strings.Join(closed.For, ", "), closed.Why)
	}
	for _, need := range a.Needs {
		s.para("%s  %s", faint.Render("needs"), need)
	}
	if len(a.Roles) > 0 {
		s.para("%s  a role of the app's owner that permits %s", faint.Render("needs"), strings.Join(a.Roles, ", "))
	}
	if a.Credential == "" {
		add := "stagedoor credential add NAME"
		for _, purpose := range a.Purposes {
			add += " --purpose " + purpose
		}
		s.next("add them on marketplace.zoom.us → Develop → the app → Scopes", add, "stagedoor scopes --credential NAME")
		return
	}
	for _, hint := range a.Hints {
		s.say("%s  %s", amber.Render("hint"), hint)
	}
	if len(a.Superfluous) > 0 {
		s.say("superfluous for this: %s", strings.Join(a.Superfluous, ", "))
	}
	switch {
	case a.lacking() != nil: // the error that follows says it all
	case len(a.Missing) > 0:
		s.say("all is there but %s, which only a check needs", strings.Join(a.Missing, ", "))
	default:
		s.say("%s  the token of credential %s covers all of it", green.Render("ok"), bold.Render(a.Credential))
	}
}
