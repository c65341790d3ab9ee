package stagedoor

import (
	"net/http"
	"regexp"
	"strings"
	"sync"
	"unicode"
	"unicode/utf8"
)

var (
	// named are secrets that say what they are, and JWTs.
	named = lazy(`(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{16,}` +
		`|\beyJ[a-z0-9_-]{8,}(\.[a-z0-9_-]*)*` +
		`|\b(access_token|refresh_token|client_secret)["']?\s*[:=]\s*["']?[a-z0-9._~+/=%-]{12,}`)
	// percent are texts of which every character is escaped.
	percent = lazy(`(%[0-9A-Fa-f]{2}){8,}`)
	// runs are long enough to be a token or a client secret, in any encoding.
	runs = lazy(`[A-Za-z0-9._~+/=-]{32,}`)
	// words are the parts of a run between the marks that paths and names have.
	words = lazy(`[A-Za-z0-9]+`)
)

// lazy compiles a pattern when it is first needed: most commands need none, and
// all would wait for it.
func lazy(pattern string) func() *regexp.Regexp {
	return sync.OnceValue(func() *regexp.Regexp { return regexp.MustCompile(pattern) })
}

// Outside makes a text that a stranger wrote (an answer, a page, an error that
// was pasted) fit to be shown: one line of valid UTF-8, without control
// characters, with [Redacted] in place of whatever looks like a secret, and of
// at most so many bytes. Servers do repeat in an error what they were sent.
func Outside(text string, longest int) string {
	if !unsuspicious(text) {
		text = redacted(text)
	}
	return shorten(text, longest)
}

func redacted(text string) string {
	text = named().ReplaceAllString(oneLine(text), Redacted)
	text = percent().ReplaceAllString(text, Redacted)
	text = runs().ReplaceAllStringFunc(text, func(run string) string {
		if looksRandom(run) {
			return Redacted
		}
		return run
	})
	return text
}

// TrackingID returns the header that names a call to Zoom's support. It is
// random by its nature, so it is only kept short and clean.
func TrackingID(header http.Header) string {
	text := header.Get("X-Zm-Trackingid")
	if !printable(text) || !unnamed(text) {
		text = named().ReplaceAllString(oneLine(text), Redacted)
	}
	return shorten(text, 120)
}

// unsuspicious reports whether the text is one that [Outside] would not change,
// for most are, and patterns are slow: the gateway asks it for every path.
func unsuspicious(text string) bool {
	run := 0
	for i := range len(text) {
		switch c := text[i]; {
		case c == '%':
			return false
		case 'a' <= c && c <= 'z', 'A' <= c && c <= 'Z', '0' <= c && c <= '9', strings.IndexByte("._~+/=-", c) >= 0:
			if run++; run >= 32 {
				return false
			}
		default:
			run = 0
		}
	}
	return printable(text) && unnamed(text)
}

// printable reports whether the text is visible ASCII, without any blank.
func printable(text string) bool {
	for i := range len(text) {
		if text[i] <= ' ' || text[i] > '~' {
			return false
		}
	}
	return true
}

// unnamed reports whether the pattern named can not match a text without blanks.
func unnamed(text string) bool {
	text = strings.ToLower(text)
	for _, word := range []string{"eyj", "access_token", "refresh_token", "client_secret"} {
		if strings.Contains(text, word) {
			return false
		}
	}
	return true
}

func oneLine(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) { // Cf: marks that turn the direction of text
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return strings.Join(strings.Fields(text), " ")
}

func shorten(text string, longest int) string {
	if len(text) <= longest {
		return text
	}
	cut := longest - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// looksRandom tells a token, or a secret in hexadecimal or Base64, from a long
// path or name: it mixes capitals, small letters and digits all along, or has a
// long word of letters and digits.
func looksRandom(run string) bool {
	if strings.ContainsAny(run, "0123456789") && strings.ToLower(run) != run && strings.ToUpper(run) != run {
		return true
	}
	for _, word := range words().FindAllString(run, -1) {
		if len(word) >= 24 && (strings.ContainsAny(word, "0123456789") || changesOfCase(word) > len(word)/4) {
			return true
		}
	}
	return false
}

func changesOfCase(word string) int {
	n := 0
	for i := 1; i < len(word); i++ {
		if (word[i] >= 'a') != (word[i-1] >= 'a') {
			n++
		}
	}
	return n
}
