package web

func (s *site) credentialNewRoutes() []route { return nil }
