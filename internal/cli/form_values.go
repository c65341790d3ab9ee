package cli

import (
	"strings"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/doctor"
	"github.com/stagedoor/stagedoor/internal/form"
)

// typedValues are the values of a form while they are typed. What is odd about
// them package doctor knows, which examines saved ones.
type typedValues struct {
	zoom                        bool // of a Zoom app, whose forms are known
	accountID, clientID, secret string
}

func refused(says string) form.Remark { return form.Remark{Says: says, Refused: true} }
func odd(says string) form.Remark     { return form.Remark{Says: says} }

// ofAccountID remarks on an account id.
func (v *typedValues) ofAccountID(text string) form.Remark {
	return remark(doctor.Values{Zoom: v.zoom, AccountID: text, ClientID: v.clientID}.OfAccountID())
}

// ofClientID remarks on a client id.
func (v *typedValues) ofClientID(text string) form.Remark {
	return remark(doctor.Values{Zoom: v.zoom, AccountID: v.accountID, ClientID: text}.OfClientID())
}

// ofSecret remarks on a client secret, and never repeats any of it.
func (v *typedValues) ofSecret(text string) form.Remark {
	return remark(doctor.Values{Zoom: v.zoom, AccountID: v.accountID, ClientID: v.clientID, Secret: stagedoor.NewSecret(text)}.OfSecret())
}

func remark(odd doctor.Oddity) form.Remark {
	switch odd.Is {
	case "":
		return form.Remark{}
	case "is missing":
		return refused(odd.Instead)
	}
	return form.Remark{Says: "That " + odd.Is + ". " + odd.Instead, Refused: odd.Sure}
}

// ofTokenURL remarks on the address of a token endpoint.
func ofTokenURL(text string) form.Remark {
	switch {
	case text == "":
		return refused("It is needed.")
	case !strings.HasPrefix(text, "https://") && !strings.HasPrefix(text, "http://"):
		return refused("An address, please: https://…")
	case strings.HasPrefix(text, "http://"):
		return odd("Without https the secret can be read on the way.")
	}
	return form.Remark{}
}

// clientSecret is a typed secret, which leaves the form as one.
func (v *typedValues) clientSecret() stagedoor.Secret { return stagedoor.NewSecret(v.secret) }
