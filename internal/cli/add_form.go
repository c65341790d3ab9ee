package cli

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"slices"
	"strings"

	"github.com/charmbracelet/x/ansi"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/form"
	"github.com/stagedoor/stagedoor/internal/scope"
)

// addForm is `credential add` as a conversation: what for, which scopes, the
// app's values, the check. What flags gave is not asked again, and nothing is
// saved before the end.
type addForm struct {
	*session
	ask      form.Asker
	app      *app.App
	watch    *proving // shows the check
	provider stagedoor.Provider
	c        *stagedoor.Credential
	given    func(flag string) bool
	typed    typedValues
	secret   stagedoor.Secret // the one that a flag or the environment gave
	step     int
}

// asker asks in the way that the terminal can.
func (t *terminal) asker() form.Asker {
	if t.plain() {
		return t.lines()
	}
	return form.Screen{In: t.in, Out: os.Stderr}
}

func (t *terminal) lines() form.Lines {
	return form.Lines{In: t.in, Out: t.people, Width: t.textWidth()}
}

// plain reports whether the person or the terminal wants plain lines: no
// cursor that moves, nothing that turns.
func (t *terminal) plain() bool {
	return os.Getenv("TERM") == "dumb" || os.Getenv("ACCESSIBLE") != "" && os.Getenv("ACCESSIBLE") != "0"
}

// left is what it means that a person left a form.
func left(op, subject string) error {
	return &stagedoor.Error{
		Op: op, Subject: subject, Kind: stagedoor.KindInterrupted,
		Cause: "you left; nothing was saved",
	}
}

// textWidth is how wide prose is printed; 0 where there is no terminal.
func (t *terminal) textWidth() int { return min(t.errWidth, 80) }

// para prints prose, in lines that fit.
func (t *terminal) para(format string, args ...any) {
	text := fmt.Sprintf(format, args...)
	if width := t.textWidth(); width > 0 {
		text = ansi.Wrap(text, width, "")
	}
	t.say("%s", text)
}

// heading begins a part of the conversation.
func (f *addForm) heading(text string) {
	f.step++
	f.say("\n%s", bold.Render(fmt.Sprintf("%d  %s", f.step, text)))
}

// run asks, checks and saves.
func (f *addForm) run(ctx context.Context, check bool) (stagedoor.Credential, stagedoor.Proof, error) {
	if err := f.fill(ctx); err != nil {
		return *f.c, stagedoor.Proof{}, err
	}
	var proven stagedoor.Proven
	if check {
		f.watch = f.watching("", false)
		defer f.watch.end()
		var err error
		if proven, check, err = f.prove(ctx); err != nil {
			return *f.c, proven.Proof, err
		}
	}
	f.say("")
	if !check {
		return f.app.Add(ctx, *f.c, false, nil)
	}
	saved, err := f.app.AddProven(ctx, *f.c, proven)
	return saved, proven.Proof, err
}

// fill asks for what is missing.
func (f *addForm) fill(ctx context.Context) error {
	f.typed.zoom = f.provider.BuiltOn() == stagedoor.Zoom.Name
	f.para("A new credential for %s. Nothing is saved before the end; Esc or Ctrl-C leaves.", f.provider.Title)
	if err := f.name(ctx); err != nil {
		return err
	}
	if f.typed.zoom {
		if !f.given("purpose") {
			if err := f.purposes(ctx); err != nil {
				return err
			}
		}
		if err := f.scopes(ctx); err != nil {
			return err
		}
	}
	f.heading("The values of the app")
	f.para("%s", faint.Render(f.provider.Fields[0].Where))
	return f.values(ctx, false)
}

// name asks for a name where the usual one is taken.
func (f *addForm) name(ctx context.Context) error {
	err := f.app.Free(ctx, *f.c)
	if stagedoor.KindOf(err) != stagedoor.KindExists || f.c.Slug != stagedoor.DefaultSlug {
		return err
	}
	var name string
	err = f.ask.Ask(ctx, form.Question{
		Title: "Name", About: "There is a credential without a name already. What shall commands call this one?",
		Text: &name, Check: func(text string) form.Remark {
			slug := stagedoor.Slugify(text)
			taken := f.app.Free(ctx, stagedoor.Credential{Slug: slug, Name: text})
			switch {
			case text == "":
				return refused("It is needed: lower-case letters, digits and hyphens.")
			case taken != nil:
				return refused(sentence(stagedoor.NoticeOf(taken).Cause))
			case slug != text:
				return odd("Commands will call it " + slug + ".")
			}
			return form.Remark{}
		},
	})
	if err != nil {
		return err
	}
	f.c.Slug, f.c.Name = "", ""
	nameIt(f.c, []string{name})
	f.answered("name", f.c.Slug)
	return nil
}

// purposes asks what the credential is for.
func (f *addForm) purposes(ctx context.Context) error {
	f.heading("What it is for")
	var reads, writes []string
	question := form.Question{
		Title: "What shall programs read with it?", About: "Space chooses; as many as you like. None: choose the scopes yourself.",
		Several: &reads,
	}
	all := scope.Purposes()
	for _, p := range all {
		question.Options = append(question.Options, form.Option{Value: p.Name, Title: p.Title, About: p.About})
	}
	if err := f.ask.Ask(ctx, question); err != nil {
		return err
	}
	change := form.Question{
		Title: "And what of it may they change, too?", About: "None: they only read, which is safest.",
		Several: &writes,
	}
	for _, p := range all {
		if slices.Contains(reads, p.Name) && len(p.Writes) > 0 {
			change.Options = append(change.Options, form.Option{Value: p.Name, Title: p.Title, About: "add, change and remove"})
		}
	}
	if len(change.Options) > 0 {
		if err := f.ask.Ask(ctx, change); err != nil {
			return err
		}
	}
	f.c.Purposes = reads
	for _, name := range writes {
		f.c.Purposes[slices.Index(f.c.Purposes, name)] = name + ":write"
	}
	chosen, err := scope.ParsePurposes(f.c.Purposes)
	if err != nil {
		return err
	}
	if f.c.Purposes = scope.Names(chosen); len(chosen) == 0 {
		f.answered("for", "nothing in particular yet")
		return nil
	}
	var words []string
	for _, p := range chosen {
		if p.Write() {
			words = append(words, p.Title+" (and change)")
		} else {
			words = append(words, p.Title)
		}
	}
	f.answered("for", strings.Join(words, ", "))
	for _, p := range chosen {
		if p.Needs != "" {
			f.para("%s", faint.Render("   "+p.Title+" needs "+p.Needs+"."))
		}
	}
	return nil
}

// answered keeps an answer on the screen when its page is gone.
func (f *addForm) answered(what, answer string) {
	f.say("%s  %-13s  %s", green.Render("✓"), what, answer)
}

// values asks for the fields of the provider, and the plan. again is true when
// they were refused: then those that flags gave are asked for too.
func (f *addForm) values(ctx context.Context, again bool) error {
	f.typed.accountID, f.typed.clientID = f.c.AccountID, f.c.ClientID
	var questions []form.Question
	tokenURL, apiURL := f.c.TokenURL, f.c.APIURL
	for _, field := range f.provider.Fields {
		q := form.Question{Title: field.Title, About: field.Where}
		ask := again
		switch field.Name {
		case "account_id":
			q.Text, q.Check, ask = &f.typed.accountID, f.typed.ofAccountID, ask || f.c.AccountID == ""
		case "client_id":
			q.Text, q.Check, ask = &f.typed.clientID, f.typed.ofClientID, ask || f.c.ClientID == ""
		case "client_secret":
			q.Text, q.Check, q.Hidden = &f.typed.secret, f.typed.ofSecret, true
			q.Kept = f.typed.secret != "" || !f.secret.IsZero()
			ask = ask || !q.Kept
		}
		if field.Optional {
			q.Title, q.Check = q.Title+" (may stay empty)", nil
			ask = ask || *q.Text == ""
		}
		if ask {
			questions = append(questions, f.short(q))
		}
	}
	if f.provider.TokenURL == "" && (again || tokenURL == "") {
		questions = append(questions, form.Question{
			Title: "Token URL", About: "The address of the service's token endpoint, from its documentation.", Text: &tokenURL, Check: ofTokenURL,
		})
	}
	if f.provider.APIURL == "" && (again || apiURL == "") {
		questions = append(questions, form.Question{
			Title: "API URL (may stay empty)", About: "Where its API is. Without it programs can take tokens, and `stagedoor api` can not call.", Text: &apiURL,
		})
	}
	plan := string(f.c.Plan)
	if f.typed.zoom && !f.given("plan") && !again {
		questions = append(questions, form.Question{
			Title: "The account's plan", About: "It decides how fast Zoom lets programs read. Zoom's API does not tell it.",
			One: &plan, Options: []form.Option{
				{Value: string(stagedoor.PlanFree), Title: "Free", About: "Basic"},
				{Value: string(stagedoor.PlanPro), Title: "Pro", About: "also where you are not sure"},
				{Value: string(stagedoor.PlanBusiness), Title: "Business", About: "and Education, Enterprise, Partners"},
			},
		})
	}
	if err := f.ask.Ask(ctx, questions...); err != nil {
		return err
	}
	f.c.AccountID, f.c.ClientID, f.c.TokenURL, f.c.APIURL, f.c.Plan = f.typed.accountID, f.typed.clientID, tokenURL, apiURL, stagedoor.Plan(plan)
	f.c.ClientSecrets = []stagedoor.Secret{f.secret}
	if f.typed.secret != "" {
		f.c.ClientSecrets = []stagedoor.Secret{f.typed.clientSecret()}
	}
	f.sayValues()
	return nil
}

// short leaves out of a question what the heading has said.
func (f *addForm) short(q form.Question) form.Question {
	if _, after, ok := strings.Cut(q.Title, "Zoom App: "); ok {
		q.Title = after
	}
	if i := strings.LastIndex(q.About, "→ "); i >= 0 {
		q.About = "On the app's page " + q.About[i+len("→ "):] + "."
	}
	return q
}

func (f *addForm) sayValues() {
	for _, line := range [][2]string{
		{"account id", f.c.AccountID},
		{"client id", f.c.ClientID},
		{"client secret", "as typed, not shown"},
		{"token url", f.c.TokenURL},
		{"api url", f.c.APIURL},
	} {
		if line[1] != "" {
			f.answered(line[0], line[1])
		}
	}
	if f.typed.zoom {
		f.answered("plan", string(f.c.Plan))
	}
}

// prove checks until it is good, or the person wants something else. It
// returns what was proven, and false where it is to be saved as it is.
func (f *addForm) prove(ctx context.Context) (stagedoor.Proven, bool, error) {
	f.heading("The check")
	for {
		proven, err := f.app.ProveNew(ctx, *f.c, f.watch.watcher())
		if err == nil {
			again, err := f.fitting(ctx, proven)
			if err != nil {
				return proven, false, err
			}
			if again {
				continue
			}
			return proven, true, nil
		}
		if ctx.Err() != nil {
			return proven, false, form.ErrLeft
		}
		f.explain(err, len(proven.Proof.Steps) > 0)
		next, asking := f.afterFailure(ctx, err)
		switch {
		case asking != nil:
			return proven, false, asking
		case next == "correct":
			if err := f.values(ctx, true); err != nil {
				return proven, false, err
			}
		case next == "allow":
			f.c.AllowHosts = append(f.c.AllowHosts, f.refusedHosts()...)
		case next == "save":
			return stagedoor.Proven{}, false, nil
		case next == "leave":
			return proven, false, form.ErrLeft
		}
		f.say("")
	}
}

// fitting offers a validation URL that the scopes cover, where the usual one
// is outside; true says that it was taken.
func (f *addForm) fitting(ctx context.Context, proven stagedoor.Proven) (bool, error) {
	url := proven.Proof.Fitting
	if url == "" || url == f.c.ValidationURL {
		return false, nil
	}
	next := "yes"
	err := f.ask.Ask(ctx, form.Question{
		Title: "Use GET " + url + " for its checks?", About: "The scopes cover it, so that a check can prove more than the token.",
		One: &next, Options: []form.Option{
			{Value: "yes", Title: "Yes", About: "and check again with it"},
			{Value: "no", Title: "No", About: "keep it as it is"},
		},
	})
	if err == nil && next == "yes" {
		f.c.ValidationURL = url
		f.say("")
	}
	return next == "yes", err
}

// explain prints why a check failed, without the commands that are for saved
// credentials; stepped says that its last step has told the cause.
func (f *addForm) explain(err error, stepped bool) {
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok {
		f.complain(err)
		return
	}
	for _, line := range [][2]string{{"cause", e.Cause}, {"fix", stagedoor.WithoutCommands(e.Fix)}, {"said", saidBy(e)}} {
		offered := line[0] == "fix" && e.Kind == stagedoor.KindHostRefused // as the first answer below
		if line[1] == "" || line[0] == "cause" && stepped || offered {
			continue
		}
		const indent = 9
		text := line[1]
		if width := f.textWidth(); width > 2*indent {
			text = strings.ReplaceAll(ansi.Wrap(text, width-indent, ""), "\n", "\n"+strings.Repeat(" ", indent))
		}
		f.say("  %s  %s", bold.Render(fmt.Sprintf("%-5s", line[0])), text)
	}
	f.say("")
}

// afterFailure asks what to do next; first comes what most likely helps.
func (f *addForm) afterFailure(ctx context.Context, err error) (string, error) {
	correct := form.Option{Value: "correct", Title: "Correct the values", About: "what you typed is still there"}
	again := form.Option{Value: "again", Title: "Check again", About: "when it is mended at Zoom"}
	options := []form.Option{correct, again}
	switch kind := stagedoor.KindOf(err); {
	case kind.Row().Retry, kind == stagedoor.KindAppInactive:
		options = []form.Option{again, correct}
	case kind == stagedoor.KindHostRefused && len(f.refusedHosts()) > 0:
		options = []form.Option{{
			Value: "allow", Title: "Allow it", About: "let this credential's requests go to " + strings.Join(f.refusedHosts(), " and "),
		}, correct}
	}
	options = append(options,
		form.Option{Value: "save", Title: "Save it as unverified", About: "and check it later"},
		form.Option{Value: "leave", Title: "Leave", About: "nothing is saved"})
	next := options[0].Value
	asking := f.ask.Ask(ctx, form.Question{Title: "What next?", One: &next, Options: options})
	return next, asking
}

// refusedHosts are the hosts of the credential's own addresses that are not
// allowed yet.
func (f *addForm) refusedHosts() []string {
	var hosts []string
	for _, address := range []string{f.c.TokenURL, f.c.APIURL} {
		if u, err := url.Parse(address); err == nil && u.Host != "" && !slices.Contains(f.c.AllowHosts, u.Host) && !slices.Contains(hosts, u.Host) {
			hosts = append(hosts, u.Host)
		}
	}
	return hosts
}

// sentence begins a text with a capital and ends it with a stop.
func sentence(text string) string {
	if text == "" {
		return ""
	}
	return strings.ToUpper(text[:1]) + strings.TrimSuffix(text[1:], ".") + "."
}
