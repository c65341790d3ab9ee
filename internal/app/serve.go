package app

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"path/filepath"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/crypto/acme/autocert"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/audit"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/egress"
	"github.com/stagedoor/stagedoor/internal/job"
	"github.com/stagedoor/stagedoor/internal/operator"
	"github.com/stagedoor/stagedoor/internal/server"
	"github.com/stagedoor/stagedoor/internal/web"
)

// lookEvery is how often a daemon looks whether somebody changed a credential,
// a caller or an operator's token: often enough to act within a second.
const lookEvery = 250 * time.Millisecond

// Daemon is a running `stagedoor serve`.
type Daemon struct {
	app       *App
	server    *server.Server
	callers   *caller.Callers
	operators *operator.Operators
	people    *operator.People
	audit     *audit.Log
	metrics   *server.Metrics
	strangers *strangers // before the audit
	live      *live
	worker    *job.Worker
	pagesLive *web.Live // tells open pages of changes

	grace    time.Duration
	started  time.Time
	updating sync.Mutex   // one brings the memory up to date at a time
	revision atomic.Int64 // that the memory is up to date with
	end      context.CancelFunc
	endRuns  context.CancelFunc
	working  sync.WaitGroup
}

// Serve starts the daemon and returns when it answers. The App is the daemon's
// from here on: close it after [Daemon.Stop].
func (a *App) Serve(ctx context.Context) (*Daemon, error) {
	options, err := a.serverOptions()
	if err != nil {
		return nil, err
	}
	grace, err := a.settings.Serve.grace()
	if err != nil {
		return nil, err
	}
	body, err := a.settings.Serve.maxBody()
	if err != nil {
		return nil, err
	}
	if err := a.makeHome(); err != nil {
		return nil, err
	}
	if a.lock, err = server.LockHome(a.settings.Home); err != nil {
		return nil, err
	}
	a.self = job.ThisProcess(true)
	d := &Daemon{app: a, grace: grace, started: now()}
	if err := d.parts(ctx, &options); err != nil {
		return nil, err
	}
	if d.server, err = server.Listen(options); err != nil {
		return nil, err
	}
	// The first line says who started it, and proves that the audit can be written:
	// a daemon that could not would let callers in unseen.
	if err := d.audit.Commit(ctx, d.act("serve.start", d.server.URL())); err != nil {
		d.abandon()
		return nil, err
	}
	a.mints = make(chan struct{}, mintsAtOnce)
	running, end := context.WithCancel(context.WithoutCancel(ctx))
	d.end, d.live = end, newLive(running, a)
	a.live, a.address = d.live, d.server.URL()
	if err := a.lock.Tell(d.server.URL(), cmp.Or(d.server.OperatorURL(), d.server.URL())); err != nil {
		a.env.Log.WarnContext(ctx, "commands can not see where this daemon listens", "error", err)
	}
	d.strangers = &strangers{record: d.audit.Record}
	a.strangers = d.strangers.Record
	d.worker = d.newWorker()
	d.metrics = server.NewMetrics(d.debug)
	a.minted = d.metrics.Minted
	a.env.Waiting = nil // nobody waits at a terminal; the log tells of troubles
	pages, err := d.pages(ctx)
	if err != nil {
		end()
		d.abandon()
		return nil, err
	}
	programs, err := d.programs(ctx)
	if err != nil {
		end()
		d.abandon()
		return nil, err
	}
	d.server.Serve(server.Parts{
		UI:      pages,
		API:     programs,
		OAuth:   d.upToDate(tokenServer(d.callers, d.operators, server.Base, server.Narrow, d.granted)),
		Gateway: d.gateway(body),
		Guard:   d.operators.Require,
		Metrics: d.metrics.Handler(),
		Debug:   d.debug,
		Ready:   d.ready,
	})
	d.working.Go(func() { d.follow(running) })
	d.working.Go(func() { d.live.Keep(running) })
	d.working.Go(func() { a.keepAudit(running) })
	d.working.Go(func() { a.keepRuns(running) })
	d.working.Go(func() { a.keepTroubles(running) })
	d.working.Go(func() { a.keepAnswers(running) })
	d.working.Go(func() { a.keepCurves(running) })
	d.working.Go(func() { a.keepSessions(running, d.people) })
	runs, endRuns := context.WithCancel(running)
	d.endRuns = endRuns
	d.working.Go(func() { d.worker.Run(runs) })
	d.working.Go(func() { d.keepStrangers(running.Done()) })
	d.working.Go(func() { d.tellPages(running) })
	return d, nil
}

// serverOptions are what the settings say of the listeners.
func (a *App) serverOptions() (server.Options, error) {
	s := a.settings.Serve
	proxies, err := server.ParseProxies(s.Proxy)
	return server.Options{
		Listen: s.Listen, OperatorListen: s.OperatorListen, Expose: s.Expose, CertFile: s.TLSCert, KeyFile: s.TLSKey,
		BehindProxy: s.BehindProxy, Proxies: proxies, PublicURL: a.settings.PublicURL, AllowedHosts: s.AllowedHost, Log: a.env.Log,
	}, err
}

// parts opens what the daemon stands on.
func (d *Daemon) parts(ctx context.Context, options *server.Options) error {
	a := d.app
	var err error
	if d.callers, err = a.Callers(ctx); err != nil {
		return err
	}
	if d.operators, err = a.Operators(ctx); err != nil {
		return err
	}
	if d.people, err = a.People(ctx); err != nil {
		return err
	}
	revision, err := a.store.Revision(ctx)
	if err != nil {
		return err
	}
	if err := errors.Join(d.callers.Reload(ctx), d.operators.Reload(ctx), d.people.Reload(ctx)); err != nil {
		return err
	}
	d.revision.Store(revision)
	if len(a.settings.Serve.ACMEHost) > 0 {
		if options.ACME, err = a.acme(ctx); err != nil {
			return err
		}
	}
	d.audit, err = a.auditLog(ctx)
	return err
}

// acme is how certificates are got. Keys of TLS and of the account at the
// authority lie below home, sealed as everything is.
func (a *App) acme(ctx context.Context) (*server.ACME, error) {
	key, err := a.vault.Subkey(ctx, "acme cache")
	if err != nil {
		return nil, err
	}
	cache, err := server.NewSealedFolder(filepath.Join(a.settings.Home, "acme"), key)
	if err != nil {
		return nil, err
	}
	s := a.settings.Serve
	authority, err := url.Parse(cmp.Or(s.ACMEDirectory, autocert.DefaultACMEDirectory))
	if err != nil || authority.Hostname() == "" {
		return nil, wrongSetting("--acme-directory", s.ACMEDirectory, "Write the authority's address, like https://acme.example.com/directory.")
	}
	o := egress.Options{Hosts: []string{authority.Hostname()}, CAFile: a.settings.CAFile}
	if s.ACMEDirectory != "" { // one of the user's own may be anywhere
		o.Allow = []string{authority.Hostname()}
	}
	way, err := egress.New(o)
	if err != nil {
		return nil, err
	}
	return &server.ACME{
		Hosts: s.ACMEHost, Email: s.ACMEEmail, Directory: authority.String(), Cache: cache,
		HTTP: &http.Client{Transport: way, Timeout: time.Minute},
	}, nil
}

// act is a line of the audit about the daemon itself.
func (d *Daemon) act(action, detail string) stagedoor.Event {
	return stagedoor.Event{
		At: now(), Actor: actorOf(context.Background()).String(), Action: action, Subject: "daemon", Result: stagedoor.ResultOf(nil),
		Detail: fmt.Sprintf("%s, version %s", detail, Version),
	}
}

// granted is told of each request for a caller's own token.
func (d *Daemon) granted(e stagedoor.Event) {
	d.metrics.Granted(e)
	d.strangers.Record(e)
}

// ready says why callers should not be sent here.
func (d *Daemon) ready(ctx context.Context) error {
	if _, err := d.app.store.Revision(ctx); err != nil {
		return err
	}
	if _, err := d.audit.Waiting(); err != nil {
		return err
	}
	return d.worker.Failed()
}

// URL is where the daemon answers.
func (d *Daemon) URL() string { return d.server.URL() }

// OperatorURL is where it answers operators alone; empty if nowhere.
func (d *Daemon) OperatorURL() string { return d.server.OperatorURL() }

// Pages reports whether its public listener shows the page.
func (d *Daemon) Pages() bool { return d.app.settings.Serve.Expose != server.ExposeGateway }

// Failed tells of a listener that broke.
func (d *Daemon) Failed() <-chan error { return d.server.Failed() }

// Grace is how long running answers may take when the daemon stops.
func (d *Daemon) Grace() time.Duration { return d.grace }

// follow brings the memory up to date whenever the database's revision moved.
func (d *Daemon) follow(ctx context.Context) {
	var failing bool
	for pause(ctx, lookEvery) == nil {
		err := d.update(ctx)
		if err != nil && !failing && ctx.Err() == nil {
			d.app.env.Log.Warn("what changed could not be read; what was read before holds", "error", err)
		}
		failing = err != nil
	}
}

// upToDate judges a request by what the database holds now, not by what it held
// at the last look: whoever adds a caller asks for its token in the next line of
// the same script. Tokens are asked for once an hour, so this costs nothing.
func (d *Daemon) upToDate(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := d.update(r.Context()); err != nil {
			d.app.env.Log.Debug("what changed could not be read before a token is granted", "error", err)
		}
		next.ServeHTTP(w, r)
	})
}

func (d *Daemon) update(ctx context.Context) error {
	d.updating.Lock()
	defer d.updating.Unlock()
	revision, err := d.app.store.Revision(ctx)
	if err != nil || revision == d.revision.Load() {
		return err
	}
	if err := errors.Join(d.callers.Reload(ctx), d.operators.Reload(ctx), d.people.Reload(ctx), d.live.Reload(ctx)); err != nil {
		return err // it is read again next time
	}
	d.revision.Store(revision)
	d.worker.Wake()
	d.pagesLive.Changed(web.TopicCredentials, web.TopicCallers, web.TopicOperators, web.TopicRuns)
	d.app.env.Log.Debug("read what changed", "revision", revision)
	return nil
}

// Stop takes no new connection, lets running answers finish until ctx ends, has
// runs stop where nothing is half done, so that the next daemon goes on with them, and
// closes what the daemon opened; the audit is closed with the App. It returns how many answers were
// cut off.
func (d *Daemon) Stop(ctx context.Context) (cut int64, err error) {
	d.endRuns()
	d.pagesLive.Close() // pages that are open hold a connection each
	cut = d.server.Stop(ctx)
	d.end()
	d.working.Wait()
	d.live.Close()
	detail := "stopped"
	if cut > 0 {
		detail = fmt.Sprintf("stopped; %d answers cut off", cut)
	}
	committing, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	return cut, d.audit.Commit(committing, d.act("serve.stop", detail))
}

// abandon closes the listeners of a daemon that did not start.
func (d *Daemon) abandon() {
	stopped, cancel := context.WithCancel(context.Background())
	cancel()
	d.server.Stop(stopped)
}
