package vault

import (
	"context"
	"encoding/base64"
	"os"
	"path/filepath"
	"strings"

	"github.com/stagedoor/stagedoor"
)

// source is a place where a database's keyset may be.
type source interface {
	name() string // as it is written after --key
	// keyset finds the keyset. known is what the database remembers of it;
	// with nil, and only then, a new one may be made.
	keyset(ctx context.Context, known *fingerprint) (keyset, error)
}

// keySource reads the --key setting.
func keySource(store MetaStore, o Options) (source, error) {
	kind, rest, _ := strings.Cut(o.Key, ":")
	switch {
	case o.Key == "" && o.KeyFile != "":
		return newKeyFile(o.KeyFile, o.Getenv)
	case kind == "file" && rest != "":
		return newKeyFile(rest, o.Getenv)
	case kind == "env" && rest != "":
		return keyVariable{variable: rest, getenv: o.Getenv}, nil
	case o.Key == "passphrase":
		return passphrase{store: store, ask: o.Passphrase}, nil
	}
	// The setting is not repeated: somebody may have put a key there.
	return nil, &stagedoor.Error{
		Op: "open the vault", Subject: "the --key setting", Kind: stagedoor.KindUsage,
		Cause: "it does not say where the key is",
		Fix:   "Write file:PATH, env:NAME or passphrase.",
	}
}

func newKeyFile(path string, getenv func(string) string) (source, error) {
	absolute, err := filepath.Abs(path)
	if err != nil {
		return nil, &stagedoor.Error{
			Op: "open the vault", Subject: path, Kind: stagedoor.KindKey, Err: err,
			Cause: "its path is relative, and the current folder is not known", Fix: "Give a path that starts at the root.",
		}
	}
	return keyFile{path: absolute, handed: handed(absolute, getenv("CREDENTIALS_DIRECTORY"))}, nil
}

// keyVariable is a keyset in an environment variable, in Base64, where a
// platform hands secrets to programs in that way. It is never made: a program
// cannot set its parent's variables.
type keyVariable struct {
	variable string
	getenv   func(string) string
}

func (k keyVariable) name() string { return "env:" + k.variable }

func (k keyVariable) keyset(_ context.Context, known *fingerprint) (keyset, error) {
	encoded := strings.Join(strings.Fields(k.getenv(k.variable)), "")
	if encoded == "" {
		cause := "the variable " + k.variable + " is empty or not set"
		if known != nil {
			return keyset{}, known.lost(k.name(), cause, " into the variable")
		}
		return keyset{}, &stagedoor.Error{
			Op: "open the vault", Subject: k.name(), Kind: stagedoor.KindKey, Cause: cause,
			Fix: "Let Stagedoor make a key file first (--key file:" + filepath.Join(os.TempDir(), "key") + " and a --home of its own), then set the variable to the Base64 of that file.",
		}
	}
	text, err := base64.StdEncoding.DecodeString(encoded)
	if err != nil {
		return keyset{}, &stagedoor.Error{ // err would say where in the key it stumbled
			Op: "read the key", Subject: k.name(), Kind: stagedoor.KindKey,
			Cause: "what is in the variable is not Base64", Fix: "Set it to the output of `base64` on the key file.",
		}
	}
	return parseKeyset(text, k.name())
}
