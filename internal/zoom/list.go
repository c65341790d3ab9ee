package zoom

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/stagedoor/stagedoor"
)

// list is one page of a list.
type list struct {
	rows  [][]byte // slices of the body
	form  string   // the key that held them; empty if none did
	token string   // of the next page
	total int      // -1 where it does not say

	number, count int // page_number and page_count; 0 where it does not say
}

// badAnswer is why a body is no page of a list.
type badAnswer struct {
	cause     string
	brokenOff bool // it ended before its time
}

// whole is the list key of answers that are a list themselves.
const whole = "."

// parseList finds the rows of a page under the first of keys that it has, or,
// without keys, under its only list. A list that is null has no rows, and an
// object in its place is one row. A list that is missing is empty only where the
// answer is a page all the same, and does not count rows: taking any other
// answer for an empty list would lose rows in silence. Names that come twice, invalid UTF-8
// and lone surrogates are let through, since rows are kept as they came; of a
// name that comes twice the last one counts.
func parseList(body []byte, keys []string) (list, *badAnswer) {
	body = bytes.TrimPrefix(body, []byte("\xEF\xBB\xBF"))
	p := listParser{
		body: body, keys: keys, list: list{total: -1}, rank: len(keys),
		decoder: jsontext.NewDecoder(bytes.NewBuffer(body), jsontext.AllowDuplicateNames(true), jsontext.AllowInvalidUTF8(true)),
	}
	err := p.parse()
	if err == nil {
		err = p.whereIsTheList()
	}
	if err == nil {
		return p.list, nil
	}
	if bad, ok := errors.AsType[*badAnswer](err); ok {
		return list{}, bad
	}
	if errors.Is(err, io.ErrUnexpectedEOF) {
		return list{}, &badAnswer{cause: "the answer broke off in the middle", brokenOff: true}
	}
	if errors.Is(err, io.EOF) {
		return list{}, &badAnswer{cause: "the answer is empty"}
	}
	return list{}, notAnObject()
}

// whereIsTheList refuses an answer that is no page of a list.
func (p *listParser) whereIsTheList() error {
	if p.list.form != "" || p.null || len(p.keys) == 0 || p.paged && p.list.total <= 0 {
		return nil
	}
	if _, failed := parseFailure(p.body); failed {
		return nil // the caller explains it
	}
	cause := fmt.Sprintf("the answer has no list %q", p.keys[0])
	if len(p.names) > 0 {
		cause += "; it has " + stagedoor.Outside(strings.Join(p.names, ", "), 120)
	}
	return &badAnswer{cause: cause}
}

func notAnObject() *badAnswer { return &badAnswer{cause: "the answer is not a JSON object"} }

// Error makes badAnswer an error inside the parser.
func (b *badAnswer) Error() string { return b.cause }

type listParser struct {
	body    []byte
	decoder *jsontext.Decoder
	keys    []string
	rank    int      // of the key that the rows came from; len(keys) before any
	lists   []string // without keys: the names of the lists seen
	names   []string // of the other members
	null    bool     // the list is there, as null
	paged   bool     // the answer has a member that pages have
	list    list
}

func (p *listParser) parse() error {
	switch p.decoder.PeekKind() {
	case '{':
	case '[':
		if len(p.keys) > 0 && !slices.Contains(p.keys, whole) {
			return notAnObject()
		}
		p.list.form = whole
		if err := p.readRows(whole); err != nil {
			return err
		}
		return p.end()
	default:
		if _, err := p.decoder.ReadValue(); err != nil {
			return err
		}
		return notAnObject()
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return err
	}
	for p.decoder.PeekKind() != '}' {
		name, err := p.decoder.ReadToken()
		if err != nil {
			return err
		}
		if err := p.member(name.String()); err != nil {
			return err
		}
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return err
	}
	if len(p.keys) == 0 && len(p.lists) > 1 {
		return &badAnswer{cause: "the answer holds more than one list: " + strings.Join(p.lists, ", ")}
	}
	return p.end()
}

// end holds that nothing follows.
func (p *listParser) end() error {
	if _, err := p.decoder.ReadToken(); !errors.Is(err, io.EOF) {
		return &badAnswer{cause: "something follows the end of the answer"}
	}
	return nil
}

// member reads the value of one member of the answer.
func (p *listParser) member(name string) error {
	kind := p.decoder.PeekKind()
	if rank := slices.Index(p.keys, name); rank >= 0 {
		if rank > p.rank || kind == 'n' {
			p.null = p.null || kind == 'n'
			return p.decoder.SkipValue()
		}
		p.rank, p.list.form = rank, name
		return p.readRows(name)
	}
	if len(p.keys) == 0 && kind == '[' {
		if !slices.Contains(p.lists, name) {
			p.lists = append(p.lists, name)
		}
		p.list.form = name
		return p.readRows(name)
	}
	switch name {
	case "next_page_token", "page_size", "page_count", "page_number", "total_records":
		p.paged = true
	default:
		p.names = append(p.names, name)
	}
	switch name {
	case "next_page_token":
		token, err := p.decoder.ReadToken()
		switch {
		case err != nil:
			return err
		case token.Kind() == '"':
			p.list.token = token.String()
		case token.Kind() != 'n':
			return &badAnswer{cause: "next_page_token is not text"}
		default:
			p.list.token = ""
		}
		return nil
	case "total_records":
		return p.readInt(&p.list.total)
	case "page_number":
		return p.readInt(&p.list.number)
	case "page_count":
		return p.readInt(&p.list.count)
	}
	return p.decoder.SkipValue()
}

// readRows reads a list of rows, or an object as the only row.
func (p *listParser) readRows(name string) error {
	p.list.rows = nil
	switch p.decoder.PeekKind() {
	case '{':
		if err := p.readRow(); err != nil {
			return err
		}
		if only := jsontext.Value(p.list.rows[0]).Clone(); len(only) <= 8 && only.Compact() == nil && string(only) == "{}" {
			p.list.rows = nil // an empty object in place of an empty list
		}
		return nil
	case '[':
	default:
		value, err := p.decoder.ReadValue()
		if err != nil {
			return err
		}
		return &badAnswer{cause: fmt.Sprintf("%q holds %s where a list belongs", name, stagedoor.Outside(string(value), 60))}
	}
	if _, err := p.decoder.ReadToken(); err != nil {
		return err
	}
	for p.decoder.PeekKind() != ']' {
		if err := p.readRow(); err != nil {
			return err
		}
	}
	_, err := p.decoder.ReadToken()
	return err
}

// readRow adds the next value as it stands in the body.
func (p *listParser) readRow() error {
	value, err := p.decoder.ReadValue()
	if err != nil {
		return err
	}
	end := p.decoder.InputOffset()
	start := end - int64(len(value))
	p.list.rows = append(p.list.rows, p.body[start:end:end])
	return nil
}

// readInt reads a number, or a text that is one, and leaves the target alone
// where it is neither.
func (p *listParser) readInt(target *int) error {
	value, err := p.decoder.ReadValue()
	if err != nil {
		return err
	}
	if n, err := strconv.Atoi(text([]byte(value))); err == nil {
		*target = n
	}
	return nil
}
