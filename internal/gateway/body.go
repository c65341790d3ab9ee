package gateway

import (
	"errors"
	"io"
	"sync"
)

// keptBytes is how much of a request's body is kept, so that the request can be
// sent again with another token.
const keptBytes = 64 << 10

var (
	errTooLong  = errors.New("the body is longer than the gateway takes")
	errReplaced = errors.New("the body is being sent again")
	errNotKept  = errors.New("the body was too long to be kept")
	errOver     = errors.New("the request is over")
)

// body is a request's body on its way through. It is sent on as it comes, and
// its beginning is kept: while no more than that was read, it can be sent again
// from the start, also before its end has come.
type body struct {
	source io.Reader
	most   int64  // bytes that it may have
	moved  func() // told whenever bytes came

	reading chan struct{} // held over a read of source

	mu      sync.Mutex // guards what follows; never held over a read
	kept    []byte
	lost    bool  // more was read than is kept
	read    int64 // bytes, in all
	err     error // at which source ended
	sending int   // which sending is the current one, from 1
	over    bool
	busy    bool // source is being read
}

func newBody(source io.Reader, most int64, moved func()) *body {
	return &body{source: source, most: most, moved: moved, reading: make(chan struct{}, 1)}
}

// again returns the body from its start. The one that was returned before is
// read no further. It is the GetBody of a request.
func (b *body) again() (io.ReadCloser, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.lost {
		return nil, errNotKept
	}
	b.sending++
	return &sending{body: b, number: b.sending}, nil
}

// whole waits for the end of the body and returns it; nil if it is longer than
// what is kept. It is called before the first byte is sent.
func (b *body) whole() []byte {
	buffer := make([]byte, 8<<10)
	for {
		b.mu.Lock()
		ended, kept, current, over := b.err, b.kept, b.sending, b.over
		b.mu.Unlock()
		switch {
		case ended == io.EOF:
			return kept
		case ended != nil || over || len(kept) >= keptBytes:
			return nil
		}
		_, _, _ = b.fill(current, len(kept), buffer[:min(len(buffer), keptBytes-len(kept))]) // its end is kept
	}
}

// fill reads more of the source for a sending that stands at a place in what is
// kept. There is none to be read before others have read theirs, so that it may
// find more in what is kept, and reads nothing.
func (b *body) fill(number, at int, p []byte) (n int, err error, more bool) {
	b.reading <- struct{}{}
	defer func() { <-b.reading }()
	b.mu.Lock()
	switch {
	case b.over:
		err = errOver
	case number != b.sending:
		err = errReplaced
	case !b.lost && at < len(b.kept):
		more = true
	default:
		err = b.err
	}
	if err != nil || more {
		b.mu.Unlock()
		return 0, err, more
	}
	b.busy = true
	b.mu.Unlock()

	n, err = b.source.Read(p)
	if n > 0 {
		b.moved()
	}

	b.mu.Lock()
	defer b.mu.Unlock()
	b.busy = false
	b.read += int64(n)
	if b.read > b.most {
		n, err = n-int(b.read-b.most), errTooLong
	}
	b.err = err
	// What a sending read that is no longer the current one, the next one needs.
	current := number == b.sending
	switch {
	case current && b.lost:
	case current && len(b.kept)+n > keptBytes:
		b.lost, b.kept = true, nil
	default:
		b.kept = append(b.kept, p[:n]...)
	}
	if !current {
		return 0, errReplaced, false
	}
	return n, err, false
}

// end stops all reading. It reports whether a read is under way, which only the
// connection can end.
func (b *body) end() (busy bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.over = true
	return b.busy
}

// rest waits for the read that is under way.
func (b *body) rest() {
	b.reading <- struct{}{}
	<-b.reading
}

// whollyRead reports whether the body's end was read, and it was a good one.
func (b *body) whollyRead() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err == io.EOF
}

// broken reports whether reading the body failed.
func (b *body) broken() bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.err != nil && b.err != io.EOF
}

// state returns how many bytes came, whether they were too many, and whether
// they can not be sent again.
func (b *body) state() (read int64, tooLong, lost bool) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.read, errors.Is(b.err, errTooLong), b.lost
}

// sending is the body as one sending of the request reads it.
type sending struct {
	body   *body
	number int
	at     int // in kept
}

func (s *sending) Read(p []byte) (int, error) {
	b := s.body
	for {
		b.mu.Lock()
		switch {
		case b.over:
			b.mu.Unlock()
			return 0, errOver
		case s.number != b.sending:
			b.mu.Unlock()
			return 0, errReplaced
		case !b.lost && s.at < len(b.kept):
			n := copy(p, b.kept[s.at:])
			s.at += n
			b.mu.Unlock()
			return n, nil
		case b.err != nil:
			err := b.err
			b.mu.Unlock()
			return 0, err
		}
		b.mu.Unlock()
		n, err, more := b.fill(s.number, s.at, p)
		if !more {
			s.at += n
			return n, err
		}
	}
}

// Close does not end the body, which is the server's and may be needed again.
func (s *sending) Close() error { return nil }
