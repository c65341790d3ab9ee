package stagedoor

import "context"

// Actor is on whose behalf something is done: the person at the keyboard, an
// operator who signed in, or a program with an operator's token.
type Actor struct {
	Program bool   // it shows an operator's token; otherwise it is a person
	Name    string // of the person, or of the token
	Role    Role
	From    string // the address that the request came from; empty at a keyboard
}

// String is the actor as the audit writes it: "person anna", "operator token
// grafana".
func (a Actor) String() string {
	if a.Program {
		return "operator token " + a.Name
	}
	return "person " + a.Name
}

type actorKey struct{}

// WithActor returns a context for what is done on the actor's behalf.
func WithActor(ctx context.Context, a Actor) context.Context {
	return context.WithValue(ctx, actorKey{}, a)
}

// ActorOf returns on whose behalf a context is; false where it does not say, as
// at a keyboard.
func ActorOf(ctx context.Context) (Actor, bool) {
	a, ok := ctx.Value(actorKey{}).(Actor)
	return a, ok
}
