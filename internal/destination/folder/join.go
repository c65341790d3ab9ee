package folder

import (
	"bytes"
	"context"
	"errors"
	"io"
	"os"
	"slices"
	"strings"
)

// input is a former part that the join reads.
type input struct {
	f     *file
	inner bool // it is of the slice's part, and has rows in its days
	*opened
	key []byte // of the row that it is at; nil after the last one
	out *part  // what is left of it
}

// advance reads the next row.
func (in *input) advance() error {
	err := in.Next()
	if errors.Is(err, io.EOF) {
		in.key = nil
		in.close()
		in.opened = nil
		return nil
	}
	if err == nil {
		in.key, _ = in.Text(0)
	}
	return err
}

// join reads the slice's rows and the former parts side by side, by key, and
// writes the new parts.
func (w *work) join(ctx context.Context) error {
	rows, err := w.s.rows.sorted()
	if err != nil {
		return err
	}
	// Parts are opened when their first key comes: most lie one after the other.
	waiting := slices.Clone(w.inputs)
	slices.SortFunc(waiting, func(a, b *input) int { return strings.Compare(a.f.First, b.f.First) })
	var active []*input
	more, err := rows.next()
	if err != nil {
		return err
	}
	for n := 0; more || len(active) > 0 || len(waiting) > 0; n++ {
		if n%1024 == 0 && ctx.Err() != nil {
			return ctx.Err()
		}
		var key, body []byte
		if more {
			key, body = rows.row()
		}
		least := leastOf(active)
		for len(waiting) > 0 && (least == nil || waiting[0].f.First <= string(least.key)) && (!more || waiting[0].f.First <= string(key)) {
			in := waiting[0]
			waiting = waiting[1:]
			if in.opened, err = openPart(w.s.d.format, w.s.d.at(in.f.Path), in.f.Bytes, w.columns); err != nil {
				return err
			}
			if err := in.advance(); err != nil {
				return err
			}
			if in.key != nil {
				active = append(active, in)
			}
			least = leastOf(active)
		}
		if more && (least == nil || bytes.Compare(key, least.key) <= 0) {
			params := w.s.slice.Params
			for _, in := range active {
				if !bytes.Equal(in.key, key) {
					continue
				}
				// The reading without parameters keeps the rows that it has shown.
				if care, ok := in.Text(len(w.columns) - afterCount + afterParams); !ok || len(care) == 0 {
					params = ""
				}
				if err := in.advance(); err != nil {
					return err
				}
			}
			if err := w.row(key, body, params); err != nil {
				return err
			}
			if more, err = rows.next(); err != nil {
				return err
			}
		} else if least != nil {
			if err := w.former(least); err != nil {
				return err
			}
			if err := least.advance(); err != nil {
				return err
			}
		}
		active = slices.DeleteFunc(active, func(in *input) bool { return in.key == nil })
	}
	return w.finish()
}

func leastOf(active []*input) *input {
	var least *input
	for _, in := range active {
		if least == nil || bytes.Compare(in.key, least.key) < 0 {
			least = in
		}
	}
	return least
}

// row writes a row that came with the slice.
func (w *work) row(key, body []byte, params string) error {
	raw, err := cellsOf(body, w.cells)
	if err != nil {
		return err
	}
	p, err := w.into(&w.fresh)
	if err != nil {
		return err
	}
	p.Text(key)
	for _, at := range w.order {
		if at < 0 {
			p.Null()
		} else {
			w.cells[at].to(p)
		}
	}
	p.Text([]byte(params))
	p.Text([]byte(w.s.run))
	p.Time(w.readAt)
	p.Null()
	if odd(raw) {
		w.raw = appendRaw(w.raw[:0], raw)
		raw = w.raw
	}
	p.Text(raw)
	w.written.Rows++
	return p.ended(key, false)
}

// former writes a row of a former part that did not come with the slice.
func (w *work) former(in *input) error {
	first, after, known := w.s.keySpan()
	inDays := known && string(in.key) >= first && string(in.key) < after
	var mark *int64
	if w.c.Ended && in.inner || w.gone && inDays && (in.inner || w.s.part() == "") {
		at := len(w.columns) - afterCount
		params, _ := in.Text(at + afterParams)
		pulled, _ := in.Time(at + afterPulled)
		_, deleted := in.Time(at + afterDeleted)
		if string(params) == w.s.slice.Params && pulled <= w.readAt && !deleted {
			mark = &w.readAt
			w.written.Gone++
		}
	}
	into := &in.out
	if in.inner && (inDays || w.c.Ended || in.f.Slice == w.s.slice.ID()) {
		into = &w.fresh
	}
	p, err := w.into(into)
	if err != nil {
		return err
	}
	return copyRow(in, p, mark)
}

func (w *work) into(p **part) (*part, error) {
	if *p != nil {
		return *p, nil
	}
	file, err := os.CreateTemp(w.s.d.own, "part-*")
	if err == nil {
		*p, err = newPart(w.s.d.format, file, w.columns)
	}
	return *p, err
}

// finish brings the parts onto the disk.
func (w *work) finish() error {
	add := func(p *part, slice, partition string, version int) error {
		if p == nil {
			return nil
		}
		size, err := p.finish()
		w.done = append(w.done, output{p, &file{
			Stream: w.s.stream.Name, Slice: slice, Partition: partition, Rows: p.rows, Deleted: p.deleted, Bytes: size,
			First: string(p.first), Last: string(p.last), version: version,
		}})
		return err
	}
	above := func(slice string) int { // the number that a part of this name has to have
		version := 1
		for _, in := range w.inputs {
			if in.f.Slice == slice {
				version = max(version, in.f.version+1)
			}
		}
		return version
	}
	id := w.s.slice.ID()
	if err := add(w.fresh, id, w.s.slice.Partition, above(id)); err != nil {
		return err
	}
	for _, in := range w.inputs {
		label := w.s.left(in.f)
		if err := add(in.out, label, in.f.Partition, above(label)); err != nil {
			return err
		}
	}
	return nil
}

// drop closes what is open and removes what was not given its name.
func (w *work) drop() {
	if w.fresh != nil {
		w.fresh.drop()
	}
	for _, in := range w.inputs {
		if in.opened != nil {
			in.close()
			in.opened = nil
		}
		if in.out != nil {
			in.out.drop()
		}
	}
}
