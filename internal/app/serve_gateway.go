package app

import (
	"context"
	"net/http"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/gateway"
	"github.com/stagedoor/stagedoor/internal/server"
)

// gateway is the reverse proxy on the daemon's callers and connections; body is
// the most that a request may hold, in bytes, 0 for the usual.
func (d *Daemon) gateway(body int64) http.Handler {
	return gateway.New(gateway.Options{
		Callers: gatewayCallers{d.callers}, Credentials: d.live,
		Document: d.app.Document, PublicURL: server.Base,
		Record: d.strangers.Record, Observer: figures{d.metrics}, Version: Version, MaxBody: body,
	})
}

// gatewayCallers are the callers as the gateway asks for them.
type gatewayCallers struct{ *caller.Callers }

// Verify returns whose an access token is.
func (c gatewayCallers) Verify(ctx context.Context, accessToken stagedoor.Secret) (stagedoor.Caller, error) {
	who, _, err := c.Callers.Verify(ctx, accessToken)
	return who, err
}

// figures gives the metrics what they may know of a request.
type figures struct{ metrics *server.Metrics }

func (f figures) Began() { f.metrics.Began() }

func (f figures) Ended(o gateway.Observation) {
	f.metrics.Ended(server.Call{
		Caller: o.Caller, Credential: o.Credential, Label: string(o.Label), Status: o.Status, Result: o.Result,
		Duration: o.Duration, Waited: o.Waited, Upstream: o.Upstream, Sent: o.Sent, Received: o.Received, Healed: o.Healed,
	})
}
