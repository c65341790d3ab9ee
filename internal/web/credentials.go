package web

import (
	"net/http"

	"github.com/stagedoor/stagedoor"
	"github.com/stagedoor/stagedoor/internal/web/words"
)

// Credentials shows and changes credentials.
type Credentials any

func (s *site) credentialRoutes() []route {
	return []route{{"GET /credentials", stagedoor.RoleViewer, s.credentials}}
}

func (s *site) credentials(w http.ResponseWriter, r *http.Request) error {
	return s.show(w, r, page{Title: words.Credentials, Section: "/credentials"}, credentialsPage())
}
