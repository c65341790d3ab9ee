package web

func (s *site) meRoutes() []route { return nil }
