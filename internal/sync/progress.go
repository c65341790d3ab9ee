package sync

import (
	"time"
)

// Progress is how far a run is. It is a document of its own: whoever shows a run
// of another process keeps it as JSON.
type Progress struct {
	Streams  []StreamProgress `json:"streams"` // in the order of the plan
	Done     int              `json:"slices_done"`
	Slices   int              `json:"slices"` // that are known so far
	Rows     int              `json:"rows"`   // that the provider gave, slices that are under way included
	Requests int              `json:"requests"`
	Retries  int              `json:"retries"`
	// SecondsLeft is how long the rest takes at the pace so far; -1 where that can
	// not be told yet.
	SecondsLeft int `json:"seconds_left"`
	// Now is where the run is that last had something to tell.
	Now int `json:"-"`
}

// The states of a stream in a progress.
const (
	StreamWaits   = "waiting"
	StreamFinds   = "finding" // what it is read by
	StreamReads   = "reading"
	StreamDone    = "done"
	StreamFailed  = "failed"
	secondsBefore = 3 // how long a run must have gone before its end is foretold
)

// StreamProgress is a progress's part on one stream.
type StreamProgress struct {
	Stream   string `json:"stream"`
	Label    string `json:"label,omitempty"`
	State    string `json:"state"`
	Slice    string `json:"slice,omitempty"` // that was heard of last
	Done     int    `json:"slices_done"`
	Slices   int    `json:"slices"`
	Rows     int    `json:"rows"`
	Requests int    `json:"requests"`
	// Of is what the stream's parts are, of streams that are read in parts, and
	// Parts how many were found.
	Of    string `json:"of,omitempty"`
	Parts int    `json:"partitions,omitempty"`
	Pace  string `json:"pace,omitempty"` // "9 of 10/s", of all calls of its label
}

// Reading returns how many streams are being read.
func (p Progress) Reading() int {
	n := 0
	for _, s := range p.Streams {
		if s.State == StreamReads {
			n++
		}
	}
	return n
}

// tell gives the progress to who looks.
func (r *run) tell(about *output) {
	if r.Progress == nil {
		return
	}
	r.telling.Lock()
	defer r.telling.Unlock()
	r.Progress(r.progress(about))
}

func (r *run) progress(about *output) Progress {
	r.mu.Lock()
	defer r.mu.Unlock()
	p := Progress{SecondsLeft: -1}
	type labelled struct{ requests, left int }
	byLane := map[*lane]labelled{}
	known := true
	for i, out := range r.outs {
		s := StreamProgress{
			Stream: out.plan.Stream.Name, State: out.state, Slice: out.at, Done: out.done, Slices: len(out.plan.Slices),
			Rows: out.report.Returned + out.flying, Requests: out.report.Requests,
		}
		if r.Label != nil {
			s.Label = r.Label(out.plan.Stream)
		}
		if r.Pace != nil && s.State == StreamReads {
			s.Pace = r.Pace(out.plan.Stream)
		}
		if out.plan.Parts != nil {
			s.Of, s.Parts = out.plan.Parts.Of, out.plan.Parts.Count
		}
		if out == about {
			p.Now = i
		}
		p.Streams = append(p.Streams, s)
		p.Done, p.Slices = p.Done+s.Done, p.Slices+s.Slices
		p.Rows, p.Requests, p.Retries = p.Rows+s.Rows, p.Requests+s.Requests, p.Retries+out.report.Retries
		l := byLane[out.node.lane]
		l.requests += s.Requests
		switch s.State {
		case StreamReads:
			l.left += out.callsLeft()
		case StreamWaits, StreamFinds:
			known = known && out.plan.Stream.Partition == nil
			l.left += out.callsLeft()
		}
		byLane[out.node.lane] = l
	}
	gone := r.now().Sub(r.began)
	if !known || gone < secondsBefore*time.Second {
		return p
	}
	// Labels are read at the same time, and streams of a label share its pace.
	for _, l := range byLane {
		switch {
		case l.left == 0:
			p.SecondsLeft = max(p.SecondsLeft, 0)
		case l.requests > 0:
			p.SecondsLeft = max(p.SecondsLeft, int(gone.Seconds()*float64(l.left)/float64(l.requests)))
		default:
			p.SecondsLeft = -1
			return p
		}
	}
	return p
}

// callsLeft is how many calls the rest of a stream takes, if its slices go on as
// they were so far, and at least what the plan says.
func (o *output) callsLeft() int {
	if o.planned == 0 {
		return o.least
	}
	return max(o.least, o.least*o.spent/o.planned)
}
