package sync

import (
	"encoding/binary"
	"os"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// keptBytes is how much of a parent's rows by day stays in memory: some eight
// thousand meetings. parcelBytes is what a reading gathers before it keeps it.
const (
	keptBytes   = 1 << 20
	parcelBytes = 128 << 10
)

// rowsByDay keeps what a parent with a window has told of its children's parts,
// by the day: the first rows in memory, and what is beyond that in a temporary
// file without a name, so that a run over a million meetings takes the memory of
// one over ten thousand. Where there is no room for the file all stays in memory.
type rowsByDay struct {
	mu   sync.Mutex
	lies map[time.Time][]segment
	held int      // bytes in memory
	file *os.File // nil: none is needed yet, or none can be had
	name string   // of the file, where it could not be unnamed at once
	size int64    // of the file
}

// segment is where rows of one day lie that were found together.
type segment struct {
	packed string // in memory, or
	at     int64  // in the file
	bytes  int
}

func (d *rowsByDay) keep(packed []byte) segment {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.held+len(packed) > keptBytes && d.open() {
		if _, err := d.file.WriteAt(packed, d.size); err == nil {
			at := d.size
			d.size += int64(len(packed))
			return segment{at: at, bytes: len(packed)}
		}
	}
	d.held += len(packed)
	return segment{packed: string(packed)}
}

// take makes what a reading has found one's own.
func (d *rowsByDay) take(p *parcel) {
	p.flush()
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.lies == nil {
		d.lies = map[time.Time][]segment{}
	}
	for _, s := range p.lies {
		d.lies[s.day] = append(d.lies[s.day], s.segment)
	}
	p.lies = nil
}

// parcel is what one reading has found so far, which counts only when it is
// committed. It is used by one goroutine at a time.
type parcel struct {
	of    *rowsByDay
	lies  []daySegment
	byDay map[time.Time][]byte // what is still to be kept
	bytes int                  // of that
}

type daySegment struct {
	day time.Time
	segment
}

func (p *parcel) add(r row) {
	packed := p.byDay[r.day]
	before := len(packed)
	packed = append(packed, 0)
	if r.alone {
		packed[before] = 1
	}
	for _, text := range []string{r.value, r.carried} {
		packed = append(binary.AppendUvarint(packed, uint64(len(text))), text...)
	}
	if p.byDay == nil {
		p.byDay = map[time.Time][]byte{}
	}
	p.byDay[r.day] = packed
	if p.bytes += len(packed) - before; p.bytes > parcelBytes {
		p.flush()
	}
}

func (p *parcel) flush() {
	for day, packed := range p.byDay {
		p.lies = append(p.lies, daySegment{day, p.of.keep(packed)})
	}
	p.byDay, p.bytes = nil, 0
}

// join adds what another has found.
func (p *parcel) join(other *parcel) {
	p.flush()
	other.flush()
	p.lies = append(p.lies, other.lies...)
	other.lies = nil
}

// forget gives back the memory of a reading that broke off.
func (p *parcel) forget() {
	p.of.mu.Lock()
	defer p.of.mu.Unlock()
	for _, s := range p.lies {
		p.of.held -= len(s.packed)
	}
	p.lies, p.byDay, p.bytes = nil, nil, 0
}

// open reports whether there is a file.
func (d *rowsByDay) open() bool {
	if d.file != nil {
		return true
	}
	file, err := os.CreateTemp("", "stagedoor-parts-*") // mode 0600
	if err != nil {
		return false
	}
	d.file = file
	if os.Remove(file.Name()) != nil { // not while it is open, on Windows
		d.name = file.Name()
	}
	return true
}

func (d *rowsByDay) none(days stagedoor.Days) bool {
	d.mu.Lock()
	defer d.mu.Unlock()
	for day := days.Since; !day.After(days.Until); day = day.AddDate(0, 0, 1) {
		if len(d.lies[day]) > 0 {
			return false
		}
	}
	return true
}

// of returns the rows of the days, each part once.
func (d *rowsByDay) of(days stagedoor.Days) ([]row, error) {
	d.mu.Lock()
	defer d.mu.Unlock()
	var rows []row
	for day := days.Since; !day.After(days.Until); day = day.AddDate(0, 0, 1) {
		for _, s := range d.lies[day] {
			packed, err := d.read(s)
			if err != nil {
				return nil, err
			}
			for packed != "" {
				r := row{alone: packed[0] == 1, day: day}
				packed = packed[1:]
				r.value, packed = cutText(packed)
				r.carried, packed = cutText(packed)
				rows = append(rows, r)
			}
		}
	}
	return distinct(rows), nil
}

func (d *rowsByDay) read(s segment) (string, error) {
	if s.bytes == 0 {
		return s.packed, nil
	}
	packed := make([]byte, s.bytes)
	if _, err := d.file.ReadAt(packed, s.at); err != nil {
		return "", &stagedoor.Error{
			Op: "sync", Subject: "temporary file in " + os.TempDir(), Kind: stagedoor.KindInternal, Err: err,
			Cause: "what was put there could not be read again: " + err.Error(),
			Fix:   "Look at the disk, or set TMPDIR to another folder, and run the command again: it goes on after the last slice that was written.",
		}
	}
	return string(packed), nil
}

func (d *rowsByDay) close() {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.lies = nil
	if d.file == nil {
		return
	}
	_ = d.file.Close() // nothing of it is wanted any more
	if d.name != "" {
		_ = os.Remove(d.name)
	}
	d.file = nil
}

// cutText returns the text whose length packed begins with, and what follows it.
func cutText(packed string) (text, rest string) {
	size, n := binary.Uvarint([]byte(packed[:min(len(packed), binary.MaxVarintLen64)]))
	end := n + int(size)
	return packed[n:end], packed[end:]
}
