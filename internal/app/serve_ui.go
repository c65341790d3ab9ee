package app

import (
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/base64"
	"net/http"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/server"
	"github.com/stagedoor/stagedoor/internal/web"
)

// pages makes the page for people, and what tells open pages of changes.
func (d *Daemon) pages(ctx context.Context) (http.Handler, error) {
	a := d.app
	key, err := a.vault.Subkey(ctx, "forms")
	if err != nil {
		return nil, err
	}
	d.pagesLive = web.NewLive()
	return web.New(web.Options{
		People: visitors{app: a, key: key}, Live: d.pagesLive, Version: Version, Log: a.env.Log, Base: server.Base,
		Entry: a, Operators: a, Credentials: a, Callers: a, Quota: a, Audit: a, Health: a,
	})
}

// visitors knows who signed in.
type visitors struct {
	app *App
	key []byte // of what each form holds
}

// Visitor returns whose session a cookie is of. What its forms hold is made from
// the cookie, so that it is stored nowhere, and holds when the daemon was restarted
// while a form was open.
func (v visitors) Visitor(ctx context.Context, session stagedoor.Secret, byItself bool) (web.Visitor, error) {
	look := v.app.Session
	if byItself {
		look = v.app.LookAtSession
	}
	o, s, err := look(ctx, session)
	if err != nil {
		return web.Visitor{}, err
	}
	mac := hmac.New(sha256.New, v.key)
	mac.Write([]byte(session.Reveal()))
	return web.Visitor{Operator: o, Session: s, CSRF: base64.RawURLEncoding.EncodeToString(mac.Sum(nil))}, nil
}

const (
	// tellEvery is how often a daemon looks whether open pages show what is past.
	tellEvery = time.Second
	// figuresEvery is how many looks apart pages are told of what is written down
	// all the time, whatever it is: quota and runs.
	figuresEvery = 5
)

// tellPages tells open pages what moved, until ctx ends. What people change is told
// at once, by Daemon.update.
func (d *Daemon) tellPages(ctx context.Context) {
	var arrived int64
	for look := 0; pause(ctx, tellEvery) == nil; look++ {
		if !d.pagesLive.Open() {
			continue
		}
		newest, err := d.app.store.AuditArrived(ctx)
		if err != nil {
			continue // d.follow tells of it
		}
		if newest != arrived {
			arrived = newest
			d.pagesLive.Changed(web.TopicAudit)
		}
		if look%figuresEvery == 0 {
			d.pagesLive.Changed(web.TopicQuota, web.TopicRuns)
		}
	}
}
