package web

// Callers shows and changes callers.
type Callers any

func (s *site) callerRoutes() []route { return nil }
