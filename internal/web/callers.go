package web

import "net/url"

// Callers shows and changes callers.
type Callers any

func (s *site) callerRoutes() []route { return nil }

// callerPath is the page of a caller.
func callerPath(name string) string { return "/callers/" + url.PathEscape(name) }
