package cli

import (
	"os"
	"strings"

	"github.com/spf13/cobra"
)

// fang, which prints the help, moves whatever stands in brackets to the end of a
// usage line: `api NAME [METHOD] PATH` would read `api NAME PATH [METHOD]`. So
// brackets that must stay where they are go through it as two characters of
// Unicode's private use area, and become brackets again on their way out.
var (
	hideBrackets = strings.NewReplacer("[", "\uE000", "]", "\uE001")
	showBrackets = strings.NewReplacer("\uE000", "[", "\uE001", "]")
)

// helpOut is stdout for help. It stays an *os.File to those who look whether it
// is a terminal.
type helpOut struct{ *os.File }

func (h helpOut) Write(text []byte) (int, error) { return h.WriteString(string(text)) }

// WriteString is here since io.WriteString prefers the file's own.
func (h helpOut) WriteString(text string) (int, error) {
	if _, err := h.File.WriteString(showBrackets.Replace(text)); err != nil {
		return 0, err
	}
	return len(text), nil
}

// usageOf is how a command is called, without its flags: "api NAME [METHOD] PATH".
func usageOf(cmd *cobra.Command) string { return showBrackets.Replace(cmd.Use) }
