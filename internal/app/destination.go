package app

import (
	"cmp"
	"context"
	"errors"
	"net/url"
	"path/filepath"
	"slices"
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/destination"
	"github.com/stagedoor/stagedoor/internal/stream"
)

// opDestination is what every error here was doing.
const opDestination = "open the destination"

// resolveInto puts the URL in the place of a saved destination's name and of
// env:VAR, which keep passwords out of the process list and out of what is
// stored. private tells that one of them stood there, so that the URL may hold a
// password.
func (a *App) resolveInto(ctx context.Context, into string) (resolved string, private bool, err error) {
	if name, ok := strings.CutPrefix(into, "env:"); ok {
		value := a.env.Getenv(name)
		if value == "" {
			return "", false, &stagedoor.Error{
				Op: opDestination, Subject: into, Kind: stagedoor.KindUsage,
				Cause: "the variable " + name + " is not set",
				Fix:   "Set it to a destination such as sqlite:zoom.db.",
			}
		}
		if !isDestinationName(value) {
			return value, true, nil
		}
		into = value
	}
	if !isDestinationName(into) {
		return into, false, nil
	}
	secret, err := a.savedURL(ctx, into)
	return secret.Reveal(), true, err
}

// isDestinationName reports whether a text may be the name of a saved
// destination: no URL looks so.
func isDestinationName(text string) bool {
	return text != "" && text == stagedoor.Slugify(text)
}

// savedURL is the URL of a saved destination.
func (a *App) savedURL(ctx context.Context, name string) (stagedoor.Secret, error) {
	if !a.HasDatabase() {
		return stagedoor.Secret{}, a.noDestination(name, nil)
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return stagedoor.Secret{}, err
	}
	d, err := a.store.Destination(ctx, name)
	if stagedoor.KindOf(err) == stagedoor.KindNotFound {
		list, listing := a.Destinations(ctx)
		if listing != nil {
			return stagedoor.Secret{}, listing
		}
		return stagedoor.Secret{}, a.noDestination(name, list)
	}
	if err != nil {
		return stagedoor.Secret{}, err
	}
	return v.OpenDestination(d)
}

// noDestination is for a word that is no destination's name, which people write
// also where they mean a file.
func (a *App) noDestination(name string, list []stagedoor.SavedDestination) error {
	known := "None is saved yet: `stagedoor destination add " + name + "` does it. "
	if len(list) > 0 {
		names := make([]string, len(list))
		for i, d := range list {
			names[i] = d.Name
		}
		known = "Saved are: " + strings.Join(names, ", ") + ". "
	}
	return &stagedoor.Error{
		Op: opDestination, Subject: "--into", Kind: stagedoor.KindUsage,
		Cause: "it is neither a saved destination nor a URL of a known form",
		Fix:   known + "For a file write sqlite:" + name + ".db, for stdout -, and env:VAR for a variable that holds one of these.",
	}
}

// absoluteInto is a destination as it is kept for another process, which may run
// in another folder: the path of a file becomes one from the root.
func absoluteInto(into string) (string, error) {
	scheme, path, found := strings.Cut(into, ":")
	if !found || !slices.Contains([]string{"sqlite", "jsonl", "csv", "parquet"}, strings.ToLower(scheme)) || path == "" || strings.HasPrefix(path, "//") {
		if into == "-" {
			into = ""
		}
		return into, nil
	}
	path, err := filepath.Abs(path)
	if err != nil {
		return "", &stagedoor.Error{
			Op: opDestination, Subject: "--into", Kind: stagedoor.KindDestination, Err: err,
			Cause: "the folder that this was called in can not be found any more", Fix: "Change into one that is there, or give a path from the root.",
		}
	}
	return scheme + ":" + path, nil
}

// Destinations returns the saved destinations in the order of their names.
func (a *App) Destinations(ctx context.Context) ([]stagedoor.SavedDestination, error) {
	list := []stagedoor.SavedDestination{}
	if !a.HasDatabase() {
		return list, nil
	}
	if _, err := a.Vault(ctx); err != nil {
		return nil, err
	}
	rows, err := a.store.Destinations(ctx)
	for _, row := range rows {
		list = append(list, row.SavedDestination)
	}
	return list, err
}

// AddDestination proves that a destination can be written to, and saves it.
func (a *App) AddDestination(ctx context.Context, d stagedoor.SavedDestination, url stagedoor.Secret) (stagedoor.SavedDestination, error) {
	fail := func(err error) (stagedoor.SavedDestination, error) {
		return d, a.didDestination(ctx, "add", d, "", err)
	}
	if err := checkDestinationName(d.Name); err != nil {
		return d, err
	}
	v, err := a.Vault(ctx)
	if err != nil {
		return d, err
	}
	if _, err := a.store.Destination(ctx, d.Name); err == nil {
		return fail(&stagedoor.Error{
			Op: "save a destination", Subject: "destination " + d.Name, Kind: stagedoor.KindExists,
			Cause: "there is a destination by that name already",
			Fix:   "Choose another name, or take the one that is there away with `stagedoor destination remove " + d.Name + "`.",
		})
	}
	text, err := absoluteInto(url.Reveal())
	if err != nil {
		return fail(err)
	}
	if text == "" || isDestinationName(text) || strings.HasPrefix(text, "env:") {
		return fail(&stagedoor.Error{
			Op: "save a destination", Subject: "destination " + d.Name, Kind: stagedoor.KindUsage,
			Cause: "what was given is no URL of a database or a folder",
			Fix:   "Give one such as sqlite:zoom.db or postgres://user:password@host/database?schema=zoom.",
		})
	}
	name, err := a.tryDestination(ctx, text)
	if err != nil {
		return fail(ofDestination(err, d.Name))
	}
	d.Kind, d.Place = kindAndPlace(text, name)
	d.CreatedBy, d.CheckedAt = By(ctx), now()
	sealed, err := v.SealDestination(d, stagedoor.NewSecret(text))
	if err != nil {
		return fail(err)
	}
	err = a.store.AddDestination(ctx, sealed)
	return sealed.SavedDestination, a.didDestination(ctx, "add", d, d.Place, err)
}

// checkDestinationName says whether --into can call a destination so.
func checkDestinationName(name string) error {
	if isDestinationName(name) && len(name) <= 63 {
		return nil
	}
	fix := "Choose such a name"
	if better := stagedoor.Slugify(name); better != "" && len(better) <= 63 {
		fix += ", for example " + better
	}
	return &stagedoor.Error{
		Op: "name a destination", Subject: "\"" + stagedoor.Outside(name, 63) + "\"", Kind: stagedoor.KindUsage,
		Cause: "a name is of lower-case letters a to z, digits and single hyphens, 63 at most, so that it never looks like a URL", Fix: fix + ".",
	}
}

// CheckDestination tries a saved destination again, and keeps what it found.
func (a *App) CheckDestination(ctx context.Context, name string) (stagedoor.SavedDestination, error) {
	v, err := a.Vault(ctx)
	if err != nil {
		return stagedoor.SavedDestination{}, err
	}
	d, err := a.store.Destination(ctx, name)
	if err != nil {
		return stagedoor.SavedDestination{Name: name}, err
	}
	url, err := v.OpenDestination(d)
	if err == nil {
		_, err = a.tryDestination(ctx, url.Reveal())
		err = ofDestination(err, d.Name)
	}
	d.CheckedAt, d.Error = now(), nil
	if stagedoor.KindOf(err) == stagedoor.KindInterrupted {
		return d.SavedDestination, err
	}
	if err != nil {
		notice := stagedoor.NoticeOf(err)
		d.Error = &notice
	}
	if noting := a.store.NoteDestination(ctx, d.SavedDestination); err == nil {
		err = noting
	}
	return d.SavedDestination, a.didDestination(ctx, "check", d.SavedDestination, "", err)
}

// tryDestination opens a destination and writes a row that it gives up again:
// connecting alone would not show that tables can be made. It returns what the
// destination calls itself.
func (a *App) tryDestination(ctx context.Context, url string) (name string, err error) {
	d, err := destination.Open(ctx, url, destination.Options{Own: strings.TrimPrefix(a.settings.Database, "sqlite:"), Private: true})
	if err != nil {
		return "", err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	st := stream.All()[0]
	w, err := d.Begin(ctx, st, stagedoor.Slice{Stream: st.Name}, "check")
	if err != nil {
		return "", err
	}
	err = w.Write(ctx, stagedoor.Record{Key: "check", Values: make([]any, len(st.Columns)), Raw: []byte("{}")})
	return d.Name(), errors.Join(err, w.Abort())
}

// ofDestination is an error about a URL, told of the saved destination: "--into"
// is nothing that was given.
func ofDestination(err error, name string) error {
	e, ok := errors.AsType[*stagedoor.Error](err)
	if !ok || e.Subject != "--into" {
		return err
	}
	clear := *e
	clear.Subject = "destination " + name
	return &clear
}

// kindAndPlace are what may be shown of a destination. Its own name holds no
// secret; that the password is not in it is looked at once more all the same.
func kindAndPlace(text, name string) (kind, place string) {
	kind, _, _ = strings.Cut(text, ":")
	kind = strings.ToLower(kind)
	if kind == "postgresql" {
		kind = "postgres"
	}
	u, err := url.Parse(text)
	if err != nil {
		return kind, cmp.Or(name, kind+":")
	}
	password, _ := u.User.Password()
	for _, secret := range []string{password, u.Query().Get("password"), u.Query().Get("sslpassword")} {
		if secret != "" && strings.Contains(name, secret) {
			return kind, kind + "://" + u.Hostname() + u.Path
		}
	}
	return kind, name
}

// RemoveDestination removes a saved destination and destroys its key. What uses it
// keeps it, unless that is forced.
func (a *App) RemoveDestination(ctx context.Context, name string, force bool) error {
	if _, err := a.Vault(ctx); err != nil {
		return err
	}
	schedules, err := a.store.Schedules(ctx)
	if err != nil {
		return err
	}
	var users []string
	for _, s := range schedules {
		if s.Spec.Into == name {
			users = append(users, s.Name)
		}
	}
	if len(users) > 0 && !force {
		return &stagedoor.Error{
			Op: "remove a destination", Subject: "destination " + name, Kind: stagedoor.KindConflict,
			Cause: "schedules write into it: " + strings.Join(users, ", "),
			Fix:   "Remove them first (`stagedoor schedule remove " + users[0] + "`), or add --force: their runs then fail until a destination by that name is saved again.",
		}
	}
	err = a.store.RemoveDestination(ctx, name)
	detail := ""
	if len(users) > 0 {
		detail = "forced, while in use by schedules: " + strings.Join(users, ", ")
	}
	return a.didDestination(ctx, "remove", stagedoor.SavedDestination{Name: name}, detail, err)
}

// didDestination is [App.Did] for an act on a saved destination.
func (a *App) didDestination(ctx context.Context, act string, d stagedoor.SavedDestination, detail string, err error) error {
	return a.Did(ctx, stagedoor.Event{Action: "destination." + act, Subject: "destination " + d.Name, Detail: detail}, err)
}
