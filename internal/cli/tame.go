package cli

import "io"

// shown is where rows and answers go that a server wrote: stdout, and on a
// terminal without what would steer it.
func (s *session) shown() io.Writer {
	if s.outTTY {
		return &tame{to: s.out}
	}
	return s.out
}

// tame is a Writer that puts a question mark in the place of each control
// character but line feed and tab: those of ASCII, and those that UTF-8 writes in
// two bytes (U+0080 to U+009F), which some terminals obey too.
type tame struct {
	to   io.Writer
	half bool // the last byte was the first of the two
}

// firstOfTwo begins U+0080 to U+00BF in UTF-8.
const firstOfTwo = 0xC2

func (t *tame) Write(p []byte) (int, error) {
	out := make([]byte, 0, len(p)+1)
	for _, b := range p {
		switch {
		case t.half && b >= 0x80 && b <= 0x9F:
			out, t.half = append(out, '?'), false
			continue
		case t.half:
			out, t.half = append(out, firstOfTwo), false
		}
		switch {
		case b == firstOfTwo:
			t.half = true
		case b < ' ' && b != '\n' && b != '\t', b == 0x7F:
			out = append(out, '?')
		default:
			out = append(out, b)
		}
	}
	if _, err := t.to.Write(out); err != nil {
		return 0, err
	}
	return len(p), nil
}
