package cli

import (
	"bytes"
	"context"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
)

// shells are those that cobra writes completion for, and where their script
// goes.
var shells = []struct{ name, install string }{
	{"bash", "echo 'source <(stagedoor completion bash)' >> ~/.bashrc   # needs the package bash-completion"},
	{"zsh", `stagedoor completion zsh > "${fpath[1]}/_stagedoor"   # and, once: autoload -U compinit; compinit`},
	{"fish", "stagedoor completion fish > ~/.config/fish/completions/stagedoor.fish"},
	{"powershell", "stagedoor completion powershell >> $PROFILE"},
}

func completionCommand(s *session) *cobra.Command {
	var names, install []string
	for _, shell := range shells {
		names = append(names, shell.name)
		install = append(install, "# "+shell.name+"\n"+shell.install)
	}
	return &cobra.Command{
		Use: "completion SHELL", Short: "Let a shell complete what you type", GroupID: groupDiagnose,
		Args: takes(1, 1, "the shell: "+strings.Join(names, ", ")),
		Long: "Prints a script that makes the shell complete commands, flags, and the names of your credentials, of\n" +
			"streams, and of Zoom's operations with their parameters. Completing asks nobody: no network, no passphrase.\n" +
			"Install it once; the examples say how, for each shell.",
		Example: strings.Join(install, "\n\n"),
		RunE: func(cmd *cobra.Command, args []string) error {
			return s.plain(func(context.Context, []string) error { return s.writeCompletion(cmd.Root(), args[0]) })(cmd, args)
		},
	}
}

func (s *session) writeCompletion(root *cobra.Command, shell string) error {
	var script bytes.Buffer
	var err error
	switch shell {
	case "bash":
		err = root.GenBashCompletionV2(&script, true)
	case "zsh":
		err = root.GenZshCompletion(&script)
	case "fish":
		err = root.GenFishCompletion(&script, true)
	case "powershell":
		err = root.GenPowerShellCompletionWithDesc(&script)
	default:
		var names []string
		for _, known := range shells {
			names = append(names, known.name)
		}
		return &stagedoor.Error{
			Op: "write the completion", Subject: shell, Kind: stagedoor.KindUsage,
			Cause: "there is none for this shell", Fix: "Use one of: " + strings.Join(names, ", ") + ".",
		}
	}
	if err != nil {
		return err
	}
	if _, err := s.out.Write(script.Bytes()); err != nil {
		return err
	}
	for _, known := range shells {
		if known.name == shell {
			s.hint(known.install)
		}
	}
	return nil
}
