package cli

import (
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
)

// secretFlags are the ways in which a command takes the client secret.
type secretFlags struct {
	stdin bool
	file  string
}

func (f *secretFlags) register(cmd *cobra.Command) {
	cmd.Flags().BoolVar(&f.stdin, "client-secret-stdin", false, "read the client secret from stdin")
	cmd.Flags().StringVar(&f.file, "client-secret-file", "", "read the client secret from a file")
	// A flag that people will try: better a reason than "unknown flag".
	refused := refusedFlag{}
	cmd.Flags().Var(refused, "client-secret", "")
	_ = cmd.Flags().MarkHidden("client-secret")
}

// refusedFlag refuses every value without repeating it.
type refusedFlag struct{}

func (refusedFlag) String() string { return "" }
func (refusedFlag) Type() string   { return "secret" }
func (refusedFlag) Set(string) error {
	return errSecretInFlag
}

var errSecretInFlag = &stagedoor.Error{
	Op: "read the client secret", Kind: stagedoor.KindUsage,
	Cause: "a secret in a flag can be read by every user of this machine (process list) and stays in the shell's history",
	Fix:   "Give it by prompt, --client-secret-stdin, --client-secret-file FILE or the variable STAGEDOOR_CLIENT_SECRET. If it was a real one, regenerate it on the app's App Credentials page.",
}

// given reports whether a secret was named at all.
func (f *secretFlags) given() bool {
	return f.stdin || f.file != "" || os.Getenv("STAGEDOOR_CLIENT_SECRET") != ""
}

// read returns the client secret: from stdin, a file, the environment, or by a
// prompt on a terminal.
func (f *secretFlags) read(t *terminal, title string) (stagedoor.Secret, error) {
	fail := func(cause, fix string, err error) (stagedoor.Secret, error) {
		return stagedoor.Secret{}, &stagedoor.Error{Op: "read the client secret", Kind: stagedoor.KindUsage, Cause: cause, Fix: fix, Err: err}
	}
	var text string
	switch {
	case f.stdin && f.file != "":
		return fail("both --client-secret-stdin and --client-secret-file are given", "Give one of them.", nil)
	case f.stdin:
		b, err := io.ReadAll(io.LimitReader(t.in, 64<<10))
		if err != nil {
			return fail("stdin can not be read", "Pipe the secret in: `printf %s \"$SECRET\" | stagedoor …`.", err)
		}
		text = string(b)
	case f.file != "":
		b, err := os.ReadFile(f.file)
		if err != nil {
			return fail("the file "+f.file+" can not be read", "Check its path and mode.", err)
		}
		text = string(b)
	case os.Getenv("STAGEDOOR_CLIENT_SECRET") != "":
		text = os.Getenv("STAGEDOOR_CLIENT_SECRET")
	case t.inTTY:
		secret, err := t.prompt(title)
		if err != nil {
			return secret, err
		}
		text = secret.Reveal()
	default:
		return fail("it was not given", "Pipe it in with --client-secret-stdin, name a file with --client-secret-file, or set STAGEDOOR_CLIENT_SECRET.", nil)
	}
	// The end of the line is the file's, not the secret's. Other blanks are
	// kept: if Zoom refuses the secret, they are the reason that we tell.
	text = strings.TrimSuffix(strings.TrimSuffix(text, "\n"), "\r")
	if text == "" {
		return fail("it is empty", "Copy it from the app's App Credentials page.", nil)
	}
	return stagedoor.NewSecret(text), nil
}

// prompt reads a line without showing it.
func (t *terminal) prompt(title string) (stagedoor.Secret, error) {
	text, err := t.lines().Hidden(t.ctx, title+" (not shown): ")
	if err != nil {
		return stagedoor.Secret{}, &stagedoor.Error{Op: "read " + title, Kind: stagedoor.KindInterrupted, Cause: "there was no answer", Err: err}
	}
	return stagedoor.NewSecret(text), nil
}

// passphrase asks for the passphrase of --key passphrase.
func (t *terminal) passphrase(first bool) (stagedoor.Secret, error) {
	if text := os.Getenv("STAGEDOOR_PASSPHRASE"); text != "" {
		return stagedoor.NewSecret(text), nil
	}
	fail := func(cause, fix string) (stagedoor.Secret, error) {
		return stagedoor.Secret{}, &stagedoor.Error{Op: "open the vault", Subject: "passphrase", Kind: stagedoor.KindKey, Cause: cause, Fix: fix}
	}
	if !t.inTTY {
		return fail("there is no terminal to ask for it", "Set STAGEDOOR_PASSPHRASE.")
	}
	one, err := t.prompt("Passphrase")
	if err != nil || !first {
		return one, err
	}
	two, err := t.prompt("Passphrase again")
	if err != nil {
		return two, err
	}
	if !one.Equal(two) {
		return fail("the two are not the same", "Try again.")
	}
	return one, nil
}
