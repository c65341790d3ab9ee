package caller

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"

	"github.com/stagedoor/stagedoor"
)

// segment is one segment of a path as it came on the wire.
type segment struct {
	text string // decoded, whatever the number of times that was needed
	// uuid says that it is escaped in a way that only a UUID of Zoom may be: with
	// an escaped slash, or twice.
	uuid bool
}

// read takes apart a path below the base, which starts with a slash. It refuses
// every path that two servers might read in two ways, so that what the rules see
// is what whoever receives the path sees:
//
//   - escapes that are not needed, since one server compares %75sers with users
//     and another does not; of the characters that need none, only ~ may have one,
//     which many libraries escape;
//   - an escaped slash, backslash, question mark, number sign, semicolon or
//     percent sign, a control character, bytes that are not UTF-8: a server that
//     decodes twice, or too early, finds another path in them. The one exception
//     is Zoom's own, see [isUUID];
//   - empty segments, also at the end, and those of dots: they are what servers
//     clean away;
//   - characters that stand for others, such as full-width letters (what Unicode's
//     form NFKC changes), and those that nobody sees.
func read(path string) ([]segment, error) {
	parts := strings.Split(path[1:], "/")
	segments := make([]segment, len(parts))
	for i, part := range parts {
		var why string
		segments[i], why = readSegment(part)
		if part == "" && i == len(parts)-1 {
			why = "it ends in a slash"
		}
		if why != "" {
			return nil, &stagedoor.Error{
				Op: "read the path", Subject: stagedoor.Outside(path, 200), Kind: stagedoor.KindUsage, Cause: why,
				Fix: "Write the path as Zoom's documents do, each identifier percent-encoded once.",
			}
		}
	}
	return segments, nil
}

// readSegment says in why what is wrong with it.
func readSegment(part string) (s segment, why string) {
	if part == "" {
		return s, "it has two slashes in a row"
	}
	text := make([]byte, 0, len(part))
	for i := 0; i < len(part); i++ {
		c := part[i]
		if c != '%' {
			if why := plain(c); why != "" {
				return s, why
			}
			text = append(text, c)
			continue
		}
		if i+2 >= len(part) || !isHex(part[i+1]) || !isHex(part[i+2]) {
			return s, "a percent sign is not followed by two hexadecimal digits"
		}
		c = unhex(part[i+1])<<4 | unhex(part[i+2])
		if c == '/' || c == '%' {
			s.uuid = true
		} else if why := escaped(c, part[i:i+3]); why != "" {
			return s, why
		}
		text = append(text, c)
		i += 2
	}
	s.text = string(text)
	if s.uuid {
		var ok bool
		if s.text, ok = uuidIn(part); !ok {
			return s, "it holds an escaped slash or percent sign, which only the UUID of a meeting may"
		}
		return s, ""
	}
	return s, suspect(s.text)
}

// plain says why a character may not stand in a path unescaped, or "". RFC 3986
// section 3.3 permits letters, digits and -._~!$&'()*+,;=:@ (read 2026-11-24); a
// semicolon begins what some servers cut off.
func plain(c byte) string {
	switch {
	case isUnreserved(c) || strings.IndexByte("~!$&'()*+,=:@", c) >= 0:
		return ""
	case c == ';':
		return "it holds a semicolon, behind which some servers do not read on"
	case c == '\\':
		return "it holds a backslash, which some servers take for a slash"
	case c < ' ' || c == 0x7f:
		return fmt.Sprintf("it holds a control character (%%%02X)", c)
	}
	return fmt.Sprintf("it holds a byte that must be percent-encoded (%%%02X)", c)
}

// escaped says why a character may not stand in a path as an escape, or "".
func escaped(c byte, as string) string {
	switch {
	case isUnreserved(c):
		return "it writes " + string(rune(c)) + " as " + as + ", which needs no escape"
	case c < ' ' || c == 0x7f:
		return "it holds a control character (" + as + ")"
	case c == '\\' || c == ';' || c == '?' || c == '#':
		return "it holds an escaped " + string(rune(c)) + " (" + as + ")"
	}
	return ""
}

// suspect says why a decoded segment may be read as another, or "".
func suspect(text string) string {
	switch {
	case !utf8.ValidString(text):
		return "it holds bytes that are not UTF-8"
	case strings.Trim(text, ". ") == "":
		return "it holds a segment of dots or blanks alone"
	case !norm.NFKC.IsNormalString(text):
		return "it holds characters that stand for others, such as full-width letters"
	case strings.ContainsAny(text, "\u2044\u2215\u2571\u29f8\u2216\u29f5\u29f9"):
		return "it holds a character that looks like a slash"
	}
	for _, r := range text {
		// What is neither seen nor a blank: marks of direction, private use, and
		// what Unicode has not given out.
		if !unicode.IsGraphic(r) {
			return fmt.Sprintf("it holds a character that nobody sees (%U)", r)
		}
	}
	return ""
}

// uuidIn returns the UUID that a segment is, escaped once or, as Zoom wants it
// where one starts with a slash or holds two, twice: each of / + = that is escaped
// in the same way. + and = may stand as they are.
// Source: the parameter meetingId of GET /past_meetings/{meetingId}, Zoom's API
// Hub, March 2026.
func uuidIn(part string) (string, bool) {
	upper := strings.ToUpper(part)
	if len(part) > 24*5 {
		return "", false
	}
	text := part
	slash, plus, equals := "%2F", "%2B", "%3D"
	if strings.Contains(upper, "%25") {
		slash, plus, equals = "%252F", "%252B", "%253D"
	}
	var b strings.Builder
	for len(text) > 0 {
		switch {
		case hasPrefixFold(text, slash):
			b.WriteByte('/')
			text = text[len(slash):]
		case hasPrefixFold(text, plus):
			b.WriteByte('+')
			text = text[len(plus):]
		case hasPrefixFold(text, equals):
			b.WriteByte('=')
			text = text[len(equals):]
		default:
			b.WriteByte(text[0])
			text = text[1:]
		}
	}
	return b.String(), isUUID(b.String())
}

// isUUID reports whether a text is a UUID as Zoom writes those of meetings: 16
// bytes in Base64, of 22 characters and ==. The four bits that say nothing are not
// looked at, since the examples in Zoom's documents do not keep them zero.
func isUUID(text string) bool {
	digits, ok := strings.CutSuffix(text, "==")
	if !ok || len(digits) != 22 {
		return false
	}
	for i := range len(digits) {
		if c := digits[i]; !isAlphanumeric(c) && c != '+' && c != '/' {
			return false
		}
	}
	return true
}

func hasPrefixFold(text, prefix string) bool {
	return len(text) >= len(prefix) && strings.EqualFold(text[:len(prefix)], prefix)
}

func isAlphanumeric(c byte) bool {
	return 'a' <= c && c <= 'z' || 'A' <= c && c <= 'Z' || '0' <= c && c <= '9'
}

// isUnreserved is true of the characters that nobody need escape (RFC 3986 section
// 2.3), but for the ~ that older rules did not have among them.
func isUnreserved(c byte) bool { return isAlphanumeric(c) || c == '-' || c == '.' || c == '_' }

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c && c <= 'f' || 'A' <= c && c <= 'F'
}

func unhex(c byte) byte {
	switch {
	case c >= 'a':
		return c - 'a' + 10
	case c >= 'A':
		return c - 'A' + 10
	}
	return c - '0'
}

// fold is what a server may make of a segment that does not mind letter case,
// blanks around it and dots behind it, and takes a format that is asked for by a
// suffix off it.
// Source of the last: Spring Framework up to 5.2, "Suffix Match", read 2026-11-25.
func fold(segment string) string {
	segment = strings.TrimRight(strings.TrimSpace(segment), ". ")
	for _, suffix := range []string{".json", ".xml"} {
		if at := len(segment) - len(suffix); at > 0 && strings.EqualFold(segment[at:], suffix) {
			segment = strings.TrimRight(segment[:at], ". ")
		}
	}
	return strings.Map(func(r rune) rune { return unicode.ToLower(unicode.ToUpper(r)) }, segment)
}
