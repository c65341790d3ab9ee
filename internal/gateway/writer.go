package gateway

import (
	"net/http"
	"sync/atomic"
)

// pieceBytes is how much is handed to the connection at once, so that the watch
// over a request sees bytes move on a slow one.
const pieceBytes = 32 << 10

// writer is the answer on its way to the caller.
type writer struct {
	http.ResponseWriter
	moved   func()
	unread  func() bool  // whether a body of the request is not read to its end; nil: there is none, or no matter
	own     http.Header  // what was said of the answer before it was the gateway's
	status  atomic.Int32 // 0 until the answer began
	bytes   atomic.Int64 // of its body
	aborted atomic.Bool  // it did not come to its end
}

func (w *writer) WriteHeader(status int) {
	if status < 200 {
		bare(w.Header())
	} else if w.status.Load() == 0 {
		// net/http/httputil empties the header after each informational answer.
		for name, values := range w.own {
			if w.Header()[name] == nil {
				w.Header()[name] = values
			}
		}
	}
	if status >= 200 && w.status.CompareAndSwap(0, int32(status)) && w.unread != nil && w.unread() {
		// What is left of the body must not be read as the next request. net/http
		// sees to that where the body is read before the answer, and not where both
		// go at once.
		w.Header().Set("Connection", "close")
	}
	w.ResponseWriter.WriteHeader(status)
	w.moved()
}

func (w *writer) Write(p []byte) (written int, err error) {
	if w.status.Load() == 0 {
		w.WriteHeader(http.StatusOK)
	}
	for len(p) > 0 && err == nil {
		var n int
		n, err = w.ResponseWriter.Write(p[:min(len(p), pieceBytes)])
		written, p = written+n, p[n:]
		w.bytes.Add(int64(n))
		w.moved()
	}
	if err != nil {
		w.aborted.Store(true)
	}
	return written, err
}

// Unwrap gives http.ResponseController what is beneath.
func (w *writer) Unwrap() http.ResponseWriter { return w.ResponseWriter }
