package web

// Quota tells what was used.
type Quota any

func (s *site) quotaRoutes() []route { return nil }
