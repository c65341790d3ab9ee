package oauth

import "net/http"

// The grants.
const (
	clientCredentials  = "client_credentials"
	accountCredentials = "account_credentials" // Zoom's own
)

func (s *server) token(w http.ResponseWriter, r *http.Request)      { refuse(w, refusalOf(nil)) }
func (s *server) revoke(w http.ResponseWriter, r *http.Request)     { refuse(w, refusalOf(nil)) }
func (s *server) introspect(w http.ResponseWriter, r *http.Request) { refuse(w, refusalOf(nil)) }

func algorithmNames() []string { return []string{"RS256"} }

type delays struct{}

func newDelays() *delays { return &delays{} }
