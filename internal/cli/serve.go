package cli

import (
	"cmp"
	"context"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/spf13/cobra"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/app"
)

func serveCommand(s *session) *cobra.Command {
	cmd := &cobra.Command{
		Use: "serve", Short: "Let callers in: standard OAuth in front, Zoom's own behind", GroupID: groupStart, Args: cobra.NoArgs,
		Long: "Runs the daemon: callers (`stagedoor caller add`) get a token of their own from /oauth/token and call\n" +
			"/to/CREDENTIAL/v2/…, where the credential's token is put on their requests. What another command changes\n" +
			"acts within a second. It keeps the tokens alive of credentials that were used in the last 24 hours.\n\n" +
			"SIGTERM and Ctrl-C stop it: no new connections, and answers under way may finish within --grace; exit\n" +
			"status 0. A second signal ends it at once: exit status 130. All flags can stand in stagedoor.yaml.",
		Example: "stagedoor serve\n\n# Reachable by others, with certificates that come by themselves\n" +
			"stagedoor serve --listen :443 --acme-host gateway.example.com --expose gateway\n\n# Behind nginx or a load balancer that does TLS\n" +
			"stagedoor serve --behind-proxy --public-url https://gateway.example.com",
	}
	o, flags := &s.settings.Serve, cmd.Flags()
	flags.StringVar(&o.Listen, "listen", "", "address and port; port 0 takes a free one (default "+app.DefaultListen+")")
	flags.StringVar(&s.settings.PublicURL, "public-url", "", "how callers reach it, where a proxy or a name stands in between (STAGEDOOR_PUBLIC_URL)")
	flags.StringVar(&o.TLSCert, "tls-cert", "", "certificate with its chain, a PEM file; read again when it changes")
	flags.StringVar(&o.TLSKey, "tls-key", "", "its key, a PEM file")
	flags.StringSliceVar(&o.ACMEHost, "acme-host", nil, "get certificates for this name by ACME (Let's Encrypt); port 443 of it must lead here")
	flags.StringVar(&o.ACMEEmail, "acme-email", "", "where the authority writes to")
	flags.StringVar(&o.ACMEDirectory, "acme-directory", "", "the authority's address (default Let's Encrypt)")
	flags.BoolVar(&o.BehindProxy, "behind-proxy", false, "a proxy in front does TLS; what it says in X-Forwarded-For, -Proto and -Host is believed")
	flags.StringSliceVar(&o.Proxy, "proxy", nil, "believe this proxy alone: an address or a network (default whoever connects)")
	flags.StringVar(&o.Expose, "expose", "", "what is shown: all, or gateway: /oauth/token, /.well-known/, /to/ and health (default all)")
	flags.StringVar(&o.OperatorListen, "operator-listen", "", "with --expose gateway: a loopback address where operators see the rest")
	flags.StringSliceVar(&o.AllowedHost, "allowed-host", nil, "a further name by which it may be called")
	flags.StringVar(&o.Grace, "grace", "", "how long running answers may take when it stops (default 30s)")
	flags.StringVar(&o.MaxBody, "max-body", "", "the most that a caller's request may hold (default 2GiB)")
	cmd.RunE = s.run(func(ctx context.Context, a *app.App, _ []string) error {
		return s.serve(ctx, a, func(d *app.Daemon) {
			s.say("listening on %s", d.URL())
			if operators := d.OperatorURL(); operators != "" {
				s.say("operators: %s/metrics, %s/debug", operators, operators)
			}
			s.sayPage(ctx, a, d)
		})
	})
	return cmd
}

// sayPage tells where the page is, and while nobody may sign in to it, how one begins.
func (s *session) sayPage(ctx context.Context, a *app.App, d *app.Daemon) {
	page := cmp.Or(d.OperatorURL(), d.URL())
	if d.OperatorURL() == "" && !d.Pages() {
		return
	}
	if anybody, err := a.AnyOperator(ctx); err == nil && !anybody {
		s.say("the page: %s, for whom you let in: stagedoor operator invite NAME --role admin", page)
		return
	}
	s.say("the page: %s", page)
}

// serve runs the daemon until a signal ends it.
func (s *session) serve(ctx context.Context, a *app.App, ready func(*app.Daemon)) error {
	signals := make(chan os.Signal, 2)
	signal.Notify(signals, os.Interrupt, syscall.SIGTERM)
	defer signal.Stop(signals)
	d, err := a.Serve(ctx)
	if err != nil {
		return err
	}
	ready(d)
	select {
	case <-signals:
		// What comes at once after it is the same wish.
		time.Sleep(echo)
		for len(signals) > 0 {
			<-signals
		}
	case err = <-d.Failed():
	}
	return s.stop(d, signals, err)
}

// echo is how long after the first signal, before the daemon begins to stop,
// another one counts for nothing: timeout(1) and others signal a program and its
// whole group, and a terminal signals the group that a wrapper signals too.
const echo = 50 * time.Millisecond

// stop stops the daemon, gracefully while nobody is in a hurry. failed is why, if
// no signal was.
func (s *session) stop(d *app.Daemon, signals <-chan os.Signal, failed error) error {
	ctx, cancel := context.WithTimeout(context.Background(), d.Grace())
	defer cancel()
	hurried := make(chan struct{})
	go func() {
		select {
		case <-signals:
			close(hurried)
			cancel()
		case <-ctx.Done():
		}
	}()
	cut, err := d.Stop(ctx)
	if cut > 0 {
		s.say("stopped; %s cut off", count(int(cut), "running answer"))
	}
	select {
	case <-hurried:
		return &stagedoor.Error{Op: "stagedoor serve", Kind: stagedoor.KindInterrupted, Cause: "a second signal ended it before all answers had", Err: err}
	default:
	}
	if failed != nil {
		return failed
	}
	if err != nil {
		return &stagedoor.Error{
			Op: "stop the daemon", Kind: stagedoor.KindStore, Cause: "its last lines of the audit could not be written: " + err.Error(), Err: err,
			Fix: "See why the database can not be written: `stagedoor doctor`.",
		}
	}
	return nil
}
