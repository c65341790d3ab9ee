package web

import (
	"cmp"
	"net/http"

	"github.com/a-h/templ"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// service is a provider as a form of a credential needs it: what its fields are
// called and where they are found, and whether what is known of Zoom holds for it.
type service struct{ stagedoor.Provider }

// service finds a provider by its name; of one that is not there (any more) nothing
// is known but the name.
func (s *site) service(name string) service {
	list, _ := s.Credentials.ProviderList() // what can not be read there is told where providers are listed
	for _, p := range list {
		if p.Name == name {
			return service{p}
		}
	}
	return service{stagedoor.Provider{Name: name}}
}

// zoom reports whether the service speaks Zoom's API: purposes, scopes and plans are
// known of that alone.
func (p service) zoom() bool { return p.BuiltOn() == stagedoor.Zoom.Name }

// value is a field for one of the provider's values, and whether its credentials have
// it.
func (p service) value(name string) (field, bool) {
	if p.zoom() {
		title := map[string]string{"account_id": words.FieldAccount, "client_id": words.FieldClient, "client_secret": words.FieldSecret}[name]
		return field{Name: name, Label: title, Where: words.FieldWhere}, true
	}
	for _, f := range p.Fields {
		if f.Name == name {
			return field{Name: name, Label: cmp.Or(f.Title, name), Where: f.Where}, true
		}
	}
	return field{Name: name, Label: name}, len(p.Fields) == 0
}

// secret is the field for the client secret.
func (p service) secret(hint string, required bool) field {
	f, _ := p.value("client_secret")
	f.Hint, f.Kind, f.Required, f.Complete = hint, "password", required, "new-password"
	return asked(f)
}

// filled is a field with what is in it.
func (f field) filled(value string) field {
	f.Value = value
	return asked(f)
}

// fields shows a form's fields anew, for the provider that was chosen.
func (s *site) fields(w http.ResponseWriter, r *http.Request) error {
	f, _ := s.formOf(r) // what is wrong in it is told when it is checked
	f, err := s.ready(f)
	if err != nil {
		return err
	}
	return s.swap(w, r, http.StatusOK, templ.Join(credentialFields(f), cautions(f.service, true)))
}
