package web

// Operators changes who may sign in.
type Operators any

func (s *site) operatorRoutes() []route { return nil }
