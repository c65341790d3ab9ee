package gateway

import (
	"cmp"
	"crypto/rand"
	"io"
	"log"
	"net/http"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/stagedoor/stagedoor"
)

// gateway is the handler.
type gateway struct {
	Options
	buffers *buffers
	silent  *log.Logger // for what net/http/httputil would write to stderr
}

// New returns the handler of everything below [Prefix]. Nothing of it runs while
// there is no request.
func New(o Options) http.Handler {
	o.MaxBody = cmp.Or(o.MaxBody, 2<<30)
	o.Idle = cmp.Or(o.Idle, time.Minute)
	o.IdleStream = cmp.Or(o.IdleStream, 10*time.Minute)
	if o.Instance == "" {
		o.Instance = "stagedoor-" + strings.ToLower(rand.Text()[:13])
	}
	return &gateway{Options: o, buffers: &buffers{}, silent: log.New(io.Discard, "", 0)}
}

func (g *gateway) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	x := g.begin(w, r)
	defer x.end()
	if refused := x.serve(); refused != nil {
		x.answer(refused)
	}
}

// serve answers the request, or says with what to refuse it.
func (x *exchange) serve() *refusal {
	if x.cameRound() {
		return refuse(http.StatusLoopDetected, stagedoor.KindUnreachable, "the request came round in a circle: the API URL of the credential leads back to this gateway",
			"Set the API's own address with `stagedoor credential edit NAME --api-url URL`.")
	}
	if refused := x.authenticate(); refused != nil {
		return refused
	}
	x.observed = true
	if x.Observer != nil {
		x.Observer.Began()
	}
	t, refused := targetOf(x.r)
	if refused != nil && refused.status == http.StatusNotFound {
		return elsewhere(x.caller.Credential)
	}
	if refused != nil {
		return refused
	}
	if t.credential != x.caller.Credential {
		return elsewhere(x.caller.Credential) // and the audit shows the whole path
	}
	x.path = t.path
	if !slices.Contains(methods(), x.r.Method) {
		return refuse(http.StatusMethodNotAllowed, stagedoor.KindUsage, "this method is not sent on", "Use "+strings.Join(methods(), ", ")+".").
			with("Allow", strings.Join(methods(), ", "))
	}
	if upgrade := x.r.Header.Get("Upgrade"); upgrade != "" && !strings.EqualFold(upgrade, "h2c") {
		return refuse(http.StatusNotImplemented, stagedoor.KindUsage, "the gateway does not change the protocol of a connection", "Send plain HTTP requests; a WebSocket is opened at the provider itself.")
	}
	if hasToken(t.query) {
		return tokenInQuery()
	}
	if asksForMethod(t.query) {
		return refuse(http.StatusBadRequest, stagedoor.KindUsage, "the query asks for another method than the request", "Send the request with that method.")
	}
	switch t.path {
	case "/openapi.json":
		return x.document(t)
	case "/-/token":
		return x.token(t)
	case "/-/download":
		return x.download(t)
	}
	return x.call(t)
}

// open opens the caller's credential. What it returns is closed when the
// exchange ends.
func (x *exchange) open() *refusal {
	if x.conn != nil {
		return nil
	}
	conn, err := x.Credentials.Open(x.r.Context(), x.caller.Credential)
	if err != nil {
		return failed(err)
	}
	x.conn = conn
	return nil
}

// call sends a request of the API on.
func (x *exchange) call(t target) *refusal {
	u, ok := t.url()
	if !ok {
		return refuse(http.StatusBadRequest, stagedoor.KindUsage, "the path can not be read in one way alone", "Escape what has to be, once, with a percent sign and two hexadecimal digits.")
	}
	if refused := x.open(); refused != nil {
		return refused
	}
	var err error
	if x.op, err = x.Callers.Permit(x.caller, x.conn.Base(), x.r.Method, t.path); err != nil {
		return judged(err)
	}
	return x.forward(u, sender(x.conn.Send, Sending{Operation: x.op}))
}

// buffers are reused from one answer to the next.
type buffers struct{ pool sync.Pool }

func (b *buffers) Get() []byte {
	if buffer, ok := b.pool.Get().(*[]byte); ok {
		return *buffer
	}
	return make([]byte, pieceBytes)
}

func (b *buffers) Put(buffer []byte) { b.pool.Put(&buffer) }
