package sync

import (
	"encoding/binary"
	"fmt"
	"math"
	"slices"
	"time"

	"github.com/stagedoor/stagedoor"
)

// row is what a row of a parent says of one part of a child. It is kept short,
// since a run may hold many of them.
type row struct {
	value   string
	carried string // the values in the order of the finder's carries, packed; with value in one piece of memory
	alone   bool   // the part tells of one person only
	day     time.Time
}

// finder takes a child's parts out of the rows of its parent.
type finder struct {
	child *node
	value int   // the column whose value names the part
	days  []int // columns whose day a row lies in, the first that is not empty
	only  map[int]string
	alone int      // -1: none
	from  []int    // columns that the child's records carry
	into  []string // under these names

	// What was found, of readings that were committed. A parent without a window
	// has a list for each of its slices, and one with a window one for each day.
	slices [][]row
	byDay  rowsByDay
	seen   int              // rows of the parent, of whatever kind
	none   bool             // the provider has counted the parent's rows: there are none
	doubts []stagedoor.Days // of which the parent did not show all
}

func newFinder(parent stagedoor.Stream, child *node) (*finder, error) {
	p := child.stream.Partition
	f := &finder{child: child, value: columnOf(parent, p.Column), alone: columnOf(parent, p.Alone), only: map[int]string{}}
	columns := []string{p.Column}
	for _, name := range parent.Day {
		f.days = append(f.days, columnOf(parent, name))
	}
	for name, value := range p.Only {
		columns = append(columns, name)
		f.only[columnOf(parent, name)] = value
	}
	var names []string
	for name := range p.Carry {
		names = append(names, name)
	}
	slices.Sort(names)
	for _, name := range names {
		columns = append(columns, name)
		f.from, f.into = append(f.from, columnOf(parent, name)), append(f.into, p.Carry[name])
	}
	for _, name := range columns {
		if columnOf(parent, name) < 0 {
			return nil, undeclared(child.stream, fmt.Sprintf("it is read by the column %s of %s, which has none", name, parent.Name))
		}
	}
	if (parent.Window != nil) != p.Nested {
		return nil, undeclared(child.stream, "its parts lie in slices where its parent has a window, and only there")
	}
	return f, nil
}

func undeclared(s stagedoor.Stream, cause string) error {
	return &stagedoor.Error{Op: "plan " + s.Name, Kind: stagedoor.KindInternal, Cause: cause}
}

// take returns the part that a parent's row names, if any: a pending user has no
// id. Values outlive the page that they came with.
func (f *finder) take(record stagedoor.Decoded, slice stagedoor.Slice) (row, bool) {
	r := row{value: textOf(record.Values[f.value]), day: slice.Days.Since}
	if r.value == "" {
		return row{}, false
	}
	for column, want := range f.only {
		if textOf(record.Values[column]) != want {
			return row{}, false
		}
	}
	for _, column := range f.days {
		if t, ok := record.Values[column].(time.Time); ok {
			r.day = stagedoor.DayOf(t)
			break
		}
	}
	if f.alone >= 0 {
		r.alone = textOf(record.Values[f.alone]) == "1"
	}
	packed := []byte(r.value)
	for _, column := range f.from {
		packed = pack(packed, record.Values[column])
	}
	both := string(packed)
	r.value, r.carried = both[:len(r.value)], both[len(r.value):]
	return r, true
}

func (f *finder) part(r row) stagedoor.Part {
	part := stagedoor.Part{Value: r.value}
	if len(f.into) > 0 {
		part.Carried = make(map[string]any, len(f.into))
		packed := r.carried
		for _, name := range f.into {
			part.Carried[name], packed = unpack(packed)
		}
	}
	return part
}

// keep adds what the reading of one of the parent's slices has found, of which
// something may have been left out.
func (f *finder) keep(u *unit, found *finding, seen int, whole bool) {
	slice := u.index
	f.seen += seen
	if found.days != nil {
		if !whole {
			f.doubts = append(f.doubts, u.slice.Days)
		}
		f.byDay.take(found.days)
		return
	}
	for len(f.slices) <= slice {
		f.slices = append(f.slices, nil)
	}
	f.slices[slice] = found.rows
}

// finding is what a finder has taken of one reading so far: by day where the
// parent has days.
type finding struct {
	rows []row
	days *parcel
}

// findings begins a finding for each of the finders.
func findings(finders []*finder) []finding {
	list := make([]finding, len(finders))
	for i, f := range finders {
		if f.child.stream.Partition.Nested {
			list[i].days = &parcel{of: &f.byDay}
		}
	}
	return list
}

func (f *finding) add(r row) {
	if f.days != nil {
		f.days.add(r)
		return
	}
	f.rows = append(f.rows, r)
}

func (f *finding) join(other *finding) {
	if f.days != nil {
		f.days.join(other.days)
		return
	}
	f.rows = append(f.rows, other.rows...)
}

// forget is for readings that broke off.
func forget(list []finding) {
	for i := range list {
		if list[i].days != nil {
			list[i].days.forget()
		}
	}
}

// all returns every part, in the provider's order.
func (f *finder) all() []row {
	rows := distinct(slices.Concat(f.slices...))
	f.slices = [][]row{rows}
	return rows
}

// complete reports whether all parts of a slice's days are known.
func (f *finder) complete(days stagedoor.Days) bool {
	return !slices.ContainsFunc(f.doubts, func(d stagedoor.Days) bool { return overlap(d, days) })
}

// A packed value is a byte that tells what it is, and what that needs.
const (
	packedNull byte = iota
	packedText
	packedInteger
	packedReal
	packedFalse
	packedTrue
	packedTime
)

// pack appends a value of a record.
func pack(to []byte, value any) []byte {
	switch v := value.(type) {
	case string:
		return append(binary.AppendUvarint(append(to, packedText), uint64(len(v))), v...)
	case int64:
		return binary.AppendVarint(append(to, packedInteger), v)
	case float64:
		return binary.AppendUvarint(append(to, packedReal), math.Float64bits(v))
	case bool:
		if v {
			return append(to, packedTrue)
		}
		return append(to, packedFalse)
	case time.Time:
		return binary.AppendVarint(binary.AppendVarint(append(to, packedTime), v.Unix()), int64(v.Nanosecond()))
	}
	return append(to, packedNull)
}

// unpack returns the value that packed begins with, and what follows it.
func unpack(packed string) (value any, rest string) {
	kind, at := packed[0], 1
	number := func() int64 {
		v, n := binary.Varint([]byte(packed[at:min(len(packed), at+binary.MaxVarintLen64)]))
		at += n
		return v
	}
	length := func() uint64 {
		v, n := binary.Uvarint([]byte(packed[at:min(len(packed), at+binary.MaxVarintLen64)]))
		at += n
		return v
	}
	switch kind {
	case packedText:
		size := int(length())
		value, at = packed[at:at+size], at+size
	case packedInteger:
		value = number()
	case packedReal:
		value = math.Float64frombits(length())
	case packedFalse, packedTrue:
		value = kind == packedTrue
	case packedTime:
		seconds := number()
		value = time.Unix(seconds, number()).UTC()
	}
	return value, packed[at:]
}

// columnOf returns the column's place, or -1.
func columnOf(s stagedoor.Stream, name string) int {
	return slices.IndexFunc(s.Columns, func(c stagedoor.Column) bool { return c.Name == name })
}

// textOf returns a value as text; nil is the empty text.
func textOf(value any) string {
	switch v := value.(type) {
	case nil:
		return ""
	case string:
		return v
	}
	return fmt.Sprint(value)
}

// distinct leaves out parts that came before: somebody who changes from active
// to inactive between two calls is listed twice.
func distinct(rows []row) []row {
	seen := make(map[string]bool, len(rows))
	return slices.DeleteFunc(rows, func(r row) bool {
		twice := seen[r.value]
		seen[r.value] = true
		return twice
	})
}
