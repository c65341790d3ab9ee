package server

import (
	"cmp"
	"context"
	"crypto/tls"
	"errors"
	"log"
	"log/slog"
	"net"
	"net/http"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"time"

	"github.com/stagedoor/stagedoor"
)

// Server is the daemon's listeners.
type Server struct {
	options   Options
	doors     []*door
	draining  atomic.Bool
	running   atomic.Int64
	serving   sync.WaitGroup
	failed    chan error
	cancelAll context.CancelFunc
}

// door is one listener.
type door struct {
	listener net.Listener
	told     string // the address as it was given
	http     *http.Server
	secure   bool
	gateway  bool // shows only what --expose gateway does
}

// Listen checks the options and opens the listeners, on which nobody answers
// before [Server.Serve].
func Listen(o Options) (*Server, error) {
	if o.Log == nil {
		o.Log = slog.New(slog.DiscardHandler)
	}
	o.headerTime, o.bodyTime = cmp.Or(o.headerTime, headerTime), cmp.Or(o.bodyTime, bodyTime)
	if err := o.check(); err != nil {
		return nil, err
	}
	config, err := o.tlsConfig()
	if err != nil {
		return nil, err
	}
	s := &Server{options: o, failed: make(chan error, 2)}
	if err := s.open("--listen", o.Listen, config, o.Expose == ExposeGateway); err != nil {
		return nil, err
	}
	if o.OperatorListen != "" {
		if err := s.open("--operator-listen", o.OperatorListen, nil, false); err != nil {
			return nil, errors.Join(err, s.doors[0].listener.Close())
		}
	}
	return s, nil
}

func (s *Server) open(flag, address string, config *tls.Config, gateway bool) error {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return &stagedoor.Error{
			Op: opServe, Subject: flag + " " + address, Kind: stagedoor.KindUsage, Err: err,
			Cause: "the address can not be listened on: " + err.Error(),
			Fix:   "Stop what has the port (or give this machine the address), or take another one with " + flag + " HOST:PORT.",
		}
	}
	s.doors = append(s.doors, &door{listener: listener, told: address, secure: config != nil, gateway: gateway, http: &http.Server{
		TLSConfig: config, ReadHeaderTimeout: s.options.headerTime, IdleTimeout: idleTime, MaxHeaderBytes: headerBytes,
		DisableGeneralOptionsHandler: true, // the router answers all
		ErrorLog:                     log.New(connectionLog{s.options.Log}, "", 0),
	}})
	return nil
}

// connectionLog takes what net/http says of connections that broke: for who
// looks for it, at debug level.
type connectionLog struct{ log *slog.Logger }

func (c connectionLog) Write(text []byte) (int, error) {
	c.log.Debug("connection", "says", stagedoor.Outside(strings.TrimSpace(string(text)), 300))
	return len(text), nil
}

// URL is the address of the public listener, with its real port.
func (s *Server) URL() string { return s.doors[0].url() }

// OperatorURL is the address of the operators' listener; empty if there is none.
func (s *Server) OperatorURL() string {
	if len(s.doors) < 2 {
		return ""
	}
	return s.doors[1].url()
}

func (d *door) url() string {
	scheme := "http://"
	if d.secure {
		scheme = "https://"
	}
	address, ok := d.listener.Addr().(*net.TCPAddr)
	if !ok || !address.IP.IsUnspecified() {
		return scheme + d.listener.Addr().String()
	}
	// Of all addresses: as it was told, for the system writes one family for both.
	host, _, _ := net.SplitHostPort(d.told) // it was listened on
	if host == "" {
		host = "0.0.0.0"
	}
	return scheme + net.JoinHostPort(host, strconv.Itoa(address.Port))
}

// Serve answers requests until [Server.Stop]; it returns at once.
func (s *Server) Serve(parts Parts) {
	ctx, cancel := context.WithCancel(context.Background())
	s.cancelAll = cancel
	for _, d := range s.doors {
		d.http.BaseContext = func(net.Listener) context.Context { return ctx }
		d.http.Handler = &router{
			options: &s.options, names: s.options.names(loopback(d.listener.Addr().String())), gateway: d.gateway,
			parts: parts, draining: &s.draining, running: &s.running,
		}
		s.serving.Go(func() {
			var err error
			if d.secure {
				err = d.http.ServeTLS(d.listener, "", "")
			} else {
				err = d.http.Serve(d.listener)
			}
			if !errors.Is(err, http.ErrServerClosed) {
				s.failed <- &stagedoor.Error{
					Op: opServe, Subject: d.url(), Kind: stagedoor.KindInternal, Err: err,
					Cause: "the listener broke: " + err.Error(), Fix: "Start the daemon again.",
				}
			}
		})
	}
}

// Failed tells of a listener that ended by itself.
func (s *Server) Failed() <-chan error { return s.failed }

// Running is how many requests are being answered.
func (s *Server) Running() int64 { return s.running.Load() }

// Stop takes no new connection, lets the answers that are under way finish until
// ctx ends, and cuts off the rest. It returns how many those were.
func (s *Server) Stop(ctx context.Context) (cut int64) {
	s.draining.Store(true)
	// The operators' door is the last, so that readiness and metrics are there to be
	// seen while callers' answers finish.
	for _, d := range s.doors {
		if d.http.Shutdown(ctx) != nil {
			cut = s.running.Load()
		}
	}
	// The connections first: a handler that sees its request end, and returns, would
	// otherwise end its answer as if it were whole.
	for _, d := range s.doors {
		_ = d.http.Close() // what is left
		_ = d.listener.Close()
	}
	if s.cancelAll != nil {
		s.cancelAll()
	}
	s.serving.Wait()
	// The handlers that were cut off see it, and end; their last lines belong in
	// the audit, which is closed after this.
	for end := time.Now().Add(5 * time.Second); s.running.Load() > 0 && time.Now().Before(end); {
		time.Sleep(5 * time.Millisecond)
	}
	return cut
}
