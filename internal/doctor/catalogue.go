package doctor

import (
	"fmt"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// Catalogue prints the kinds and a provider's error table as a Markdown page.
func Catalogue(p stagedoor.Provider) string {
	var b strings.Builder
	b.WriteString("# Errors and their fixes\n\n")
	b.WriteString("<!-- Made from the error table by `go generate ./internal/doctor`; edit internal/provider/" + p.Name + ".yaml instead. -->\n\n")
	b.WriteString("Every error of Stagedoor says what failed, on what, why, and what to do next, and has a *kind*: a word\n")
	b.WriteString("that programs may branch on. `stagedoor explain` looks up any raw text in the same table:\n\n")
	b.WriteString("    stagedoor explain 'Token expired'\n    some-program 2>&1 | stagedoor explain -\n\n")

	b.WriteString("## Kinds\n\n| kind | exit status | HTTP status | may pass by itself | meaning |\n|---|---|---|---|---|\n")
	for _, row := range stagedoor.Kinds() {
		retry := "no"
		if row.Retry {
			retry = "yes"
		}
		// The name is where the type of a [stagedoor.Problem] leads.
		fmt.Fprintf(&b, "| <a id=\"%[1]s\"></a>`%[1]s` | %[2]d | %[3]d | %[4]s | %[5]s |\n", row.Kind, row.Exit, row.HTTP, retry, row.Means)
	}

	for _, section := range []struct{ at, title string }{
		{stagedoor.AtToken, "From " + p.Title + "'s token endpoint"},
		{stagedoor.AtAPI, "From " + p.Title + "'s API"},
		{stagedoor.AtElsewhere, "Met in other programs"},
	} {
		fmt.Fprintf(&b, "\n## %s\n", section.title)
		for _, rule := range p.Errors {
			if rule.At == section.at {
				writeRule(&b, rule)
			}
		}
	}
	return b.String()
}

func writeRule(b *strings.Builder, rule stagedoor.ErrorRule) {
	fmt.Fprintf(b, "\n### %s\n\n", rule.ID)
	fmt.Fprintf(b, "    %s\n\n", strings.TrimSpace(rule.Example))
	fmt.Fprintf(b, "- kind: `%s`, exit status %d\n", rule.Kind, rule.Kind.Row().Exit)
	fmt.Fprintf(b, "- cause: %s\n", placeholders(rule.Cause))
	if rule.Fix != "" {
		fmt.Fprintf(b, "- fix: %s\n", rule.Fix)
	}
	fmt.Fprintf(b, "- source: %s\n", rule.Source)
}

// placeholders shows where the answer's own words go.
func placeholders(text string) string {
	return strings.NewReplacer("{scopes}", "*the scopes that Zoom names*", "{message}", "*Zoom's message*").Replace(text)
}
