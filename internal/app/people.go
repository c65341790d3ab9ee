package app

import (
	"context"
	"time"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/operator"
)

// People returns the operators who sign in, of the database that is opened on first
// use.
func (a *App) People(ctx context.Context) (*operator.People, error) {
	a.peopleOnce.Lock()
	defer a.peopleOnce.Unlock()
	if a.people != nil {
		return a.people, nil
	}
	v, err := a.Vault(ctx) // it opens the store
	if err != nil {
		return nil, err
	}
	key, err := v.Subkey(ctx, "known browsers")
	if err != nil {
		return nil, err
	}
	a.people = operator.OpenPeople(a.store, operator.PeopleOptions{Key: key, Work: a.env.PasswordWork})
	return a.people, nil
}

func operatorAct(act, name, detail string) stagedoor.Event {
	return stagedoor.Event{Action: "operator." + act, Subject: "operator " + stagedoor.Outside(name, 64), Detail: detail}
}

// InviteOperator makes an operator, and returns the secret of the one-time link with
// which they set their password; it is shown nowhere again.
func (a *App) InviteOperator(ctx context.Context, name string, role stagedoor.Role) (stagedoor.Operator, stagedoor.Secret, error) {
	people, err := a.People(ctx)
	if err != nil {
		return stagedoor.Operator{}, stagedoor.Secret{}, err
	}
	o, link, err := people.Invite(ctx, name, role, By(ctx))
	return o, link, a.Did(ctx, operatorAct("invite", name, "role "+stagedoor.Outside(string(role), 40)), err)
}

// OperatorList returns all operators in the order of their names.
func (a *App) OperatorList(ctx context.Context) ([]stagedoor.Operator, error) {
	people, err := a.People(ctx)
	if err != nil {
		return nil, err
	}
	return people.List(ctx)
}

// ResetOperator ends an operator's password and sessions, and returns the secret of
// a new one-time link.
func (a *App) ResetOperator(ctx context.Context, name string) (stagedoor.Operator, stagedoor.Secret, error) {
	people, err := a.People(ctx)
	if err != nil {
		return stagedoor.Operator{}, stagedoor.Secret{}, err
	}
	o, link, err := people.Reset(ctx, name, By(ctx))
	return o, link, a.Did(ctx, operatorAct("reset", name, ""), err)
}

// RemoveOperator ends an operator's access and sessions.
func (a *App) RemoveOperator(ctx context.Context, name string) error {
	people, err := a.People(ctx)
	if err != nil {
		return err
	}
	_, err = people.Remove(ctx, name)
	return a.Did(ctx, operatorAct("remove", name, ""), err)
}

// SetOperatorRole gives an operator another role, which counts at once.
func (a *App) SetOperatorRole(ctx context.Context, name string, role stagedoor.Role) (stagedoor.Operator, error) {
	people, err := a.People(ctx)
	if err != nil {
		return stagedoor.Operator{}, err
	}
	before, after, err := people.SetRole(ctx, name, role)
	detail := "to " + stagedoor.Outside(string(role), 40)
	if before.Role != "" {
		detail = "from " + string(before.Role) + " " + detail
	}
	return after, a.Did(ctx, operatorAct("set-role", name, detail), err)
}

// Invited returns whom the secret of a one-time link invites.
func (a *App) Invited(ctx context.Context, link stagedoor.Secret) (stagedoor.Operator, error) {
	people, err := a.People(ctx)
	if err != nil {
		return stagedoor.Operator{}, err
	}
	return people.Invited(ctx, link)
}

// AcceptInvitation sets the password of whom a one-time link invites.
func (a *App) AcceptInvitation(ctx context.Context, link, password stagedoor.Secret, from string) (stagedoor.Operator, error) {
	people, err := a.People(ctx)
	if err != nil {
		return stagedoor.Operator{}, err
	}
	o, err := people.Accept(ctx, link, password)
	if o.ID == "" {
		a.refused(ctx, stagedoor.Event{Action: "operator.accept", From: from}, err)
		return o, err
	}
	return o, a.Did(asOperator(ctx, o, from), operatorAct("accept", o.Name, ""), err)
}

// SignIn lets in who knows an operator's password.
func (a *App) SignIn(ctx context.Context, s stagedoor.SignIn) (stagedoor.SignedIn, error) {
	people, err := a.People(ctx)
	if err != nil {
		return stagedoor.SignedIn{}, err
	}
	in, err := people.SignIn(ctx, s)
	if err == nil {
		return in, a.Did(asOperator(ctx, in.Operator, s.From), operatorAct("sign-in", in.Operator.Name, ""), nil)
	}
	// The name that was typed is told only if there is one of that name: people type
	// passwords into the field for names.
	e := stagedoor.Event{Action: "operator.sign-in", From: s.From}
	if in.Operator.ID != "" {
		e.Subject = "operator " + in.Operator.Name
	}
	a.refused(ctx, e, err)
	return stagedoor.SignedIn{}, err
}

// refused notes that somebody was not let in who did not prove who it is.
func (a *App) refused(ctx context.Context, e stagedoor.Event, err error) {
	e.Actor = "nobody"
	if a.strangers == nil { // no daemon
		a.Note(ctx, e, err)
		return
	}
	a.strangers(a.event(ctx, e, err))
}

func asOperator(ctx context.Context, o stagedoor.Operator, from string) context.Context {
	return stagedoor.WithActor(ctx, stagedoor.Actor{Name: o.Name, Role: o.Role, From: from})
}

// Session returns whose session a cookie is of.
func (a *App) Session(ctx context.Context, cookie stagedoor.Secret) (stagedoor.Operator, stagedoor.Session, error) {
	people, err := a.People(ctx)
	if err != nil {
		return stagedoor.Operator{}, stagedoor.Session{}, err
	}
	return people.Session(ctx, cookie)
}

// LookAtSession is [App.Session] for what an open page asks by itself, which does
// not keep a session going.
func (a *App) LookAtSession(ctx context.Context, cookie stagedoor.Secret) (stagedoor.Operator, stagedoor.Session, error) {
	people, err := a.People(ctx)
	if err != nil {
		return stagedoor.Operator{}, stagedoor.Session{}, err
	}
	return people.LookAtSession(ctx, cookie)
}

// AnyOperator reports whether there is an operator at all.
func (a *App) AnyOperator(ctx context.Context) (bool, error) {
	people, err := a.People(ctx)
	if err != nil {
		return false, err
	}
	return people.Anybody(ctx)
}

// OperatorsChanged is closed when anything of operators or sessions has changed.
func (a *App) OperatorsChanged(ctx context.Context) (<-chan struct{}, error) {
	people, err := a.People(ctx)
	if err != nil {
		return nil, err
	}
	return people.Changed(ctx)
}

// SignOut ends the session of a cookie.
func (a *App) SignOut(ctx context.Context, cookie stagedoor.Secret) error {
	people, err := a.People(ctx)
	if err != nil {
		return err
	}
	o, err := people.SignOut(ctx, cookie)
	if o.ID == "" {
		return err
	}
	return a.Did(ctx, operatorAct("sign-out", o.Name, ""), err)
}

// Sessions returns an operator's sessions that have not ended, the newest first.
func (a *App) Sessions(ctx context.Context, operatorID string) ([]stagedoor.Session, error) {
	people, err := a.People(ctx)
	if err != nil {
		return nil, err
	}
	return people.Sessions(ctx, operatorID)
}

// EndSession ends one session of an operator.
func (a *App) EndSession(ctx context.Context, o stagedoor.Operator, id string) error {
	people, err := a.People(ctx)
	if err != nil {
		return err
	}
	return a.Did(ctx, operatorAct("end-session", o.Name, ""), people.EndSession(ctx, o.ID, id))
}

// ChangePassword sets the password of an operator who shows the present one, and
// ends their other sessions.
func (a *App) ChangePassword(ctx context.Context, o stagedoor.Operator, keep string, former, password stagedoor.Secret) error {
	people, err := a.People(ctx)
	if err != nil {
		return err
	}
	return a.Did(ctx, operatorAct("set-password", o.Name, ""), people.ChangePassword(ctx, o.ID, keep, former, password))
}

// keepSessions writes down once a minute when sessions were last used, until ctx
// ends, and once more then.
func (a *App) keepSessions(ctx context.Context, people *operator.People) {
	for {
		ending := pause(ctx, time.Minute) != nil
		writing, cancel := context.WithTimeout(context.WithoutCancel(ctx), closing)
		if err := people.WriteSeen(writing); err != nil {
			a.env.Log.Warn("when sessions were last used could not be written down", "error", err)
		}
		cancel()
		if ending {
			return
		}
	}
}
