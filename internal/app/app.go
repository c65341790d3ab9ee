package app

import (
	"context"
	"errors"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"os/user"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/audit"
	"github.com/stagedoor/stagedoor/internal/caller"
	"github.com/stagedoor/stagedoor/internal/job"
	"github.com/stagedoor/stagedoor/internal/operator"
	"github.com/stagedoor/stagedoor/internal/quota"
	"github.com/stagedoor/stagedoor/internal/server"
	"github.com/stagedoor/stagedoor/internal/store"
	"github.com/stagedoor/stagedoor/internal/vault"
	"github.com/stagedoor/stagedoor/internal/zoom"
)

// Environment is what surrounds the program; tests give their own.
type Environment struct {
	Command    string // what runs, for the audit: "stagedoor token"
	Getenv     func(string) string
	Passphrase func(first bool) (stagedoor.Secret, error) // asks for the passphrase of --key passphrase
	Log        *slog.Logger
	// Waiting, if set, is told of each wait for Zoom or its token endpoint that
	// has no listener of its own ([Use]).
	Waiting func(zoom.Event)
	// PasswordWork is what an operator's password costs; zero: the usual. Tests take
	// less.
	PasswordWork operator.Work
}

// App holds the parts that a command needs. They are built when first asked
// for, so that a command which needs no database opens none.
type App struct {
	settings  Settings
	env       Environment
	store     *store.Store
	vault     *vault.Vault
	callers   *caller.Callers
	operators *operator.Operators
	people    *operator.People
	audit     *audit.Log    // of this process, once it wrote a line
	mints     chan struct{} // holds the requests to token endpoints that run; nil: any number may
	lock      *server.Lock  // of the home, in a daemon
	self      stagedoor.Process
	began     time.Time // when the process did
	// minted is told of each request to a token endpoint; nil: nobody is.
	minted func(credential string, err error)
	// strangers takes the lines of those who did not prove who they are; nil: there is
	// no daemon, and they go to the audit as all others.
	strangers func(stagedoor.Event)
	// Parts are opened on first use, by whoever comes first. These guard the opening;
	// pointers, so that an App may be copied.
	vaultOnce, auditOnce, callersOnce, operatorsOnce, peopleOnce *sync.Mutex
	address                                                      string // where a daemon listens; empty: this is none

	troubles *troubles
	live     *live // of a daemon; nil: this is none

	mu        *sync.Mutex                   // guards what follows; a pointer, so that an App may be copied
	providers map[string]stagedoor.Provider // those that were asked for, by name
	quotas    map[string]*quota.Account     // those that were asked for, by account
	former    []*quota.Account              // of accounts that have another plan by now
}

// Open returns the App for the settings, which must have been resolved.
func Open(settings Settings, env Environment) (*App, error) {
	return &App{
		settings: settings, env: env, mu: new(sync.Mutex), troubles: new(troubles), self: job.ThisProcess(false), began: now(),
		vaultOnce: new(sync.Mutex), auditOnce: new(sync.Mutex), callersOnce: new(sync.Mutex), operatorsOnce: new(sync.Mutex), peopleOnce: new(sync.Mutex),
	}, nil
}

// closing is how long writing down what was used may take.
const closing = 12 * time.Second

// Close gives the quota that was held back to other processes, and closes what
// was opened.
func (a *App) Close() error {
	ctx, cancel := context.WithTimeout(context.Background(), closing)
	defer cancel()
	var errs []error
	a.mu.Lock()
	for _, q := range slices.AppendSeq(a.former, maps.Values(a.quotas)) {
		errs = append(errs, q.Close(ctx))
	}
	a.mu.Unlock()
	a.writeTroubles(ctx)
	a.closeAudit(ctx)
	if a.store != nil {
		errs = append(errs, a.store.Close())
	}
	if a.lock != nil {
		errs = append(errs, a.lock.Release())
	}
	return errors.Join(errs...)
}

// Home returns the folder that holds the database and the key.
func (a *App) Home() string { return a.settings.Home }

// Vault opens the database and the key on first use, and makes them where the
// home is new.
func (a *App) Vault(ctx context.Context) (*vault.Vault, error) {
	a.vaultOnce.Lock()
	defer a.vaultOnce.Unlock()
	if a.vault != nil {
		return a.vault, nil
	}
	if err := a.makeHome(); err != nil {
		return nil, err
	}
	s, err := store.Open(ctx, store.Options{Database: a.settings.Database})
	if err != nil {
		return nil, err
	}
	v, err := vault.Open(ctx, s, vault.Options{
		Key: a.settings.Key, KeyFile: filepath.Join(a.settings.Home, "key"),
		Getenv: a.env.Getenv, Passphrase: a.env.Passphrase, Log: a.env.Log,
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	a.store, a.vault = s, v
	return v, nil
}

// hasVault reports whether the database was opened.
func (a *App) hasVault() bool {
	a.vaultOnce.Lock()
	defer a.vaultOnce.Unlock()
	return a.vault != nil
}

// makeHome makes the home folder for its owner alone. One that is there keeps
// its mode: it may be a folder that the user shares on purpose, and the files
// in it are closed by themselves.
func (a *App) makeHome() error {
	home := a.settings.Home
	if a.settings.NoHome != nil {
		return a.settings.NoHome
	}
	err := os.MkdirAll(home, 0o700)
	if err == nil {
		return nil
	}
	e := &stagedoor.Error{
		Op: "make the home folder", Subject: home, Kind: stagedoor.KindStore, Err: err,
		Cause: "it can not be made", Fix: "Name another folder with --home DIR or STAGEDOOR_HOME.",
	}
	switch {
	case errors.Is(err, fs.ErrPermission):
		e.Cause = "you may not make it"
	case errors.Is(err, syscall.ENOSPC), errors.Is(err, syscall.EDQUOT):
		e.Cause, e.Fix = "the disk is full", "Free some space on the disk of "+filepath.Dir(home)+", or name another folder with --home DIR or STAGEDOOR_HOME."
	}
	return e
}

// By names whoever a context acts for, for created_by and changed_by: an operator
// of the daemon, else the person at the keyboard.
func By(ctx context.Context) string {
	return actorOf(ctx).Name
}

// actorOf is on whose behalf a context is; where it does not say, the person at
// the keyboard, who may do everything.
func actorOf(ctx context.Context) stagedoor.Actor {
	if a, ok := stagedoor.ActorOf(ctx); ok {
		return a
	}
	return stagedoor.Actor{Name: keyboard(), Role: stagedoor.RoleAdmin}
}

// keyboard names the person at the keyboard.
func keyboard() string {
	if u, err := user.Current(); err == nil && u.Username != "" {
		return u.Username
	}
	return "unknown"
}

func now() time.Time { return time.Now().UTC() }

// HasDatabase reports whether there is a database yet; commands that only look
// do not make one.
func (a *App) HasDatabase() bool {
	path, ok := strings.CutPrefix(a.settings.Database, "sqlite:")
	if !ok {
		return true
	}
	_, err := os.Stat(path)
	return err == nil
}
