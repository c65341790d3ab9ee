package folder

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"strings"
)

// nameLimit is how long a name may be before what tells it apart: most file
// systems take 255 bytes.
const nameLimit = 160

// safe returns text as a name that every system takes and that stays in its
// folder: what is not a letter, a digit, or one of . _ @ - is written as a URL
// would write it ("a/b" is "a%2Fb"). Long names are cut and get a hash.
func safe(text string) string {
	var b strings.Builder
	for i := range len(text) {
		c := text[i]
		switch {
		case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9', c == '_', c == '@', c == '-', c == '.' && i > 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "%%%02X", c)
		}
	}
	name := b.String()
	if len(name) > nameLimit {
		sum := sha256.Sum256([]byte(text))
		name = name[:nameLimit] + "~" + hex.EncodeToString(sum[:8])
	}
	if reserved(name) {
		name = fmt.Sprintf("%%%02X", name[0]) + name[1:]
	}
	// Windows drops a point at the end of a folder's name.
	if strings.HasSuffix(name, ".") {
		name = name[:len(name)-1] + "%2E"
	}
	return name
}

// reserved reports whether the name is a device on Windows, which it also is
// with any ending.
// Source: learn.microsoft.com, Naming Files, Paths, and Namespaces, read 2026-11.
func reserved(name string) bool {
	name, _, _ = strings.Cut(strings.ToUpper(name), ".")
	switch name {
	case "CON", "PRN", "AUX", "NUL":
		return true
	}
	return len(name) == 4 && (strings.HasPrefix(name, "COM") || strings.HasPrefix(name, "LPT")) && name[3] >= '0' && name[3] <= '9'
}

// pathOf is where a part lies below the folder, with slashes: the slice's name
// and, for what replaces a part that is there, a number.
func pathOf(folder, slice string, version int, suffix string) string {
	name := safe(slice)
	if version > 1 {
		name = fmt.Sprintf("%s.%d", name, version)
	}
	return folder + "/" + name + suffix
}
