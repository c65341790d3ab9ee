package cli

import (
	"maps"
	"os"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
	"github.com/stagedoor/stagedoor/internal/scope"
	"github.com/stagedoor/stagedoor/internal/stream"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// completer returns the words that may stand where the cursor is, each with a
// description after a tab. It makes no request, asks for nothing, makes no
// database and fails silently: a person is typing.
type completer = cobra.CompletionFunc

// completeArguments says what is meant by the names that commands give their
// arguments in Use ("token [NAME]"); with a command before it, what that command
// and those below it mean.
func (s *session) completeArguments() map[string]completer {
	return map[string]completer{
		"NAME":                s.completeCredentials,
		"STREAM":              completeStreams,
		"STREAM|FAMILY":       completeStreams,
		"METHOD":              s.completeCall,
		"PATH":                s.completeCall,
		"SHELL":               oneOf("bash", "zsh", "fish", "powershell"),
		"DIR":                 onlyFolders,
		"FILE":                cobra.FixedCompletions(nil, cobra.ShellCompDirectiveDefault),
		"credential add NAME": cobra.NoFileCompletions, // a new name
		"api NAME":            s.completeCall,
		"provider NAME":       s.completeProviders,
		"caller NAME":         s.completeCallers,
		"caller add NAME":     cobra.NoFileCompletions, // a new name

		"operator NAME":              s.completeNamed(app.OperatorNames),
		"operator invite NAME":       cobra.NoFileCompletions, // a new name
		"ROLE":                       roles(),
		"operator token NAME":        cobra.NoFileCompletions, // a new name
		"operator token remove NAME": s.completeNamed(app.OperatorTokenNames),

		"ID":                   s.completeNamed(app.RunNames),
		"SCHEDULE":             s.completeNamed(app.ScheduleNames),
		"DESTINATION":          s.completeNamed(app.DestinationNames),
		"destination add NAME": cobra.NoFileCompletions, // a new name
		"URL":                  completeURL,
	}
}

// completeFlags says the same of flags.
func (s *session) completeFlags() map[string]completer {
	return map[string]completer{
		"format":             oneOf("table", "json", "ndjson", "csv"),
		"token format":       oneOf("raw\tthe token alone", "header\tfor curl -H @-", "env\tfor eval in a shell", "json\twith expiry, scopes and API address"),
		"plan":               oneOf(string(stagedoor.PlanFree), string(stagedoor.PlanPro), string(stagedoor.PlanBusiness)),
		"provider":           s.completeProviders,
		"purpose":            completePurposes,
		"role":               roles(),
		"style":              oneOf(string(stagedoor.GranularScopes)+"\tuser:read:user:admin …", string(stagedoor.ClassicScopes)+"\tuser:read:admin …"),
		"credential":         s.completeCredentials,
		"caller":             s.completeCallers,
		"stream":             completeStreams,
		"head":               anyFile,
		"into":               s.completeInto,
		"url-file":           anyFile,
		"schedule":           s.completeNamed(app.ScheduleNames),
		"state":              oneOf(stateWords()...),
		"zone":               oneOf("UTC", "Europe/Berlin", "Europe/London", "America/New_York", "America/Los_Angeles", "Asia/Kolkata", "Asia/Tokyo", "Australia/Sydney"),
		"catch-up":           oneOf("once	one run for all that was missed", "all	one run for each", "none	they are noted as missed"),
		"cron":               oneOf("0 2 * * *	each day at 02:00", "*/15 * * * *	each quarter of an hour", "30 6 * * MON-FRI	on weekdays at 06:30", "@hourly", "@daily"),
		"database":           cobra.FixedCompletions([]string{"sqlite:\ta database file"}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace),
		"key":                cobra.FixedCompletions([]string{"file:\ta key file", "env:\ta variable that holds the key", "passphrase\tasked for"}, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveNoSpace),
		"log-level":          oneOf("debug", "info", "warn", "error"),
		"log-format":         oneOf("text", "json"),
		"expose":             oneOf("all\teverything", "gateway\t/oauth/token, /.well-known/, /to/ and health"),
		"tls-cert":           anyFile,
		"tls-key":            anyFile,
		"limits":             oneOf("zoom", "off"),
		"limiter":            oneOf("fixed", "sliding", "bucket"),
		"home":               onlyFolders,
		"download":           onlyFolders,
		"ca-file":            anyFile,
		"jwks":               anyFile,
		"allow-scope":        completeScopes,
		"deny-scope":         completeScopes,
		"client-secret-file": anyFile,
		"input":              anyFile,
		"api param":          s.completeParams,
		"caller snippet for": oneOf(app.SnippetForms()...),
	}
}

// completeTree gives every command of the tree its completion. It goes by the
// names of arguments and flags, so that a new command needs nothing of its own,
// unless it means something else by them.
func (s *session) completeTree(root *cobra.Command) {
	arguments, flags := s.completeArguments(), s.completeFlags()
	for _, cmd := range tree(root) {
		place := placeOf(cmd)
		if names := argumentsOf(cmd); cmd.ValidArgsFunction == nil && len(cmd.ValidArgs) == 0 && (len(names) > 0 || !cmd.HasSubCommands()) {
			cmd.ValidArgsFunction = func(c *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
				if len(names) == 0 {
					return nil, cobra.ShellCompDirectiveNoFileComp
				}
				at := min(len(args), len(names)-1)
				name, repeated := strings.CutSuffix(names[at], "…")
				if complete := meant(arguments, place, name); complete != nil && (len(args) < len(names) || repeated) {
					return beginning(complete)(c, args, word)
				}
				return nil, cobra.ShellCompDirectiveNoFileComp
			}
		}
		register := func(f *pflag.Flag) {
			if f.Value.Type() == "bool" {
				return
			}
			complete := meant(flags, place, f.Name)
			if complete == nil {
				complete = cobra.NoFileCompletions
			}
			_ = cmd.RegisterFlagCompletionFunc(f.Name, beginning(complete)) // fails only where a command did it itself
		}
		cmd.LocalNonPersistentFlags().VisitAll(register)
		cmd.PersistentFlags().VisitAll(register)
	}
}

// placeOf is where a command stands below the program: "credential add".
func placeOf(cmd *cobra.Command) string {
	_, place, _ := strings.Cut(cmd.CommandPath(), " ")
	return place
}

// beginning leaves those words that begin with what was typed.
func beginning(complete completer) completer {
	return func(cmd *cobra.Command, args []string, word string) ([]string, cobra.ShellCompDirective) {
		words, directive := complete(cmd, args, word)
		return slices.DeleteFunc(slices.Clone(words), func(w string) bool { return !strings.HasPrefix(w, word) }), directive
	}
}

// meant finds what a name means for the command at a place: its own meaning,
// that of a command above it, or the usual one.
func meant(table map[string]completer, place, name string) completer {
	for place != "" {
		if complete := table[place+" "+name]; complete != nil {
			return complete
		}
		place, _, _ = cutLast(place, " ")
	}
	return table[name]
}

func cutLast(text, sep string) (before, after string, found bool) {
	if i := strings.LastIndex(text, sep); i >= 0 {
		return text[:i], text[i+len(sep):], true
	}
	return "", text, false
}

// argumentsOf returns the names that a command's Use has for its arguments, an
// ellipsis included: "NAME", "STREAM…".
func argumentsOf(cmd *cobra.Command) []string {
	var names []string
	for _, word := range strings.Fields(usageOf(cmd))[1:] {
		if strings.HasPrefix(word, "[-") {
			continue
		}
		repeated := strings.Contains(word, "…") || strings.Contains(word, "...")
		name := strings.NewReplacer("[", "", "]", "", "…", "", "...", "").Replace(word)
		if name == "" {
			continue
		}
		if repeated {
			name += "…"
		}
		names = append(names, name)
	}
	return names
}

// tree returns a command and all below it.
func tree(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		all = append(all, tree(sub)...)
	}
	return all
}

func oneOf(words ...string) completer {
	return cobra.FixedCompletions(words, cobra.ShellCompDirectiveNoFileComp|cobra.ShellCompDirectiveKeepOrder)
}

func roles() completer {
	return oneOf("viewer\tsees states and figures", "operator\tsees everything but secrets", "admin\tchanges credentials, callers and operators")
}

func onlyFolders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveFilterDirs
}

func anyFile(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	return nil, cobra.ShellCompDirectiveDefault
}

func (s *session) completeCredentials(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words []string
	if settings, err := s.settings.Resolve(os.Getenv); err == nil {
		names, _ := app.Names(cmd.Context(), settings)
		for _, n := range names {
			about := n.Description
			if about == "" && n.Name != n.Slug {
				about = n.Name
			}
			if about == "" || n.Status != string(stagedoor.StatusVerified) {
				about = strings.TrimPrefix(about+", "+n.Status, ", ")
			}
			words = append(words, n.Slug+"\t"+oneLine(about))
		}
	}
	if os.Getenv("ZOOM_CLIENT_ID") != "" {
		words = append(words, stagedoor.EnvSlug+"\tfrom the ZOOM_ variables")
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

// completeCallers offers those that have access.
func (s *session) completeCallers(cmd *cobra.Command, _ []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words []string
	if settings, err := s.settings.Resolve(os.Getenv); err == nil {
		names, _ := app.CallerNames(cmd.Context(), settings)
		for _, n := range names {
			if n.Status == "" {
				words = append(words, n.Slug+"\t"+oneLine(n.Description))
			}
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func completeScopes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	names := map[string]bool{}
	for _, op := range zoom.Operations().All() {
		for _, scope := range op.Scopes() {
			names[scope] = true
		}
	}
	return slices.Sorted(maps.Keys(names)), cobra.ShellCompDirectiveNoFileComp
}

// completeStreams offers streams, then families, then all, without those that
// stand there already.
func completeStreams(_ *cobra.Command, args []string, _ string) ([]string, cobra.ShellCompDirective) {
	var words, families []string
	for _, st := range stream.All() {
		words = append(words, st.Name+"\t"+st.Title)
		if family := st.Family + "\ta family of streams"; !slices.Contains(families, family) {
			families = append(families, family)
		}
	}
	words = append(append(words, families...), "all\tevery stream")
	return slices.DeleteFunc(words, func(word string) bool {
		name, _, _ := strings.Cut(word, "\t")
		return slices.Contains(args, name)
	}), cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}

// completeProviders offers those that can be used, the user's own among them.
func (s *session) completeProviders(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var words []string
	if settings, err := s.settings.Resolve(os.Getenv); err == nil {
		list, _ := app.ProvidersOf(settings).List()
		for _, e := range list {
			if e.Err == nil {
				words = append(words, e.Provider.Name+"\t"+oneLine(e.Provider.Title))
			}
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp
}

func completePurposes(*cobra.Command, []string, string) ([]string, cobra.ShellCompDirective) {
	var words []string
	for _, p := range scope.Purposes() {
		words = append(words, p.Name+"\t"+p.About)
		if writing, err := scope.ParsePurposes([]string{p.Name + ":write"}); err == nil {
			words = append(words, writing[0].Name+"\tread and change them")
		}
	}
	return words, cobra.ShellCompDirectiveNoFileComp | cobra.ShellCompDirectiveKeepOrder
}
