package cli

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/form"
)

// scopes shows the scopes to add at Zoom, as lines that can be selected.
func (f *addForm) scopes(ctx context.Context) error {
	f.heading("The scopes of the app at Zoom")
	style := stagedoor.GranularScopes
	for {
		list, err := f.app.LeastScopes(style, f.c.Purposes, nil)
		if err != nil {
			return err
		}
		f.sayScopes(list)
		other, about := stagedoor.ClassicScopes, "what apps made before March 2024 offer"
		if style == stagedoor.ClassicScopes {
			other, about = stagedoor.GranularScopes, "what apps made since March 2024 offer"
		}
		next := "on"
		err = f.ask.Ask(ctx, form.Question{
			Title: "Are they in the app?", About: "They can also be added later: a new token then holds them.",
			One: &next, Options: []form.Option{
				{Value: "on", Title: "Go on", About: "with the values of the app"},
				{Value: "other", Title: "Show the " + string(other) + " names", About: about},
				{Value: "app", Title: "I have no app yet", About: "how to make one"},
			},
		})
		switch {
		case err != nil:
			return err
		case next == "other":
			style = other
		case next == "app":
			f.sayHowToMakeOne()
		default:
			f.answered("scopes", fmt.Sprintf("%s, %s names", count(len(list.Needs), "scope"), style))
			return nil
		}
	}
}

func (f *addForm) sayScopes(list stagedoor.ScopeList) {
	f.para("marketplace.zoom.us → Develop → your Server-to-Server OAuth app → Scopes → add %s:", these(len(list.Needs)))
	f.say("")
	var roles []string
	for _, need := range list.Needs {
		f.say("%s", need.Scope) // from the first column, so that only they are selected
		for _, role := range need.Roles {
			if !slices.Contains(roles, role) {
				roles = append(roles, role)
			}
		}
	}
	f.say("")
	if len(roles) > 0 {
		slices.Sort(roles)
		f.para("%s", faint.Render("The app acts for you, so your own role at Zoom must permit: "+strings.Join(roles, ", ")+"."))
	}
	for _, closed := range list.Closed {
		f.para("%s", faint.Render(closed.Operation+" stays closed: "+closed.Why+"."))
	}
}

func these(n int) string {
	if n == 1 {
		return "this one"
	}
	return fmt.Sprintf("these %d", n)
}

func (f *addForm) sayHowToMakeOne() {
	for _, line := range []string{
		"1. marketplace.zoom.us → Develop → Build App → Server-to-Server OAuth App. (A General app is another type, and does not work here. If there is no Build App, an admin must allow your role \"Zoom for developers\" and \"Server-to-Server OAuth app\": Admin → User Management → Roles → Advanced features.)",
		"2. Fill in the company name and the developer contact.",
		"3. On its page Scopes add the scopes, on its page Activation activate it.",
		"4. Its page App Credentials shows the three values that are asked for next.",
	} {
		f.para("%s", line)
	}
	f.say("")
}
