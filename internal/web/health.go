package web

// Health looks whether all is well.
type Health any

func (s *site) healthRoutes() []route { return nil }
