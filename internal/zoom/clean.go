package zoom

import (
	"bytes"
	"errors"
	"regexp"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/stagedoor/stagedoor"
)

var (
	// named are secrets that say what they are, and JWTs.
	named = regexp.MustCompile(`(?i)\b(bearer|basic)\s+[a-z0-9._~+/=-]{16,}` +
		`|\beyJ[a-z0-9_-]{8,}(\.[a-z0-9_-]*)*` +
		`|\b(access_token|refresh_token|client_secret)["']?\s*[:=]\s*["']?[a-z0-9._~+/=%-]{12,}`)
	// runs are long enough to be a token or a client secret.
	runs = regexp.MustCompile(`[A-Za-z0-9._~+/=-]{32,}`)
)

// clean makes outside text fit to be shown: no control characters, nothing that
// looks like a secret, no runs of blanks, valid UTF-8, and no longer than longest
// bytes.
func clean(text string, longest int) string {
	text = runs.ReplaceAllStringFunc(tidy(text), func(run string) string {
		if looksRandom(run) {
			return stagedoor.Redacted
		}
		return run
	})
	if len(text) <= longest {
		return text
	}
	cut := longest - len("…")
	for cut > 0 && !utf8.RuneStart(text[cut]) {
		cut--
	}
	return text[:cut] + "…"
}

// tidy is clean for texts that are long and random by their nature.
func tidy(text string) string {
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) || unicode.Is(unicode.Cf, r) { // Cf: marks that turn the direction of text
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, "\uFFFD"))
	return named.ReplaceAllString(strings.Join(strings.Fields(text), " "), stagedoor.Redacted)
}

// looksRandom tells a token from a long word or an address.
func looksRandom(run string) bool {
	return strings.ContainsAny(run, "0123456789") && strings.ToLower(run) != run && strings.ToUpper(run) != run
}

// cleanError returns err, or its cleaned text where that text is not fit to be
// shown.
func cleanError(err error) error {
	if text := clean(err.Error(), detailBytes); text != err.Error() {
		return errors.New(text)
	}
	return err
}

// firstBytes shows what an answer that is not JSON says: the title of a page,
// or its beginning.
func firstBytes(body []byte) string {
	body = body[:min(len(body), 4<<10)]
	if _, after, ok := bytes.Cut(body, []byte("<title>")); ok {
		title, _, _ := bytes.Cut(after, []byte("</title>"))
		body = title
	}
	return clean(string(body), 120)
}
